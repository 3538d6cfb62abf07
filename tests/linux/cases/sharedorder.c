// Code that is translated when the process begins to share memory is made anew, with the order of accesses kept
// (--memory-model=auto). The function runs hot before, goes on after, and its results stay those of the processor; then
// parent and child pass messages through the shared page.
//EXPECT: 1000000 sums: 2736099
//EXPECT: 20000 messages: 0 wrong
//PROCESSES: 2
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned table[256];
static long double scale = 1.5L;

// Loads, stores, read-modify-writes, x87 and string instructions.
__attribute__((noinline)) static unsigned sum(unsigned from, unsigned to) {
  unsigned total = 0;
  unsigned copy[256];
  for (unsigned i = from; i < to; ++i) {
    table[i & 255] += i;
    total ^= table[(i * 7) & 255];
    if ((i & 1023) == 0) {
      void *d = copy, *s = table;
      unsigned n = 256;
      __asm__ volatile("rep movsl" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
      total += copy[i >> 10 & 255] + (unsigned)(scale * 2);
    }
  }
  return total;
}

int main(void) {
  unsigned total = sum(0, 500000);
  volatile unsigned* shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  total += sum(500000, 1000000);
  printf("1000000 sums: %u\n", total % 9999991);
  fflush(stdout);

  enum { kMessages = 20000, kData = 0, kSent = 16, kTaken = 32 };
  if (fork() == 0) {
    for (unsigned i = 1; i <= kMessages; ++i) {
      while (shared[kTaken] != i - 1) sched_yield();
      shared[kData] = i * 3;
      shared[kSent] = i;
    }
    _exit(0);
  }
  unsigned wrong = 0;
  for (unsigned i = 1; i <= kMessages; ++i) {
    while (shared[kSent] != i) sched_yield();
    wrong += shared[kData] != i * 3;
    shared[kTaken] = i;
  }
  wait(NULL);
  printf("20000 messages: %u wrong\n", wrong);
  return 0;
}
