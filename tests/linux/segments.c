// TLS segments: what set_thread_area takes, what LAR, LSL, VERR and VERW answer, and what limits, expand-down and read-only
// segments forbid; alignment checks. Selectors are printed relative to the first TLS entry, which is the C library's.
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static unsigned first;  // TLS entry of the GDT
uint32_t resume, stack;
static volatile int caught;
static uint8_t* area;  // 8 KB, followed by an unmapped page
static uint8_t other_stack[65536];

static void on_signal(int signal, siginfo_t* info, void* context) {
  asm volatile("pushfl\n andl $~0x40000, (%%esp)\n popfl" ::: "cc", "memory");  // AC
  greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
  int error = registers[REG_ERR];
  if (registers[REG_TRAPNO] == 13 && error >= (int)(first << 3)) error -= first << 3;
  const uint32_t address = (uint32_t)info->si_addr - (info->si_addr ? (uint32_t)area : 0);
  printf("signal %d code %d address %x trap %d error %d", signal, info->si_code, address, (int)registers[REG_TRAPNO], error);
  registers[REG_EIP] = resume;
  registers[REG_EFL] &= ~0x40000;
  if (caught++ > 0) _exit(1);
}

static uint32_t flags_of(const struct user_desc* d) {
  return ((const uint32_t*)d)[3];
}

static void show(const struct user_desc* d) {
  printf(" base %x limit %x flags %x", d->base_addr, d->limit, flags_of(d));
}

// Sets an entry with the given fields. Returns its number, or the negative errno.
static int set(unsigned entry, uint32_t base, uint32_t limit, uint32_t flags) {
  struct user_desc d;
  memset(&d, 0, sizeof d);
  d.entry_number = entry;
  d.base_addr = base;
  d.limit = limit;
  ((uint32_t*)&d)[3] = flags;
  return syscall(SYS_set_thread_area, &d) == 0 ? (int)d.entry_number : -errno;
}

enum { BIG = 1, DOWN = 2, CODE = 4, READ_ONLY = 8, PAGES = 16, ABSENT = 32, USABLE = 64 };

static void descriptors(void) {
  static const uint32_t fields[][2] = {{0, 0}, {0x12345678, 0x54321}, {0, 0xfffff}, {1, 0}, {0x1000, 0xffff0123}, {0, 1}};
  for (unsigned i = 0; i < sizeof fields / sizeof *fields; ++i) {
    for (uint32_t flags = 0; flags < 128; ++flags) {
      struct user_desc d;
      const int result = set(first + 1, fields[i][0], fields[i][1], flags);
      memset(&d, 0xee, sizeof d);
      d.entry_number = first + 1;
      if (syscall(SYS_get_thread_area, &d) != 0) printf("get_thread_area: %d\n", errno);
      printf("set %x %x flags %x: %d", fields[i][0], fields[i][1], flags, result < 0 ? result : 0);
      show(&d);
      printf("\n");
    }
  }
  set(first + 1, 0, 0, 0);
  printf("chosen: %d", set(-1, 0x1000, 0xfffff, BIG) - (int)first);
  printf(" %d", set(-1, 0x2000, 0xfffff, BIG) - (int)first);
  printf(" %d", set(-1, 0x3000, 0xfffff, BIG));
  set(first + 2, 0, 0, READ_ONLY | ABSENT);
  printf(" %d\n", set(-1, 0x3000, 0xfffff, BIG) - (int)first);
  const int wrong[] = {0, (int)first - 1, (int)first + 3, 0x7fffffff, -2};
  for (int i = 0; i < 5; ++i) {
    struct user_desc d;
    memset(&d, 0, sizeof d);
    d.entry_number = wrong[i];
    printf("entry %d: set %d", i, set(wrong[i], 0, 0xfffff, BIG));
    printf(" wrong too %d", set(wrong[i], 0, 0xfffff, 0));
    printf(" get %d\n", syscall(SYS_get_thread_area, &d) == 0 ? 0 : errno);
  }
  char* page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  set(first + 2, 0, 0, 0);
  memset(page, 0, 4096);
  ((uint32_t*)page)[0] = -1;
  ((uint32_t*)page)[3] = BIG;
  mprotect(page, 4096, PROT_READ);
  const int chosen = syscall(SYS_set_thread_area, page);
  printf("read-only: %d %d\n", chosen, errno);
  printf("nowhere: %d", (int)syscall(SYS_set_thread_area, 16));
  printf(" %d", errno);
  printf(" %d", (int)syscall(SYS_get_thread_area, 16));
  printf(" %d\n", errno);
}

static void ask(const char* name, unsigned selector) {
  uint32_t lar = 0x55555555, lsl = 0x55555555, lar16 = 0x55555555, lsl16 = 0x55555555;
  uint8_t z[6];
  asm("lar %2, %0\n setz %1" : "+r"(lar), "=m"(z[0]) : "r"(selector) : "cc");
  asm("lsl %2, %0\n setz %1" : "+r"(lsl), "=m"(z[1]) : "r"(selector) : "cc");
  asm("lar %w2, %w0\n setz %1" : "+r"(lar16), "=m"(z[2]) : "r"(selector) : "cc");
  asm("lsl %w2, %w0\n setz %1" : "+r"(lsl16), "=m"(z[3]) : "r"(selector) : "cc");
  asm("verr %w1\n setz %0" : "=m"(z[4]) : "r"(selector) : "cc");
  asm("verw %w1\n setz %0" : "=m"(z[5]) : "r"(selector) : "cc");
  printf("%s: lar %d %x lsl %d %x lar16 %d %x lsl16 %d %x verr %d verw %d\n", name, z[0], lar, z[1], lsl, z[2], lar16, z[3], lsl16,
         z[4], z[5]);
}

static void questions(void) {
  unsigned cs, ds;
  asm("mov %%cs, %0\n mov %%ds, %1" : "=r"(cs), "=r"(ds));
  for (unsigned rpl = 0; rpl < 4; ++rpl) {
    ask("code", (cs & ~3) | rpl);
    ask("data", (ds & ~3) | rpl);
  }
  ask("null", 0);
  ask("null 3", 3);
  ask("local", 4 | 3);
  ask("local code", cs | 4);
  ask("kernel", (2 << 3) | 3);
  ask("beyond", 0xfff8 | 3);
  ask("beyond by RPL 0", 0xffe0);
  static const struct { const char* name; uint32_t limit, flags; } kinds[] = {
      {"flat", 0xfffff, BIG | PAGES}, {"pages", 0x12345, BIG | PAGES}, {"bytes", 0x54321, BIG}, {"small", 0, BIG},
      {"read-only", 0xabcde, BIG | PAGES | READ_ONLY}, {"down", 0x6789a, BIG | DOWN}, {"down in pages", 0x7, BIG | DOWN | PAGES},
      {"down read-only", 0xfffff, BIG | DOWN | READ_ONLY}, {"usable", 0xfffff, BIG | PAGES | USABLE}, {"empty", 0, 0},
  };
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
    const int entry = set(first + 1, i == 9 ? 0 : 0x1000, kinds[i].limit, kinds[i].flags);
    for (unsigned rpl = 0; rpl < 4; rpl += 3) ask(kinds[i].name, (first + 1) << 3 | rpl);
  }
}

// Runs an instruction that may fault, with `selector` in %fs and `offset` in esi.
#define ACCESS(text, selector, offset, instruction, ...)                                                            \
  do {                                                                                                              \
    uint32_t value_ = 0x11223344;                                                                                   \
    caught = 0;                                                                                                     \
    printf("%s +%x: ", text, offset);                                                                               \
    asm volatile("movl $9f, resume\n mov %%fs, %%edx\n push %%edx\n mov %%esp, stack\n mov %%ecx, %%fs\n" instruction \
                 "\n 9: mov stack, %%esp\n fninit\n cld\n pop %%edx\n mov %%edx, %%fs"                                                 \
                 : "+a"(value_)                                                                                     \
                 : "c"(selector), "S"(offset)                                                                       \
                 : "edx", "memory", "cc" __VA_ARGS__);                                                              \
    if (!caught) printf("%x", value_);                                                                              \
    printf("\n");                                                                                                   \
  } while (0)

static void each_access(const char* text, unsigned selector, uint32_t offset) {
  ACCESS(text, selector, offset, "movzbl %%fs:(%%esi), %%eax");
  ACCESS(text, selector, offset, "movzwl %%fs:(%%esi), %%eax");
  ACCESS(text, selector, offset, "movl %%fs:(%%esi), %%eax");
  ACCESS(text, selector, offset, "movb %%al, %%fs:(%%esi)");
  ACCESS(text, selector, offset, "movw %%ax, %%fs:(%%esi)");
  ACCESS(text, selector, offset, "movl %%eax, %%fs:(%%esi)");
  ACCESS(text, selector, offset, "addl %%eax, %%fs:(%%esi)");
  ACCESS(text, selector, offset, "lock incl %%fs:(%%esi)");
  ACCESS(text, selector, offset, "xchgl %%eax, %%fs:(%%esi)");
  ACCESS(text, selector, offset, "fldl %%fs:(%%esi)");
  ACCESS(text, selector, offset, "fldz\n fstpl %%fs:(%%esi)");
  ACCESS(text, selector, offset, "fnstcw %%fs:(%%esi)");
  ACCESS(text, selector, offset, "fnstenv %%fs:(%%esi)");
  ACCESS(text, selector, offset, "push %%fs:(%%esi)\n pop %%eax");
  ACCESS(text, selector, offset, "push %%ecx\n mov $3, %%ecx\n btl %%ecx, %%fs:(%%esi)\n pop %%ecx\n setc %%al");
  ACCESS(text, selector, offset, "push %%esi\n push %%edi\n lodsl %%fs:(%%esi), %%eax\n pop %%edi\n pop %%esi");
}

static void limits(void) {
  const uint32_t base = (uint32_t)area;
  for (int i = 0; i < 4096; ++i) area[i] = i * 7;
  const unsigned selector = (first + 1) << 3 | 3;
  set(first + 1, base, 0x104, BIG);
  for (uint32_t offset = 0xf8; offset <= 0x106; ++offset) each_access("limit 104", selector, offset);
  each_access("limit 104", selector, -1);
  each_access("limit 104", selector, -4);
  set(first + 1, base, 0, BIG | PAGES);
  for (uint32_t offset = 0xffd; offset <= 0x1000; ++offset) each_access("one page", selector, offset);
  set(first + 1, base, 0x104, BIG | DOWN);
  for (uint32_t offset = 0x100; offset <= 0x106; ++offset) each_access("down 104", selector, offset);
  set(first + 1, base, 0xfffff, BIG | PAGES | DOWN);
  each_access("down whole", selector, 0x100);
  set(first + 1, base, 0xfffff, BIG | PAGES | READ_ONLY);
  each_access("read-only", selector, 0x100);
  set(first + 1, base, 0x104, BIG | DOWN | READ_ONLY);
  each_access("down read-only", selector, 0x100);
  each_access("down read-only", selector, 0x200);
  set(first + 1, base, 0xfffff, BIG | PAGES);
  each_access("whole", selector, 0x100);
  each_access("whole", selector, 0x1ffe);
  // The segment register sees the new descriptor at once.
  uint32_t value = 0, failed = 0;
  unsigned old;
  asm volatile("mov %%fs, %0\n mov %1, %%fs" : "=&r"(old) : "r"(selector));
  set(first + 1, base + 16, 0xfffff, BIG | PAGES);
  asm volatile("movl %%fs:0, %0" : "=r"(value));
  set(first + 1, 0, 0, 0);
  asm volatile("mov %%fs, %0\n mov %1, %%fs" : "=&r"(failed) : "r"(old));
  printf("changed under way: %x, gone %x\n", value, failed);
}

// DS, ES and SS: loads, and accesses through them.
static void other_segments(void) {
  const uint32_t base = (uint32_t)area;
  const unsigned selector = (first + 1) << 3 | 3;
  unsigned flat;
  asm("mov %%ss, %0" : "=r"(flat));
  static const struct { const char* name; uint32_t limit, flags; } kinds[] = {
      {"bytes", 0x104, BIG}, {"down", 0x104, BIG | DOWN}, {"read-only", 0xfffff, BIG | PAGES | READ_ONLY}, {"whole", 0xfffff, BIG | PAGES},
  };
  for (unsigned i = 0; i < 4; ++i) {
    set(first + 1, base, kinds[i].limit, kinds[i].flags);
    for (uint32_t offset = 0xfe; offset <= 0x10a; offset += 3) {
      uint32_t value = 0;
      const char* name = kinds[i].name;
      caught = 0;
      printf("ds %s +%x: ", name, offset);
      asm volatile("movl $9f, resume\n mov %%ecx, %%ds\n movl (%%esi), %%eax\n 9: mov %%edx, %%ds"
                   : "+a"(value) : "c"(selector), "S"(offset), "d"(flat) : "memory");
      if (!caught) printf("%x", value);
      printf("\n");
      caught = 0;
      printf("es %s +%x: ", name, offset);
      uint32_t count = selector, place = offset;
      asm volatile("movl $9f, resume\n mov %%edx, %%ebx\n mov %%ecx, %%es\n mov $3, %%ecx\n rep stosl\n 9: mov %%ebx, %%es"
                   : "+c"(count), "+D"(place) : "a"(0x01010101), "d"(flat) : "ebx", "memory", "cc");
      printf(" %x %x\n", count, place - offset);
      caught = 0;
      printf("ss %s +%x: ", name, offset);
      asm volatile("movl $9f, resume\n mov %%esp, %%edi\n mov %%ecx, %%ss\n mov %%esi, %%esp\n push $0x5a5a5a5a\n pop %%eax\n"
                   "9: mov %%edx, %%ss\n mov %%edi, %%esp"
                   : "+a"(value) : "c"(selector), "S"(offset), "d"(flat) : "edi", "memory");
      printf("\n");
      caught = 0;
      printf("ss read %s +%x: ", name, offset);
      asm volatile("movl $9f, resume\n mov %%esp, %%edi\n mov %%ecx, %%ss\n mov %%esi, %%esp\n movzwl (%%esp), %%eax\n"
                   "9: mov %%edx, %%ss\n mov %%edi, %%esp"
                   : "=a"(value) : "c"(selector), "S"(offset), "d"(flat) : "edi", "memory");
      printf("\n");
    }
  }
  memset(area, 0, 4096);
}

// Runs an instruction with EFLAGS.AC set; esi points `offset` bytes into the area.
#define ALIGNED(text, offset, instruction)                                                                     \
  do {                                                                                                         \
    uint32_t value_ = 0x11223344;                                                                              \
    caught = 0;                                                                                                \
    printf("%s +%x: ", text, offset);                                                                          \
    asm volatile("movl $9f, resume\n push %%ebx\n push %%ebp\n mov %%esp, %%ebp\n pushfl\n orl $0x40000, (%%esp)\n popfl\n" \
                 instruction "\n 9: mov %%ebp, %%esp\n pushfl\n andl $~0x40000, (%%esp)\n popfl\n cld\n"       \
                 "pop %%ebp\n pop %%ebx\n fninit"                                                              \
                 : "+a"(value_)                                                                                \
                 : "S"(area + (offset))                                                                        \
                 : "ecx", "edx", "edi", "memory", "cc");                                                       \
    if (!caught) printf("%x", value_);                                                                         \
    printf("\n");                                                                                              \
  } while (0)

static void alignment(void) {
  for (int i = 0; i < 4096; ++i) area[i] = i;
  for (uint32_t offset = 0; offset < 9; ++offset) {
    ALIGNED("load 1", offset, "movb (%%esi), %%al");
    ALIGNED("load 2", offset, "movzwl (%%esi), %%eax");
    ALIGNED("load 4", offset, "movl (%%esi), %%eax");
    ALIGNED("store 2", offset, "movw %%ax, (%%esi)");
    ALIGNED("store 4", offset, "movl %%eax, (%%esi)");
    ALIGNED("modify", offset, "addl %%eax, (%%esi)");
    ALIGNED("shift 2", offset, "shlw $1, (%%esi)");
    ALIGNED("xadd", offset, "xaddl %%eax, (%%esi)");
    ALIGNED("cmpxchg8b", offset, "xor %%edx, %%edx\n mov $0, %%ecx\n mov $0, %%ebx\n cmpxchg8b (%%esi)");
    ALIGNED("fld 4", offset, "flds (%%esi)");
    ALIGNED("fld 8", offset, "fldl (%%esi)");
    ALIGNED("fld 10", offset, "fldt (%%esi)");
    ALIGNED("fild 2", offset, "filds (%%esi)");
    ALIGNED("fistp 8", offset, "fldz\n fistpll (%%esi)");
    ALIGNED("fnstcw", offset, "fnstcw (%%esi)");
    ALIGNED("fldcw", offset, "fldcw (%%esi)");
    ALIGNED("push", offset, "lea 64(%%esi), %%esp\n push %%eax");
    ALIGNED("pop", offset, "mov %%esi, %%esp\n pop %%eax");
    ALIGNED("pushw", offset, "lea 64(%%esi), %%esp\n pushw %%ax");
    ALIGNED("call", offset, "lea 64(%%esi), %%esp\n call 1f\n 1:");
    ALIGNED("movs", offset, "lea 64(%%esi), %%edi\n mov $4, %%ecx\n rep movsl\n mov %%ecx, %%eax");
    ALIGNED("movsw", offset, "mov $0, %%ecx\n mov %%esi, %%edi\n movsw");
    ALIGNED("stos", offset, "mov %%esi, %%edi\n mov $2, %%ecx\n rep stosl");
    ALIGNED("scas", offset, "mov %%esi, %%edi\n scasl");
    ALIGNED("bt", offset, "btl $3, (%%esi)");
    ALIGNED("movsx", offset, "movswl (%%esi), %%eax");
  }
  // (This access is aligned: an unaligned access to a missing page may give either fault first.)
  ALIGNED("unmapped", 0x2000, "movl (%%esi), %%eax");
  // A loop that runs long enough to be translated, without AC.
  uint32_t sum = 0;
  for (int round = 0; round < 200; ++round) {
    uint32_t value;
    asm volatile("movl 1(%1), %0" : "=r"(value) : "r"(area + (round & 7)));
    sum = sum * 3 + value;
  }
  printf("unaligned without AC: %x\n", sum);
  uint32_t flags;
  asm volatile("pushfl\n orl $0x40000, (%%esp)\n popfl\n pushfl\n pop %0\n push %0\n andl $~0x40000, (%%esp)\n popfl" : "=r"(flags));
  printf("AC is kept: %d\n", flags >> 18 & 1);
}

int main(void) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  unsigned gs;
  asm("mov %%gs, %0" : "=r"(gs));
  first = gs >> 3;
  area = mmap(0, 0x3000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(area + 0x2000, 0x1000);
  const stack_t alternate = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
  sigaltstack(&alternate, 0);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  descriptors();
  questions();
  limits();
  other_segments();
  alignment();
  return 0;
}
