// vfork by a process with threads: only the caller waits. The child writes memory that all share and sees the others go on,
// then executes a program, exits, or is killed; the first thread and another one call vfork; several at once; the child's
// descriptors, signal actions and mask are its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kThreads = 3, kRounds = 5 };
static volatile unsigned turns[kThreads];
static volatile int stop, written, handled;
static const char *program;

// A thread that maps, protects and writes memory.
static void *work(void *argument) {
  const long me = (long)argument;
  while (!stop) {
    char *memory = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(memory, me + 1, 0x10000);
    mprotect(memory, 0x4000, PROT_READ);
    if (memory[100] != me + 1 || memory[0x9000] != me + 1) abort();
    munmap(memory, 0x10000);
    turns[me]++;
  }
  return NULL;
}

// In the child: waits until every other thread has made progress.
static inline __attribute__((always_inline)) void see_others() {
  int i;
  for (i = 0; i < kThreads; i++) {
    const unsigned before = turns[i];
    while (turns[i] - before < 2) syscall(SYS_sched_yield);
  }
}

enum way { executes, fails_to_execute, exits, killed, aborted, ways };

static int child_of(enum way way) {
  const int pid = vfork();
  if (pid != 0) return pid;
  written = 100 + way;
  see_others();
  switch (way) {
    case executes: {
      char *arguments[] = {(char *)program, "child", NULL};
      execv("/proc/self/exe", arguments);
      break;
    }
    case fails_to_execute: {
      char *arguments[] = {"nothing", NULL};
      execv("/no/such/program", arguments);
      written = errno;
      _exit(12);
    }
    case exits: _exit(way + 10);
    case killed: syscall(SYS_kill, syscall(SYS_getpid), SIGKILL); break;
    default: syscall(SYS_kill, syscall(SYS_getpid), SIGABRT); break;
  }
  _exit(99);
}

static void all_ways(const char *who) {
  int way, status, i, same;
  for (way = 0; way < ways; way++) {
    for (i = same = 0; i < kRounds; i++) {
      written = 0;
      const int pid = child_of(way), wrote = written;
      if (waitpid(pid, &status, 0) != pid) printf("%s: no child\n", who);
      same += wrote == (way == fails_to_execute ? ENOENT : 100 + way);
    }
    printf("%s: way %d: status %x, seen %d of %d\n", who, way, status & ~0x80, same, kRounds);
  }
}

static void *all_ways_thread(void *nothing) { all_ways("another thread"); return NULL; }

// Several threads call vfork at once; each child takes its time.
static void *many(void *count) {
  int i, status;
  for (i = 0; i < kRounds; i++) {
    const int pid = vfork();
    if (pid == 0) {
      const struct timespec time = {0, 1000000};
      syscall(SYS_nanosleep, &time, NULL);
      _exit(3);
    }
    if (waitpid(pid, &status, 0) == pid && status == 0x300) __sync_fetch_and_add((int *)count, 1);
  }
  return NULL;
}

static void handler(int signal) { handled++; }

// What the child changes of its own, and what not.
static void own_state() {
  const int fd = open("/dev/null", O_RDONLY);
  sigset_t set;
  signal(SIGUSR1, handler);
  const int pid = vfork();
  if (pid == 0) {
    close(fd);
    signal(SIGUSR1, SIG_IGN);
    sigfillset(&set), sigprocmask(SIG_BLOCK, &set, NULL);
    chdir("/dev");
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  sigprocmask(SIG_BLOCK, NULL, &set);
  printf("descriptor %d, mask %d", fcntl(fd, F_GETFD), sigismember(&set, SIGUSR2));
  kill(getpid(), SIGUSR1);
  while (!handled) usleep(1000);
  char here[100];
  printf(", handled %d, folder changed %d\n", handled, strcmp(getcwd(here, sizeof here), "/dev") == 0);
}

int main(int count, char **arguments) {
  pthread_t threads[kThreads], other;
  long i;
  int done = 0;
  if (count > 1) _exit(10);
  program = arguments[0];
  setvbuf(stdout, NULL, _IONBF, 0);
  for (i = 0; i < kThreads; i++) pthread_create(&threads[i], NULL, work, (void *)i);
  all_ways("first thread");
  pthread_create(&other, NULL, all_ways_thread, NULL);
  pthread_join(other, NULL);
  own_state();
  stop = 1;
  for (i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
  for (i = 0; i < kThreads; i++) pthread_create(&threads[i], NULL, many, &done);
  for (i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
  printf("at once: %d of %d\n", done, kThreads * kRounds);
  return 0;
}
