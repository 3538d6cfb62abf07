// The child of a process with threads is a whole process: it has one thread, its heap works, it makes threads of its own, and it
// executes programs. So is the child of a thread that is not the first one. With raw clone, as ferry once made children, some hung in
// malloc, whose lock another thread had held.
//EXPECT: forks 40 bad 0
//EXPECT: fork in a thread 11
//FLAGS: -O1 -fno-pic -no-pie -static -w -march=i686 -mno-sse -pthread
//NOT UNDER AN EMULATOR: qemu-user 7.2 aborts when the child of a process with threads makes a thread (qemu_plugin_vcpu_init_hook)
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int stop;

static int status_of(pid_t child) {
  int status;
  if (waitpid(child, &status, 0) < 0) return -1000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void *busy(void *argument) {
  char name[64];
  do {
    char *block = malloc(100 + (uintptr_t)argument * 1000);
    snprintf(name, sizeof name, "%p", block);
    free(block);
    void *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *(volatile char *)pages = 1;
    munmap(pages, 8192);
  } while (!stop);
  return NULL;
}

static int make_thread(void) {
  pthread_t thread;
  stop = 1;
  return pthread_create(&thread, NULL, busy, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

static void *fork_here(void *argument) {
  const pid_t child = fork();
  if (child == 0) _exit(make_thread() ? 10 + (syscall(SYS_gettid) == getpid()) : 1);
  return (void *)(intptr_t)status_of(child);
}

int main(int argc, char **argv) {
  pthread_t threads[3], thread;
  void *status;
  int good = 0, bad = 0;
  if (argc > 1) return 7;
  for (intptr_t i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, busy, (void *)i);
  for (int i = 0; i < 40; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      free(malloc(100000));
      if (!make_thread()) _exit(1);
      if (i % 4 == 0) {
        execl("/proc/self/exe", "forkthreads", "again", NULL);
        _exit(2);
      }
      exit(7);
    }
    const int end = status_of(child);
    good += end == 7;
    if (end != 7) bad = end;
  }
  stop = 1;
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  printf("forks %d bad %d\n", good, bad);
  pthread_create(&thread, NULL, fork_here, NULL);
  pthread_join(thread, &status);
  printf("fork in a thread %d\n", (int)(intptr_t)status);
  return 0;
}
