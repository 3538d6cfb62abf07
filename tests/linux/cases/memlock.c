// mlock, mlock2, munlock, mlockall, munlockall, MAP_LOCKED: RLIMIT_MEMLOCK counts the program's own pages, and what fails
// fails as in mm/mlock.c
//EXPECT: limit: 16 pages 0 , one more 12 , again 0 locked 16
//EXPECT: MAP_LOCKED 0 over 11
//EXPECT: none allowed 1 1 1 unlock 0 0
//NOT ON THE MACHINE: past the end of a file within a page of 16 KB it finds no missing page (docs/testing.md)
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kPage = 4096, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS };

static int error_of(int result) { return result < 0 ? errno : 0; }
static int lock(void *p, size_t n) { return error_of(mlock(p, n)); }
static int lock2(void *p, size_t n, int flags) { return error_of(syscall(SYS_mlock2, p, n, flags)); }
static int unlock(void *p, size_t n) { return error_of(munlock(p, n)); }
static int lock_all(int flags) { return error_of(mlockall(flags)); }
static char *anonymous(int pages) { return mmap(0, pages * kPage, 3, kPrivate, -1, 0); }
static int map_error(int pages, int flags) {
  void *p = mmap(0, pages * kPage, 3, kPrivate | flags, -1, 0);
  if (p == MAP_FAILED) return errno;
  munmap(p, pages * kPage);
  return 0;
}
static int locked(void) {
  char line[256];
  int kilobytes = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status)) sscanf(line, "VmLck: %d", &kilobytes);
  fclose(status);
  return kilobytes / 4;
}
static void limit(int pages) {
  struct rlimit r = {pages * kPage, 1000 * kPage};
  setrlimit(RLIMIT_MEMLOCK, &r);
}

// Arguments of one printf would be evaluated in any order.
static void say(const char *text, int value) { printf("%s%d ", text, value); }

int main(void) {
  limit(16);
  if (geteuid() == 0) {
    char *p = anonymous(32);
    say("without a limit ", lock(p, 32 * kPage));
  say("", unlock(p, 32 * kPage));
  printf("\n");
    munmap(p, 32 * kPage);
    setresgid(65534, 65534, 65534);
    setresuid(65534, 65534, 65534);
  }
  char *p = anonymous(20);
  say("limit: 16 pages ", lock(p, 16 * kPage));
  say(", one more ", lock(p + 16 * kPage, 1));
  say(", again ", lock(p + 4 * kPage, 12 * kPage));
  say("locked ", locked());
  printf("\n");
  say("overlapping ", lock(p + 8 * kPage, 9 * kPage));
  say("unlocked ", unlock(p + 8 * kPage + 5, 1));
  say("", locked());
  say("now ", lock(p + 15 * kPage, 2 * kPage));
  say("", locked());
  printf("\n");
  munmap(p + 4 * kPage, 8 * kPage);
  say("unmapped ", locked());
  printf("\n");
  mremap(p + 12 * kPage, 5 * kPage, 8 * kPage, MREMAP_MAYMOVE);
  say("moved ", locked());
  printf("\n");
  say("unlock all ", error_of(munlockall()));
  say("", locked());
  printf("\n");
  munmap(p, 20 * kPage);

  p = anonymous(8);
  munmap(p + 3 * kPage, kPage);
  say("hole ", lock(p, 8 * kPage));
  say("", locked());
  say("unlock ", unlock(p, 8 * kPage));
  say("", locked());
  say("from the hole ", lock(p + 3 * kPage, 2 * kPage));
  say("", locked());
  printf("\n");
  unlock(p + 4 * kPage, 4 * kPage);
  mprotect(p + kPage, kPage, PROT_NONE);
  say("inaccessible ", lock(p, 3 * kPage));
  say("", locked());
  say("on fault ", lock2(p, 3 * kPage, MLOCK_ONFAULT));
  say("", locked());
  printf("\n");
  say("flags ", lock2(p, kPage, 2));
  say("", lock2(p, kPage, 3));
  printf("\n");
  say("nothing ", lock(p, 0));
  say("", lock((void *)0x20000000, 0));
  say("", lock((void *)0x20000001, 0));
  printf("\n");
  munlockall();

  say("MAP_LOCKED ", map_error(16, MAP_LOCKED));
  say("over ", map_error(17, MAP_LOCKED));
  char *q = mmap(0, 10 * kPage, 3, kPrivate | MAP_LOCKED, -1, 0);
  say("", locked());
  say("grow ", mremap(q, 10 * kPage, 20 * kPage, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0);
  q = mremap(q, 10 * kPage, 16 * kPage, MREMAP_MAYMOVE);
  say("", locked());
  unsigned char bits[16];
  mincore(q, 16 * kPage, bits);
  say("resident ", bits[0]);
  say("", bits[15]);
  printf("\n");
  munmap(q, 16 * kPage);
  say("", locked());
  printf("\n");

  say("all: flags ", lock_all(0));
  say("", lock_all(8));
  say("", lock_all(4));
  say("over ", lock_all(MCL_CURRENT));
  say("future ", lock_all(MCL_FUTURE));
  q = anonymous(10);
  say("", locked());
  say("over ", map_error(10, 0));
  say("", map_error(10, MAP_NORESERVE));
  printf("\n");
  char *top = sbrk(0);
  say("heap ", brk(top + 10 * kPage));
  say("", errno);
  printf("\n");
  lock_all(MCL_FUTURE | MCL_ONFAULT);
  char *r = anonymous(2);
  mincore(r, 2 * kPage, bits);
  say("on fault ", locked());
  say("resident ", bits[0]);
  printf("\n");
  munlockall();
  say("none ", locked());
  printf("\n");
  anonymous(2);
  say("later ", locked());
  printf("\n");
  limit(1000);
  say("current ", lock_all(MCL_CURRENT));
  say("", locked() > 100);
  printf("\n");
  munlockall();

  p = anonymous(4);
  lock(p, kPage);
  limit(0);
  say("none allowed ", lock(p, kPage));
  say("", lock_all(MCL_FUTURE));
  say("", map_error(1, MAP_LOCKED));
  say("unlock ", unlock(p, kPage));
  say("", locked());
  say("", error_of(munlockall()));
  printf("\n");
  char name[] = "/tmp/memlock.XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  limit(100);
  ftruncate(fd, 4 * kPage);
  char *f = mmap(0, 20 * kPage, 3, MAP_SHARED, fd, 0);
  say("past the end of a file ", lock(f, 20 * kPage));
  say("", locked());
  say("before it ", lock(f, 4 * kPage));
  printf("\n");
  return 0;
}
