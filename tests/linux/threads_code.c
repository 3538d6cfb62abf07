// Several threads and the translator: code that is written, protected, mapped again and unmapped while other threads execute it,
// system calls that write to pages with code, locked instructions of every form, split locks, loops without exits beside eviction.
// The argument multiplies the rounds.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kThreads = 4, kSlot = 64 };
static int rounds = 1;
static unsigned char *page;
static volatile int bad, stop;

static void start(pthread_t *threads, int count, void *(*body)(void *)) {
  for (intptr_t i = 0; i < count; ++i) pthread_create(&threads[i], NULL, body, (void *)i);
}
static void join(pthread_t *threads, int count) {
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
}

static void put_code(unsigned char *place, int value) {  // mov eax, value; ret
  place[0] = 0xb8;
  memcpy(place + 1, &value, 4);
  place[5] = 0xc3;
}
static int call(int slot) { return ((int (*)(void))(page + slot * kSlot))(); }

// Each writes its own code and executes it, and executes a neighbour's, all in one page whose protection is set again and again.
static void *write_and_run(void *argument) {
  const int id = (int)(intptr_t)argument;
  for (int i = 0; i < 600 * rounds; ++i) {
    put_code(page + id * kSlot, i * kThreads + id);
    if (call(id) != i * kThreads + id) bad = 1;
    if (i % 16 == 0) mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    if (call((id + 1) % kThreads) % kThreads != (id + 1) % kThreads) bad = 2;
  }
  return NULL;
}

static void one_page(void) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) put_code(page + i * kSlot, i);
  start(threads, kThreads, write_and_run);
  join(threads, kThreads);
  printf("one page %d\n", bad);
}

// One of two pages is put into place again and again, so that what is executed has one of two values.
static void *run_either(void *argument) {
  while (!stop) {
    const int value = call(0);
    if (value != 1 && value != 2) bad = 3;
  }
  return argument;
}

static void remapped(void) {
  pthread_t threads[3];
  unsigned char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  put_code(pages, 1);
  put_code(pages + 4096, 2);
  put_code(page, 1);
  stop = 0;
  start(threads, 3, run_either);
  for (int i = 0; i < 50 * rounds; ++i) {
    unsigned char *copy = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(copy, pages + i % 2 * 4096, 64);
    if (mremap(copy, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, page) != page) bad = 4;
  }
  stop = 1;
  join(threads, 3);
  printf("mapped again %d\n", bad);
}

// recv into a page whose code others execute.
static int ends[2];
static void *run_code(void *argument) {
  while (!stop)
    if (call(0) != 7) bad = 5;
  return argument;
}
static void *send_numbers(void *argument) {
  for (int i = 0; i < 300 * rounds; ++i) {
    if (i % 8 == 0) usleep(200);
    if (send(ends[1], &i, sizeof i, 0) != sizeof i) bad = 6;
  }
  return argument;
}

static void received(void) {
  pthread_t threads[2], sender;
  int *buffer = (int *)(page + 2048);
  put_code(page, 7);
  stop = 0;
  socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  start(threads, 2, run_code);
  start(&sender, 1, send_numbers);
  for (int i = 0; i < 300 * rounds; ++i) {
    if (recv(ends[0], buffer, sizeof *buffer, 0) != sizeof *buffer) {
      printf("recv: %s\n", strerror(errno));
      break;
    }
    if (*buffer != i) bad = 7;
  }
  stop = 1;
  join(&sender, 1);
  join(threads, 2);
  printf("received %d\n", bad);
}

// Locked instructions of each form and width, on shared operands: sums must be exact.
static struct {
  uint8_t byte;
  uint16_t half;
  uint32_t word;
  uint32_t word_by_cmpxchg;
  uint64_t quad __attribute__((aligned(8)));
  uint32_t bits[8];
  uint32_t lock, under_lock;
  uint32_t xored;
} cells;
static char crossing[256] __attribute__((aligned(128)));
static volatile double fpu_cell __attribute__((aligned(8)));

static void *contend(void *argument) {
  const int id = (int)(intptr_t)argument;
  uint32_t *split = (uint32_t *)(crossing + 6), *line = (uint32_t *)(crossing + 62);
  for (int i = 0; i < 400 * rounds; ++i) {
    __asm__ volatile("lock incb %0" : "+m"(cells.byte));
    __asm__ volatile("lock addw $3, %0" : "+m"(cells.half));
    __asm__ volatile("lock subl $-5, %0" : "+m"(cells.word));
    uint32_t one = 1;
    __asm__ volatile("lock xaddl %0, %1" : "+r"(one), "+m"(cells.word));
    for (uint32_t old = cells.word_by_cmpxchg;;) {
      uint8_t done;
      __asm__ volatile("lock cmpxchgl %3, %1\n sete %2" : "+a"(old), "+m"(cells.word_by_cmpxchg), "=q"(done) : "r"(old + 7));
      if (done) break;
    }
    for (uint64_t old = cells.quad;;) {
      const uint64_t seen = __sync_val_compare_and_swap(&cells.quad, old, old + 0x100000001ull);
      if (seen == old) break;
      old = seen;
    }
    __asm__ volatile("lock btsl %1, %0" : "+m"(cells.bits[0]) : "r"(id * 32 + i % 32));
    __asm__ volatile("lock notl %0" : "+m"(cells.xored));
    __asm__ volatile("lock negl %0" : "+m"(cells.bits[7]));
    for (uint32_t taken = 1;;) {
      __asm__ volatile("xchgl %0, %1" : "+r"(taken), "+m"(cells.lock));
      if (taken == 0) break;
    }
    cells.under_lock++;
    __atomic_store_n(&cells.lock, 0, __ATOMIC_RELEASE);
    if (i % 16 == 0) {
      __asm__ volatile("lock addl $1, %0" : "+m"(*split));
      __asm__ volatile("lock addw $1, %0" : "+m"(*(uint16_t *)(crossing + 6)));
      __asm__ volatile("lock incw %0" : "+m"(*(uint16_t *)(crossing + 4)));
      one = 1;
      __asm__ volatile("lock xaddl %0, %1" : "+r"(one), "+m"(*line));
    }
    // 64 bits by fild and fistp, one access each: halves of different writers never meet.
    uint64_t both = (uint64_t)(id + 1) << 32 | (uint32_t)(id + 1), seen;
    __asm__ volatile("fildll %1\n fistpll %0" : "=m"(fpu_cell) : "m"(both));
    __asm__ volatile("fildll %1\n fistpll %0" : "=m"(seen) : "m"(fpu_cell));
    if ((uint32_t)seen != (uint32_t)(seen >> 32)) bad = 8;
  }
  return NULL;
}

static void locked(void) {
  pthread_t threads[kThreads];
  start(threads, kThreads, contend);
  join(threads, kThreads);
  printf("locked %u %u %u %u %llx %08x %08x %u %u\n", cells.byte, cells.half, cells.word, cells.word_by_cmpxchg,
         (unsigned long long)cells.quad, cells.bits[0], cells.bits[3], cells.under_lock, cells.xored);
  printf("split %u %u %u bad %d\n", *(uint32_t *)(crossing + 6), *(uint32_t *)(crossing + 62), *(uint16_t *)(crossing + 4), bad);
}

// One thread never leaves its loop; the others need room for their code.
static unsigned long turns[kThreads];
static void *loop_for_ever(void *argument) {
  __asm__ volatile("1: cmpl $0, %0\n je 1b" ::"m"(stop));
  return argument;
}
static void *print_and_count(void *argument) {
  char text[64];
  while (!stop) {
    snprintf(text, sizeof text, "%d %f %s", (int)(intptr_t)argument, turns[0] / 3.0, strerror(turns[0] % 40));
    turns[(intptr_t)argument]++;
  }
  return NULL;
}

static void beside_a_loop(void) {
  pthread_t loop, threads[kThreads];
  stop = 0;
  start(&loop, 1, loop_for_ever);
  start(threads, kThreads, print_and_count);
  for (int i = 0; i < kThreads; ++i)
    while (*(volatile unsigned long *)&turns[i] < 20) usleep(1000);
  stop = 1;
  join(threads, kThreads);
  join(&loop, 1);
  puts("beside a loop");
}

int main(int argc, char **argv) {
  if (argc > 1) rounds = atoi(argv[1]);
  page = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void (*sections[])(void) = {one_page, remapped, received, locked, beside_a_loop};
  for (unsigned i = 0; i < sizeof sections / sizeof *sections; ++i) {
    sections[i]();
    fflush(stdout);
  }
  return 0;
}
