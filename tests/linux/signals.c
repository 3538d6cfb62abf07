// Handlers, masks, frames, restarts, alternate stacks, faults.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int count;
static sigjmp_buf jump;

static void plain(int sig) { count += sig; }

static void with_info(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  printf("sig %d code %d pid %d value %d on_stack %d blocked_usr2 %d\n", sig, info->si_code,
         info->si_pid == getpid(), info->si_value.sival_int, uc->uc_stack.ss_flags,
         sigismember(&uc->uc_sigmask, SIGUSR2));
}

static void on_fault(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  greg_t *regs = uc->uc_mcontext.gregs;
  printf("fault sig %d code %d addr %lx trapno %d err %x cr2 %lx\n", sig, info->si_code,
         info->si_addr != NULL ? (unsigned long)info->si_addr & 0xfff : 0,
         regs[REG_TRAPNO], regs[REG_ERR] & ~1, regs[REG_TRAPNO] == 14 ? uc->uc_mcontext.cr2 & 0xfff : 0);
  siglongjmp(jump, 1);
}

static void skip_instruction(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  (void)sig;
  (void)info;
  uc->uc_mcontext.gregs[REG_EIP] += 2;  // movl (%eax), %eax
  uc->uc_mcontext.gregs[REG_EAX] = 42;
}

static void install(int sig, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = flags | SA_SIGINFO;
  sigaction(sig, &action, NULL);
}

static unsigned char data_code[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret

// Code that may not be fetched: in data, in a page without PROT_EXEC, an instruction that continues into such a page, in a page
// that lost PROT_EXEC, and in one that was unmapped.
static void fetch_faults(void) {
  install(SIGSEGV, on_fault, 0);
  unsigned char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(pages, data_code, sizeof data_code);
  memcpy(pages + 4094, data_code, sizeof data_code);
  int (*whole)(void) = (int (*)(void))pages;
  int (*across)(void) = (int (*)(void))(pages + 4094);
  if (!sigsetjmp(jump, 1)) ((int (*)(void))(void *)data_code)();
  if (!sigsetjmp(jump, 1)) whole();
  mprotect(pages, 4096, PROT_READ | PROT_EXEC);
  for (int i = 0; i < 3; ++i) printf("%d\n", whole());
  for (int i = 0; i < 3; ++i)
    if (!sigsetjmp(jump, 1)) across();
  mprotect(pages + 4096, 4096, PROT_READ | PROT_EXEC);
  for (int i = 0; i < 3; ++i) printf("%d\n", across());
  mprotect(pages + 4096, 4096, PROT_READ);
  if (!sigsetjmp(jump, 1)) across();
  mprotect(pages, 4096, PROT_READ);
  if (!sigsetjmp(jump, 1)) whole();
  munmap(pages, 8192);
  if (!sigsetjmp(jump, 1)) whole();
}

// Code in a mapping of a file that has become shorter: SIGBUS, even if only part of the instruction lies past the end. ferry
// probes code by loads before it translates; the compiler once dropped these loads, and the fault came in ferry's own code.
static void code_behind_the_file(void) {
  install(SIGBUS, on_fault, 0);
  FILE *file = tmpfile();
  if (ftruncate(fileno(file), 8192)) exit(1);
  unsigned char *code = mmap(0, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fileno(file), 0);
  memset(code, 0x90, 4096);
  memcpy(code + 4096, data_code, sizeof data_code);
  if (ftruncate(fileno(file), 4096)) exit(1);
  for (int i = 0; i < 3; ++i) {
    if (!sigsetjmp(jump, 1)) ((int (*)(void))(code + 4090))();
    if (!sigsetjmp(jump, 1)) ((int (*)(void))(code + 4096))();
  }
  munmap(code, 8192);
  fclose(file);
}

// Accesses across the border of two pages of which the first, the second or both are missing: the reported address is that of
// the first byte that cannot be accessed. Each half is 16 KB, a whole page even on hosts with large pages.
static void faults_across_pages(void) {
  install(SIGSEGV, on_fault, 0);
  enum { HALF = 16384 };
  char *pages = mmap(0, 2 * HALF, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int missing = 1; missing <= 3; ++missing) {
    mprotect(pages, HALF, missing & 1 ? PROT_NONE : PROT_READ | PROT_WRITE);
    mprotect(pages + HALF, HALF, missing & 2 ? PROT_NONE : PROT_READ | PROT_WRITE);
    char *at = pages + HALF - 1;
    if (!sigsetjmp(jump, 1)) __asm__ volatile("movl -1(%0), %%eax" ::"r"(at) : "eax");
    if (!sigsetjmp(jump, 1)) __asm__ volatile("movzwl (%0), %%eax" ::"r"(at) : "eax");
    if (!sigsetjmp(jump, 1)) __asm__ volatile("cmpl %%eax, -2(%0)" ::"r"(at) : "cc");
    if (!sigsetjmp(jump, 1)) __asm__ volatile("addl $1, -1(%0)" ::"r"(at) : "cc", "memory");
    if (!sigsetjmp(jump, 1)) __asm__ volatile("movw %%ax, (%0)" ::"r"(at) : "memory");
    if (!sigsetjmp(jump, 1)) __asm__ volatile("fldl -3(%0)\n fstp %%st(0)" ::"r"(at));
    if (!sigsetjmp(jump, 1)) __asm__ volatile("lodsl" : "+S"(at)::"eax");
  }
  munmap(pages, 2 * HALF);
}

static void show_x87(const char *when, int in_handler) {
  struct { unsigned short cw, r0, sw, r1, tag, r2; unsigned fip; unsigned short fcs, fop; unsigned fdp; unsigned short fds, r3; } env;
  __asm__ volatile("fnstenv %0; fldenv %0" : "+m"(env));
  printf("%s: cw %x sw %x tag %x", when, env.cw, env.sw, env.tag);
  // After a program's own operations FDP depends on the processor: Intel's set it only with unmasked exceptions.
  if (in_handler) printf(" fdp %s", env.fdp ? "set" : "0");
  printf("\n");
}

static void on_x87(int sig, siginfo_t *info, void *context) {
  const struct _libc_fpstate *fp = ((ucontext_t *)context)->uc_mcontext.fpregs;
  printf("signal %d code %d cw %lx sw %lx tag %lx\n", sig, info->si_code, fp->cw & 0xffff, fp->sw & 0xffff, fp->tag & 0xffff);
  show_x87("in the handler", 1);
  __asm__ volatile("fldpi; fldl2e; fld1");
  if (sig == SIGFPE) siglongjmp(jump, 1);
}

// A handler begins with the x87 state of a new program, and that state is discarded when it returns. Once it began with the
// interrupted program's state: traps came again and again, and stack faults after a handler was left by siglongjmp.
static void x87_in_handlers(void) {
  struct sigaction action = {.sa_sigaction = on_x87, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, 0);
  sigaction(SIGUSR1, &action, 0);
  double zero = 0, values[3];
  for (unsigned short unmasked = 1; unmasked < 0x40; unmasked <<= 1) {
    unsigned short control = 0x37f & ~unmasked;
    if (!sigsetjmp(jump, 1)) {
      __asm__ volatile("fninit; fldcw %0; fld1; fldl %1; fdivrp; fwait; fldz; fdivl %1; fwait" ::"m"(control), "m"(zero));
      show_x87("no signal", 0);
    } else {
      show_x87("jumped", 0);
    }
  }
  __asm__ volatile("fninit; fldpi; fld1; fldl2t");
  raise(SIGUSR1);
  show_x87("returned", 0);
  __asm__ volatile("fstpl %0; fstpl %1; fstpl %2" : "=m"(values[0]), "=m"(values[1]), "=m"(values[2]));
  printf("%g %g %g\n", values[0], values[1], values[2]);
}

static unsigned stepped[64], steps;
extern char step_begin[], step_end[];
static void on_step(int sig, siginfo_t *info, void *context) {
  greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
  if (steps < 64) stepped[steps++] = g[REG_EIP] - (unsigned)step_begin | info->si_code << 16 | (g[REG_EFL] & 0x100) << 16;
  if ((char *)g[REG_EIP] == step_end) g[REG_EFL] &= ~0x100;
}

// With TF there is a trap after each instruction and each iteration of rep, but none after POP SS, where one once came.
static void single_steps(void) {
  struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, 0);
  __asm__ volatile("step_begin: pushf; orl $0x100, (%%esp); popf; nop; mov $5, %%ecx; 1: dec %%ecx; jnz 1b\n"
                   "push %%ss; pop %%ss; nop; mov %%ss, %%ecx; mov %%ecx, %%ss; mov $3, %%ecx; call 2f; jmp 3f; 2: ret\n"
                   "3: cld; push %%edi; sub $64, %%esp; mov %%esp, %%edi; rep stosb; add $64, %%esp; pop %%edi\n"
                   "pushf; pop %%eax; nop; step_end: nop" ::: "eax", "ecx", "memory", "cc");
  for (unsigned i = 0; i < steps; ++i) printf("%x%c", stepped[i], i + 1 == steps ? '\n' : ' ');
  steps = 0;
  __asm__ volatile("int3");
  printf("int3 %u\n", steps);
}

static void faults(void) {
  install(SIGSEGV, on_fault, 0);
  install(SIGFPE, on_fault, 0);
  install(SIGILL, on_fault, 0);
  install(SIGTRAP, on_fault, 0);
  install(SIGBUS, on_fault, 0);
  if (!sigsetjmp(jump, 1)) *(volatile int *)0x10 = 1;
  if (!sigsetjmp(jump, 1)) (void)*(volatile int *)0x20;
  static const char text[] = "constant";
  if (!sigsetjmp(jump, 1)) { char *p = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); printf("%d\n", text[0]); (void)p; *(volatile char *)((long)p) = 1; }
  if (!sigsetjmp(jump, 1)) { volatile int zero = 0; printf("%d\n", 1 / zero); }
  if (!sigsetjmp(jump, 1)) __asm__ volatile("ud2");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("hlt");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("int3");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("int $0x42");
  FILE *file = tmpfile();
  if (!sigsetjmp(jump, 1)) {
    char *p = mmap(0, 8192, PROT_READ, MAP_SHARED, fileno(file), 0);
    printf("mapped %d\n", p != MAP_FAILED);
    (void)*(volatile char *)(p + 4096);
  }
  install(SIGSEGV, skip_instruction, 0);
  int value;
  __asm__ volatile("movl $0, %%eax; movl (%%eax), %%eax" : "=a"(value));
  printf("skipped: %d\n", value);
}

static int after_alarm[2];

static void on_alarm(int sig) {
  plain(sig);
  (void)!write(after_alarm[1], "x", 1);
}

static void interrupted(int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_alarm;
  action.sa_flags = flags;
  sigaction(SIGALRM, &action, NULL);
  int ends[2];
  char byte;
  if (pipe(ends) != 0) exit(1);
  if (pipe(after_alarm) != 0) exit(1);
  pid_t child = fork();
  if (child == 0) {
    (void)!read(after_alarm[0], &byte, 1);  // waits for the handler, however late the timer is on a busy machine
    (void)!write(ends[1], "x", 1);
    _exit(0);
  }
  struct itimerval timer = {{0, 0}, {0, 50000}};
  count = 0;
  setitimer(ITIMER_REAL, &timer, NULL);
  errno = 0;
  ssize_t got = read(ends[0], &byte, 1);
  printf("read %d errno %d handler %d\n", (int)got, got < 0 ? errno : 0, count);
  waitpid(child, NULL, 0);
  close(ends[0]);
  close(ends[1]);
  count = 0;
  setitimer(ITIMER_REAL, &timer, NULL);
  struct timespec time = {500, 0}, rest = {0, 0};
  int result = nanosleep(&time, &rest);
  printf("nanosleep %d errno %d rest %d\n", result, result < 0 ? errno : 0, rest.tv_sec > 0);
}

// Long repeated comparisons: signals come in the middle, and the registers tell how far the comparison is.
enum { STRING_BYTES = 4 << 20 };
extern char scan_instruction[], compare_instruction[];
static char *strings;
static volatile int inside_scan, inside_compare, wrong;

static void on_timer(int sig, siginfo_t *info, void *context) {
  greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
  unsigned left = regs[REG_ECX], at = regs[REG_EDI] - (unsigned)strings;
  (void)sig;
  (void)info;
  if (regs[REG_EIP] == (greg_t)scan_instruction) {
    ++inside_scan;
    wrong += at + left != STRING_BYTES;
  } else if (regs[REG_EIP] == (greg_t)compare_instruction) {
    ++inside_compare;
    wrong += at + 4 * left != STRING_BYTES || regs[REG_EDI] - regs[REG_ESI] != 16;
  }
}

static void on_string_fault(int sig, siginfo_t *info, void *context) {
  greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
  (void)info;
  printf("sig %d in a string at %x, %d left\n", sig, regs[REG_EDI] - (unsigned)strings, regs[REG_ECX]);
  siglongjmp(jump, 1);
}

__attribute__((noinline)) static int scan(unsigned bytes) {
  unsigned left = bytes, at = (unsigned)strings;
  char found;
  __asm__ volatile(".globl scan_instruction\nscan_instruction: repne scasb\n\tsete %2"
                   : "+c"(left), "+D"(at), "=q"(found) : "a"(1) : "memory");
  return found ? (int)(bytes - left) : -1;
}

__attribute__((noinline)) static int compare(unsigned bytes) {
  unsigned left = bytes / 4, at = (unsigned)strings, from = at - 16;
  char equal;
  __asm__ volatile(".globl compare_instruction\ncompare_instruction: repe cmpsl\n\tsete %3"
                   : "+c"(left), "+D"(at), "+S"(from), "=q"(equal) : : "memory");
  return equal ? -1 : (int)(bytes / 4 - left);
}

static void long_strings(void) {
  char *memory = mmap(NULL, STRING_BYTES + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strings = memory + 16384;
  strings[STRING_BYTES - 1] = 1;
  install(SIGALRM, on_timer, SA_RESTART);
  struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &timer, NULL);
  int scanned = 0, compared = 0;
  while (inside_scan < 3 || inside_compare < 3) {
    scanned = scan(STRING_BYTES);
    compared = compare(STRING_BYTES);
  }
  setitimer(ITIMER_REAL, &none, NULL);
  printf("scanned %d compared %d wrong %d\n", scanned, compared, wrong);
  printf("none: %d %d, not found: %d %d\n", scan(0), compare(0), scan(5000), compare(12000));
  install(SIGSEGV, on_string_fault, 0);
  mprotect(strings + 49152, 16384, PROT_NONE);
  if (!sigsetjmp(jump, 1)) scan(STRING_BYTES);
  if (!sigsetjmp(jump, 1)) compare(STRING_BYTES);
  munmap(memory, STRING_BYTES + 65536);
}

static void alternate_stack(void) {
  static char space[65536];
  stack_t stack = {space, 0, sizeof space}, old;
  printf("sigaltstack %d\n", sigaltstack(&stack, NULL));
  install(SIGUSR1, with_info, SA_ONSTACK);
  union sigval value = {.sival_int = 77};
  sigqueue(getpid(), SIGUSR1, value);
  sigaltstack(NULL, &old);
  printf("flags %d size %d\n", old.ss_flags, (int)old.ss_size);
}

static void nested(int sig) {
  count = count * 10 + sig;
  if (sig == SIGUSR1) {
    raise(SIGUSR2);
    count = count * 10;
  }
}

static void death(void (*how)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    how();
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("died: exited %d signaled %d sig %d\n", WIFEXITED(status), WIFSIGNALED(status), WTERMSIG(status));
}
static void by_segv(void) { signal(SIGSEGV, SIG_DFL); *(volatile int *)4 = 0; }
static void by_ignored_segv(void) { signal(SIGSEGV, SIG_IGN); *(volatile int *)4 = 0; }
static void by_blocked_segv(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGSEGV);
  sigprocmask(SIG_BLOCK, &set, NULL);
  *(volatile int *)4 = 0;
}
static void by_abort(void) { abort(); }
static void by_term(void) { kill(getpid(), SIGTERM); }
static void by_rt(void) { kill(getpid(), SIGRTMIN + 3); }
static void by_bad_stack(void) {
  install(SIGUSR1, with_info, 0);
  __asm__ volatile("movl $8, %%esp; movl $20, %%eax; int $0x80; movl %%eax, %%ebx; movl $10, %%ecx; movl $37, %%eax; int $0x80" ::: "memory");
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  alternate_stack();
  faults();
  fetch_faults();
  x87_in_handlers();
  single_steps();
  code_behind_the_file();
  faults_across_pages();
  interrupted(0);
  interrupted(SA_RESTART);
  long_strings();

  signal(SIGUSR1, nested);
  signal(SIGUSR2, nested);
  count = 0;
  raise(SIGUSR1);
  printf("nested %d\n", count);

  sigset_t set, old, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, &old);
  count = 0;
  raise(SIGUSR2);
  raise(SIGUSR2);
  sigpending(&pending);
  printf("blocked %d pending %d\n", count, sigismember(&pending, SIGUSR2));
  sigsuspend(&old);
  printf("after sigsuspend %d blocked %d\n", count, (sigprocmask(SIG_BLOCK, NULL, &pending), sigismember(&pending, SIGUSR2)));
  install(SIGRTMIN + 1, with_info, 0);
  sigaddset(&set, SIGRTMIN + 1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (int i = 0; i < 3; ++i) sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
  siginfo_t info;
  int waited = sigwaitinfo(&set, &info);
  printf("sigwaitinfo %d value %d\n", waited - SIGRTMIN, info.si_value.sival_int);
  sigprocmask(SIG_SETMASK, &old, NULL);

  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = nested;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  sigaction(SIGUSR2, &action, NULL);
  raise(SIGUSR2);
  sigaction(SIGUSR2, NULL, &action);
  printf("reset to default %d\n", action.sa_handler == SIG_DFL);

  death(by_segv);
  death(by_ignored_segv);
  death(by_blocked_segv);
  death(by_abort);
  death(by_term);
  death(by_rt);
  death(by_bad_stack);
  return 0;
}
