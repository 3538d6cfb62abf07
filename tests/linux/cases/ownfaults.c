// Threads write to a page, and execute code there, that one of them forbids and allows again all the time, beside another with
// code that all execute and write to. Only what the guest itself forbids may fail: it sees SIGSEGV at its own address, and
// nothing else. There were three faults that nobody had caused. The present number of changes was asked for after the look at
// the page's protection, and a change that began in between made the next failure look as if no change explained it. A write
// that the guest had forbidden became a SIGBUS, as at the end of a file, when the page was allowed again before the signal was
// chosen. The interpreter read code in place that another thread had just taken away, and ended ferry.
//EXPECT: done, bad 0
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kThreads = 4, kSlot = 64, kRounds = 10000 };
static unsigned char *page;
static volatile int bad;

static void skip(int signal, siginfo_t *info, void *context) {
  const uintptr_t at = (uintptr_t)info->si_addr;
  if (signal != SIGSEGV || info->si_code != SEGV_ACCERR || at < (uintptr_t)page + 4096 || at >= (uintptr_t)page + 8192) {
    static const char text[] = "a fault that nobody caused\n";
    write(1, text, sizeof text - 1);
    _exit(1);
  }
  mprotect(page + 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  (void)context;
}

static void *fault_beside(void *argument) {
  const int id = (int)(intptr_t)argument;
  volatile int *word = (volatile int *)(page + 4096) + id;
  int (*const code)(void) = (int (*)(void))(page + id * kSlot);
  int (*const forbidden)(void) = (int (*)(void))(page + 4096 + 1024 + id * kSlot);
  for (int i = 0; i < kRounds; ++i) {
    if (id == 0) mprotect(page + 4096, 4096, i % 2 ? PROT_READ : PROT_NONE);
    *word = i;
    ((volatile int *)(page + 2048))[id] = i;
    if (code() != id) bad = 1;
    if (forbidden() != id) bad = 2;
  }
  return NULL;
}

// mov eax, value; ten times nop; ret
static void put_code(unsigned char *place, int value) {
  memcpy(place, "\xb8\0\0\0\0\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\xc3", 16);
  place[1] = value;
}

int main(void) {
  page = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < kThreads; ++i) {
    put_code(page + i * kSlot, i);
    put_code(page + 4096 + 1024 + i * kSlot, i);
  }
  const struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  pthread_t threads[kThreads];
  for (intptr_t i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, fault_beside, (void *)i);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  printf("done, bad %d\n", bad);
  return 0;
}
