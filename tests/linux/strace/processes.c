#include "trace.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char buffer[1024];

static void waits(void) {
  static int status, usage[18];
  static siginfo_t info;
  call(SYS_wait4, -1, &status, 0, NULL);
  int child = fork();
  if (child == 0) _exit(3);
  call(SYS_wait4, child, &status, 0, usage);
  child = fork();
  if (child == 0) {
    kill(getpid(), SIGTERM);
    _exit(1);
  }
  call(SYS_waitpid, child, &status, 0);
  child = fork();
  if (child == 0) _exit(0);
  call(SYS_waitid, P_PID, child, &info, WEXITED | WNOWAIT, NULL);
  call(SYS_wait4, child, NULL, __WALL, NULL);
  child = fork();
  if (child == 0) {
    kill(getpid(), SIGSTOP);
    _exit(0);
  }
  call(SYS_wait4, child, &status, WUNTRACED, NULL);
  kill(child, SIGCONT);
  call(SYS_wait4, child, &status, 0, NULL);
  call(SYS_wait4, -1, &status, WNOHANG | WCONTINUED, NULL);
  call(SYS_waitid, P_ALL, 0, NULL, WEXITED | WNOHANG, NULL);
}

static void identity(void) {
  call(SYS_getpid);
  call(SYS_gettid);
  call(SYS_getppid);
  call(SYS_getuid32);
  call(SYS_getgid32);
  call(SYS_geteuid32);
  call(SYS_getegid32);
  call(SYS_getuid);
  call(SYS_setuid32, -1);
  call(SYS_setresuid32, -1, -1, -1);
  call(SYS_setreuid32, -1, -1);
  static unsigned ids[64];
  call(SYS_getresuid32, ids, ids + 1, ids + 2);
  call(SYS_getresgid32, ids, ids + 1, ids + 2);
  call(SYS_getresuid, ids, ids + 1, ids + 2);
  call(SYS_getgroups32, 0, NULL);
  call(SYS_setgroups32, 70000, ids);
  call(SYS_getpgrp);
  call(SYS_getpgid, 0);
  call(SYS_getsid, 0);
  call(SYS_setpgid, 0, -1);
  call(SYS_setfsuid32, -1);
}

static void limits(void) {
  static uint32_t limit[2] = {10, -1};
  static uint64_t wide[2];
  static struct rusage usage;
  call(SYS_getrlimit, RLIMIT_CORE, limit);
  call(SYS_setrlimit, RLIMIT_CORE, limit);
  call(SYS_ugetrlimit, RLIMIT_CORE, limit);
  call(SYS_prlimit64, 0, RLIMIT_CORE, NULL, wide);
  wide[0] = 0, wide[1] = 1 << 20;
  call(SYS_prlimit64, 0, RLIMIT_CORE, wide, NULL);
  call(SYS_ugetrlimit, 99, limit);
  call(SYS_getrusage, RUSAGE_SELF, &usage);
  call(SYS_getrusage, RUSAGE_CHILDREN, &usage);
  call(SYS_getpriority, PRIO_PROCESS, 0);
  call(SYS_setpriority, PRIO_PROCESS, 0, 0);
  call(SYS_nice, 0);
  call(SYS_ioprio_get, 1, 0);
  call(SYS_times, buffer);
  call(SYS_personality, 0xffffffff);
}

static void scheduling(void) {
  static int parameter;
  static uint32_t times[4];
  call(SYS_sched_yield);
  call(SYS_sched_getscheduler, 0);
  call(SYS_sched_setscheduler, 0, SCHED_OTHER, &parameter);
  call(SYS_sched_getparam, 0, &parameter);
  call(SYS_sched_setparam, 0, &parameter);
  call(SYS_sched_get_priority_max, SCHED_FIFO);
  call(SYS_sched_get_priority_min, SCHED_RR);
  static unsigned long mask[4];
  mask[0] = 1;
  call(SYS_sched_setaffinity, 0, 4, mask);
  call(SYS_sched_getaffinity, 0, 16, mask);
  call(SYS_sched_getaffinity, 0, 1, mask);
  call(SYS_sched_getattr, 0, buffer, 56, 0);
}

static void options(void) {
  call(SYS_prctl, PR_SET_NAME, "short");
  call(SYS_prctl, PR_GET_NAME, buffer);
  call(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM);
  call(SYS_prctl, PR_GET_PDEATHSIG, buffer);
  call(SYS_prctl, PR_GET_DUMPABLE);
  call(SYS_prctl, PR_SET_DUMPABLE, 1);
  call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  call(SYS_prctl, PR_CAPBSET_READ, 0);
  call(SYS_prctl, PR_GET_KEEPCAPS);
  call(SYS_prctl, PR_SET_TIMERSLACK, 50000);
  call(SYS_prctl, PR_GET_SECCOMP);
  call(SYS_prctl, 9999, 1, 2, 3, 4);
  static uint32_t header[2] = {0x20080522, 0}, data[6];
  call(SYS_capget, header, NULL);
  header[0] = 0x20080522;
  call(SYS_capset, header, data + 1);
}

static void creation(void) {
  int child = call(SYS_fork);
  if (child == 0) call(SYS_exit, 7);
  call(SYS_wait4, child, NULL, 0, NULL);
  static int tid;
  child = call(SYS_clone, SIGCHLD | CLONE_PARENT_SETTID, NULL, &tid, NULL, NULL);
  if (child == 0) call(SYS_exit_group, 256 + 4);
  call(SYS_wait4, child, NULL, 0, NULL);
  static uint64_t arguments[8];
  arguments[4] = SIGCHLD;
  child = call(SYS_clone3, arguments, 64);
  if (child == 0) call(SYS_exit_group, 0);
  call(SYS_wait4, child, NULL, 0, NULL);
  call(SYS_unshare, 0);
  call(SYS_unshare, CLONE_FILES | CLONE_FS);
  call(SYS_setns, -1, CLONE_NEWNET);
  call(SYS_pidfd_open, getpid(), 0);
  call(SYS_pidfd_send_signal, 3, 0, NULL, 0);
  call(SYS_pidfd_getfd, 3, 99, 0);
  call(SYS_kcmp, getpid(), getpid(), 0, 1, 1);
  static char* arguments_of[] = {"missing", "two words", NULL};
  static char* environment[] = {"A=b", NULL};
  call(SYS_execve, "missing", arguments_of, environment);
  call(SYS_execve, "missing", NULL, NULL);
  call(SYS_execveat, AT_FDCWD, "missing", arguments_of, environment, AT_EMPTY_PATH);
}

static void execution(char* program) {
  int child = fork();
  static char* arguments_of[] = {"again", "once", NULL};
  if (child == 0) execve(program, arguments_of, NULL);
  call(SYS_wait4, child, NULL, 0, NULL);
}

int main(int argc, char** argv) {
  if (argc == 2) return 5;
  block_child_signal();
  begin();
  waits();
  identity();
  limits();
  scheduling();
  options();
  creation();
  execution(argv[0]);
  return 0;
}
