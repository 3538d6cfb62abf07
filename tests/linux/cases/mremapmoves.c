// mremap: moves to a fixed place, over what is there, by parts, of several mappings; MREMAP_DONTUNMAP; errors
// (mm/mremap.c: mremap, mremap_to, vma_to_resize)
//EXPECT: kept: moved 1 content x x x x left 0000
//EXPECT: kept shared: same 1
//EXPECT: kept file: b c left b c
//EXPECT: several mappings shrink 0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kPage = 4096, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS, kMay = MREMAP_MAYMOVE, kFix = MREMAP_FIXED };
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
enum { kKeep = MREMAP_DONTUNMAP };

static char *anonymous(int pages, int fill) {
  char *p = mmap(0, pages * kPage, 3, kPrivate, -1, 0);
  if (fill) memset(p, fill, pages * kPage);
  return p;
}
// glibc's function leaves out the new address where it is a hint.
static char *moved(void *from, size_t old_size, size_t size, int flags, void *to) {
  return (char *)syscall(SYS_mremap, from, old_size, size, flags, to);
}
static int move(void *from, size_t old_size, size_t size, int flags, void *to) {
  return moved(from, old_size, size, flags, to) == MAP_FAILED ? errno : 0;
}
static int mapped(void *p) {
  unsigned char bit;
  return mincore(p, kPage, &bit) == 0;
}
static void letters(const char *p, int pages) {
  for (int i = 0; i < pages; ++i) printf(" %c", p[i * kPage] ? p[i * kPage] : '0');
}

int main(void) {
  char *area = anonymous(64, 'o');
  // Every position within host pages of 16 KB, to every other.
  for (int from = 0; from < 4; ++from) {
    for (int to = 0; to < 4; ++to) {
      char *p = anonymous(12, 'x');
      int error = move(p + from * kPage, 3 * kPage, 5 * kPage, kMay | kFix, area + (8 + to) * kPage);
      printf("%d:", error);
      letters(area + 6 * kPage, 12);
      printf(" gone %d kept %d\n", !mapped(p + from * kPage) && !mapped(p + (from + 2) * kPage), mapped(p + (from + 3) * kPage));
      memset(area + 6 * kPage, 'o', 12 * kPage);
      munmap(p, 12 * kPage);
    }
  }
  char *p = anonymous(8, 'x');
  printf("smaller %d", move(p, 8 * kPage, 2 * kPage, kMay | kFix, area));
  letters(area, 4);
  printf(" rest %d\n", mapped(p + 2 * kPage));
  p = anonymous(8, 'x');
  printf("flags %d %d %d\n", move(p, kPage, kPage, 8, 0), move(p, kPage, kPage, kFix, area), move(p, kPage, kPage, kKeep, area));
  printf("keep and grow %d shrink %d nothing %d\n", move(p, kPage, 2 * kPage, kMay | kKeep, 0), move(p, 2 * kPage, kPage, kMay | kKeep, 0),
         move(p, 0, 0, kMay | kKeep, 0));
  printf("unaligned %d %d zero %d\n", move(p + 1, kPage, kPage, kMay, 0), move(p, kPage, kPage, kMay | kFix, area + 1), move(p, kPage, 0, kMay, 0));
  printf("overlap %d %d %d\n", move(p, 4 * kPage, 4 * kPage, kMay | kFix, p + kPage), move(p + kPage, 4 * kPage, 4 * kPage, kMay | kFix, p),
         move(p, 4 * kPage, 4 * kPage, kMay | kFix, p));
  printf("outside %d %d\n", move(p, kPage, kPage, kMay | kFix, (void *)0xfffff000), move(p, kPage, 0xfffff000, kMay | kFix, area));
  printf("not mapped %d past the end %d\n", move((void *)0x20000000, kPage, 2 * kPage, kMay, 0), move(p + 4 * kPage, 1000 * kPage, 1001 * kPage, kMay, 0));
  printf("too large %d\n", move(p, kPage, 0xf0000000, kMay, 0));
  printf("private nothing %d\n", move(p, 0, kPage, kMay, 0));
  printf("in the way %d\n", move(anonymous(8, 0), 4 * kPage, 5 * kPage, 0, 0));
  printf("same size %d, same without an old mapping after it %d\n", move(p, 8 * kPage, 8 * kPage, 0, 0), move((void *)0x20000000, kPage, kPage, 0, 0));

  char *q = anonymous(6, 'y');
  mprotect(q + 2 * kPage, kPage, PROT_READ);
  munmap(q + 4 * kPage, kPage);
  printf("several mappings shrink %d", move(q, 6 * kPage, kPage, 0, 0));
  for (int i = 0; i < 6; ++i) printf(" %d", mapped(q + i * kPage));
  q = anonymous(6, 'y');
  mprotect(q + 2 * kPage, kPage, PROT_READ);
  printf(" grow %d\n", move(q, 6 * kPage, 7 * kPage, kMay, 0));

  // MREMAP_DONTUNMAP
  for (int at = 0; at < 2; ++at) {
    p = anonymous(8, 'x');
    char *kept = moved(p + at * kPage, 4 * kPage, 4 * kPage, kMay | kKeep, 0);
    printf("kept: moved %d content", kept != MAP_FAILED && kept != p);
    letters(kept, 4);
    printf(" left %d%d%d%d", p[at * kPage], p[(at + 1) * kPage], p[(at + 2) * kPage], p[(at + 3) * kPage]);
    printf(" beside %c\n", p[(at + 4) * kPage]);
    p[at * kPage] = 'n';
    printf("own memory %c %c\n", p[at * kPage], kept[0]);
  }
  p = anonymous(8, 'x');
  printf("kept at a place %d", move(p + kPage, 4 * kPage, 4 * kPage, kMay | kFix | kKeep, area + 21 * kPage));
  letters(area + 20 * kPage, 6);
  letters(p, 6);
  printf(" overlap %d unaligned %d\n", move(p, 4 * kPage, 4 * kPage, kMay | kKeep, p + kPage), move(p, 4 * kPage, 4 * kPage, kMay | kKeep, p + 1));
  p = mmap(0, 4 * kPage, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memset(p, 's', 4 * kPage);
  char *kept = moved(p, 4 * kPage, 4 * kPage, kMay | kKeep, 0);
  if (kept != MAP_FAILED) kept[kPage] = 't';
  printf("kept shared: same %d\n", kept != MAP_FAILED && p[kPage] == 't' && p[0] == 's');
  char name[] = "mremap.XXXXXX", page[kPage];
  int fd = mkstemp(name);
  unlink(name);
  for (int i = 0; i < 12; ++i) { memset(page, 'a' + i, kPage); (void)!write(fd, page, kPage); }
  p = mmap(0, 8 * kPage, 3, MAP_PRIVATE, fd, 0);
  p[4 * kPage] = 'W';
  printf("file moved %d:", move(p + 4 * kPage, 2 * kPage, 2 * kPage, kMay | kFix, area + 40 * kPage));
  letters(area + 40 * kPage, 2);
  printf(" gone %d\n", mapped(p + 4 * kPage));
  p = mmap(0, 4 * kPage, 3, MAP_PRIVATE, fd, 0);
  kept = moved(p, 4 * kPage, 4 * kPage, kMay | kKeep, 0);
  printf("kept file:");
  letters(kept + kPage, 2);
  kept[2 * kPage] = 'W';
  printf(" left");
  letters(p + kPage, 2);
  printf("\n");

  // A part of a mapping that grows, and one that moves together with its protection.
  p = anonymous(8, 'z');
  mprotect(p + 2 * kPage, 2 * kPage, PROT_READ);
  kept = mremap(p + 2 * kPage, 2 * kPage, 6 * kPage, kMay);
  printf("grown %d", kept != MAP_FAILED);
  letters(kept, 6);
  printf(" readable only %d\n", pread(fd, kept, 1, 0) < 0 ? errno : 0);
  char *down = mmap((void *)0x30000000, 4 * kPage, 3, kPrivate | MAP_GROWSDOWN, -1, 0);
  printf("hint %d\n", down == (char *)0x30000000);
  kept = moved(p, kPage, kPage, kMay | kKeep, (void *)0x38000000);
  printf("hint for a kept one %d\n", kept == (char *)0x38000000);
  return 0;
}
