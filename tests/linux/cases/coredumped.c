// Where the kernel dumps core, the parent is told: WCOREDUMP, and si_code of waitid and SIGCHLD. Where it does not, neither. That
// the host's kernel would have to write a file of the translator for it was once the reason to tell nothing.
//EXPECT: limit unlimited, signal 11: status 8b wait 3 child 3
//EXPECT: limit 0, signal 11: status b wait 2 child 2
//EXPECT: not dumpable: status 6
//EXPECT: overflow of the stack: status 8b
//NOT UNDER AN EMULATOR: qemu-user dumps by itself, without telling
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int child_code;
static void on_child(int signal, siginfo_t* info, void* context) {
  child_code = info->si_code;
}

static int status_of(pid_t child, int* waited) {
  siginfo_t info;
  int status;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  if (waited) *waited = info.si_code;
  waitpid(child, &status, 0);
  unlink("core");
  char name[32];
  snprintf(name, sizeof name, "core.%d", child);
  unlink(name);
  return status;
}

static void limit_core(rlim_t soft) {
  const struct rlimit limit = {soft, RLIM_INFINITY};
  if (setrlimit(RLIMIT_CORE, &limit) != 0) perror("setrlimit");
}

static int deep(int n) {
  volatile char frame[4000];
  frame[0] = n;
  return deep(n + 1) + frame[0];
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  const struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGCHLD, &action, 0);
  static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGQUIT, SIGXCPU, SIGXFSZ, SIGTERM,
                                SIGKILL, SIGUSR1, SIGPIPE, SIGALRM, SIGSTKFLT, 34, 64};
  static const struct { const char* name; rlim_t soft; } limits[] = {
      {"0", 0}, {"1", 1}, {"4095", 4095}, {"4096", 4096}, {"unlimited", RLIM_INFINITY}};
  for (unsigned i = 0; i < 5; ++i) {
    for (unsigned j = 0; j < sizeof signals / sizeof *signals; ++j) {
      const pid_t child = fork();
      if (child == 0) {
        limit_core(limits[i].soft);
        raise(signals[j]);
        _exit(1);
      }
      int waited;
      const int status = status_of(child, &waited);
      printf("limit %s, signal %d: status %x wait %d child %d\n", limits[i].name, signals[j], status, waited, child_code);
    }
  }
  limit_core(RLIM_INFINITY);
  pid_t child = fork();
  if (child == 0) *(volatile int*)16 = 0;
  printf("fault: status %x\n", status_of(child, 0));
  if ((child = fork()) == 0) deep(0);
  printf("overflow of the stack: status %x\n", status_of(child, 0));
  if ((child = vfork()) == 0) {
    asm volatile("ud2");
    _exit(1);
  }
  printf("vfork: status %x\n", status_of(child, 0));
  if ((child = fork()) == 0) {
    prctl(PR_SET_DUMPABLE, 0);
    abort();
  }
  printf("not dumpable: status %x\n", status_of(child, 0));
  if ((child = fork()) == 0) {
    signal(SIGABRT, SIG_IGN);
    abort();
  }
  printf("ignored before: status %x\n", status_of(child, 0));
  if ((child = fork()) == 0) {
    chdir("/proc");
    abort();
  }
  printf("no place for it: status %x\n", status_of(child, 0));
  // No file is left.
  DIR* here = opendir(".");
  for (struct dirent* entry; (entry = readdir(here));) {
    if (entry->d_name[0] != '.') printf("left: %s\n", entry->d_name);
  }
  return 0;
}
