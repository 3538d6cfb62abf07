// mincore and msync: what is in memory, holes, bad arguments (mm/mincore.c, mm/msync.c)
//EXPECT: touched 1 untouched 0
//EXPECT: hole 12 written before it 1
//EXPECT: locked and invalidated 16
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kPage = 4096, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS };

static int core(void *p, size_t n, void *vector) { return mincore(p, n, vector) ? errno : 0; }
static int sync_error(void *p, size_t n, int flags) { return msync(p, n, flags) ? errno : 0; }
static void say(const char *text, int value) { printf("%s%d ", text, value); }
static void line(void) { putchar('\n'); }

int main(void) {
  static unsigned char bits[8192];
  char *p = mmap(0, 64 * kPage, 3, kPrivate, -1, 0);
  // Pages of their own, whatever the host's page size.
  p[0] = 1;
  say("", core(p, 64 * kPage, bits));
  say("touched ", bits[0]);
  say("untouched ", bits[32]);
  madvise(p + 32 * kPage, 16 * kPage, MADV_POPULATE_WRITE);
  core(p, 64 * kPage, bits);
  say("populated ", bits[32] + bits[47]);
  say("after it ", bits[48]);
  madvise(p, 16 * kPage, MADV_DONTNEED);
  core(p, 64 * kPage, bits);
  say("discarded ", bits[0]);
  line();
  say("bytes ", core(p, 4 * kPage + 1, bits));
  say("none ", core(p, 0, bits));
  say("none unmapped ", core((void *)0x20000000, 0, bits));
  say("unaligned ", core(p + 1, kPage, bits));
  say("unaligned none ", core(p + 1, 0, bits));
  say("vector ", core(p, kPage, (void *)0x20000000));
  say("kernel vector ", core(p, kPage, (void *)0xffffe000));
  say("unmapped ", core((void *)0x20000000, kPage, bits));
  say("to the end ", core(p, (size_t)-kPage, bits));
  line();
  munmap(p + 40 * kPage, kPage);
  memset(bits, 9, sizeof bits);
  say("hole ", core(p, 64 * kPage, bits));
  say("written before it ", (bits[0] | bits[39]) <= 1);
  say("after it ", bits[40]);
  line();
  char *edge = mmap(0, 8 * kPage, 3, kPrivate, -1, 0);
  munmap(edge + 4 * kPage, 4 * kPage);
  char *big = mmap(0, 6000 * kPage, 3, kPrivate, -1, 0);
  say("vector ends ", core(big, 6000 * kPage, edge + 3 * kPage));
  say("large ", core(big, 6000 * kPage, bits));
  line();

  char name[] = "residency.XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  ftruncate(fd, 64 * kPage);
  char *s = mmap(0, 64 * kPage, 3, MAP_SHARED, fd, 0);
  s[5] = 1;
  say("shared ", core(s, kPage, bits));
  say("", bits[0]);
  say("sync ", sync_error(s, 64 * kPage, MS_SYNC));
  say("async ", sync_error(s, 64 * kPage, MS_ASYNC));
  say("none ", sync_error(s, 64 * kPage, 0));
  say("invalidate ", sync_error(s, 64 * kPage, MS_INVALIDATE));
  say("both ", sync_error(s, kPage, MS_SYNC | MS_ASYNC));
  say("unknown ", sync_error(s, kPage, 8));
  say("unaligned ", sync_error(s + 1, kPage, MS_SYNC));
  say("no length ", sync_error((void *)0x20000000, 0, MS_SYNC));
  say("private ", sync_error(p, 16 * kPage, MS_SYNC));
  line();
  say("unmapped ", sync_error((void *)0x20000000, kPage, MS_SYNC));
  say("hole ", sync_error(p, 64 * kPage, MS_SYNC));
  say("hole async ", sync_error(p, 64 * kPage, MS_ASYNC));
  say("wraps ", sync_error(p, (size_t)-1, MS_SYNC));
  mlock(s + 16 * kPage, kPage);
  say("locked and invalidated ", sync_error(s, 64 * kPage, MS_INVALIDATE | MS_SYNC));
  say("before it ", sync_error(s, 16 * kPage, MS_INVALIDATE | MS_SYNC));
  line();
  return 0;
}
