// Two threads start children all the time, one by fork and exec, one by posix_spawn; another thread sleeps in a read. No child
// may be lost or stay a zombie, and each must leave with its own status. With an argument so many children are started. A read
// of standard input, after the first tenth and at the end, lets tests/load/leaks.py look at the process from outside, where it
// also sees the memory and the descriptors that are ferry's own.
//EXPECT: 40 children, statuses right, no child left, descriptors as before
//PROCESSES: 41
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char own[4096];
static int children, wrong;

static void check(int wanted, pid_t child) {
  int status = -1;
  const int ended = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == wanted;
  if (!ended) __atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&children, 1, __ATOMIC_SEQ_CST);
}

static void *by_fork(void *count) {
  for (int i = 0; i < *(int *)count; i++) {
    char number[16];
    snprintf(number, sizeof number, "%d", i & 63);
    const pid_t child = fork();
    if (child == 0) {
      execl(own, "child", "exit", number, NULL);
      _exit(99);
    }
    check(i & 63, child);
  }
  return NULL;
}

static void *by_spawn(void *count) {
  for (int i = 0; i < *(int *)count; i++) {
    char number[16];
    snprintf(number, sizeof number, "%d", i & 63);
    char *arguments[] = {"child", "exit", number, NULL};
    pid_t child = -1;
    if (posix_spawn(&child, own, NULL, NULL, arguments, environ) != 0) child = -1;
    check(i & 63, child);
  }
  return NULL;
}

static void *sleeps(void *descriptor) {
  char byte;
  read(*(int *)descriptor, &byte, 1);
  return NULL;
}

static void start(int count) {
  pthread_t threads[2];
  pthread_create(&threads[0], NULL, by_fork, &count);
  pthread_create(&threads[1], NULL, by_spawn, &count);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

static int open_descriptors(void) {
  int count = 0;
  for (int i = 0; i < 256; i++) count += fcntl(i, F_GETFD) >= 0;
  return count;
}

static void pause_for_a_look(const char *when) {
  char byte;
  printf("%s\n", when);
  fflush(stdout);
  read(0, &byte, 1);
}

int main(int argc, char **argv) {
  if (argc == 3) return atoi(argv[2]);
  const int total = argc == 2 ? atoi(argv[1]) : 40;
  const ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
  if (length <= 0) return 1;
  int ends[2];
  pipe(ends);
  pthread_t sleeper;
  pthread_create(&sleeper, NULL, sleeps, &ends[0]);
  const int before = open_descriptors();
  start(total / 20);
  pause_for_a_look("begun");
  start(total / 2 - total / 20);
  pause_for_a_look("ended");
  const int left = waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD;
  printf("%d children, %s, %s, descriptors %s\n", children, wrong ? "statuses WRONG" : "statuses right",
         left ? "children LEFT" : "no child left", open_descriptors() == before ? "as before" : "LOST");
  write(ends[1], "", 1);
  pthread_join(sleeper, NULL);
  return 0;
}
