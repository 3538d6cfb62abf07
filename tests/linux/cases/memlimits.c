// RLIMIT_AS, RLIMIT_DATA and RLIMIT_STACK as mm/mmap.c, may_expand_vm, has them: for mmap, mprotect, mremap, brk and stacks
//EXPECT: data: writable 12 readable 0 shared 0 stack 0
//EXPECT: made writable 12 , already 0
//EXPECT: space: 12 over what is there 0 exactly 0
//EXPECT: heap 12
//NOT ON THE MACHINE: where its kernel keeps the memory in several mappings, mremap copies, and RLIMIT_DATA counts the copy
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { kPage = 4096, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS };

static sigjmp_buf back;
static void caught(int signal) { siglongjmp(back, signal); }
static int touch(volatile char *p) {
  int signal = sigsetjmp(back, 1);
  if (!signal) *p = 1;
  return signal;
}
static unsigned sizes(const char *name) {
  char text[4096], *line;
  FILE *status = fopen("/proc/self/status", "r");
  unsigned kilobytes = 0;
  static char buffer[8192];
  setvbuf(status, buffer, _IOFBF, sizeof buffer);
  while (fgets(text, sizeof text, status))
    if (strncmp(text, name, strlen(name)) == 0) sscanf(text + strlen(name), "%u", &kilobytes);
  fclose(status);
  return kilobytes / 4;
}
static void limit(int resource, unsigned pages) {
  struct rlimit r = {pages == ~0u ? RLIM_INFINITY : pages * kPage, RLIM_INFINITY};
  if (setrlimit(resource, &r) != 0) printf("setrlimit %d\n", errno);
}
static int map_error(void *at, int pages, int protection, int flags) {
  void *p = mmap(at, pages * kPage, protection, flags | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return errno;
  if (at == 0) munmap(p, pages * kPage);
  return 0;
}

// Arguments of one printf would be evaluated in any order.
static void say(const char *text, int value) { printf("%s%d ", text, value); }

int main(void) {
  char stack[16384];
  signal(SIGSEGV, caught);
  setvbuf(stdout, stack, _IOFBF, sizeof stack);
  sizes("VmData:");
  char *read_only = mmap(0, 64 * kPage, PROT_READ, kPrivate, -1, 0);
  char *data = mmap(0, 64 * kPage, 3, kPrivate, -1, 0);
  char *grows = mmap((void *)0x50000000, 4 * kPage, 3, kPrivate | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
  unsigned now = sizes("VmData:");
  limit(RLIMIT_DATA, now + 32);
  say("data: writable ", map_error(0, 33, 3, MAP_PRIVATE));
  say("readable ", map_error(0, 64, 1, MAP_PRIVATE));
  say("shared ", map_error(0, 64, 3, MAP_SHARED));
  say("stack ", touch(grows - 40 * kPage));
  printf("\n");
  say("exactly ", map_error(0, 32, 3, MAP_PRIVATE));
  say("over what is there ", map_error(data, 64, 3, MAP_PRIVATE | MAP_FIXED));
  say("", map_error(data, 64, 3, MAP_PRIVATE | MAP_FIXED));
  printf("\n");
  say("made writable ", mprotect(read_only, 64 * kPage, 3) ? errno : 0);
  say(", already ", mprotect(data, 64 * kPage, 7) ? errno : 0);
  say(", part ", mprotect(read_only, 16 * kPage, 3) ? errno : 0);
  printf("\n");
  say("now ", sizes("VmData:") - now);
  printf("\n");
  // Up to the mapping that would be too much.
  char *two = mmap(0, 64 * kPage, PROT_READ, kPrivate, -1, 0);
  mprotect(two + 8 * kPage, 56 * kPage, PROT_NONE);
  say("in part ", mprotect(two, 64 * kPage, 3) ? errno : 0);
  say("written ", touch(two));
  say("", touch(two + 8 * kPage));
  printf("\n");
  mprotect(read_only, 64 * kPage, 1);
  mprotect(two, 64 * kPage, 1);
  say("grown ", mremap(data, 64 * kPage, 128 * kPage, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0);
  say("read only ", mremap(read_only, 64 * kPage, 128 * kPage, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0);
  printf("\n");
  errno = 0;
  say("heap ", brk((char *)sbrk(0) + 33 * kPage) ? errno : 0);
  say("", brk((char *)sbrk(0) + 8 * kPage) ? errno : 0);
  printf("\n");
  limit(RLIMIT_DATA, 0);
  say("nothing: ", map_error(0, 1, 3, MAP_PRIVATE));
  errno = 0;
  say("heap ", brk((char *)sbrk(0) + 1 * kPage) ? errno : 0);
  printf("\n");
  limit(RLIMIT_DATA, ~0u);

  now = sizes("VmSize:");
  limit(RLIMIT_AS, now + 32);
  say("space: ", map_error(0, 33, PROT_NONE, MAP_PRIVATE));
  say("over what is there ", map_error(data, 64, 3, MAP_PRIVATE | MAP_FIXED));
  say("exactly ", map_error(0, 32, PROT_NONE, MAP_PRIVATE));
  say("shared ", map_error(0, 33, 3, MAP_SHARED));
  say("stack ", touch(grows - 60 * kPage));
  say("", touch(grows - 100 * kPage));
  char *moved = mremap(data, 64 * kPage, 97 * kPage, MREMAP_MAYMOVE);
  say("grown ", moved == MAP_FAILED ? errno : 0);
  say("heap ", brk((char *)sbrk(0) + 33 * kPage) ? errno : 0);
  say("kept and moved ", mremap(data, 64 * kPage, 64 * kPage, MREMAP_MAYMOVE | 4) == MAP_FAILED ? errno : 0);
  printf("\n");
  limit(RLIMIT_AS, 1);
  say("smaller than now: ", map_error(0, 1, 3, MAP_PRIVATE));
  say("", mprotect(data, kPage, 1));
  say("unmap ", munmap(data, kPage));
  say("", map_error(0, 1, 3, MAP_PRIVATE));
  printf("\n");
  limit(RLIMIT_AS, ~0u);
  limit(RLIMIT_STACK, 256);
  say("stack: ", touch(grows - 240 * kPage));
  say("", touch(grows - 260 * kPage));
  printf("\n");
  limit(RLIMIT_STACK, 512);
  say("stack: ", touch(grows - 260 * kPage));
  printf("\n");
  return 0;
}
