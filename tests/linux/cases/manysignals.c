// Signals in numbers, none of which may be lost: threads that signal themselves; two threads that wake each other by a signal
// each time; queued signals with values of which one thread in sigwaitinfo, and handlers in whichever threads have them
// unmasked just then, each take all. With an argument, about so many signals are sent.
//EXPECT: 4000 signals: all seen
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long each_kind;
static atomic_long handled, raised, waited, turns;
static atomic_llong handled_sum, waited_sum;
static sem_t both_exist;
static pthread_t players[2];
static __thread volatile sig_atomic_t woken;

static void on_raise(int signal) { raised++; }
static void on_wake(int signal) { woken = 1; }
static void on_queue(int signal, siginfo_t *information, void *context) {
  handled_sum += information->si_value.sival_int;
  handled++;
}

static void *raises(void *count) {
  for (long i = 0; i < (long)count; i++) raise(SIGUSR1);
  return NULL;
}

// Each player waits, with the signal unmasked in nothing but sigsuspend, until the other has played.
static void *plays(void *argument) {
  const int number = (int)(long)argument;
  sem_wait(&both_exist);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  sigdelset(&mask, SIGUSR2);
  while (turns < each_kind) {
    if (turns % 2 == number) {
      turns++;
      pthread_kill(players[1 - number], SIGUSR2);
    } else {
      while (!woken) sigsuspend(&mask);
      woken = 0;
    }
  }
  return NULL;
}

static void send_value(int signal, int value) {
  while (sigqueue(getpid(), signal, (union sigval){.sival_int = value}) != 0) {
    if (errno != EAGAIN) abort(); // the queue is full
    usleep(100);
  }
}
static void *sends(void *count) {
  for (int i = 1; i <= (long)count; i++) {
    send_value(SIGRTMIN, i);
    send_value(SIGRTMIN + 1, i);
  }
  return NULL;
}

static void *waits(void *unused) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  while (waited < each_kind) {
    siginfo_t information;
    if (sigwaitinfo(&set, &information) != SIGRTMIN) continue;
    waited_sum += information.si_value.sival_int;
    waited++;
  }
  return NULL;
}

static void *masks(void *unused) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 1);
  while (handled < each_kind) {
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    for (volatile int i = 0; i < 100; i++) {}
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sched_yield();
  }
  return NULL;
}

static void run(int count, void *(*const *functions)(void *), void *const *arguments) {
  pthread_t threads[8];
  for (int i = 0; i < count; i++) pthread_create(&threads[i], NULL, functions[i], arguments[i]);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

int main(int argc, char **argv) {
  const long total = argc == 2 ? atol(argv[1]) : 4000;
  each_kind = total / 4;
  sem_init(&both_exist, 0, 0);
  struct sigaction action = {.sa_handler = on_raise};
  sigaction(SIGUSR1, &action, NULL);
  action.sa_handler = on_wake;
  sigaction(SIGUSR2, &action, NULL);
  action.sa_sigaction = on_queue;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGRTMIN + 1, &action, NULL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGRTMIN);
  sigaddset(&set, SIGRTMIN + 1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);

  void *const half = (void *)(each_kind / 2);
  run(2, (void *(*const[])(void *)){raises, raises}, (void *const[]){half, half});
  printf("%s\n", raised == each_kind ? "raised: all" : "raised: LOST");
  for (long i = 0; i < 2; i++) pthread_create(&players[i], NULL, plays, (void *)i);
  sem_post(&both_exist);
  sem_post(&both_exist);
  for (int i = 0; i < 2; i++) pthread_join(players[i], NULL);
  printf("turns: %s\n", turns == each_kind ? "all" : "WRONG");
  run(5, (void *(*const[])(void *)){waits, masks, masks, sends, sends}, (void *const[]){NULL, NULL, NULL, half, half});
  const long long sum = 2ll * (each_kind / 2) * (each_kind / 2 + 1) / 2;
  const int right = raised == each_kind && turns == each_kind && waited == each_kind && handled == each_kind &&
                    waited_sum == sum && handled_sum == sum;
  printf("%ld signals: %s\n", total, right ? "all seen" : "WRONG");
  return !right;
}
