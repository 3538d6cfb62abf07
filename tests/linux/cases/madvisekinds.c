// madvise: every kind on every sort of memory, holes, locked memory (mm/madvise.c: madvise_walk_vmas, madvise_vma_behavior)
//EXPECT: kind 18: private 0 file 22 shared 22
//EXPECT: hole 12, done after it 1
//EXPECT: removed 0: 0 7 in the file 0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kPage = 4096, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS, kShared = MAP_SHARED | MAP_ANONYMOUS };

static int error_of(int result) { return result < 0 ? errno : 0; }
static int advice(void *at, size_t length, int kind) { return error_of(madvise(at, length, kind)); }
static char *anonymous(int pages) { return mmap(0, pages * kPage, 3, kPrivate, -1, 0); }

static int file_of(int pages) {
  char name[] = "madvise.XXXXXX", page[kPage];
  int fd = mkstemp(name);
  unlink(name);
  memset(page, 7, sizeof page);
  while (pages-- > 0) (void)!write(fd, page, sizeof page);
  return fd;
}

int main(void) {
  const int kinds[] = {0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 5, 6, 7, 99, -1};
  int fd = file_of(16);
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
    const int kind = kinds[i];
    char *p = anonymous(8);
    char *f = mmap(0, 8 * kPage, 3, MAP_PRIVATE, fd, 0);
    char *s = mmap(0, 8 * kPage, 3, kShared, -1, 0);
    char *t = mmap(0, 8 * kPage, 3, MAP_SHARED, fd, 0);
    char *r = mmap(0, 8 * kPage, PROT_READ, kPrivate, -1, 0);
    char *n = mmap(0, 8 * kPage, PROT_NONE, kPrivate, -1, 0);
    char *l = anonymous(8);
    mlock(l, 8 * kPage);
    printf("kind %d: private %d file %d shared %d shared file %d reading %d nothing %d locked %d\n", kind,
           advice(p + kPage, 2 * kPage, kind), advice(f + kPage, 2 * kPage, kind), advice(s + kPage, 2 * kPage, kind),
           kind == 9 ? 0 : advice(t + kPage, 2 * kPage, kind), advice(r + kPage, 2 * kPage, kind),
           advice(n + kPage, 2 * kPage, kind), advice(l + kPage, 2 * kPage, kind));
    printf("  unaligned %d nothing %d nothing unaligned %d\n", advice(p + 1, kPage, kind), advice(p, 0, kind),
           advice(p + 1, 0, kind));
    munmap(p + 3 * kPage, kPage);
    printf("  hole %d first %d last %d\n", advice(p, 8 * kPage, kind), advice(p + 3 * kPage, 2 * kPage, kind),
           advice(p + 2 * kPage, 2 * kPage, kind));
    munmap(p, 8 * kPage); munmap(f, 8 * kPage); munmap(s, 8 * kPage); munmap(t, 8 * kPage);
    munmap(r, 8 * kPage); munmap(n, 8 * kPage); munmap(l, 8 * kPage);
  }

  char *p = anonymous(12);
  memset(p, 'x', 12 * kPage);
  munmap(p + 5 * kPage, kPage);
  int result = advice(p + 2 * kPage, 9 * kPage, MADV_DONTNEED);
  printf("hole %d, done after it %d, before it %d, around %d %d\n", result, p[10 * kPage] == 0, p[2 * kPage] == 0, p[kPage], p[11 * kPage]);
  memset(p, 'x', 5 * kPage);
  mlock(p + 2 * kPage, kPage);
  result = advice(p, 5 * kPage, MADV_DONTNEED);
  printf("locked in the middle %d: before it %d, it %d, after it %d\n", result, p[kPage], p[2 * kPage], p[3 * kPage]);
  munlock(p + 2 * kPage, kPage);
  printf("unlocked %d: %d\n", advice(p, 5 * kPage, MADV_DONTNEED), p[2 * kPage]);

  char *t = mmap(0, 8 * kPage, 3, MAP_SHARED, fd, 4 * kPage), byte = 1;
  result = advice(t + kPage, kPage, MADV_REMOVE);
  pread(fd, &byte, 1, 5 * kPage + 9);
  printf("removed %d: %d %d in the file %d\n", result, t[kPage], t[2 * kPage], byte);
  result = advice(t, 6 * kPage, MADV_REMOVE);
  for (int i = 0; i < 8; ++i) printf("%d", t[i * kPage]);
  printf(" %d\n", result);
  char *s = mmap(0, 8 * kPage, 3, kShared, -1, 0);
  memset(s, 9, 8 * kPage);
  printf("shared %d:", advice(s + kPage, 6 * kPage, MADV_REMOVE));
  for (int i = 0; i < 8; ++i) printf("%d", s[i * kPage]);
  printf("\nlocked %d:", (mlock(s, kPage), advice(s, kPage, MADV_REMOVE)));
  printf(" %d\n", s[0]);
  ftruncate(fd, 4 * kPage);
  t = mmap(0, 24 * kPage, 3, MAP_SHARED, fd, 0);
  printf("populate past the end: read %d write %d, before it %d %d\n", advice(t, 24 * kPage, MADV_POPULATE_READ),
         advice(t + 16 * kPage, kPage, MADV_POPULATE_WRITE), advice(t, 4 * kPage, MADV_POPULATE_READ),
         advice(t, 4 * kPage, MADV_POPULATE_WRITE));
  char *w = mmap(0, kPage, PROT_WRITE, kPrivate, -1, 0), *x = mmap(0, kPage, PROT_EXEC, kPrivate, -1, 0);
  printf("populate: write only %d %d exec only %d %d\n", advice(w, kPage, MADV_POPULATE_READ),
         advice(w, kPage, MADV_POPULATE_WRITE), advice(x, kPage, MADV_POPULATE_READ), advice(x, kPage, MADV_POPULATE_WRITE));
  return 0;
}
