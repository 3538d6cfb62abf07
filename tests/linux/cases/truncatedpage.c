// a file that is truncated while it is mapped: SIGBUS for the page that is gone, not for its neighbour
//EXPECT: first 0 second 7
//NOT ON THE MACHINE: both pages lie in one host page of 16 KB, which still holds part of the file, so there is no SIGBUS
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static void caught(int signal) { siglongjmp(back, signal); }
static int fault(volatile char *p) {
  int signal = sigsetjmp(back, 1);
  if (!signal) (void)*p;
  return signal;
}
int main() {
  char name[] = "/tmp/caseXXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  ftruncate(fd, 0x2000);
  signal(SIGBUS, caught);
  char *p = mmap(0, 0x2000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  p[0] = p[0x1000] = 1;
  ftruncate(fd, 0x1000);
  printf("first %d second %d\n", fault(p), fault(p + 0x1000));
  return 0;
}
