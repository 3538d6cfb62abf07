// mmap and its family, at the granularity of guest pages.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf jump;
static void on_fault(int sig) { siglongjmp(jump, sig); }
static int can_read(volatile char *p) { int sig = sigsetjmp(jump, 1); if (sig) return -sig; (void)*p; return 1; }
static int can_write(volatile char *p) { int sig = sigsetjmp(jump, 1); if (sig) return -sig; *p = *p; return 1; }

int main(void) {
  signal(SIGSEGV, on_fault);
  signal(SIGBUS, on_fault);
  char *p = mmap(0, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 16; ++i) p[i * 4096] = (char)(i + 1);
  printf("unmap middle %d\n", munmap(p + 5 * 4096, 3 * 4096));
  printf("kept %d %d\n", p[4 * 4096], p[8 * 4096]);
  char *q = mmap(p + 6 * 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  printf("refilled %d zero %d\n", q == p + 6 * 4096, q[0] + q[4095]);
  printf("noreplace %d\n", mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED ? errno : 0);
  printf("protect hole %d\n", mprotect(p + 4 * 4096, 4 * 4096, PROT_READ) ? errno : 0);
  printf("protect %d\n", mprotect(p, 4096, PROT_READ));
  printf("mprotect unaligned %d\n", mprotect(p + 1, 4096, PROT_READ) ? errno : 0);
  printf("munmap zero %d\n", munmap(p, 0) ? errno : 0);
  printf("whole host pages read %d write %d\n", can_read(p), can_write(p + 4096));

  char name[] = "/tmp/ferry-memory-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  for (int i = 0; i < 5; ++i) {
    char page[4096];
    memset(page, 'a' + i, sizeof page);
    (void)!write(fd, page, i == 4 ? 100 : sizeof page);
  }
  char *f = mmap(0, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  printf("file %c %c %c %d\n", f[0], f[3 * 4096 - 1], f[4 * 4096], f[4 * 4096 + 100]);
  char *g = mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 3 * 4096);
  printf("offset %c\n", g[7]);
  char *h = mmap(f + 2 * 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 4096);
  printf("fixed %c %c %c\n", f[2 * 4096 - 1], h[0], f[3 * 4096]);
  char *s = mmap(0, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
  s[5] = 'Z';
  char byte;
  printf("shared %d ", (int)pread(fd, &byte, 1, 4096 + 5));
  printf("%c\n", byte);
  printf("private unaffected by us %c\n", f[0]);
  printf("bad offset %d\n", mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED);
  printf("bad fd %d\n", mmap(0, 4096, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED ? errno : 0);
  printf("no length %d\n", mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0);
  printf("no type %d\n", mmap(0, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0);
  int reader = open("/proc/self/exe", O_RDONLY);
  printf("shared write of a read-only file %d\n", mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED ? errno : 0);

  char *m = mmap(0, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 4; ++i) m[i * 4096] = (char)(i + 1);
  char *n = mremap(m, 4 * 4096, 64 * 4096, MREMAP_MAYMOVE);
  printf("grown %d %d %d\n", n != MAP_FAILED, n[3 * 4096], n[50 * 4096]);
  n = mremap(n, 64 * 4096, 2 * 4096, 0);
  printf("shrunk %d\n", n[4096]);
  printf("mremap bad %d\n", mremap((void *)0x1000, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0);
  char *a = sbrk(0);
  char *b = sbrk(10000);
  memset(b, 7, 10000);
  printf("brk %d %d\n", a == b, (int)((char *)sbrk(0) - b));
  sbrk(-10000);
  b = sbrk(20000);
  printf("brk again sum %d\n", b[8192] == 0 || b[8192] == 7);
  printf("madvise %d\n", madvise(p + 8 * 4096, 4 * 4096, MADV_DONTNEED));
  printf("msync %d\n", msync(s, 8192, MS_SYNC));
  lseek(fd, 0, SEEK_SET);
  printf("write to unmapped buffer %d\n", read(fd, (void *)0x100, 10) < 0 ? errno : 0);
  printf("bad path %d\n", open((char *)4, O_RDONLY) < 0 ? errno : 0);
  return 0;
}
