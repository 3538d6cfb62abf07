/* calls NAME TURNS [THREADS]: does one thing TURNS times, and prints how often it was seen to be done, while THREADS other
 * threads sleep. The bench takes the difference of two runs, so that the program's start drops out (docs/benchmarks.md). The same
 * source is compiled for i386 and for MIPS64. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kBuffer = 4096 };

static _Alignas(kBuffer) char buffer[kBuffer]; /* the cost must not depend on where it lies */
static volatile int word;
static volatile sig_atomic_t handled;

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static int open_or_fail(const char* path, int flags) {
  const int descriptor = open(path, flags);
  if (descriptor < 0) fail(path);
  return descriptor;
}

static long do_getpid(long turns) {
  const pid_t self = getpid();
  long done = 0;
  for (long i = 0; i < turns; ++i) done += getpid() == self;
  return done;
}

static long do_clock_gettime(long turns) {
  struct timespec now;
  long done = 0;
  for (long i = 0; i < turns; ++i) done += clock_gettime(CLOCK_MONOTONIC, &now) == 0;
  return done;
}

static long do_read(long turns) {
  const int descriptor = open_or_fail("/dev/zero", O_RDONLY);
  long done = 0;
  for (long i = 0; i < turns; ++i) done += read(descriptor, buffer, kBuffer) == kBuffer;
  return done;
}

static long do_write(long turns) {
  const int descriptor = open_or_fail("/dev/null", O_WRONLY);
  long done = 0;
  for (long i = 0; i < turns; ++i) done += write(descriptor, buffer, kBuffer) == kBuffer;
  return done;
}

static long do_futex_wake(long turns) {
  long done = 0;
  for (long i = 0; i < turns; ++i) done += syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0;
  return done;
}

/* The three loops below have the same instructions besides the one in question. */
static long do_loop(long turns) {
  for (long i = 0; i < turns; ++i) __asm__ volatile("" : "+m"(word));
  return turns;
}

static long do_lock_inc(long turns) {
  for (long i = 0; i < turns; ++i) {
#ifdef __i386__
    __asm__ volatile("lock incl %0" : "+m"(word) : : "cc");
#else
    __atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
#endif
  }
  return word;
}

static long do_xchg(long turns) {
  int other = 1;
  for (long i = 0; i < turns; ++i) {
#ifdef __i386__
    __asm__ volatile("xchgl %1, %0" : "+m"(word), "+r"(other));
#else
    other = __atomic_exchange_n(&word, other, __ATOMIC_SEQ_CST);
#endif
  }
  return turns + word + other - 1;
}

static void on_signal(int number) {
  (void)number;
  ++handled;
}

static long do_signal(long turns) {
  struct sigaction action = {.sa_handler = on_signal};
  if (sigaction(SIGUSR1, &action, NULL) != 0) fail("sigaction");
  const pid_t self = getpid();
  for (long i = 0; i < turns; ++i) kill(self, SIGUSR1);
  return handled;
}

static long do_mmap(long turns) {
  long done = 0;
  for (long i = 0; i < turns; ++i) {
    void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) fail("mmap");
    done += munmap(page, 4096) == 0;
  }
  return done;
}

static void* thread(void* value) { return value; }

static long do_pthread(long turns) {
  long done = 0;
  for (long i = 0; i < turns; ++i) {
    pthread_t id;
    void* value = NULL;
    if (pthread_create(&id, NULL, thread, &done) != 0) fail("pthread_create");
    pthread_join(id, &value);
    done += value == &done;
  }
  return done;
}

static void* sleeper(void* unused) {
  for (;;) pause();
  return unused;
}

static const struct {
  const char* name;
  long (*run)(long turns);
} things[] = {
    {"getpid", do_getpid}, {"clock_gettime", do_clock_gettime}, {"read", do_read}, {"write", do_write},
    {"futex-wake", do_futex_wake}, {"loop", do_loop}, {"lock-inc", do_lock_inc}, {"xchg", do_xchg},
    {"signal", do_signal}, {"mmap", do_mmap}, {"pthread", do_pthread},
};

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  for (int i = argc == 4 ? atoi(argv[3]) : 0; i > 0; --i) {
    pthread_t id;
    if (pthread_create(&id, NULL, sleeper, NULL) != 0) fail("pthread_create");
  }
  for (size_t i = 0; i < sizeof things / sizeof *things; ++i) {
    if (strcmp(argv[1], things[i].name) != 0) continue;
    printf("%s: done %ld times\n", argv[1], things[i].run(atol(argv[2])));
    return 0;
  }
  return 2;
}
