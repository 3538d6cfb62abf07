#include "trace.h"

#include <pthread.h>
#include <time.h>

static int ends[2];

static void* reads(void* argument) {
  char c;
  read(ends[0], &c, 1);
  call(SYS_getpid);
  return NULL;
}

static void* sleeps(void* argument) {
  struct timespec time = {0, 50000000};
  nanosleep(&time, NULL);
  call(SYS_getuid);
  return NULL;
}

int main(void) {
  pipe(ends);
  begin();
  pthread_t first, second;
  pthread_create(&first, NULL, reads, NULL);
  struct timespec time = {0, 400000000};  // long enough for a thread to wait in its call, beside other tests
  nanosleep(&time, NULL);
  write(ends[1], "x", 1);
  nanosleep(&time, NULL);
  pthread_create(&second, NULL, sleeps, NULL);
  nanosleep(&time, NULL);
  nanosleep(&time, NULL);
  // A thread that ends with the process.
  pthread_create(&first, NULL, reads, NULL);
  nanosleep(&time, NULL);
  return 7;
}
