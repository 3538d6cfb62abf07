// The local descriptor table: what modify_ldt takes and gives back, what LAR, LSL, VERR and VERW answer, what may be loaded into
// which segment register, what limits and rights forbid, code segments with bases and limits, changes of descriptors that are
// loaded, signals that meet such segments, and who shares the table.
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { BIG = 1, DOWN = 2, CODE = 4, CONFORMING = 6, READ_ONLY = 8, PAGES = 16, ABSENT = 32, USABLE = 64, LONG = 128 };
#define SELECTOR(entry) ((entry) << 3 | 7)

uint32_t resume, stack;  // where a faulting instruction goes on
static volatile int caught;
static uint8_t* area;  // 8 KB, followed by an unmapped page
static uint8_t* code;  // an executable page
unsigned flat_data, flat_code;
static unsigned thread_selector;

static void set_ldt_raw(struct user_desc* d, uint32_t entry, uint32_t base, uint32_t limit, uint32_t flags) {
  memset(d, 0, sizeof *d);
  d->entry_number = entry;
  d->base_addr = base;
  d->limit = limit;
  ((uint32_t*)d)[3] = flags;
}
static int set_by(int function, uint32_t entry, uint32_t base, uint32_t limit, uint32_t flags) {
  struct user_desc d;
  set_ldt_raw(&d, entry, base, limit, flags);
  return syscall(SYS_modify_ldt, function, &d, sizeof d) == 0 ? 0 : -errno;
}
static int set(uint32_t entry, uint32_t base, uint32_t limit, uint32_t flags) {
  return set_by(0x11, entry, base, limit, flags);
}
static uint64_t table[8192];
static uint64_t get(uint32_t entry) {
  memset(table, 0xee, sizeof table);
  const int result = syscall(SYS_modify_ldt, 0, table, (entry + 1) * 8);
  if (result != (entry + 1) * 8) printf("[read %d] ", result);
  return table[entry];
}

// --- the system call -----------------------------------------------------------------------------

static void calls(void) {
  struct user_desc d;
  memset(table, 0xee, sizeof table);
  // A process without a table reads nothing, whatever it asks for.
  printf("no table: %d %d %d\n", (int)syscall(SYS_modify_ldt, 0, table, 64), (int)syscall(SYS_modify_ldt, 0, 16, 64),
         (int)syscall(SYS_modify_ldt, 0, table, -1));
  uint32_t sldt = 0x5a5a5a5a;
  asm("sldt %0" : "=r"(sldt));
  printf("sldt %x\n", sldt);
  set_ldt_raw(&d, 0, 0x12345678, 0xfffff, BIG | PAGES);
  for (int function = -1; function < 20; ++function) {
    if (function == 1 || function == 0x11 || function == 0 || function == 2) continue;
    errno = 0;
    printf("function %d: %d", function, (int)syscall(SYS_modify_ldt, function, &d, sizeof d));
    printf(" %d\n", errno);
  }
  for (int size = -1; size < 20; ++size) {
    errno = 0;
    const int result = syscall(SYS_modify_ldt, 0x11, &d, size);
    const int error = errno;
    errno = 0;
    printf("size %d: %d %d", size, result, error);
    printf(" %d %d\n", (int)syscall(SYS_modify_ldt, 1, &d, size), errno);
  }
  asm("sldt %0" : "=r"(sldt));
  printf("sldt %x\n", sldt);
  errno = 0;
  printf("nowhere: %d", (int)syscall(SYS_modify_ldt, 0x11, 16, 16));
  printf(" %d", errno);
  printf(" %d", (int)syscall(SYS_modify_ldt, 0x11, 16, 15));
  printf(" %d", errno);
  printf(" read %d", (int)syscall(SYS_modify_ldt, 0, 16, 16));
  printf(" %d", errno);
  printf(" kernel %d", (int)syscall(SYS_modify_ldt, 0, 0xfffff000, 16));
  printf(" %d\n", errno);
  for (int size = 0; size < 200; size += 33) {
    memset(table, 0xee, sizeof table);
    const int result = syscall(SYS_modify_ldt, 2, table, size);
    printf("default, %d bytes: %d %llx %llx\n", size, result, table[0], table[15]);
  }
  printf("default: %d", (int)syscall(SYS_modify_ldt, 2, table, -1));
  printf(" nowhere %d", (int)syscall(SYS_modify_ldt, 2, 16, 200));
  printf(" %d", errno);
  printf(" nothing %d\n", (int)syscall(SYS_modify_ldt, 2, 16, 0));
  for (int size = 0; size < 24; size += 3) {
    memset(table, 0xee, sizeof table);
    const int result = syscall(SYS_modify_ldt, 0, table, size);
    printf("read %d bytes: %d %llx %llx %llx\n", size, result, table[0], table[1], table[2]);
  }
  printf("read too much: %d\n", (int)syscall(SYS_modify_ldt, 0, table, sizeof table));
  char* large = malloc(sizeof table + 4096);
  printf("read more: %d", (int)syscall(SYS_modify_ldt, 0, large, sizeof table + 4096));
  printf(" %d\n", (int)syscall(SYS_modify_ldt, 0, large, -1));
  static const uint32_t entries[] = {8191, 8192, 8193, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
  for (unsigned i = 0; i < sizeof entries / sizeof *entries; ++i) {
    printf("entry %x: %d", entries[i], set(entries[i], 0, 0xfffff, BIG));
    printf(" %d", set_by(1, entries[i], 0, 0xfffff, BIG));
    printf(" empty %d\n", set(entries[i], 0, 0, READ_ONLY | ABSENT));
  }
  printf("read the end: %llx\n", get(8191));
  // Errors in their order: the size, the address, the number, the contents.
  char* page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 4096, 4096);
  memcpy(page + 4096 - 12, &d, 12);
  printf("half: %d", (int)syscall(SYS_modify_ldt, 0x11, page + 4096 - 12, 16));
  printf(" %d", errno);
  memset(page, 0xee, 4096);
  printf(" read half: %d", (int)syscall(SYS_modify_ldt, 0, page + 4096 - 12, 16));
  printf(" %d\n", errno);
  munmap(page, 4096);
}

static void entries(void) {
  static const uint32_t fields[][2] = {{0, 0}, {0x12345678, 0x54321}, {0, 0xfffff}, {1, 0}, {0xfedcba98, 0xffff0123}, {0, 1}};
  for (unsigned i = 0; i < sizeof fields / sizeof *fields; ++i) {
    for (uint32_t flags = 0; flags < 256; ++flags) {
      // 16-bit segments are an option of the kernel (CONFIG_X86_16BIT), and ferry's answer is that it is off.
      const int empty = flags == (READ_ONLY | ABSENT) && i == 0;
      if (!(flags & BIG) && !empty) continue;
      set(5, 0x1000, 5, BIG);
      const int modern = set(5, fields[i][0], fields[i][1], flags);
      const uint64_t first = get(5);
      set(5, 0x1000, 5, BIG);
      const int old = set_by(1, 5, fields[i][0], fields[i][1], flags | 0x100);
      printf("%x %x flags %x: %d %llx old %d %llx\n", fields[i][0], fields[i][1], flags, modern, first, old, get(5));
    }
  }
  set(5, 0, 0, READ_ONLY | ABSENT);
}

// --- questions -----------------------------------------------------------------------------------

static const struct kind { const char* name; uint32_t limit, flags; } kinds[] = {
    {"flat", 0xfffff, BIG | PAGES},
    {"pages", 0, BIG | PAGES},
    {"bytes", 0x104, BIG},
    {"read-only", 0xfffff, BIG | PAGES | READ_ONLY},
    {"down", 0x104, BIG | DOWN},
    {"down in pages", 0, BIG | DOWN | PAGES},
    {"down whole", 0xfffff, BIG | DOWN | PAGES},
    {"down read-only", 0x104, BIG | DOWN | READ_ONLY},
    {"code", 0xfffff, BIG | PAGES | CODE},
    {"code bytes", 0x104, BIG | CODE},
    {"execute-only", 0xfffff, BIG | PAGES | CODE | READ_ONLY},
    {"absent", 0xfffff, BIG | PAGES | ABSENT},
    {"absent read-only", 0xfffff, BIG | PAGES | ABSENT | READ_ONLY},
    {"absent code", 0xfffff, BIG | PAGES | CODE | ABSENT},
    {"absent execute-only", 0xfffff, BIG | PAGES | CODE | ABSENT | READ_ONLY},
    {"conforming", 0xfffff, BIG | PAGES | CONFORMING | ABSENT},
    {"conforming execute-only", 0xfffff, BIG | PAGES | CONFORMING | ABSENT | READ_ONLY},
    {"usable", 0xfffff, BIG | PAGES | USABLE},
    {"empty", 0, READ_ONLY | ABSENT},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static int set_kind(unsigned entry, unsigned i, uint32_t base) {
  return set(entry, i == KINDS - 1 ? 0 : base, kinds[i].limit, kinds[i].flags);
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
  printf("%s, selector %x: lar %d %x lsl %d %x lar16 %d %x lsl16 %d %x verr %d verw %d\n", name, selector, z[0], lar, z[1], lsl,
         z[2], lar16, z[3], lsl16, z[4], z[5]);
}

static void questions(void) {
  for (unsigned i = 0; i < KINDS; ++i) {
    set_kind(6, i, 0x1000);
    for (unsigned rpl = 0; rpl < 4; ++rpl) ask(kinds[i].name, 6 << 3 | 4 | rpl);
  }
  ask("last", SELECTOR(8191));
  ask("first", SELECTOR(0));
  set(0, 0x1000, 0xfffff, BIG);
  ask("first", SELECTOR(0));
  ask("first", 4);
}

// --- loading segment registers -------------------------------------------------------------------

static void on_signal(int signal, siginfo_t* info, void* context) {
  asm volatile("mov %0, %%fs\n mov %0, %%gs\n mov %1, %%gs" ::"r"(0), "r"(thread_selector));
  greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
  const uint32_t address = (uint32_t)info->si_addr - (info->si_addr ? (uint32_t)area : 0);
  printf("signal %d code %d address %x trap %d error %x", signal, info->si_code, address, (int)registers[REG_TRAPNO],
         (int)registers[REG_ERR]);
  if (registers[REG_CS] != flat_code) printf(" cs %x eip %x", (int)registers[REG_CS], (int)registers[REG_EIP]);
  if (registers[REG_SS] != flat_data) printf(" ss %x", (int)registers[REG_SS]);
  if (registers[REG_DS] != flat_data) printf(" ds %x", (int)registers[REG_DS]);
  if (registers[REG_ES] != flat_data) printf(" es %x", (int)registers[REG_ES]);
  registers[REG_EIP] = resume;
  registers[REG_CS] = flat_code;
  registers[REG_SS] = flat_data;
  registers[REG_DS] = flat_data;
  registers[REG_ES] = flat_data;
  registers[REG_ESP] = stack;
  registers[REG_EFL] &= ~0x40400;
  if (caught++ > 0) _exit(1);
}

// Runs instructions that may fault with eax, ecx and esi given; everything is as before afterwards. The result is in eax.
#define TRY(value, second, third, instructions)                                                             \
  ({                                                                                                        \
    uint32_t value_ = (value), second_ = (second), third_ = (third);                                        \
    caught = 0;                                                                                             \
    asm volatile("push %%ebx\n push %%ebp\n mov %%gs, %%ebx\n push %%ebx\n mov %%ss, %%ebx\n push %%ebx\n"  \
                 "movl $9f, resume\n mov %%esp, stack\n" instructions                                       \
                 "\n 9: mov %%cs:(flat_data), %%ebx\n mov %%ebx, %%ss\n mov %%cs:stack, %%esp\n"                           \
                 "pushl %%cs:(flat_code)\n pushl $8f\n lret\n 8: pop %%ebx\n"                                \
                 "mov %%ebx, %%ds\n mov %%ebx, %%es\n pop %%ebx\n mov %%ebx, %%gs\n xor %%ebx, %%ebx\n mov %%ebx, %%fs\n" \
                 "pop %%ebp\n pop %%ebx\n fninit\n cld"                                                     \
                 : "+a"(value_), "+c"(second_), "+S"(third_)                                                \
                 :                                                                                          \
                 : "edx", "edi", "memory", "cc");                                                           \
    if (!caught) printf("%x", value_);                                                                      \
    printf("\n");                                                                                           \
  })

static uint32_t far_pointer[2];
static void loads(void) {
  for (unsigned i = 0; i < KINDS; ++i) {
    set_kind(6, i, 0);
    for (unsigned rpl = 0; rpl < 4; ++rpl) {
      const unsigned selector = 6 << 3 | 4 | rpl;
      const char* name = kinds[i].name;
      far_pointer[0] = 0x87654321;
      far_pointer[1] = selector;
      printf("%s, rpl %d: mov ds: ", name, rpl);
      TRY(0, selector, 0, "mov %%ecx, %%ds\n mov %%ds, %%eax");
      printf("%s, rpl %d: mov es: ", name, rpl);
      TRY(0, selector, 0, "mov %%ecx, %%es\n mov %%es, %%eax");
      printf("%s, rpl %d: mov fs: ", name, rpl);
      TRY(0, selector, 0, "mov %%ecx, %%fs\n mov %%fs, %%eax");
      printf("%s, rpl %d: mov gs: ", name, rpl);
      TRY(0, selector, 0, "mov %%ecx, %%gs\n mov %%gs, %%eax");
      printf("%s, rpl %d: mov ss: ", name, rpl);
      TRY(0, selector, 0, "mov %%ecx, %%ss\n mov %%ss, %%eax");
      printf("%s, rpl %d: pop fs: ", name, rpl);
      TRY(0, selector, 0, "push %%ecx\n pop %%fs\n mov %%fs, %%eax");
      printf("%s, rpl %d: pop ss: ", name, rpl);
      TRY(0, selector, 0, "push %%ecx\n pop %%ss\n mov %%ss, %%eax");
      printf("%s, rpl %d: lds: ", name, rpl);
      TRY(0, selector, (uint32_t)far_pointer, "lds (%%esi), %%eax");
      printf("%s, rpl %d: les: ", name, rpl);
      TRY(0, selector, (uint32_t)far_pointer, "les (%%esi), %%eax");
      printf("%s, rpl %d: lfs: ", name, rpl);
      TRY(0, selector, (uint32_t)far_pointer, "lfs (%%esi), %%eax");
      printf("%s, rpl %d: lgs: ", name, rpl);
      TRY(0, selector, (uint32_t)far_pointer, "lgs (%%esi), %%eax");
      printf("%s, rpl %d: lss: ", name, rpl);
      TRY(0, selector, (uint32_t)far_pointer, "lss (%%esi), %%eax");
    }
  }
}

// --- limits and rights ---------------------------------------------------------------------------

static void each_access(const char* text, uint32_t offset) {
  const unsigned selector = SELECTOR(6);
#define ACCESS(instructions) (printf("%s +%x: ", text, offset), TRY(0x11223344, selector, offset, "mov %%ecx, %%fs\n" instructions))
  ACCESS("movzbl %%fs:(%%esi), %%eax");
  ACCESS("movzwl %%fs:(%%esi), %%eax");
  ACCESS("movl %%fs:(%%esi), %%eax");
  ACCESS("movb %%al, %%fs:(%%esi)");
  ACCESS("movl %%eax, %%fs:(%%esi)");
  ACCESS("addl %%eax, %%fs:(%%esi)");
  ACCESS("cmpl %%eax, %%fs:(%%esi)");
  ACCESS("lock incl %%fs:(%%esi)");
  ACCESS("fldl %%fs:(%%esi)");
  ACCESS("fldz\n fstpl %%fs:(%%esi)");
  if (offset < 0x2000) ACCESS("fnstenv %%fs:(%%esi)");  // processors differ in what they store before a fault
  ACCESS("push %%fs:(%%esi)\n pop %%eax");
  ACCESS("lodsl %%fs:(%%esi), %%eax");
  // The same place through the other registers.
  printf("%s ds +%x: ", text, offset);
  TRY(0x11223344, selector, offset, "mov %%ecx, %%ds\n movl (%%esi), %%eax");
  printf("%s ds write +%x: ", text, offset);
  TRY(0x11223344, selector, offset, "mov %%ecx, %%ds\n movl %%eax, (%%esi)");
  printf("%s es +%x: ", text, offset);
  TRY(0x01010101, selector, offset, "mov %%ecx, %%es\n mov %%esi, %%edi\n mov $3, %%ecx\n rep stosl\n mov %%ecx, %%eax");
  printf("%s ss +%x: ", text, offset);
  TRY(0x11223344, selector, offset, "mov %%ecx, %%ss\n mov %%esi, %%esp\n push %%eax\n push %%eax\n pop %%eax");
  printf("%s ss read +%x: ", text, offset);
  TRY(0x11223344, selector, offset, "mov %%ecx, %%ss\n mov %%esi, %%esp\n pop %%eax");
  printf("%s ebp +%x: ", text, offset);
  TRY(0x11223344, selector, offset, "mov %%ecx, %%ss\n mov %%esi, %%ebp\n movw (%%ebp), %%ax");
}

static void limits(void) {
  for (unsigned i = 0; i < KINDS; ++i) {
    for (int j = 0; j < 4096; ++j) area[j] = j * 7;
    set_kind(6, i, (uint32_t)area);
    for (uint32_t offset = 0xff; offset <= 0x106; offset += 1) each_access(kinds[i].name, offset);
    each_access(kinds[i].name, 0xffd);
    each_access(kinds[i].name, 0x1000);
    each_access(kinds[i].name, 0xfffffffc);
  }
  // A base above the place: addresses wrap around.
  set(6, (uint32_t)area + 0x800, 0xfffff, BIG | PAGES);
  each_access("wrapped", -0x400);
  // Translated, as it runs often.
  uint32_t sum = 0;
  set(6, (uint32_t)area + 16, 0xfffff, BIG | PAGES);
  asm volatile("mov %0, %%fs" ::"r"(SELECTOR(6)));
  for (int round = 0; round < 300; ++round) {
    uint32_t value;
    asm volatile("movl %%fs:(%1), %0" : "=r"(value) : "r"(round & 63));
    sum = sum * 3 + value;
  }
  set(6, (uint32_t)area + 16, 0xff, BIG);
  asm volatile("mov %0, %%fs" ::"r"(SELECTOR(6)));
  for (int round = 0; round < 300; ++round) {
    uint32_t value;
    asm volatile("movl %%fs:(%1), %0" : "=r"(value) : "r"(round & 63));
    sum = sum * 3 + value;
  }
  asm volatile("mov %0, %%fs" ::"r"(0));
  printf("often: %x\n", sum);
}

// --- code segments -------------------------------------------------------------------------------

// Code that runs in a segment whose base is `code`, at offset 0.
extern char based_begin[], based_end[], based_call[], based_system[], based_faults[], based_branch[], based_read[], based_write[],
    based_loop[];
asm(".pushsection .text\n"
    "based_begin:\n"
    "based_call: call 1f\n add $1, %eax\n lret\n"
    "1: add $0x10, %eax\n ret\n"
    "based_system: push %ebx\n mov $158, %eax\n int $0x80\n pop %ebx\n lret\n"  // sched_yield
    "based_faults: mov (%ecx), %eax\n lret\n"
    "based_branch: jmp *%ecx\n"
    "based_read: movzbl %cs:(%ecx), %eax\n lret\n"
    "based_write: movb %al, %cs:(%ecx)\n lret\n"
    "based_loop: mov $1000, %ecx\n 2: add %ecx, %eax\n rol $3, %eax\n dec %ecx\n jnz 2b\n lret\n"
    "based_end:\n"
    ".popsection");
#define OFFSET(label) ((uint32_t)(label - based_begin))
static uint32_t target[2];
static void run(const char* text, uint32_t offset, unsigned selector, uint32_t value, uint32_t second) {
  target[0] = offset;
  target[1] = selector;
  printf("%s: ", text);
  TRY(value, second, (uint32_t)target, "lcall *(%%esi)");
}

static void transfers(unsigned selector, const char* name) {
  uint32_t offset = OFFSET(based_call);
  run(name, offset, selector, 5, 0);
  target[0] = offset;
  target[1] = selector;
  printf("%s jump: ", name);
  TRY(5, 0, (uint32_t)target, "pushl %%cs\n pushl $9f\n ljmp *(%%esi)");
  printf("%s return: ", name);
  TRY(5, selector, offset, "pushl %%cs\n pushl $9f\n pushl %%ecx\n pushl %%esi\n lret");
  printf("%s iret: ", name);
  TRY(5, selector, offset, "pushl %%cs\n pushl $9f\n pushfl\n pushl %%ecx\n pushl %%esi\n iret");
}

static void code_segments(void) {
  memcpy(code, based_begin, based_end - based_begin);
  for (unsigned i = 0; i < KINDS; ++i) {
    for (unsigned rpl = 0; rpl < 4; ++rpl) {
      set_kind(6, i, (uint32_t)code);
      transfers(6 << 3 | 4 | rpl, kinds[i].name);
    }
  }
  set(6, (uint32_t)code, 0xfffff, BIG | PAGES | CODE);
  const unsigned selector = SELECTOR(6);
  run("loop", OFFSET(based_loop), selector, 5, 0);
  run("page fault", OFFSET(based_faults), selector, 5, (uint32_t)area + 0x2000);
  run("branch", OFFSET(based_branch), selector, 5, 0x1000000 - (uint32_t)code);
  run("read", OFFSET(based_read), selector, 5, 3);
  run("write", OFFSET(based_write), selector, 5, 3);
  run("system call", OFFSET(based_system), selector, 5, 0);
  set(6, (uint32_t)code, 0xfffff, BIG | PAGES | CODE | READ_ONLY);
  run("execute-only read", OFFSET(based_read), selector, 5, 3);
  run("execute-only loop", OFFSET(based_loop), selector, 5, 0);
  // Limits: of the target of a far and a near branch, and of the bytes of an instruction.
  for (uint32_t limit = OFFSET(based_system); limit < OFFSET(based_faults); ++limit) {
    set(6, (uint32_t)code, limit, BIG | CODE);
    printf("limit %x ", limit);
    run("system call", OFFSET(based_system), selector, 5, 0);
    printf("limit %x ", limit);
    run("branch out", OFFSET(based_call), selector, 5, 0);
  }
  set(6, (uint32_t)code, OFFSET(based_end), BIG | CODE);
  run("branch inside", OFFSET(based_branch), selector, 5, OFFSET(based_end));
  run("branch outside", OFFSET(based_branch), selector, 5, OFFSET(based_end) + 1);
  run("branch far outside", OFFSET(based_branch), selector, 5, -1);
  set(6, (uint32_t)code, 2, BIG | CODE);
  run("call outside", OFFSET(based_call), selector, 5, 0);
  run("far call outside", 3, selector, 5, 0);
  printf("far return outside: ");
  TRY(5, selector, 3, "pushl %%ecx\n pushl %%esi\n lret");
  printf("iret outside: ");
  TRY(5, selector, 3, "pushfl\n pushl %%ecx\n pushl %%esi\n iret");
  printf("far jump outside: ");
  target[0] = 3, target[1] = selector;
  TRY(5, selector, (uint32_t)target, "ljmp *(%%esi)");
  set(6, 0, 0xfffff, BIG | PAGES | CODE);
  run("base 0", (uint32_t)based_loop, selector, 5, 0);
  run("base 0 in text", (uint32_t)based_call, selector, 5, 0);
  // A base that wraps around.
  set(6, (uint32_t)code + 0x1000, 0xfffff, BIG | PAGES | CODE);
  run("wrapped", OFFSET(based_loop) - 0x1000, selector, 5, 0);
}

// --- changes of loaded descriptors ---------------------------------------------------------------

#define CHANGE "push %%ecx\n mov $123, %%eax\n mov $0x11, %%ebx\n mov $changed_, %%ecx\n mov $16, %%edx\n int $0x80\n pop %%ecx\n"
struct user_desc changed_;
static void changes(void) {
  static const struct { const char* name; uint32_t base, limit, flags; } after[] = {
      {"moved", 16, 0xfffff, BIG | PAGES},
      {"shortened", 0, 0x10, BIG},
      {"read-only", 0, 0xfffff, BIG | PAGES | READ_ONLY},
      {"code", 0, 0xfffff, BIG | PAGES | CODE},
      {"execute-only", 0, 0xfffff, BIG | PAGES | CODE | READ_ONLY},
      {"absent", 0, 0xfffff, BIG | PAGES | ABSENT},
      {"gone", 0, 0, READ_ONLY | ABSENT},
  };
  for (int j = 0; j < 4096; ++j) area[j] = j * 7;
  for (unsigned i = 0; i < 7; ++i) {
    const uint32_t base = i == 6 ? 0 : (uint32_t)area + after[i].base;
    set_ldt_raw(&changed_, 6, base, after[i].limit, after[i].flags);
#define CHANGED(what, instructions) \
  (set(6, (uint32_t)area, 0xfffff, BIG | PAGES), printf("%s: %s: ", after[i].name, what), TRY(0, SELECTOR(6), 0x20, instructions))
    CHANGED("ds", "mov %%ecx, %%ds\n" CHANGE "mov %%ds, %%eax");
    CHANGED("ds read", "mov %%ecx, %%ds\n" CHANGE "mov (%%esi), %%eax");
    CHANGED("ds write", "mov %%ecx, %%ds\n" CHANGE "mov %%eax, (%%esi)");
    CHANGED("es", "mov %%ecx, %%es\n" CHANGE "mov %%es, %%eax");
    CHANGED("es read", "mov %%ecx, %%es\n" CHANGE "mov %%es:(%%esi), %%eax");
    CHANGED("ss", "mov %%ecx, %%ss\n mov $0x800, %%esp\n" CHANGE "mov %%ss, %%eax");
    CHANGED("ss read", "mov %%ecx, %%ss\n mov $0x800, %%esp\n" CHANGE "mov %%ss:(%%esi), %%eax");
    // FS and GS keep what they hold, until the kernel happens to switch to another task; then they keep their bases.
    if (i == 0) CHANGED("fs read", "mov %%ecx, %%fs\n" CHANGE "mov %%fs:(%%esi), %%eax");
  }
}

// A far call into a segment that changes its own descriptor.
extern char own_begin[], own_end[];
asm(".pushsection .text\n"
    "own_begin: push %ebx\n mov $123, %eax\n mov $0x11, %ebx\n mov $16, %edx\n int $0x80\n pop %ebx\n mov $0x77, %eax\n lret\n"
    ".skip 16, 0x90\n mov $0x88, %eax\n pop %ebx\n lret\n"
    "own_end:\n .popsection");
static void own_code(void) {
  static const struct { const char* name; uint32_t base, limit, flags; } after[] = {
      {"same", 0, 0xfffff, BIG | PAGES | CODE},   {"moved", 16, 0xfffff, BIG | PAGES | CODE}, {"shortened", 0, 4, BIG | CODE},
      {"data", 0, 0xfffff, BIG | PAGES},          {"absent", 0, 0xfffff, BIG | PAGES | CODE | ABSENT},
      {"gone", 0, 0, READ_ONLY | ABSENT},
  };
  memset(code, 0x90, 256);
  memcpy(code, own_begin, own_end - own_begin);
  for (unsigned i = 0; i < 6; ++i) {
    set(6, (uint32_t)code, 0xfffff, BIG | PAGES | CODE);
    set_ldt_raw(&changed_, 6, i == 5 ? 0 : (uint32_t)code + after[i].base, after[i].limit, after[i].flags);
    printf("own code %s: ", after[i].name);
    target[0] = 0, target[1] = SELECTOR(6);
    TRY(0, (uint32_t)&changed_, (uint32_t)target, "lcall *(%%esi)");
  }
}

// --- signals -------------------------------------------------------------------------------------

static volatile int seen;
static unsigned put[6];  // selectors the handler puts into the context: gs fs es ds cs ss
static void edit(int signal, siginfo_t* info, void* context) {
  asm volatile("mov %0, %%gs" ::"r"(thread_selector));
  greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
  seen++;
  static const int places[] = {REG_GS, REG_FS, REG_ES, REG_DS, REG_CS, REG_SS};
  for (int i = 0; i < 6; ++i) {
    if (put[i] != -1) registers[places[i]] = put[i];
  }
}

static void returns(void) {
  struct sigaction action = {.sa_sigaction = edit, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGUSR1, &action, 0);
  static const char* const names[] = {"gs", "fs", "es", "ds", "cs", "ss"};
  for (unsigned i = 0; i < KINDS; ++i) {
    // The flat base: a new ss and cs must be usable.
    set_kind(6, i, 0);
    for (int which = 0; which < 6; ++which) {
      for (unsigned rpl = 0; rpl < 4; rpl += 1) {
        if (which >= 4 && kinds[i].limit != 0xfffff) continue;
        memset(put, -1, sizeof put);
        put[which] = 6 << 3 | 4 | rpl;
        printf("%s, rpl %d into %s: ", kinds[i].name, rpl, names[which]);
#define KILL "mov $37, %%eax\n mov %%ecx, %%ebx\n mov $10, %%ecx\n int $0x80\n"
        switch (which) {
          case 0: TRY(0, getpid(), 0, KILL "mov %%gs, %%eax"); break;
          case 1: TRY(0, getpid(), 0, KILL "mov %%fs, %%eax"); break;
          case 2: TRY(0, getpid(), 0, KILL "mov %%es, %%eax"); break;
          case 3: TRY(0, getpid(), 0, KILL "mov %%ds, %%eax"); break;
          case 4: TRY(0, getpid(), 0, KILL "mov %%cs, %%eax"); break;
          case 5: TRY(0, getpid(), 0, KILL "mov %%ss, %%eax"); break;
        }
      }
    }
  }
  memset(put, -1, sizeof put);
  // A context with local segments comes back as it was.
  set(6, (uint32_t)area, 0xfffff, BIG | PAGES);
  memset(area, 0x21, 64);
  area[0x40] = 0x55;
  printf("kept ds: ");
  TRY(0, getpid(), 0x40, "mov $0x37, %%edx\n mov %%edx, %%ds\n" KILL "movzbl (%%esi), %%eax");
  printf("kept fs: ");
  TRY(0, getpid(), 0x40, "mov $0x37, %%edx\n mov %%edx, %%fs\n" KILL "movzbl %%fs:(%%esi), %%eax");
  printf("seen %d\n", seen);
}

// Without SA_RESTORER, a handler that finds another ss has sa_restorer for its stack, which newer kernels then refuse, since it
// is no alternate one.
struct old_action { void* handler; uint32_t flags; void* restorer; uint64_t mask; };
static char legacy[8192];
static volatile uint32_t legacy_esp;  // where the handler's frame was, if it ran
static void on_legacy(int signal) {
  asm volatile("mov %0, %%gs" ::"r"(thread_selector));
  legacy_esp = (uint32_t)__builtin_frame_address(0);
}
static void legacy_stack(void) {
  struct old_action action = {on_legacy, 0, legacy + sizeof legacy, 0};
  printf("sigaction %d\n", (int)syscall(SYS_rt_sigaction, SIGUSR2, &action, 0, 8));
  set(6, 0, 0xfffff, BIG | PAGES);
#define KILL2 "mov $37, %%eax\n mov %%ecx, %%ebx\n mov $12, %%ecx\n int $0x80\n"
  TRY(0, getpid(), 0, KILL2);
  printf("flat ss: on the legacy stack %d\n", legacy_esp - (uint32_t)legacy < sizeof legacy);
  TRY(0, getpid(), 0, "mov $0x37, %%edx\n mov %%edx, %%ss\n" KILL2 "mov %%ss, %%eax");
  printf("local ss: on the legacy stack %d\n", legacy_esp - (uint32_t)legacy < sizeof legacy);
}

// --- who shares the table ------------------------------------------------------------------------

static void sharing(void) {
  set(8, 0x8000, 8, BIG);
  set(9, 0, 0, READ_ONLY | ABSENT);
  fflush(stdout);
  int status;
  pid_t child = fork();
  if (child == 0) {
    printf("the child has a copy: %llx\n", get(8));
    set(8, 0x1234000, 8, BIG);
    set(9, 0x1234000, 8, BIG);
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, &status, 0);
  printf("the parent's is as before: %llx %llx\n", get(8), get(9));
}

int main(int count, char** arguments) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  asm("mov %%ss, %0\n mov %%cs, %1\n mov %%gs, %2" : "=r"(flat_data), "=r"(flat_code), "=r"(thread_selector));
  area = mmap((void*)0x20100000, 0x3000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(area + 0x2000, 0x1000);
  code = mmap((void*)0x20000000, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static uint8_t other_stack[65536];
  const stack_t alternate = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
  sigaltstack(&alternate, 0);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  calls();
  entries();
  questions();
  loads();
  limits();
  code_segments();
  changes();
  own_code();
  returns();
  legacy_stack();
  sharing();
  return 0;
}
