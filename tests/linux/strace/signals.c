#include "trace.h"

#include <sys/time.h>

struct action {
  void* handler;
  unsigned flags;
  void* restorer;
  uint64_t mask;
};
static void handler(int number) {}
static void informed(int number, siginfo_t* info, void* context) {}

static void actions(void) {
  static struct action a, old;
  a.handler = SIG_IGN;
  call(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8);
  a.handler = informed, a.flags = SA_SIGINFO | SA_RESTART | SA_NODEFER, a.mask = 1ull << (SIGINT - 1) | 1ull << 33;
  call(SYS_rt_sigaction, SIGUSR1, &a, &old, 8);
  call(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8);
  call(SYS_rt_sigaction, SIGKILL, &a, NULL, 8);
  call(SYS_rt_sigaction, 40, &a, NULL, 4);
  call(SYS_rt_sigaction, 99, BAD, NULL, 8);
  unsigned small[4] = {(unsigned)handler, 1u << (SIGHUP - 1), SA_ONSTACK, 0};
  call(SYS_sigaction, SIGUSR2, small, NULL);
  call(SYS_sigaction, SIGUSR2, NULL, small);
  call(SYS_signal, SIGTERM, SIG_IGN);
  call(SYS_signal, SIGTERM, SIG_DFL);
}

static void masks(void) {
  static uint64_t set, old;
  set = 1ull << (SIGINT - 1) | 1ull << (SIGCHLD - 1);
  call(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
  call(SYS_rt_sigprocmask, SIG_UNBLOCK, NULL, &old, 8);
  set = ~0ull;
  call(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8);
  set = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &set, &old, 8);
  set = 0xffffffffffffff7full;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
  set = 3ull << 31;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
  call(SYS_rt_sigprocmask, 9, &set, NULL, 8);
  set = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
  call(SYS_sigprocmask, SIG_BLOCK, &set, &old);
  call(SYS_rt_sigpending, &set, 8);
  call(SYS_sigpending, &set);
  call(SYS_sgetmask);
  call(SYS_ssetmask, 0);
  static int32_t none[2];
  static siginfo_t info;
  set = 1ull << (SIGUSR2 - 1);
  call(SYS_rt_sigtimedwait, &set, &info, none, 8);
  call(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
  call(SYS_kill, getpid(), SIGUSR2);
  call(SYS_rt_sigpending, &old, 8);
  call(SYS_rt_sigtimedwait, &set, &info, NULL, 8);
  call(SYS_signalfd4, -1, &set, 8, O_CLOEXEC);
  call(SYS_signalfd, -1, &set, 8);
}

static void sending(void) {
  call(SYS_kill, getpid(), SIGUSR1);
  call(SYS_tgkill, getpid(), getpid(), SIGUSR1);
  call(SYS_tkill, getpid(), SIGUSR1);
  call(SYS_kill, getpid(), 0);
  call(SYS_kill, getpid(), 99);
  static siginfo_t info;
  info.si_signo = SIGUSR1, info.si_code = SI_QUEUE, info.si_value.sival_int = 17;
  call(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info);
  call(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, &info);
  call(SYS_kill, getpid(), SIGCHLD);
  call(SYS_kill, getpid(), SIGURG);
  static stack_t stack;
  static char room[16384];
  stack.ss_sp = room, stack.ss_size = sizeof room;
  call(SYS_sigaltstack, &stack, NULL);
  call(SYS_sigaltstack, NULL, &stack);
}

static void waiting(void) {
  struct action a = {handler, 0, 0, 0};
  call(SYS_rt_sigaction, SIGALRM, &a, NULL, 8);
  static struct itimerval timer = {{0, 0}, {0, 300000}};
  static uint64_t none;
  call(SYS_setitimer, ITIMER_REAL, &timer, NULL);
  call(SYS_rt_sigsuspend, &none, 8);
  call(SYS_setitimer, ITIMER_REAL, &timer, NULL);
  call(SYS_pause);
  a.flags = SA_RESTART;
  call(SYS_rt_sigaction, SIGALRM, &a, NULL, 8);
  static int ends[2];
  char c;
  pipe(ends);
  a.flags = 0;
  call(SYS_rt_sigaction, SIGALRM, &a, NULL, 8);
  call(SYS_setitimer, ITIMER_REAL, &timer, NULL);
  call(SYS_read, ends[0], &c, 1);
  call(SYS_setitimer, ITIMER_REAL, &timer, NULL);
  static int32_t second[2] = {1, 0}, rest[2];
  call(SYS_nanosleep, second, rest);
  call(SYS_setitimer, ITIMER_REAL, &timer, NULL);
  call(SYS_poll, NULL, 0, 1000);
}

int main(void) {
  begin();
  actions();
  masks();
  sending();
  waiting();
  *(volatile int*)0x20 = 0;
  return 0;
}
