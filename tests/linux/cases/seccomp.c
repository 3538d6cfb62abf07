// seccomp: what the kernel takes as a filter, every action, several filters, threads, children, exec, and the strict mode
//EXPECT: getppid -1 77
//EXPECT: trapped 1 errno 5
//EXPECT: exec'd: getppid -1 77
//EXPECT: killed: signal 31
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BAD ((void *)0x10)
#undef SYS_seccomp
#define SYS_seccomp 354
typedef struct sock_filter I;
static void say(const char *what, long result) { printf("%s %ld %d\n", what, result, result < 0 ? errno : 0); }
static long install(I *code, int length, int flags) {
  struct sock_fprog program = {length, code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
static void filter(const char *what, int length, I *code) { say(what, install(code, length, 0)); }
// The given action for one call; others are allowed.
static long act(int number, unsigned action, int flags) {
  I code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40000003, 1, 0),
              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
              BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
              BPF_STMT(BPF_RET | BPF_K, action),
              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  return install(code, 7, flags);
}
static int died(const char *what, int pid) {
  int status;
  fflush(stdout);
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) printf("%s: signal %d\n", what, WTERMSIG(status));
  else printf("%s: exit %d\n", what, WEXITSTATUS(status));
}
static void status() {
  char line[200];
  FILE *f = fopen("/proc/self/status", "r");
  while (fgets(line, 200, f))
    if (strncmp(line, "Seccomp", 7) == 0 || strncmp(line, "NoNewPrivs", 10) == 0) printf("%s", line);
  fclose(f);
}
static volatile int trapped;
static void on_trap(int signal, siginfo_t *info, void *context) {
  unsigned char *at = info->si_call_addr;
  trapped++;
  printf("trapped %d errno %d code %d call %d arch %x address %d\n", trapped, info->si_errno, info->si_code, info->si_syscall,
         info->si_arch, at != 0);
}

static void programs() {
  I allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  filter("empty", 0, &allow);
  filter("long", 4097, &allow);
  say("nowhere", install(BAD, 2, 0));
  say("program nowhere", syscall(SYS_seccomp, 1, 0, BAD));
  filter("no end", 1, (I[]){BPF_STMT(BPF_LD | BPF_IMM, 1)});
  filter("abs 64", 2, (I[]){BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), allow});
  filter("abs 3", 2, (I[]){BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 3), allow});
  filter("half", 2, (I[]){BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4), allow});
  filter("ind", 2, (I[]){BPF_STMT(BPF_LD | BPF_W | BPF_IND, 4), allow});
  filter("modulo", 2, (I[]){BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 4), allow});
  filter("by zero", 2, (I[]){BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), allow});
  filter("shift", 2, (I[]){BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), allow});
  filter("jump out", 2, (I[]){BPF_STMT(BPF_JMP | BPF_JA, 1), allow});
  filter("jump far", 2, (I[]){BPF_STMT(BPF_JMP | BPF_JA, -1), allow});
  filter("branch out", 2, (I[]){BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), allow});
  filter("word 16", 2, (I[]){BPF_STMT(BPF_ST, 16), allow});
  filter("not stored", 2, (I[]){BPF_STMT(BPF_LD | BPF_MEM, 2), allow});
  filter("stored on one way", 4, (I[]){BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 2), BPF_STMT(BPF_LD | BPF_MEM, 2), allow});
  filter("unknown code", 2, (I[]){BPF_STMT(0xff, 2), allow});
  filter("return x", 2, (I[]){BPF_STMT(BPF_LD | BPF_IMM, 2), BPF_STMT(BPF_RET | BPF_X, 2)});
  filter("xadd", 2, (I[]){BPF_STMT(0xc3, 2), allow});
  say("flags", install(&allow, 1, 0x100));
  say("listener and tsync", install(&allow, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC));
  say("operation", syscall(SYS_seccomp, 9, 0, 0));
  say("strict with flags", syscall(SYS_seccomp, 0, 1, 0));
  say("strict with pointer", syscall(SYS_seccomp, 0, 0, BAD));
  say("mode", prctl(PR_SET_SECCOMP, 3, 0));
  say("get", prctl(PR_GET_SECCOMP));
  unsigned action = SECCOMP_RET_TRAP;
  say("action", syscall(SYS_seccomp, 2, 0, &action));
  action = SECCOMP_RET_ERRNO + 1;
  say("action", syscall(SYS_seccomp, 2, 0, &action));
  say("action flags", syscall(SYS_seccomp, 2, 1, &action));
  say("action nowhere", syscall(SYS_seccomp, 2, 0, BAD));
  unsigned short sizes[3];
  say("sizes", syscall(SYS_seccomp, 3, 0, sizes));
  printf("%d %d %d\n", sizes[0], sizes[1], sizes[2]);
  say("sizes nowhere", syscall(SYS_seccomp, 3, 0, BAD));
}

static void calculations() {
  // errno of getpriority: a number calculated from its arguments
  I code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 1, 0),
              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
              BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_MISC | BPF_TAX, 0),
              BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 24), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 10), BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
              BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1), BPF_STMT(BPF_STX, 4), BPF_STMT(BPF_LDX | BPF_MEM, 3),
              BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_NEG, 0), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff),
              BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 0xf00), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_A, 0)};
  say("calculating", install(code, sizeof code / sizeof *code, 0));
  say("1 2", syscall(SYS_getpriority, 1, 2));
  say("7 100", syscall(SYS_getpriority, 7, 100));
  say("40 3", syscall(SYS_getpriority, 40, 3));
  if (fork() == 0) {
    syscall(SYS_getpriority, 0, 3);  // divides by 0
    _exit(1);
  }
  died("by zero", -1);
}

static void *in_thread(void *unused) {
  return (void *)(syscall(SYS_getpgid, 0) < 0 ? errno : 0);
}
static void *waits(void *unused) {
  int *ends = unused;
  char c;
  read(ends[0], &c, 1);
  return (void *)(syscall(SYS_getsid, 0) < 0 ? errno : 0);
}
static void *dies(void *unused) {
  act(SYS_getuid32, SECCOMP_RET_KILL_THREAD, 0);
  syscall(SYS_getuid32);
  return (void *)5;
}

int main(int count, char **arguments) {
  setvbuf(stdout, 0, _IONBF, 0);
  if (count > 1) {
    printf("exec'd: ");
    say("getppid", syscall(SYS_getppid));
    say("mode", prctl(PR_GET_SECCOMP));
    status();
    return 0;
  }
  programs();
  say("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  say("errno", act(SYS_getppid, SECCOMP_RET_ERRNO | 77, 0));
  say("getppid", syscall(SYS_getppid));
  say("mode", prctl(PR_GET_SECCOMP));
  status();
  say("strict after it", syscall(SYS_seccomp, 0, 0, 0));
  say("weaker", act(SYS_getppid, SECCOMP_RET_LOG, 0));
  say("getppid", syscall(SYS_getppid));
  say("errno 0", act(SYS_getegid32, SECCOMP_RET_ERRNO, SECCOMP_FILTER_FLAG_LOG));
  say("getegid", syscall(SYS_getegid32));
  say("errno 5000", act(SYS_geteuid32, SECCOMP_RET_ERRNO | 5000, 0));
  say("geteuid", syscall(SYS_geteuid32));
  say("trace", act(SYS_getgid32, SECCOMP_RET_TRACE | 3, 0));
  say("getgid", syscall(SYS_getgid32));
  say("notification", act(SYS_getgid, SECCOMP_RET_USER_NOTIF, 0));
  say("getgid16", syscall(SYS_getgid));
  say("trap", act(SYS_getresuid32, SECCOMP_RET_TRAP | 5, 0));
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, 0);
  printf("eax %d\n", (int)syscall(SYS_getresuid32, 1, 2, 3));
  say("by prctl", prctl(PR_SET_SECCOMP, 2, &(struct sock_fprog){1, &(I)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}));
  say("by prctl nowhere", prctl(PR_SET_SECCOMP, 2, BAD));
  status();
  calculations();

  pthread_t thread;
  void *result;
  int ends[2];
  pipe(ends);
  say("for threads", act(SYS_getpgid, SECCOMP_RET_ERRNO | 9, 0));
  pthread_create(&thread, 0, in_thread, 0), pthread_join(thread, &result);
  printf("thread %ld\n", (long)result);
  pthread_create(&thread, 0, waits, ends);
  say("for all threads", act(SYS_getsid, SECCOMP_RET_ERRNO | 8, SECCOMP_FILTER_FLAG_TSYNC));
  write(ends[1], "x", 1), pthread_join(thread, &result);
  printf("thread %ld\n", (long)result);
  pthread_create(&thread, 0, waits, ends);
  act(SYS_getsid, SECCOMP_RET_ERRNO | 7, 0);
  write(ends[1], "x", 1), pthread_join(thread, &result);
  printf("thread %ld own %ld\n", (long)result, syscall(SYS_getsid, 0) < 0 ? errno : 0);

  struct {
    int how;
    unsigned action;
    const char *name;
  } ends_by[] = {{0, SECCOMP_RET_KILL_PROCESS, "killed"}, {0, SECCOMP_RET_KILL_THREAD, "thread killed"}, {0, 0x12340000, "unknown"},
                 {1, SECCOMP_RET_TRAP, "trap by default"}, {2, SECCOMP_RET_TRAP, "trap ignored"}};
  int i;
  for (i = 0; i < 5; i++) {
    int pid = fork();
    if (pid == 0) {
      act(SYS_getuid32, ends_by[i].action, 0);
      if (ends_by[i].how) signal(SIGSYS, ends_by[i].how == 1 ? SIG_DFL : SIG_IGN);
      syscall(SYS_getuid32);
      _exit(3);
    }
    died(ends_by[i].name, pid);
  }
  int pid = fork();
  if (pid == 0) {
    pthread_create(&thread, 0, dies, 0);
    usleep(100000);
    say("the other thread goes on", 0);
    _exit(4);
  }
  died("one of two", pid);
  pid = vfork();
  if (pid == 0) {
    char *words[] = {arguments[0], "x", 0};
    execve("/proc/self/exe", words, 0);
    _exit(1);
  }
  died("exec", pid);
  return 0;
}
