// Eight threads change the same few words by locked instructions of every width and kind: no change may be lost. Bytes and halves
// of a word, which a host without such instructions changes through the whole word, are changed by several threads at once.
// With an argument, each thread makes so many changes.
//EXPECT: 8 threads, 20000 changes each: all there
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { kThreads = 8, kKinds = 10 };

static struct {
  volatile uint8_t bytes[4];
  volatile uint16_t halves[2];
  volatile uint32_t incremented, added, compared, guarded, lock, bits, exchanged;
  volatile uint64_t wide __attribute__((aligned(8)));
} shared;
static uint64_t taken[kThreads];
static long turns;

static void *work(void *argument) {
  const int number = (int)(long)argument;
  uint64_t sum = 0;
  for (long i = 0; i < turns; i++) {
    uint32_t word = 1;
    asm volatile("lock incb %0" : "+m"(shared.bytes[number & 3]));
    asm volatile("lock addw $3, %0" : "+m"(shared.halves[number & 1]));
    asm volatile("lock incl %0" : "+m"(shared.incremented));
    asm volatile("lock xaddl %0, %1" : "+r"(word), "+m"(shared.added));
    for (uint32_t old = shared.compared, was;; old = was) {
      asm volatile("lock cmpxchgl %3, %1" : "=a"(was), "+m"(shared.compared) : "0"(old), "r"(old * 5 + 1));
      if (was == old) break;
    }
    __atomic_fetch_add(&shared.wide, (1ull << 32) + 1, __ATOMIC_SEQ_CST);
    for (uint32_t held = 1;;) {
      asm volatile("xchgl %0, %1" : "+r"(held), "+m"(shared.lock)::"memory");
      if (held == 0) break;
      sched_yield();
      held = 1;
    }
    shared.guarded++;
    asm volatile("movl $0, %0" : "=m"(shared.lock)::"memory");
    asm volatile("lock xorl %1, %0" : "+m"(shared.bits) : "r"(1u << number));
    asm volatile("lock btcl %1, %0" : "+m"(shared.bits) : "r"(8 + number));
    // What is put in is taken out again by somebody, once.
    word = (uint32_t)(number + 1);
    asm volatile("xchgl %0, %1" : "+r"(word), "+m"(shared.exchanged));
    sum += word;
  }
  taken[number] = sum;
  return NULL;
}

int main(int argc, char **argv) {
  const long changes = argc == 2 ? atol(argv[1]) : 20000;
  turns = changes / kKinds;
  pthread_t threads[kThreads];
  for (long i = 0; i < kThreads; i++) pthread_create(&threads[i], NULL, work, (void *)i);
  for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
  const uint32_t all = (uint32_t)(turns * kThreads);
  uint32_t compared = 0;
  for (uint32_t i = 0; i < all; i++) compared = compared * 5 + 1;
  uint64_t put = 0, got = shared.exchanged;
  for (int i = 0; i < kThreads; i++) {
    put += (uint64_t)turns * (i + 1);
    got += taken[i];
  }
  int lost = 0;
  for (int i = 0; i < 4; i++) lost += shared.bytes[i] != (uint8_t)(2 * turns);
  for (int i = 0; i < 2; i++) lost += shared.halves[i] != (uint16_t)(3 * 4 * turns);
  lost += shared.incremented != all;
  lost += shared.added != all;
  lost += shared.compared != compared;
  lost += shared.wide != (uint64_t)all * ((1ull << 32) + 1);
  lost += shared.guarded != all;
  lost += shared.bits != (turns & 1 ? 0xffff : 0);
  lost += got != put;
  printf("%d threads, %ld changes each: %s\n", kThreads, changes, lost == 0 ? "all there" : "LOST");
  return lost;
}
