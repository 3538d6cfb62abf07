// A child that shares memory and runs beside its parent (clone with CLONE_VM, without CLONE_VFORK and CLONE_THREAD), as
// LinuxThreads made its threads: memory is common, the process is the child's own: number, exit, signals, descriptors.
// Ferry had refused that.
//NOT UNDER AN EMULATOR: qemu-user has CLONE_VM for vfork and for threads alone
//EXPECT: eight add: 160000, failed 0
//EXPECT: exec: exit 5
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kStack = 65536, kLinuxThreads = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND };

static volatile int word, seen, turns;
static volatile pid_t in_child_pid, in_child_parent;
static char* stacks[8];

static void raw_exit(int status) { syscall(SYS_exit, status); }
static void pause_a_little(void) {
  const struct timespec moment = {0, 1000000};
  syscall(SYS_nanosleep, &moment, NULL);
}
static void wait_until(volatile int* what, int value) {
  while (__atomic_load_n(what, __ATOMIC_SEQ_CST) != value) pause_a_little();
}

static const char* status_text(int status) {
  static char text[64];
  if (WIFEXITED(status)) sprintf(text, "exit %d", WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) sprintf(text, "signal %d", WTERMSIG(status));
  else sprintf(text, "status %x", status);
  return text;
}

static int plain(void* argument) {
  in_child_pid = syscall(SYS_getpid);
  in_child_parent = syscall(SYS_getppid);
  word = *(int*)argument;
  raw_exit(7);
  return 0;
}

static int waits_for_turn(void* argument) {
  const int own = *(int*)argument;
  for (int i = 0; i < 20; ++i) {
    wait_until(&turns, 2 * i + own);
    __atomic_fetch_add(&turns, 1, __ATOMIC_SEQ_CST);
  }
  raw_exit(0);
  return 0;
}

static int adds(void* argument) {
  (void)argument;
  for (int i = 0; i < 20000; ++i) __atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
  raw_exit(0);
  return 0;
}

static int returns(void* argument) { return *(int*)argument; }  // glibc's clone ends the process

static int group_exit(void* argument) {
  (void)argument;
  syscall(SYS_exit_group, 9);
  return 0;
}

static int faults(void* argument) {
  (void)argument;
  *(volatile int*)16 = 1;
  return 0;
}

static int sleeps(void* argument) {
  (void)argument;
  __atomic_store_n(&seen, 1, __ATOMIC_SEQ_CST);
  for (;;) syscall(SYS_pause);
  return 0;
}

static int spins(void* argument) {
  (void)argument;
  __atomic_store_n(&seen, 1, __ATOMIC_SEQ_CST);
  for (;;) ++word;
  return 0;
}

static int executes(void* argument) {
  char* const arguments[] = {argument, "executed", NULL};
  char* const environment[] = {NULL};
  execve(argument, arguments, environment);
  raw_exit(99);
  return 0;
}

static int opens(void* argument) {
  word = open(argument, O_RDONLY);
  raw_exit(0);
  return 0;
}

static int forks(void* argument) {
  (void)argument;
  const pid_t child = syscall(SYS_fork);
  if (child == 0) {
    word = 1234;  // in a copy
    raw_exit(33);
  }
  int status = 0;
  waitpid(child, &status, 0);
  raw_exit(WEXITSTATUS(status));
  return 0;
}

static int handled_by;
static void handler(int number) {
  (void)number;
  handled_by = syscall(SYS_getpid);
}
static int takes_signal(void* argument) {
  (void)argument;
  sigset_t none;
  sigemptyset(&none);
  __atomic_store_n(&seen, 1, __ATOMIC_SEQ_CST);
  sigsuspend(&none);
  raw_exit(handled_by == syscall(SYS_getpid) ? 21 : 22);
  return 0;
}

static pid_t start(int (*entry)(void*), int which, int flags, void* argument) {
  const pid_t pid = clone(entry, stacks[which] + kStack, flags, argument);
  if (pid < 0) printf("clone: %s\n", strerror(errno));
  return pid;
}

static const char* wait_for(pid_t pid, int options) {
  int status = 0;
  const pid_t got = waitpid(pid, &status, options);
  if (got != pid) return got < 0 ? strerror(errno) : "another";
  return status_text(status);
}

static void one_after_another(void) {
  const char* how;
  int value = 41;
  pid_t pid = start(plain, 0, kLinuxThreads | SIGCHLD, &value);
  how = wait_for(pid, 0);
  printf("plain: %s, word %d, own number %d, parent %d\n", how, word, in_child_pid == pid, in_child_parent == getpid());
  value = 42;
  pid = start(plain, 0, CLONE_VM | SIGUSR1, &value);
  printf("other signal, without __WALL: %s,", wait_for(pid, 0));
  how = wait_for(pid, __WCLONE);
  printf(" with __WCLONE: %s, word %d\n", how, word);
  value = 6;
  pid = start(returns, 0, CLONE_VM | CLONE_FILES | SIGCHLD, &value);
  printf("returns: %s\n", wait_for(pid, 0));
  pid = start(group_exit, 0, kLinuxThreads | SIGCHLD, NULL);
  printf("exit_group: %s, and this process goes on\n", wait_for(pid, 0));
  pid = start(faults, 0, kLinuxThreads | SIGCHLD, NULL);
  printf("fault: %s\n", wait_for(pid, 0));
  pid = start(forks, 0, kLinuxThreads | SIGCHLD, NULL);
  how = wait_for(pid, 0);
  printf("fork in it: %s, word %d\n", how, word);
  seen = 0;
  pid = start(sleeps, 0, kLinuxThreads | SIGCHLD, NULL);
  wait_until(&seen, 1);
  kill(pid, SIGTERM);
  printf("SIGTERM: %s\n", wait_for(pid, 0));
  seen = 0;
  pid = start(spins, 0, kLinuxThreads | SIGCHLD, NULL);
  wait_until(&seen, 1);
  kill(pid, SIGKILL);
  printf("SIGKILL in a loop: %s\n", wait_for(pid, 0));
  char name[] = "/dev/null";
  pid = start(opens, 0, kLinuxThreads | SIGCHLD, name);
  printf("open with CLONE_FILES: %s,", wait_for(pid, 0));
  printf(" here %s\n", word >= 0 && fcntl(word, F_GETFD) >= 0 ? "open" : "not open");
  close(word);
  pid = start(opens, 0, CLONE_VM | SIGCHLD, name);
  printf("open without it: %s,", wait_for(pid, 0));
  printf(" here %s\n", word >= 0 && fcntl(word, F_GETFD) >= 0 ? "open" : "not open");
}

static void side_by_side(void) {
  const char* how;
  int own[2] = {0, 1};
  pid_t pids[8];
  turns = 0;
  for (int i = 0; i < 2; ++i) pids[i] = start(waits_for_turn, i, kLinuxThreads | SIGCHLD, &own[i]);
  for (int i = 0; i < 2; ++i) printf("in turn: %s\n", wait_for(pids[i], 0));
  printf("turns %d\n", turns);
  word = 0;
  for (int i = 0; i < 8; ++i) pids[i] = start(adds, i, kLinuxThreads | SIGCHLD, NULL);
  int failed = 0;
  for (int i = 0; i < 8; ++i) failed += strcmp(wait_for(pids[i], 0), "exit 0") != 0;
  printf("eight add: %d, failed %d\n", word, failed);
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGUSR2, &action, NULL);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  seen = 0;
  pids[0] = start(takes_signal, 0, kLinuxThreads | SIGCHLD, NULL);
  wait_until(&seen, 1);
  kill(pids[0], SIGUSR2);
  printf("a signal for it: %s\n", wait_for(pids[0], 0));
  sigprocmask(SIG_SETMASK, &before, NULL);
  // Memory that one maps, the other uses.
  char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int value = 77;
  memcpy(page, &value, sizeof value);
  pids[0] = start(plain, 0, kLinuxThreads | SIGCHLD, page);
  how = wait_for(pids[0], 0);
  printf("mapped: %s, word %d\n", how, word);
}

static void ids_and_words(void) {
  const char* how;
  static volatile int parent_word, child_word;
  int value = 1;
  parent_word = child_word = 0;
  pid_t pid = clone(plain, stacks[0] + kStack, kLinuxThreads | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
                    &value, &parent_word, NULL, &child_word);
  how = wait_for(pid, 0);
  printf("words: %s, parent's %d, child's %d\n", how, parent_word == pid, child_word);
}

int main(int argc, char** argv) {
  if (argc > 1) {
    printf("%s\n", argv[1]);
    return 5;
  }
  signal(SIGUSR1, SIG_IGN);
  setvbuf(stdout, NULL, _IONBF, 0);
  for (int i = 0; i < 8; ++i) stacks[i] = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  one_after_another();
  side_by_side();
  ids_and_words();
  pid_t pid = start(executes, 0, kLinuxThreads | SIGCHLD, argv[0]);
  printf("exec: %s\n", wait_for(pid, 0));
  int value = 3;
  for (int i = 0; i < 30; ++i) {
    pid = start(plain, i % 8, kLinuxThreads | SIGCHLD, &value);
    if (strcmp(wait_for(pid, 0), "exit 7") != 0) printf("child %d ended otherwise\n", i);
  }
  return 0;
}
