// Four threads that only compute: what they compute is right, and they run at the same time on different processors. As the
// second depends on what else the machine does, it is asked for only by an argument: how many tenths of a processor's time
// they must get, in the best of ten measurements of a second.
//EXPECT: 4 threads: the same
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile int ended;
static const uint32_t kFirst = 12345;

static uint32_t compute(uint32_t value, int turns) {
  for (int i = 0; i < turns; i++) value = (value ^ value >> 13) * 1664525 + 1013904223;
  return value;
}
static void *computes(void *result) {
  do *(uint32_t *)result = compute(kFirst, 300000);
  while (!ended);
  return NULL;
}

static double seconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  const double wanted = argc == 2 ? atoi(argv[1]) / 10.0 : 0;
  uint32_t results[4];
  pthread_t threads[4];
  ended = wanted == 0;
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, computes, &results[i]);
  double best = 0;
  for (int i = 0; i < 10 && best < wanted; i++) {
    const double used = seconds(CLOCK_PROCESS_CPUTIME_ID), started = seconds(CLOCK_MONOTONIC);
    nanosleep(&(struct timespec){1, 0}, NULL);
    const double share = (seconds(CLOCK_PROCESS_CPUTIME_ID) - used) / (seconds(CLOCK_MONOTONIC) - started);
    if (share > best) best = share;
  }
  ended = 1;
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  int same = 1;
  for (int i = 0; i < 4; i++) same &= results[i] == compute(kFirst, 300000);
  printf("4 threads: %s\n", same ? "the same" : "DIFFERENT");
  if (wanted > 0) printf("%.2f processors, wanted %.1f\n", best, wanted);
  return !same || best < wanted;
}
