// What madvise and mlock said about memory shows at fork (kernel/fork.c, dup_mmap): wiped, left out, no longer locked; a
// mapping that is moved or split takes it along
//EXPECT: child: 0 0 x x lost lost x x
//EXPECT: parent: w w x x d d x x
//EXPECT: grandchild: 0 0 x x lost lost x x
//EXPECT: moved: child 0 lost 0 0 parent w w
//EXPECT: seen by vfork
//PROCESSES: 9
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPage = 4096, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS };

static const char *content(volatile char *p) {
  static char text[8][2];
  static int next;
  unsigned char in_memory;
  // (What is left of a host page of 16 KB can still be read.)
  if (mincore((void *)p, kPage, &in_memory) != 0) return "lost";
  char *t = text[next++ % 8];
  t[0] = *p ? *p : '0';
  return t;
}
static void show(const char *who, char *p, int pages) {
  printf("%s:", who);
  for (int i = 0; i < pages; ++i) printf(" %s", content(p + i * kPage));
  printf("\n");
  fflush(stdout);
}
static void join(void) {
  int status;
  wait(&status);
  if (status) printf("status %x\n", status), fflush(stdout);
}

int main(void) {
  char *p = mmap(0, 8 * kPage, 3, kPrivate, -1, 0);
  memset(p, 'x', 8 * kPage);
  memset(p, 'w', 2 * kPage);
  memset(p + 4 * kPage, 'd', 2 * kPage);
  printf("%d %d\n", madvise(p, 2 * kPage, MADV_WIPEONFORK), madvise(p + 4 * kPage, 2 * kPage, MADV_DONTFORK));
  fflush(stdout);
  if (fork() == 0) {
    show("child", p, 8);
    memset(p, 'w', 2 * kPage);
    if (fork() == 0) { show("grandchild", p, 8); _exit(0); }
    join();
    // What was left out is free.
    printf("free %d\n", mmap(p + 4 * kPage, kPage, 3, kPrivate | MAP_FIXED_NOREPLACE, -1, 0) == p + 4 * kPage);
    fflush(stdout);
    _exit(0);
  }
  join();
  show("parent", p, 8);
  printf("%d %d\n", madvise(p, kPage, MADV_KEEPONFORK), madvise(p + 4 * kPage, kPage, MADV_DOFORK));
  fflush(stdout);
  if (fork() == 0) { show("second child", p, 8); _exit(0); }
  join();

  char *area = mmap(0, 16 * kPage, PROT_NONE, kPrivate, -1, 0);
  char *q = mmap(0, 4 * kPage, 3, kPrivate, -1, 0);
  memset(q, 'w', 4 * kPage);
  madvise(q, 4 * kPage, MADV_WIPEONFORK);
  char *moved = mremap(q, 4 * kPage, 4 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, area + 3 * kPage);
  munmap(moved + kPage, kPage);
  mprotect(moved + 2 * kPage, kPage, PROT_READ);
  if (fork() == 0) { printf("moved: child %s", content(moved)); printf(" %s %s %s", content(moved + kPage), content(moved + 2 * kPage), content(moved + 3 * kPage)); fflush(stdout); _exit(0); }
  join();
  printf(" parent %s %s\n", content(moved), content(moved + 2 * kPage));

  // Mapped again, nothing is left of it.
  mmap(moved, kPage, 3, kPrivate | MAP_FIXED, -1, 0);
  moved[0] = 'n';
  fflush(stdout);
  if (fork() == 0) { printf("new: %s\n", content(moved)); fflush(stdout); _exit(0); }
  join();

  // A child of vfork has the memory itself, until it ends.
  int pid = vfork();
  if (pid == 0) {
    const char line[] = {p[kPage], '\n'};
    write(1, line, 2);
    _exit(0);
  }
  join();
  printf("seen by vfork's child\n");
  fflush(stdout);

  // Locks are not inherited: MADV_DONTNEED refuses locked memory.
  mlock(p, kPage);
  mlockall(MCL_FUTURE);
  printf("locked %d\n", madvise(p, kPage, MADV_DONTNEED));
  fflush(stdout);
  if (fork() == 0) {
    char *later = mmap(0, kPage, 3, kPrivate, -1, 0);
    printf("child locked %d %d\n", madvise(p, kPage, MADV_DONTNEED), madvise(later, kPage, MADV_DONTNEED));
    fflush(stdout);
    _exit(0);
  }
  join();
  munlockall();

  // Code in memory that the child has not or has zeroed is not run there.
  char *code = mmap(0, 2 * kPage, 7, kPrivate, -1, 0);
  memcpy(code, "\xb8\x05\0\0\0\xc3", 6);
  memcpy(code + kPage, "\xb8\x06\0\0\0\xc3", 6);
  madvise(code, kPage, MADV_WIPEONFORK);
  madvise(code + kPage, kPage, MADV_DONTFORK);
  int sum = 0;
  for (int i = 0; i < 50; ++i) sum += ((int (*)(void))code)() + ((int (*)(void))(code + kPage))();
  printf("code %d\n", sum);
  fflush(stdout);
  if (fork() == 0) {
    printf("child's code %s", content(code + kPage));
    memcpy(code, "\xb8\x09\0\0\0\xc3", 6);
    printf(" new %d\n", ((int (*)(void))code)());
    fflush(stdout);
    _exit(0);
  }
  join();
  return 0;
}
