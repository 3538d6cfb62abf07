// The functions of the kernel page (vDSO): found by name and version as libraries find them, they read what the system
// calls read, leave registers alone, fault where a pointer is bad, and are no system calls to a filter. The instruction
// by which ferry's page reads clocks is invalid anywhere else.
//EXPECT: under a filter: 0
//EXPECT: elsewhere: SIGILL
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct wide { int64_t seconds, nanoseconds; };
struct narrow { int32_t seconds, nanoseconds; };

static int (*gettime64)(int, struct wide*);
static int (*gettime)(int, struct narrow*);
static int (*getres)(int, struct narrow*);
static int (*timeofday)(struct narrow*, struct timezone*);
static long (*seconds)(int32_t*);

static const char* base;
static const Elf32_Sym* symbols;
static const char* names;
static const uint16_t* versions;
static const Elf32_Verdef* definitions;

static const char* version_of(unsigned index) {
  for (const Elf32_Verdef* d = definitions;; d = (const void*)((const char*)d + d->vd_next)) {
    const Elf32_Verdaux* name = (const void*)((const char*)d + d->vd_aux);
    if (d->vd_ndx == (versions[index] & 0x7fff)) return names + name->vda_name;
    if (d->vd_next == 0) return "none";
  }
}

static void* find(const char* name, unsigned count) {
  for (unsigned i = 1; i < count; ++i) {
    if (strcmp(names + symbols[i].st_name, name) != 0) continue;
    printf("%s of %s: function %d, global %d, defined %d\n", name, version_of(i), ELF32_ST_TYPE(symbols[i].st_info) == STT_FUNC,
           ELF32_ST_BIND(symbols[i].st_info) == STB_GLOBAL, symbols[i].st_shndx != SHN_UNDEF);
    return (void*)(base + symbols[i].st_value);
  }
  printf("no %s\n", name);
  exit(1);
}

static void look_up(void) {
  base = (const char*)getauxval(AT_SYSINFO_EHDR);
  const Elf32_Ehdr* header = (const void*)base;
  const Elf32_Phdr* segments = (const void*)(base + header->e_phoff);
  const Elf32_Dyn* dynamic = NULL;
  for (int i = 0; i < header->e_phnum; ++i)
    if (segments[i].p_type == PT_DYNAMIC) dynamic = (const void*)(base + segments[i].p_vaddr);
  unsigned count = 0, strings = 0;
  const char* object = NULL;
  for (const Elf32_Dyn* d = dynamic; d->d_tag != DT_NULL; ++d)
    if (d->d_tag == DT_STRTAB) names = base + d->d_un.d_ptr;
  for (const Elf32_Dyn* d = dynamic; d->d_tag != DT_NULL; ++d) {
    const void* place = base + d->d_un.d_ptr;
    if (d->d_tag == DT_SYMTAB) symbols = place;
    if (d->d_tag == DT_STRSZ) strings = d->d_un.d_val;
    if (d->d_tag == DT_VERSYM) versions = place;
    if (d->d_tag == DT_VERDEF) definitions = place;
    if (d->d_tag == DT_HASH) count = ((const uint32_t*)place)[1];
    if (d->d_tag == DT_SONAME) object = names + d->d_un.d_val;
  }
  printf("object %s, names end: %d\n", object, names[strings - 1] == 0);
  gettime64 = find("__vdso_clock_gettime64", count);
  gettime = find("__vdso_clock_gettime", count);
  getres = find("__vdso_clock_getres", count);
  timeofday = find("__vdso_gettimeofday", count);
  seconds = find("__vdso_time", count);
  find("__kernel_vsyscall", count);
  find("__kernel_sigreturn", count);
  find("__kernel_rt_sigreturn", count);
}

static int64_t sum(int64_t whole, int64_t part) { return whole * 1000000000 + part; }

static void clocks(void) {
  static const int ids[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 10, 12, 15, 31, 32, 0x100, 0x101, 0x200, -1, -2, -6, INT32_MIN};
  for (size_t i = 0; i < sizeof ids / sizeof *ids; ++i) {
    struct wide before, between, after;
    struct narrow small, resolution = {-1, -1}, asked = {-1, -1};
    const int known = syscall(SYS_clock_gettime64, ids[i], &before) == 0;
    const int wide_result = gettime64(ids[i], &between), result = gettime(ids[i], &small);
    printf("clock %x: %d %d", ids[i], wide_result, result);
    if (known) {
      syscall(SYS_clock_gettime64, ids[i], &after);
      const int64_t first = sum(before.seconds, before.nanoseconds), last = sum(after.seconds, after.nanoseconds);
      const int64_t one = sum(between.seconds, between.nanoseconds), two = sum(small.seconds, small.nanoseconds);
      printf(" in order %d", first <= one && one <= two && two <= last && between.nanoseconds < 1000000000);
    }
    const int expected = syscall(SYS_clock_getres, ids[i], &asked) == 0 ? 0 : -errno;
    const int got = getres(ids[i], &resolution);
    printf(", resolution %d %d, none asked %d\n", got == expected, memcmp(&asked, &resolution, sizeof asked) == 0,
           getres(ids[i], NULL) == expected);
  }
}

static void old_calls(void) {
  struct narrow before, time;
  struct timezone zone = {-1, -1}, asked = {-2, -2};
  syscall(SYS_gettimeofday, &before, &asked);
  printf("gettimeofday %d", timeofday(&time, &zone));
  const int64_t passed = ((int64_t)time.seconds - before.seconds) * 1000000 + time.nanoseconds - before.nanoseconds;
  printf(" later %d, microseconds %d, zone %d", passed >= 0 && passed < 60000000, time.nanoseconds < 1000000,
         memcmp(&zone, &asked, sizeof zone) == 0);
  printf(", of nothing %d, only the zone %d, only the time %d\n", timeofday(NULL, NULL), timeofday(NULL, &zone), timeofday(&time, NULL));
  int32_t stored = -1;
  const long first = syscall(SYS_time, NULL), now = seconds(&stored), last = seconds(NULL);
  printf("time: stored %d, in order %d\n", stored == now, first <= now && now <= last);
  // A second begins with the kernel's tick, as for files: never before their times.
  struct narrow coarse;
  int early = 0;
  for (int i = 0; i < 1000; ++i) {
    const long second = i % 2 ? seconds(NULL) : syscall(SYS_time, NULL);
    gettime(5, &coarse);
    early += second > coarse.seconds;
  }
  printf("before the kernel's second: %d\n", early);
}

__attribute__((used)) static uint32_t saved_stack, saved_frame, after_stack, after_frame;
static void registers(void) {
  // What a function of the kernel page must leave alone.
  static struct narrow time;
  uint32_t b = 0x11111111, s = 0x22222222, d = 0x33333333, function = (uint32_t)(uintptr_t)gettime;
  void* pointer = &time;
  __asm__ volatile(
      "mov %%ebp, saved_frame\n mov %%esp, saved_stack\n mov $0x44444444, %%ebp\n push %%edx\n push $1\n call *%%eax\n"
      "add $8, %%esp\n mov %%esp, after_stack\n mov %%ebp, after_frame\n mov saved_frame, %%ebp"
      : "+b"(b), "+S"(s), "+D"(d), "+a"(function), "+d"(pointer)
      :
      : "ecx", "memory", "cc");
  printf("registers %x %x %x %x, stack %d\n", b, s, d, after_frame, saved_stack == after_stack);
}

static sigjmp_buf back;
static volatile uint32_t fault_address;
static void on_fault(int number, siginfo_t* info, void* context) {
  (void)context;
  fault_address = (uint32_t)(uintptr_t)info->si_addr;
  siglongjmp(back, number);
}

static const char* fault(int number) { return number == SIGSEGV ? "SIGSEGV" : number == SIGILL ? "SIGILL" : number == 0 ? "none" : "another"; }

// The signal that function `which` gets with `place`, or 0.
static int attempt(int which, char* place) {
  const int number = sigsetjmp(back, 1);
  if (number != 0) return number;
  switch (which) {
    case 0: gettime64(1, (void*)place); break;
    case 1: gettime(0, (void*)place); break;
    case 2: getres(0, (void*)place); break;
    case 3: timeofday((void*)place, NULL); break;
    case 4: seconds((void*)place); break;
    case 5: ((void (*)(void))place)(); break;
  }
  return 0;
}

static void bad_pointers(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(page + 4096, 4096, PROT_READ);
  char* const places[] = {NULL, page + 4096, page + 4092, (char*)0xc0000000};
  for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
    for (int which = 0; which < 5; ++which) {
      if (which < 2 || places[i] != NULL) printf("place %zu function %d: %s\n", i, which, fault(attempt(which, places[i])));
    }
    // A clock that only the kernel reads: an error.
    printf("place %zu: processor time %d\n", i, gettime64(2, (void*)places[i]));
  }
  unsigned char* code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static const unsigned char bytes[] = {0x31, 0xc0, 0x0f, 0x0a, 0x85, 0xc9, 0xc3};
  memcpy(code, bytes, sizeof bytes);
  for (int i = 0; i < 20; ++i) {  // so often that it would be translated
    const int number = attempt(5, (char*)code);
    if (i == 0 || i == 19) printf("elsewhere: %s at %d\n", fault(number), (int)(fault_address - (uint32_t)(uintptr_t)code));
  }
}

static void filtered(void) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    static struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    static const struct sock_fprog program = {4, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(99);
    struct wide wide;
    struct narrow narrow;
    int wrong = 0;
    for (int i = 0; i < 30; ++i) {
      wrong |= gettime64(1, &wide) | gettime(0, &narrow) | getres(1, &narrow) | timeofday(&narrow, NULL);
      wrong |= seconds(NULL) < 0;  // a machine may think that it is 1970
      if (gettime64(2, &wide) != -77 || gettime(3, &narrow) != -77) wrong |= 2;
    }
    syscall(SYS_exit, wrong);
  }
  int status;
  waitpid(child, &status, 0);
  printf("under a filter: %x\n", status);
}

int main(void) {
  look_up();
  for (int i = 0; i < 3; ++i) {  // interpreted, then translated
    clocks();
    old_calls();
    registers();
  }
  bad_pointers();
  filtered();
  return 0;
}
