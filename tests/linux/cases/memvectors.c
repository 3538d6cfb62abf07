// readv, writev and their kin on /proc/self/mem reach the same memory as read and write do, including code that was executed
//EXPECT: pwritev 2: 2
//EXPECT: writev 3: 3
//EXPECT: pwritev2 1: 4
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const unsigned char code[] = {0xb8, 1, 0, 0, 0, 0xc3};  // mov eax, 1; ret
static unsigned char *const page = (unsigned char *)0x23000000;
static int run() {
  int result = 0, i;
  for (i = 0; i < 50; i++) result = ((int (*)())page)();
  return result;
}
static void say(const char *what, long result) { printf("%s %ld %d\n", what, result, result < 0 ? errno : 0); }

int main() {
  mmap(page, 0x3000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  munmap(page + 0x2000, 0x1000);
  memcpy(page, code, sizeof code);
  mprotect(page, 0x1000, PROT_READ | PROT_EXEC);
  int memory = open("/proc/self/mem", O_RDWR), from, ends[2];
  unsigned char bytes[] = {2, 0, 0, 3, 0, 0, 4};
  char in[3][0x1000] = {""};
  struct iovec two[2] = {{bytes, 1}, {bytes + 1, 1}}, three[3] = {{bytes + 3, 1}, {bytes + 4, 0}, {bytes + 5, 2}};
  struct iovec one = {bytes + 6, 1}, pages[3] = {{in[0], 0x800}, {in[1], 0x1000}, {in[2], 0x1000}};
  loff_t at = (long)page + 1;
  printf("at first %d\n", run());
  printf("pwritev %d: ", (int)pwritev(memory, two, 2, (long)page + 1));
  printf("%d\n", run());
  lseek(memory, (long)page + 1, SEEK_SET);
  bytes[6] = 0;
  printf("writev %d: ", (int)writev(memory, three, 3));
  printf("%d position %lx\n", run(), (long)lseek(memory, 0, SEEK_CUR));
  bytes[6] = 4;
  printf("pwritev2 %d: ", (int)pwritev64v2(memory, &one, 1, (long)page + 1, 0));
  printf("%d\n", run());
  lseek(memory, (long)page + 1, SEEK_SET);
  bytes[6] = 5;
  printf("pwritev2 where it is %d: ", (int)pwritev64v2(memory, &one, 1, -1, 0));
  printf("%d position %lx\n", run(), (long)lseek(memory, 0, SEEK_CUR));
  say("pwritev2 with a flag", pwritev64v2(memory, &one, 1, (long)page + 1, RWF_APPEND));
  say("preadv2 with a flag", preadv64v2(memory, &one, 1, (long)page + 1, RWF_NOWAIT));
  say("preadv", preadv(memory, pages, 1, (long)page));
  printf("bytes %d %d %d\n", in[0][0] & 255, in[0][1], in[0][5] & 255);
  page[0x1000] = 7, page[0x1fff] = 8;
  lseek(memory, (long)page + 0x1000, SEEK_SET);
  say("readv to the end", readv(memory, pages, 3));
  printf("bytes %d %d position %lx\n", in[0][0], in[1][0x7ff], (long)lseek(memory, 0, SEEK_CUR));
  say("readv of nothing", readv(memory, pages, 3));
  lseek(memory, (long)page + 0x1800, SEEK_SET);
  say("the first only", readv(memory, pages, 3));
  say("writev of nothing", writev(memory, pages, 3));
  say("no vectors", readv(memory, pages, 0));
  say("a bad one", (pages[1].iov_len = -1, readv(memory, pages, 2)));
  say("before all", pread64(memory, in, 1, -5));
  say("before all", preadv64(memory, &one, 1, -5));
  from = open("/proc/self/exe", O_RDONLY);
  say("sendfile", sendfile(memory, from, 0, 1));
  say("sendfile from it", sendfile(from, memory, 0, 1));
  pipe(ends), write(ends[1], "x", 1);
  say("splice", splice(ends[0], 0, memory, &at, 1, 0));
  say("splice from it", splice(memory, &at, ends[1], 0, 1, 0));
  memory = open("/proc/self/mem", O_RDONLY);
  say("reading only", pwritev(memory, &one, 1, (long)page + 1));
  say("reading only", pwrite(memory, bytes, 1, (long)page + 1));
  memory = open("/proc/self/mem", O_WRONLY);
  say("writing only", preadv(memory, &one, 1, (long)page + 1));
  return 0;
}
