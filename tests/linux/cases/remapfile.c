// remap_file_pages: the pages of a shared mapping in another order
//EXPECT: order 2 1 0 3
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(const char *what, long result) { printf("%s %ld %d\n", what, result, result < 0 ? errno : 0); }
static long remap(void *at, unsigned size, int prot, unsigned page, int flags) {
  return syscall(SYS_remap_file_pages, at, size, prot, page, flags);
}
int main() {
  int fd = open("file", O_CREAT | O_RDWR, 0600), i;
  char byte;
  ftruncate(fd, 0x10000);
  for (i = 0; i < 16; i++) byte = i, pwrite(fd, &byte, 1, i * 0x1000);
  char *page = mmap(0, 0x4000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  say("first", remap(page, 0x1000, 0, 2, 0));
  say("third", remap(page + 0x2000, 0x1000, 0, 0, MAP_NONBLOCK));
  printf("order %d %d %d %d\n", page[0], page[0x1000], page[0x2000], page[0x3000]);
  page[0] = 77;
  pread(fd, &byte, 1, 0x2000);
  printf("written %d\n", byte);
  say("uneven", remap(page + 0x1010, 0x1fff, 0, 9, 0));
  printf("order %d %d %d %d\n", page[0], page[0x1000], page[0x2000], page[0x3000]);
  say("two", remap(page, 0x4000, 0, 4, 0));
  printf("order %d %d %d %d\n", page[0], page[0x1000], page[0x2000], page[0x3000]);
  say("protection", remap(page, 0x1000, PROT_READ, 1, 0));
  say("no size", remap(page, 0xfff, 0, 1, 0));
  say("large", remap(page, 0xfffff000, 0, 1, 0));
  say("nothing there", remap((void *)0x10000, 0x1000, 0, 1, 0));
  char *own = mmap(0, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  say("private", remap(own, 0x1000, 0, 1, 0));
  mprotect(page + 0x1000, 0x1000, PROT_READ);
  say("two protections", remap(page, 0x2000, 0, 1, 0));
  say("read-only", remap(page + 0x1000, 0x1000, 0, 8, 0));
  printf("order %d %d\n", page[0], page[0x1000]);
  return 0;
}
