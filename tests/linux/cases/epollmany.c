// epoll_wait gave 1,024 events at most, however many were ready and asked for: CPython's test_selectors counts 9,984.
//EXPECT: 1500 of 1500: 1500, all different: 1500
//EXPECT: 1500 of 178956970: 1500, all different: 1500
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MANY = 1500 };
static int set;

static void take(struct epoll_event *events, int most) {
  static char seen[MANY];
  memset(seen, 0, sizeof seen);
  errno = 0;
  int found = epoll_wait(set, events, most, 0), different = 0;
  printf("%d of %d: %d", MANY, most, found);
  if (found < 0) printf(", errno %d", errno);
  for (int i = 0; i < found; i++) {
    if (events[i].data.u64 >> 32 == 7 && events[i].events == EPOLLIN && !seen[events[i].data.u32]++) different++;
  }
  printf(", all different: %d\n", different);
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 2000;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return printf("no limit of 2000 descriptors\n"), 1;
  set = epoll_create1(0);
  for (int i = 0; i < MANY; i++) {
    struct epoll_event event = {EPOLLIN, {.u64 = 7ull << 32 | i}};
    int fd = eventfd(1, 0);
    if (fd < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0) return printf("no %d\n", i), 1;
  }
  // Room for 1706, then nothing, also where the pages are of 16 KB.
  enum { PAGE = 16384, ALL = 4 * PAGE };
  char *memory = mmap(0, ALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *end = (char *)(((unsigned long)memory + 3 * PAGE) & -PAGE);
  munmap(end, memory + ALL - end);
  struct epoll_event *events = (struct epoll_event *)(end - 5 * 4096);
  take(events, 1);
  take(events, 255);
  take(events, 256);
  take(events, 257);
  take(events, 1024);
  take(events, 1499);
  take(events, 1500);
  take(events, 1501);
  take(events, INT_MAX / sizeof *events);
  take(events, INT_MAX / sizeof *events + 1);
  take(events + 1706 - 1400, 1500); // the kernel says how many it could write
  take(events + 1706, 1500);
  return 0;
}
