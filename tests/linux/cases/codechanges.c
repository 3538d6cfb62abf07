// code that changes by other ways than the guest's stores: each call must execute the bytes in memory at that moment
//EXPECT: pwrite 2 write 3 writev 4 sendfile 5
//EXPECT: punched 0
//EXPECT: mapped over 7
//NOT WITH 16 KB PAGES: a private page of a file that shares a host page with others is a copy, which the file does not change
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

static const unsigned char code[] = {0xb8, 1, 0, 0, 0, 0xc3};  // mov eax, 1; ret
static volatile unsigned char *page;
static sigjmp_buf back;
static void caught(int signal) { siglongjmp(back, signal); }
// What the code returns, after enough runs for it to be translated; -signal if it faults.
static int run() {
  int result = 0, i;
  for (i = 0; i < 10; i++) {
    int signal = sigsetjmp(back, 1);
    if (signal) return -signal;
    result = ((int (*)())page)();
  }
  return result;
}
static void fill(int fd) { pwrite(fd, code, sizeof code, 0); }

int main() {
  char name[] = "/tmp/caseXXXXXX", other[] = "/tmp/caseXXXXXX", byte;
  int fd = mkstemp(name), from = mkstemp(other), memory;
  signal(SIGBUS, caught);
  signal(SIGSEGV, caught);
  ftruncate(fd, 0x1000);
  fill(fd);
  page = mmap((void *)0x23000000, 0x1000, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  printf("at first %d\n", run());
  byte = 2;
  pwrite(fd, &byte, 1, 1);
  printf("pwrite %d ", run());
  byte = 3;
  lseek(fd, 1, SEEK_SET);
  write(fd, &byte, 1);
  printf("write %d ", run());
  byte = 4;
  lseek(fd, 1, SEEK_SET);
  struct iovec vector = {&byte, 1};
  writev(fd, &vector, 1);
  printf("writev %d ", run());
  byte = 5;
  pwrite(from, &byte, 1, 0);
  lseek(fd, 1, SEEK_SET);
  off_t start = 0;
  sendfile(fd, from, &start, 1);
  printf("sendfile %d\n", run());
  ftruncate(fd, 0);
  printf("cut %d ", run());
  ftruncate(fd, 0x1000);
  fill(fd);
  printf("grown again %d\n", run());
  truncate(name, 0);
  printf("cut by name %d ", run());
  truncate(name, 0x1000);
  fill(fd);
  printf("grown again %d\n", run());
  int again = open(name, O_RDWR);
  byte = 6;
  pwrite(again, &byte, 1, 1);
  printf("another descriptor %d\n", run());
  fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 0x1000);
  printf("punched %d\n", page[0]);
  // A private page that is written no longer follows the file; discarded, it follows the file again.
  fill(fd);
  printf("filled %d ", run());
  mprotect((void *)page, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC);
  page[1] = 8;
  printf("own %d ", run());
  madvise((void *)page, 0x1000, MADV_DONTNEED);
  printf("discarded %d\n", run());
  memory = open("/proc/self/mem", O_RDWR);
  mprotect((void *)page, 0x1000, PROT_READ | PROT_EXEC);
  byte = 9;
  printf("through /proc/self/mem %d ", (int)pwrite(memory, &byte, 1, (unsigned long)page + 1));
  printf("code %d ", run());
  lseek(memory, (long)page + 1, SEEK_SET);
  byte = 10;
  write(memory, &byte, 1);
  read(memory, &byte, 1);
  printf("code %d next byte %d\n", run(), byte);
  printf("unmapped %d\n", (int)pread(memory, &byte, 1, 0x7000));
  unsigned char *fresh = mmap((void *)page, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  memcpy(fresh, code, sizeof code);
  fresh[1] = 7;
  printf("mapped over %d\n", run());
  madvise(fresh, 0x1000, MADV_DONTNEED);
  printf("zeroes %d\n", fresh[0]);
  unlink(name);
  unlink(other);
  return 0;
}
