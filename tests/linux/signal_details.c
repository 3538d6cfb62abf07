// Signals in a thread that is not the first: faults, frames, alternate stacks, long instructions; timers; limits; and what the calls
// refuse.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define SECTION(name) static void name(void)

static const char *name_of(int error) { return error == 0 ? "ok" : strerrorname_np(error); }
static const char *result(long value) { return name_of(value < 0 ? errno : 0); }
static int tid(void) { return syscall(SYS_gettid); }

static void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};
  sigaction(signal, &action, NULL);
}
static void mask(int how, int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(how, &set, NULL);
}
static int status_of(pid_t child) {
  int status;
  if (waitpid(child, &status, 0) < 0) return -1000 - errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
static void *run(void *section) {
  ((void (*)(void))section)();
  return NULL;
}
static void in_thread(void (*section)(void)) {
  pthread_t thread;
  pthread_create(&thread, NULL, run, section);
  pthread_join(thread, NULL);
}

// --- faults ------------------------------------------------------------------------------------------

static __thread sigjmp_buf jump;
static void on_fault(int signal, siginfo_t *info, void *context) {
  const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
  const int page_fault = regs[REG_TRAPNO] == 14;
  printf("signal %d code %d addr %lx trapno %d err %x cr2 %lx", signal, info->si_code,
         page_fault ? (unsigned long)info->si_addr : (unsigned long)info->si_addr == (unsigned long)regs[REG_EIP], regs[REG_TRAPNO],
         regs[REG_ERR], page_fault ? ((ucontext_t *)context)->uc_mcontext.cr2 : 0);
  puts("");
  siglongjmp(jump, 1);
}

SECTION(faults) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  volatile int zero = 0;
  for (int i = 0; i < 5; ++i) install(signals[i], on_fault, 0);
  if (!sigsetjmp(jump, 1)) *(volatile int *)0x10 = 1;
  if (!sigsetjmp(jump, 1)) (void)*(volatile int *)0x20;
  if (!sigsetjmp(jump, 1)) (void)*(volatile int *)0xfffff000;
  if (!sigsetjmp(jump, 1)) ((void (*)(void))0x30)();
  if (!sigsetjmp(jump, 1)) __asm__ volatile("cltd; idivl %1" ::"a"(1), "m"(zero) : "edx");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("int3");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("ud2");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("hlt");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("int $0x42");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("movw $0x1000, %%ax; movw %%ax, %%es" ::: "eax");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("movl $0x7fffffff, %%eax; addl $1, %%eax; into" ::: "eax");
  if (!sigsetjmp(jump, 1)) __asm__ volatile("pushl $0x37e; fldcw (%%esp); fninit; fldcw (%%esp); popl %%eax; fldz; fldz; fdivp; fwait" ::: "eax");
  __asm__ volatile("fninit");
  static int bounds[2] = {1, 2};
  if (!sigsetjmp(jump, 1)) __asm__ volatile("boundl %0, %1" ::"r"(5), "m"(bounds));
}

// --- alternate stacks --------------------------------------------------------------------------------

static volatile int depth, on_stack;
static __thread char *own_stack;
static void nested(int signal, siginfo_t *info, void *context) {
  char here;
  stack_t now;
  sigaltstack(NULL, &now);
  printf("depth %d on it %d flags %x saved %x\n", depth, &here - own_stack >= 0 && &here - own_stack < 65536, now.ss_flags,
         ((ucontext_t *)context)->uc_stack.ss_flags);
  if (depth++ < 2) pthread_kill(pthread_self(), signal);
  if (depth == 3) siglongjmp(jump, depth++);
}

SECTION(stacks) {
  static const int flags[] = {0, SS_ONSTACK, 1 << 31};
  for (int i = 0; i < 3; ++i) {
    own_stack = malloc(65536);
    stack_t stack = {own_stack, flags[i], 65536}, now;
    printf("%s\n", result(sigaltstack(&stack, NULL)));
    install(SIGUSR1, nested, SA_ONSTACK | SA_NODEFER);
    depth = 0;
    if (!sigsetjmp(jump, 1)) pthread_kill(pthread_self(), SIGUSR1);
    sigaltstack(NULL, &now);
    printf("after the jump: flags %x same %d\n", now.ss_flags, now.ss_sp == own_stack);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
  }
}

static void *stack_state(void *argument) {
  stack_t now;
  sigaltstack(NULL, &now);
  printf("a new thread's: flags %x size %d\n", now.ss_flags, (int)now.ss_size);
  return NULL;
}

// --- frames ------------------------------------------------------------------------------------------

static void edit(int signal, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  greg_t *regs = uc->uc_mcontext.gregs;
  regs[REG_EBX] += 1;
  regs[REG_EFL] |= 1;
  sigaddset(&uc->uc_sigmask, SIGUSR2);
  struct _libc_fpstate *fp = uc->uc_mcontext.fpregs;
  fp->cw = (fp->cw & 0xffff0000u) | 0x27f;
  unsigned char *fxsave = (unsigned char *)fp + 112;
  printf("status %lx magic %x mxcsr %x\n", fp->status >> 16, *((unsigned short *)fp + 55), *(unsigned *)(fxsave + 24));
}

SECTION(frames) {
  install(SIGUSR1, edit, 0);
  int ebx = 0, carry = 0;
  unsigned short control = 0;
  __asm__ volatile(
      "fninit; movl $224, %%eax; int $0x80; movl %%eax, %%ecx; movl $20, %%eax; int $0x80; pushl %%ebx; movl %%eax, %%ebx; movl $10, %%edx;"
      "movl $270, %%eax; clc; int $0x80; setc %%al; movzbl %%al, %1; movl %%ebx, %0; popl %%ebx; fnstcw %2"
      : "=&S"(ebx), "=&D"(carry), "+m"(control)::"eax", "ecx", "edx", "memory", "cc");
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, NULL, &now);
  printf("carry %d ebx %d control %x blocked %d\n", carry, ebx - getpid(), control, sigismember(&now, SIGUSR2));
  mask(SIG_UNBLOCK, SIGUSR2);
  __asm__ volatile("fninit");
}

// --- loops and long instructions ---------------------------------------------------------------------

static pthread_t looping;
static volatile int began, came;
static char *strings;
static volatile unsigned progress_wrong;
enum { kBytes = 1 << 30 };
static void leave(int signal, siginfo_t *info, void *context) {
  const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
  const unsigned done = regs[REG_EDI] - (unsigned)strings;
  if (began > 1) progress_wrong += done + regs[REG_ECX] != kBytes;
  ++came;
  siglongjmp(jump, 1);
}
static void *loop(void *argument) {
  for (int kind = 0; kind < 4; ++kind) {
    began = kind + 1;
    if (sigsetjmp(jump, 1)) continue;
    unsigned count = kBytes, to = (unsigned)strings, from = to;
    if (kind == 0) for (;;) __asm__ volatile("");
    // The memory is one file page again and again, so that it costs nothing.
    if (kind == 1) for (;;) { count = kBytes; to = (unsigned)strings; __asm__ volatile("rep stosb" : "+c"(count), "+D"(to) : "a"(0) : "memory"); }
    if (kind == 2) for (;;) { count = kBytes; to = from = (unsigned)strings; __asm__ volatile("rep movsb" : "+c"(count), "+D"(to), "+S"(from)::"memory"); }
    if (kind == 3) for (;;) { count = kBytes; to = (unsigned)strings; __asm__ volatile("repne scasb" : "+c"(count), "+D"(to) : "a"(1) : "memory"); }
  }
  began = 9;
  return NULL;
}

SECTION(loops) {
  install(SIGUSR1, leave, 0);
  char *room = mmap(NULL, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  const int file = syscall(SYS_memfd_create, "x", 0);
  const int piece = 64 << 20;
  ftruncate(file, piece);
  for (int i = 0; i < kBytes / piece; ++i) mmap(room + i * piece, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
  close(file);
  strings = room;
  pthread_create(&looping, NULL, loop, NULL);
  for (int kind = 0; kind < 4; ++kind) {
    while (began != kind + 1) usleep(1000);
    usleep(30000);
    pthread_kill(looping, SIGUSR1);
    while (came != kind + 1) usleep(1000);
  }
  pthread_join(looping, NULL);
  munmap(room, kBytes);
  printf("left %d wrong %d\n", came, progress_wrong);
}

// --- timers ------------------------------------------------------------------------------------------

static volatile int ticks, tick_code, tick_value, tick_tid, tick_timer;
static void on_tick(int signal, siginfo_t *info, void *context) {
  tick_code = info->si_code;
  tick_value = info->si_value.sival_int;
  tick_timer = info->si_timerid;
  tick_tid = tid();
  ++ticks;
}
static void on_thread_tick(union sigval value) {
  tick_value = value.sival_int;
  __sync_fetch_and_add(&ticks, 1);
}

SECTION(timers) {
  static const int notify[] = {SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, SIGEV_THREAD_ID};
  install(SIGRTMIN + 1, on_tick, SA_RESTART);
  for (int i = 0; i < 4; ++i) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = notify[i], .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 40 + i};
    if (notify[i] == SIGEV_THREAD) event.sigev_notify_function = on_thread_tick;
    if (notify[i] == SIGEV_THREAD_ID) event._sigev_un._tid = tid();
    ticks = tick_value = tick_code = tick_tid = 0;
    printf("create %s", result(timer_create(CLOCK_MONOTONIC, &event, &timer)));
    struct itimerspec time = {{0, 1000000}, {0, 1000000}}, left;
    printf(" set %s", result(timer_settime(timer, 0, &time, NULL)));
    for (int wait = 0; wait < 20000 && notify[i] != SIGEV_NONE && ticks < 20; ++wait) usleep(1000);
    timer_gettime(timer, &left);
    printf(" ticks %d code %d value %d here %d interval %ld overrun %d", ticks >= 20, tick_code, tick_value, notify[i] != SIGEV_THREAD_ID || tick_tid == tid(),
           left.it_interval.tv_nsec, timer_getoverrun(timer) >= 0);
    printf(" delete %s %s\n", result(timer_delete(timer)), result(syscall(SYS_timer_delete, 12345)));
    usleep(20000);  // POSIX leaves open what becomes of a tick that is under way, but it must not wait for the next timer
  }
  mask(SIG_BLOCK, SIGRTMIN + 1);
  int timer;
  // For this thread: another does not block it.
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 7};
  event._sigev_un._tid = tid();
  syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer);
  struct itimerspec time = {{0, 1000000}, {0, 1000000}};
  syscall(SYS_timer_settime, timer, 0, &(int[4]){0, 1000000, 0, 1000000}, NULL);
  usleep(50000);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 1);
  siginfo_t info;
  const int got = sigwaitinfo(&set, &info);
  printf("waited %d code %d timer %d overrun %d value %d\n", got - SIGRTMIN, info.si_code, info.si_timerid == timer, info.si_overrun >= 0, info.si_value.sival_int);
  syscall(SYS_timer_delete, timer);
  mask(SIG_UNBLOCK, SIGRTMIN + 1);
  for (int which = 0; which < 3; ++which) {
    static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF};
    const struct itimerval tick = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
    install(signals[which], on_tick, SA_RESTART);
    ticks = 0;
    setitimer(which, &tick, NULL);
    while (ticks < 20) __asm__ volatile("");
    setitimer(which, &none, NULL);
    printf("itimer %d code %d\n", which, tick_code);
  }
  const int fd = timerfd_create(CLOCK_MONOTONIC, 0);
  uint64_t expirations = 0;
  timerfd_settime(fd, 0, &time, NULL);
  for (uint64_t more; expirations < 20; expirations += more) (void)!read(fd, &more, 8);
  close(fd);
  printf("timerfd %d\n", expirations >= 20);
}

// --- limits and refusals -----------------------------------------------------------------------------

SECTION(limits) {
  const pid_t child = fork();
  if (child == 0) {
    int queued = 0;
    sigset_t set;
    siginfo_t info;
    const struct rlimit limit = {10, 10};
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 5);
    sigaddset(&set, SIGRTMIN + 6);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (setuid(54321)) _exit(1);
    setrlimit(RLIMIT_SIGPENDING, &limit);
    while (queued < 100 && sigqueue(getpid(), SIGRTMIN + 5 + queued % 2, (union sigval){.sival_int = queued}) == 0) ++queued;
    printf("queued %d %s kill %s:", queued, name_of(errno), result(kill(getpid(), SIGUSR2 + 5)));
    for (int i = 0; i < queued; ++i) {
      sigwaitinfo(&set, &info);
      printf(" %d", info.si_value.sival_int);
    }
    puts("");
    fflush(stdout);
    _exit(0);
  }
  status_of(child);
}

static void *nothing(void *argument) {
  *(int *)argument = tid();
  return NULL;
}

SECTION(refused) {
  int dead, pid = getpid();
  pthread_t thread;
  siginfo_t info = {0};
  struct sigaction action;
  struct { unsigned handler, flags, restorer, mask[2]; } raw = {1, 0xffffffff, 0, {0, 0}}, old;
  pthread_create(&thread, NULL, nothing, &dead);
  pthread_join(thread, NULL);
  while (syscall(SYS_tgkill, pid, dead, 0) == 0) usleep(1000);
#define SHOW(call) printf("%s: %s\n", #call, result(call))
  SHOW(syscall(SYS_tgkill, pid, dead, SIGUSR1));
  SHOW(syscall(SYS_tgkill, pid, dead, 99));
  SHOW(syscall(SYS_tgkill, pid, tid(), 99));
  SHOW(syscall(SYS_tgkill, pid, tid(), -1));
  SHOW(syscall(SYS_tgkill, 0, tid(), 0));
  SHOW(syscall(SYS_tgkill, pid, -1, 99));
  SHOW(syscall(SYS_tgkill, 1, tid(), 0));
  SHOW(syscall(SYS_tkill, dead, SIGUSR1));
  SHOW(syscall(SYS_tkill, 0, 99));
  SHOW(kill(dead, 99));
  SHOW(kill(pid, 65));
  SHOW(kill(pid, 0));
  info.si_code = SI_QUEUE;
  SHOW(syscall(SYS_rt_sigqueueinfo, dead, 99, &info));
  SHOW(syscall(SYS_rt_sigqueueinfo, pid, 99, &info));
  SHOW(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, 16));
  SHOW(syscall(SYS_rt_tgsigqueueinfo, pid, dead, SIGUSR1, &info));
  SHOW(syscall(SYS_rt_tgsigqueueinfo, 0, tid(), SIGUSR1, &info));
  info.si_code = SI_USER;
  SHOW(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info));
  SHOW(syscall(SYS_rt_sigqueueinfo, getppid(), 99, &info));
  info.si_code = 1;
  SHOW(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info));
  if (tid() != pid) SHOW(syscall(SYS_rt_sigqueueinfo, pid, SIGSEGV, &info));
  if (tid() != pid) SHOW(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGSEGV, &info));
  SHOW(syscall(SYS_rt_sigaction, 0, &raw, NULL, 8));
  SHOW(syscall(SYS_rt_sigaction, 65, &raw, NULL, 8));
  SHOW(syscall(SYS_rt_sigaction, SIGKILL, &raw, NULL, 8));
  SHOW(syscall(SYS_rt_sigaction, SIGKILL, NULL, &old, 8));
  SHOW(syscall(SYS_rt_sigaction, 65, 16, NULL, 8));
  SHOW(syscall(SYS_rt_sigaction, SIGUSR2, 16, NULL, 4));
  SHOW(syscall(SYS_rt_sigaction, SIGUSR2, NULL, 16, 8));
  SHOW(syscall(SYS_rt_sigaction, SIGUSR2, &raw, NULL, 8));
  SHOW(syscall(SYS_rt_sigaction, SIGUSR2, NULL, &old, 8));
  printf("flags kept %x\n", old.flags);
  SHOW(syscall(SYS_rt_sigprocmask, 9, &(long long){0}, NULL, 8));
  SHOW(syscall(SYS_rt_sigprocmask, 9, NULL, NULL, 8));
  SHOW(syscall(SYS_rt_sigprocmask, 9, 16, NULL, 8));
  SHOW(syscall(SYS_rt_sigprocmask, 0, NULL, NULL, 4));
  SHOW(syscall(SYS_rt_sigprocmask, 0, NULL, 16, 8));
  SHOW(syscall(SYS_rt_sigpending, 16, 8));
  SHOW(syscall(SYS_rt_sigpending, NULL, 0));
  SHOW(syscall(SYS_rt_sigsuspend, 16, 8));
  SHOW(syscall(SYS_rt_sigsuspend, 16, 4));
  SHOW(syscall(SYS_rt_sigtimedwait, 16, NULL, NULL, 8));
  SHOW(syscall(SYS_rt_sigtimedwait, &(long long){1 << 10}, NULL, 16, 8));
  SHOW(syscall(SYS_rt_sigtimedwait, &(long long){1 << 10}, NULL, &(int[2]){0, -1}, 8));
  SHOW(syscall(SYS_rt_sigtimedwait, &(long long){1 << 10}, NULL, &(int[2]){0, 1000000000}, 8));
  stack_t stack = {malloc(65536), 0, 1024};
  SHOW(sigaltstack(&stack, NULL));
  stack.ss_flags = 4;
  SHOW(sigaltstack(&stack, NULL));
  SHOW(sigaltstack((void *)16, NULL));
  SHOW(sigaltstack(NULL, (void *)16));
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99};
  int timer;
  SHOW(syscall(SYS_timer_create, 99, &event, &timer));
  SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
  SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, 16, &timer));
  SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, 16));
  event.sigev_signo = SIGUSR1;
  event.sigev_notify = 77;
  SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
  event.sigev_notify = SIGEV_THREAD_ID;
  event._sigev_un._tid = dead;
  SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
  event._sigev_un._tid = 1;
  SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
  SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer));
  SHOW(syscall(SYS_timer_settime, timer, 0, NULL, NULL));
  SHOW(syscall(SYS_timer_settime, timer, 0, 16, NULL));
  SHOW(syscall(SYS_timer_settime, 12345, 0, 16, NULL));
  SHOW(syscall(SYS_timer_settime, timer, 0, &(int[4]){0, 0, 0, 1000000000}, NULL));
  SHOW(syscall(SYS_timer_settime, 12345, 0, &(int[4]){0, 0, 0, 0}, NULL));
  SHOW(syscall(SYS_timer_gettime, timer, 16));
  SHOW(syscall(SYS_timer_gettime, 12345, 16));
  SHOW(syscall(SYS_timer_getoverrun, 12345));
  SHOW(syscall(SYS_timer_delete, timer));
  SHOW(syscall(SYS_setitimer, 3, &(int[4]){0, 0, 0, 0}, NULL));
  SHOW(syscall(SYS_setitimer, 3, 16, NULL));
  SHOW(syscall(SYS_setitimer, 0, &(int[4]){0, 1000000, 0, 0}, NULL));
  SHOW(syscall(SYS_setitimer, 0, &(int[4]){0, 0, 0, -1}, NULL));
  SHOW(syscall(SYS_getitimer, 3, 16));
  SHOW(syscall(SYS_getitimer, 0, 16));
  SHOW(syscall(SYS_signalfd4, -1, 16, 8, 0));
  SHOW(syscall(SYS_signalfd4, -1, &(long long){0}, 4, 0));
  SHOW(syscall(SYS_signalfd4, -1, &(long long){0}, 8, 1));
  SHOW(syscall(SYS_signalfd4, 0, &(long long){0}, 8, 0));
  SHOW(syscall(SYS_signalfd4, 999, &(long long){0}, 8, 0));
}

// A frame that the handler damaged, in a thread: SIGSEGV for the whole process.
static int damage_kind;
static void damage(int signal, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  if (damage_kind == 0) uc->uc_mcontext.fpregs = (void *)16;
  if (damage_kind == 1) uc->uc_mcontext.gregs[REG_CS] = 0x1230;
  if (damage_kind == 2) uc->uc_mcontext.gregs[REG_EIP] = 0x20;
  if (damage_kind == 3) __asm__ volatile("movl $8, %esp; movl $173, %eax; int $0x80");
  if (damage_kind == 4) __asm__ volatile("movl $8, %esp; movl $119, %eax; int $0x80");
}
SECTION(raise_one) { pthread_kill(pthread_self(), SIGUSR1); }
SECTION(damaged) {
  for (damage_kind = 0; damage_kind < 5; ++damage_kind) {
    const pid_t child = fork();
    if (child == 0) {
      install(SIGUSR1, damage, 0);
      in_thread(raise_one);
      _exit(3);
    }
    printf("damaged %d: %d\n", damage_kind, status_of(child));
  }
}

// setuid in a program with threads: libc sends its signal 33 to each.
static pthread_barrier_t barrier;
static void *uid_of(void *argument) {
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  return (void *)(intptr_t)syscall(SYS_getuid32);
}
SECTION(identity) {
  const pid_t child = fork();
  if (child == 0) {
    pthread_t threads[4];
    void *uid;
    int right = 0;
    pthread_barrier_init(&barrier, NULL, 5);
    for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, uid_of, NULL);
    pthread_barrier_wait(&barrier);
    const int wanted = getuid() == 0 ? 65534 : getuid();
    if (setgid(wanted == 65534 ? 65534 : getgid()) || setuid(wanted)) _exit(99);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 4; ++i) {
      pthread_join(threads[i], &uid);
      right += (int)(intptr_t)uid == wanted;
    }
    _exit(right);
  }
  printf("right in %d threads\n", status_of(child));
}

// A SIGSEGV for the process while threads block, unblock and wait for it, and fault themselves: each is taken by one of them.
static volatile int stormed, real_faults, storm_over;
static void on_storm(int signal, siginfo_t *info, void *context) {
  if (info->si_code > 0) {
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP] += 2;  // movl (%eax), %eax
    __sync_fetch_and_add(&real_faults, 1);
  } else {
    __sync_fetch_and_add(&stormed, 1);
  }
}
static void *toggle(void *argument) {
  sigset_t set;
  const struct timespec brief = {0, 200000};
  sigemptyset(&set);
  sigaddset(&set, SIGSEGV);
  while (!storm_over) {
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (argument && sigtimedwait(&set, NULL, &brief) > 0) __sync_fetch_and_add(&stormed, 1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    __asm__ volatile("movl $16, %%eax; movl (%%eax), %%eax" ::: "eax");
  }
  return NULL;
}
SECTION(storm) {
  pthread_t threads[3];
  int sent = 0;
  install(SIGSEGV, on_storm, SA_RESTART);
  mask(SIG_BLOCK, SIGSEGV);
  for (intptr_t i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, toggle, (void *)(i & 1));
  for (; sent < 1000 && stormed == sent; ++sent) {
    kill(getpid(), SIGSEGV);
    for (int wait = 0; wait < 20000 && stormed == sent; ++wait) usleep(100);
  }
  storm_over = 1;
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  mask(SIG_UNBLOCK, SIGSEGV);
  printf("sent %d taken %d faults %d\n", sent, stormed, real_faults > 0);
}

static void faults_in_thread(void) { in_thread(faults); }
static void stacks_in_thread(void) {
  pthread_t thread;
  stack_t stack = {malloc(65536), 0, 65536};
  sigaltstack(&stack, NULL);
  pthread_create(&thread, NULL, stack_state, NULL);
  pthread_join(thread, NULL);
  in_thread(stacks);
}
static void frames_in_thread(void) { in_thread(frames); }
static void timers_in_thread(void) { in_thread(timers); }
static void refused_in_thread(void) { in_thread(refused); }

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  static const struct {
    const char *name;
    void (*run)(void);
  } sections[] = {
#define ROW(name) {#name, name}
      ROW(faults_in_thread), ROW(stacks_in_thread), ROW(frames_in_thread), ROW(loops), ROW(timers), ROW(timers_in_thread),
      ROW(limits), ROW(refused), ROW(refused_in_thread), ROW(damaged), ROW(identity), ROW(storm),
  };
  for (unsigned i = 0; i < sizeof sections / sizeof *sections; ++i) {
    if (argc > 1 && strcmp(argv[1], sections[i].name) != 0) continue;
    printf("- %s\n", sections[i].name);
    sections[i].run();
  }
  return 0;
}
