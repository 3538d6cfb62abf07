// mmap and munmap: what they refuse and in which order, hints, the old call (mm/mmap.c, do_mmap, ksys_mmap_pgoff)
//EXPECT: noreplace 17
//EXPECT: grows down: file 22 shared 22
//EXPECT: hint taken 1
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kPage = 4096, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS };

static int map(unsigned long at, size_t n, int protection, int flags, int fd, unsigned long page) {
  return syscall(SYS_mmap2, at, n, protection, flags, fd, page) == -1 ? errno : 0;
}
static int old_map(unsigned at, unsigned n, unsigned protection, unsigned flags, int fd, unsigned offset) {
  unsigned words[] = {at, n, protection, flags, fd, offset};
  return syscall(SYS_mmap, words) == -1 ? errno : 0;
}
static int unmap(unsigned long at, size_t n) { return syscall(SYS_munmap, at, n) ? errno : 0; }
static void say(const char *text, int value) { printf("%s%d ", text, value); }
static void line(void) { putchar('\n'); }

int main(void) {
  char name[] = "mapcall.XXXXXX";
  int fd = mkstemp(name), reading = open(name, O_RDONLY), writing = open(name, O_WRONLY);
  unlink(name);
  ftruncate(fd, 8 * kPage);
  say("length 0 ", map(0, 0, 3, kPrivate, -1, 0));
  say("bad descriptor first ", map(0, 0, 3, MAP_PRIVATE, 999, 0));
  say("", map(0, kPage, 3, MAP_PRIVATE, -1, 0));
  say("without a type ", map(0, kPage, 3, MAP_ANONYMOUS, -1, 0));
  say("type 4 ", map(0, kPage, 3, MAP_ANONYMOUS | 4, -1, 0));
  say("too long ", map(0, 0xfffff000u, 3, kPrivate, -1, 0));
  say("length wraps ", map(0, 0xffffffffu, 3, kPrivate, -1, 0));
  line();
  say("fixed: unaligned ", map(0x20000001, kPage, 3, kPrivate | MAP_FIXED, -1, 0));
  say("unaligned and outside ", map(0xfffff001u, kPage, 3, kPrivate | MAP_FIXED, -1, 0));
  say("outside ", map(0xfffff000u, kPage, 3, kPrivate | MAP_FIXED, -1, 0));
  say("across the end ", map(0xffff0000u, 0x10000, 3, kPrivate | MAP_FIXED, -1, 0));
  say("in the way ", map(0x20000000, 4 * kPage, 3, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
  say("noreplace ", map(0x20003000, 4 * kPage, 3, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
  say("and fixed ", map(0x20003000, 4 * kPage, 3, kPrivate | MAP_FIXED_NOREPLACE | MAP_FIXED, -1, 0));
  say("before ", map(0x1fffc000, 4 * kPage, 3, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
  say("unaligned ", map(0x20000001, 4 * kPage, 3, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
  line();
  say("grows down: file ", map(0, kPage, 3, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0));
  say("shared ", map(0, kPage, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
  say("shared file ", map(0, kPage, 3, MAP_SHARED, fd, 0));
  say("only reading ", map(0, kPage, 3, MAP_SHARED, reading, 0));
  say("private ", map(0, kPage, 3, MAP_PRIVATE, reading, 0));
  say("read ", map(0, kPage, 1, MAP_SHARED, reading, 0));
  say("only writing ", map(0, kPage, 2, MAP_SHARED, writing, 0));
  say("validate ", map(0, kPage, 3, MAP_SHARED_VALIDATE, fd, 0));
  say("unknown flag ", map(0, kPage, 3, MAP_SHARED_VALIDATE | 0x400000, fd, 0));
  say("sync ", map(0, kPage, 3, MAP_SHARED_VALIDATE | 0x80000, fd, 0));
  say("unknown, not validated ", map(0, kPage, 3, MAP_SHARED | 0x400000, fd, 0));
  say("validate anonymous ", map(0, kPage, 3, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0));
  line();
  int folder = open(".", O_RDONLY), pipes[2];
  pipe(pipes);
  say("folder ", map(0, kPage, 1, MAP_PRIVATE, folder, 0));
  say("pipe ", map(0, kPage, 1, MAP_PRIVATE, pipes[0], 0));
  say("huge pages of a file ", map(0, 1 << 22, 3, MAP_PRIVATE | MAP_HUGETLB, fd, 0));
  say("far offset ", map(0, kPage, 1, MAP_PRIVATE, fd, 0xffffffffu));
  say("offset past the end ", map(0, kPage, 1, MAP_PRIVATE, fd, 0x7fffffffu));
  say("with a fixed place ", map(0x20000000, kPage, 1, MAP_PRIVATE | MAP_FIXED, fd, 16));
  line();
  say("old call ", old_map(0, kPage, 3, MAP_PRIVATE, fd, kPage));
  say("unaligned offset ", old_map(0, kPage, 3, MAP_PRIVATE, fd, 5));
  say("unaligned, anonymous ", old_map(0, kPage, 3, kPrivate, -1, 5));
  say("bad pointer ", syscall(SYS_mmap, 16) == -1 ? errno : 0);
  say("high offset ", old_map(0, kPage, 3, MAP_PRIVATE, fd, 0xfffff000));
  line();
  say("munmap: length 0 ", unmap(0x20000000, 0));
  say("unaligned ", unmap(0x20000001, kPage));
  say("not mapped ", unmap(0x28000000, kPage));
  say("page 0 ", unmap(0, kPage));
  say("high ", unmap(0xf0000000u, kPage));
  say("at the end ", unmap(0xffffd000u, kPage));
  say("across ", unmap(0xffffd000u, 2 * kPage));
  say("outside ", unmap(0xfffff000u, kPage));
  say("wraps ", unmap(0x20000000, (size_t)-1));
  say("one byte ", unmap(0x20000000, 1));
  say("", map(0x20000000, kPage, 3, kPrivate | MAP_FIXED_NOREPLACE, -1, 0));
  line();
  say("hint taken ", mmap((void *)0x30000000, 8 * kPage, 3, kPrivate, -1, 0) == (void *)0x30000000);
  say("inside a page ", mmap((void *)0x31000fff, 8 * kPage, 3, kPrivate, -1, 0) == (void *)0x31000000);
  say("in the way ", mmap((void *)0x30003000, kPage, 3, kPrivate, -1, 0) != (void *)0x30003000);
  say("overlap ", mmap((void *)0x2fffc000, 8 * kPage, 3, kPrivate, -1, 0) != (void *)0x2fffc000);
  say("fits ", mmap((void *)0x2fff8000, 8 * kPage, 3, kPrivate, -1, 0) == (void *)0x2fff8000);
  say("low ", mmap((void *)1, kPage, 3, kPrivate, -1, 0) != MAP_FAILED);
  say("high ", mmap((void *)0xfffff000u, kPage, 3, kPrivate, -1, 0) != MAP_FAILED);
  char *down = mmap((void *)0x32000000, kPage, 3, kPrivate | MAP_GROWSDOWN, -1, 0);
  say("below a stack ", mmap((void *)0x31f80000, kPage, 3, kPrivate, -1, 0) == (void *)0x31f80000);
  say("at the gap ", mmap((void *)(0x32000000 - 257 * kPage), kPage, 3, kPrivate, -1, 0) == (void *)(0x32000000 - 257 * kPage));
  line();
  // Mappings at the program's own places are its own business.
  char *area = mmap(0, 16 * kPage, 3, kPrivate, -1, 0);
  say("private write only ", map((unsigned long)area, kPage, PROT_WRITE, kPrivate | MAP_FIXED, -1, 0));
  area[7] = 5;
  say("read ", area[7]);
  line();
  return 0;
}
