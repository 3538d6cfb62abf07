// Calls that were missing beside threads: futex_waitv, membarrier's query without the forms that ferry does not have,
// pidfd_send_signal, and sendto with an address of no bytes, which ferry passed on as none.
//EXPECT: woken by 1
//EXPECT: sendto EINVAL
//EXPECT: handled 1
//FLAGS: -O1 -fno-pic -no-pie -static -w -march=i686 -mno-sse -pthread
//NOT UNDER AN EMULATOR: qemu-user 7.2 has no futex_waitv
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct waiter { uint64_t value, address; uint32_t flags, reserved; };
static uint32_t words[2];
static volatile int handled;
static void count(int signal) { ++handled; }

static const char *result(long value) { return value < 0 ? strerrorname_np(errno) : "ok"; }

static void *wake(void *argument) {
  do usleep(1000);
  while (syscall(SYS_futex, &words[1], FUTEX_WAKE, 1, NULL, NULL, 0) == 0);
  return NULL;
}

int main(void) {
  struct waiter list[2] = {{0, (uintptr_t)&words[0], 2, 0}, {0, (uintptr_t)&words[1], 2, 0}}, bad = {0, 8, 2, 0};
  struct { int64_t seconds, nanoseconds; } past = {1, 0};
  pthread_t thread;
  printf("waitv %s", result(syscall(449, list, 2, 1, NULL, 0)));
  printf(" %s", result(syscall(449, list, 0, 0, NULL, 0)));
  printf(" %s", result(syscall(449, list, 129, 0, NULL, 0)));
  printf(" %s", result(syscall(449, NULL, 1, 0, NULL, 0)));
  printf(" %s", result(syscall(449, 8, 1, 0, NULL, 0)));
  printf(" %s", result(syscall(449, &bad, 1, 0, NULL, 0)));
  printf(" %s", result(syscall(449, list, 2, 0, &past, 7)));
  printf(" %s", result(syscall(449, list, 2, 0, &past, CLOCK_MONOTONIC)));
  words[0] = 1;
  printf(" %s", result(syscall(449, list, 2, 0, NULL, 0)));
  words[0] = 0;
  list[0].flags = 3;
  printf(" %s\n", result(syscall(449, list, 2, 0, NULL, 0)));
  list[0].flags = 2;
  pthread_create(&thread, NULL, wake, NULL);
  printf("woken by %ld\n", syscall(449, list, 2, 0, NULL, 0));
  pthread_join(thread, NULL);

  printf("membarrier %ld", syscall(SYS_membarrier, 0, 0, 0) & 0x1f);
  printf(" %s", result(syscall(SYS_membarrier, 1, 0, 0)));
  printf(" %s", result(syscall(SYS_membarrier, 8, 0, 0)));
  printf(" %s", result(syscall(SYS_membarrier, 16, 0, 0)));
  printf(" %s", result(syscall(SYS_membarrier, 8, 0, 0)));
  printf(" %s", result(syscall(SYS_membarrier, 1, 2, 0)));
  printf(" %s\n", result(syscall(SYS_membarrier, 3, 0, 0)));

  struct sockaddr_in address = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  const int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
  bind(a, (struct sockaddr *)&address, sizeof address);
  getsockname(a, (struct sockaddr *)&address, &length);
  connect(b, (struct sockaddr *)&address, sizeof address);
  printf("sendto %s", result(sendto(b, "x", 1, 0, (struct sockaddr *)&address, 0)));
  printf(" %s\n", result(sendto(b, "x", 1, 0, NULL, 0)));

  signal(SIGUSR1, count);
  const int self = syscall(SYS_pidfd_open, getpid(), 0);
  printf("pidfd %s", result(syscall(SYS_pidfd_send_signal, self, SIGUSR1, NULL, 0)));
  printf(" %s", result(syscall(SYS_pidfd_send_signal, self, 65, NULL, 0)));
  printf(" %s", result(syscall(SYS_pidfd_send_signal, self, SIGUSR1, 8, 0)));
  printf(" %s", result(syscall(SYS_pidfd_send_signal, 0, 0, NULL, 0)));
  printf(" %s", result(syscall(SYS_pidfd_send_signal, self, SIGUSR1, NULL, 0x100)));
  printf(" handled %d\n", handled);
  return 0;
}
