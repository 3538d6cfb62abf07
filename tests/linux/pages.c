// Mappings that share host pages of 16 KB, and what mmap's family refuses. Comments tell what once went wrong.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPage = 4096, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS };

static sigjmp_buf jump;
static void on_fault(int sig) { siglongjmp(jump, sig); }
static int can_read(volatile char *p) { int sig = sigsetjmp(jump, 1); if (sig) return -sig; (void)*p; return 1; }
static int error_of(long result) { return result == -1 ? errno : 0; }
static void *anonymous(int pages) { return mmap(0, (size_t)pages * kPage, 3, kPrivate, -1, 0); }

/// A file of `pages` pages, each full of its own letter.
static int letters(int pages) {
  int fd = open("letters", O_CREAT | O_RDWR | O_TRUNC, 0600);
  for (int i = 0; i < pages; ++i) {
    char page[kPage];
    memset(page, 'a' + i, sizeof page);
    (void)!write(fd, page, sizeof page);
  }
  return fd;
}

static void print_first_bytes(const char *p, int pages) {
  for (int i = 0; i < pages; ++i) putchar(p[i * kPage + 9] ? p[i * kPage + 9] : '.');
  putchar(' ');
}

// ferry copied the rest of the host page, found no page of the file there, and ended with an internal error.
static void map_over_pages_behind_the_file(void) {
  int fd = open("small", O_CREAT | O_RDWR | O_TRUNC, 0600);
  (void)!write(fd, "hello", 5);
  char *p = mmap(0, 16 * kPage, 3, MAP_PRIVATE, fd, 0);
  printf("after the file %d\n", can_read(p + 8 * kPage));
  char *q = mmap(p + 9 * kPage, kPage, 3, kPrivate | MAP_FIXED, -1, 0);
  printf("over it %d %d\n", q == p + 9 * kPage, can_read(q));
  q = mmap(p + kPage, kPage, 3, kPrivate | MAP_FIXED, -1, 0);
  printf("beside the text %d %c\n", can_read(q), p[4]);
}

// The pages by which a mapping grew were zero although its file goes on there, or held what had been unmapped there.
static void grow(void) {
  int fd = letters(16);
  for (int offset = 0; offset < 5; ++offset) {
    for (int pages = 1; pages < 5; ++pages) {
      for (int sharing = MAP_SHARED; sharing <= MAP_PRIVATE; ++sharing) {
        char *p = mmap(0, (size_t)pages * kPage, 3, sharing, fd, offset * kPage);
        char *q = mremap(p, (size_t)pages * kPage, (size_t)(pages + 5) * kPage, MREMAP_MAYMOVE);
        print_first_bytes(q, pages + 5);
      }
    }
    putchar('\n');
  }
  char *p = anonymous(8);
  memset(p, 'x', 4 * kPage);
  munmap(p + 2 * kPage, 2 * kPage);
  p = mremap(p, 2 * kPage, 6 * kPage, MREMAP_MAYMOVE);  // the fifth page is in the way
  print_first_bytes(p, 6);
  putchar('\n');
}

// MADV_DONTNEED had no effect on pages that are only part of a host page, so they kept their contents; advice that programs
// rely on had no effect.
static void advise(void) {
  char *p = anonymous(8);
  memset(p, 'x', 8 * kPage);
  printf("dontneed %d\n", madvise(p + kPage, kPage, MADV_DONTNEED));
  print_first_bytes(p, 8);
  mprotect(p + 4 * kPage, kPage, PROT_READ);
  printf("%d\n", madvise(p + 3 * kPage, 3 * kPage, MADV_DONTNEED));
  print_first_bytes(p, 8);
  printf("\nunknown %d %d\n", error_of(madvise(p, kPage, 99)), error_of(madvise(p, kPage, 5)));
  printf("length that wraps %d\n", error_of(madvise(p, (size_t)-1, MADV_DONTNEED)));
  printf("unmapped %d\n", error_of(madvise((void *)0x30000000, kPage, MADV_DONTNEED)));
}

// A host refuses to make a shared mapping writable whose file is open only for reading. ferry did not ask the host about pages
// at the edges of the range.
static void protect(void) {
  int fd = open("letters", O_RDONLY);
  char *p = mmap(0, kPage, PROT_READ, MAP_SHARED, fd, 0);
  printf("one page %d\n", error_of(mprotect(p, kPage, PROT_READ | PROT_WRITE)));
  p = mmap(0, 5 * kPage, PROT_READ, MAP_SHARED, fd, 0);
  printf("five pages %d\n", error_of(mprotect(p, 5 * kPage, PROT_READ | PROT_WRITE)));
  printf("four, for reading %d\n", error_of(mprotect(p + kPage, 4 * kPage, PROT_READ)));
  printf("unknown bits %d\n", error_of(mprotect(p, kPage, 0x80)));
}

static void place(void) {
  char *p = mmap((void *)0x20000123, kPage, 3, kPrivate, -1, 0);
  printf("hint is rounded down %d\n", p == (char *)0x20000000);
  printf("type 3 without a file %d\n", error_of((long)mmap(0, kPage, 3, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0)));
  int fd = letters(8);
  char *area = anonymous(16);
  memset(area, '-', 16 * kPage);
  for (int i = 0; i < 8; ++i) mmap(area + (i * 5) % 16 * kPage, kPage, 3, MAP_PRIVATE | MAP_FIXED, fd, i * kPage);
  print_first_bytes(area, 16);
  for (int i = 0; i < 16; i += 2) munmap(area + i * kPage, kPage);
  for (int i = 0; i < 16; i += 2) mmap(area + i * kPage, kPage, 3, kPrivate | MAP_FIXED, -1, 0);
  print_first_bytes(area, 16);
  putchar('\n');
}

static void share(void) {
  char *p = mmap(0, 5 * kPage, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  fflush(stdout);
  if (fork() == 0) {
    p[0] = 1;
    p[4 * kPage] = 2;
    munmap(p, kPage);
    _exit(0);
  }
  wait(0);
  printf("shared with a child %d %d\n", p[0], p[4 * kPage]);
  int fd = letters(8);
  char *a = mmap(0, kPage, 3, MAP_SHARED, fd, kPage), *b = mmap(0, kPage, 3, MAP_SHARED, fd, kPage);
  a[3] = '!';
  char byte;
  pread(fd, &byte, 1, kPage + 3);
  printf("shared with itself %c %c\n", b[3], byte);
}

int main(void) {
  signal(SIGSEGV, on_fault);
  signal(SIGBUS, on_fault);
  map_over_pages_behind_the_file();
  grow();
  advise();
  protect();
  place();
  share();
  return 0;
}
