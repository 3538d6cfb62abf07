// MAP_GROWSDOWN memory grows down to the address that is used, but keeps a gap to the mapping below; mprotect with
// PROT_GROWSDOWN changes all of it down to its beginning
//EXPECT: grew 1 far 1
//EXPECT: gap 11
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static void caught(int signal) { siglongjmp(back, signal); }
static int touch(volatile char *p) {
  int signal = sigsetjmp(back, 1);
  if (!signal) *p = 1;
  return signal;
}
int main() {
  signal(SIGSEGV, caught);
  char *p = mmap((void *)0x5a400000, 0x4000, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
  printf("grew %d far %d\n", touch(p - 16) == 0, touch(p - 0x80000) == 0);
  mmap((void *)0x5a200000, 0x1000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  printf("gap %d above it %d\n", touch((char *)0x5a202000), touch((char *)0x5a320000));
  int zero = open("/dev/zero", 0);
  printf("read below %d\n", (int)read(zero, (char *)0x5a310000, 16));
  printf("whole %d", mprotect(p + 0x2000, 0x1000, PROT_READ | PROT_GROWSDOWN));
  printf(" written %d\n", touch(p - 16));
  printf("up %d", mprotect(p, 0x1000, PROT_READ | PROT_GROWSUP));
  printf(" %d both %d", errno, mprotect(p, 0x1000, PROT_GROWSUP | PROT_GROWSDOWN));
  printf(" %d bits %d", errno, mprotect(p, 0x1000, 0x40));
  printf(" %d\n", errno);
  printf("shared %d", mmap(0, 0x1000, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0) == MAP_FAILED);
  printf(" %d\n", errno);
  munmap((void *)0x5a201000, 0x1000);
  char *q = mmap(0, 0x3000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(q + 0x1000, 0x1000);
  printf("hole %d", mprotect(q, 0x3000, PROT_READ));
  printf(" %d before %d after %d\n", errno, touch(q), touch(q + 0x2000));
  return 0;
}
