// sched_setattr and sched_getattr: sizes and errors
//EXPECT: set 0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static void say(const char *what, long result) { printf("%s %ld %d\n", what, result, result < 0 ? errno : 0); }
#define BAD ((void *)0x10)
struct attr {
  unsigned size, policy;
  unsigned long long flags;
  int nice;
  unsigned priority;
  unsigned long long runtime, deadline, period;
  unsigned low, high;
  char more[5000];
};
static struct attr a;
static long set(unsigned size) {
  a.size = size;
  return syscall(SYS_sched_setattr, 0, &a, 0);
}
static long get(unsigned size) { return syscall(SYS_sched_getattr, 0, &a, size, 0); }

int main() {
  setvbuf(stdout, 0, _IONBF, 0);
  say("get", get(48));
  printf("size %u policy %u nice %d priority %u\n", a.size, a.policy, a.nice, a.priority);
  say("get", get(56));
  printf("size %u\n", a.size);
  say("get large", get(4096));
  say("get larger", get(4097));
  say("get largest", get(16384));
  say("get small", get(47));
  say("get flags", syscall(SYS_sched_getattr, 0, &a, 48, 1));
  say("get nobody", syscall(SYS_sched_getattr, 0x3fffffff, &a, 48, 0));
  say("get negative", syscall(SYS_sched_getattr, -1, &a, 48, 0));
  say("get nowhere", syscall(SYS_sched_getattr, 0, BAD, 48, 0));
  say("get null", syscall(SYS_sched_getattr, 0, 0, 48, 0));
  memset(&a, 0, sizeof a);
  a.nice = 3;
  say("set", set(48));
  say("priority", get(48));
  printf("nice %d\n", a.nice);
  memset(&a, 0, sizeof a);
  a.nice = 4, a.policy = 3;
  say("set size 0", set(0));
  get(48);
  printf("nice %d policy %u\n", a.nice, a.policy);
  memset(&a, 0, sizeof a);
  a.nice = 5;
  say("set large", set(4096));
  a.more[100] = 1;
  say("not zero", set(400));
  printf("size %u\n", a.size);
  say("set larger", set(4097));
  printf("size %u\n", a.size);
  say("set huge", set(16000));
  say("set small", set(47));
  printf("size %u\n", a.size);
  memset(&a, 0, sizeof a);
  a.policy = 77;
  say("policy", set(48));
  memset(&a, 0, sizeof a);
  a.flags = 0x1000;
  say("flags within", set(48));
  memset(&a, 0, sizeof a), a.size = 48;
  say("set flags", syscall(SYS_sched_setattr, 0, &a, 1));
  say("set nobody", syscall(SYS_sched_setattr, 0x3fffffff, &a, 0));
  say("set negative", syscall(SYS_sched_setattr, -1, &a, 0));
  say("set nowhere", syscall(SYS_sched_setattr, 0, BAD, 0));
  say("set null", syscall(SYS_sched_setattr, 0, 0, 0));
  return 0;
}
