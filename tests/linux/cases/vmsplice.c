// vmsplice in both directions, to the end of memory, and interrupted
//EXPECT: vmsplice in 9
//EXPECT: vmsplice out 9
//EXPECT: interrupted -1 4
//NOT UNDER AN EMULATOR: it locks all of the vectors' memory before the call
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
static void nothing(int s) {}
int main() {
  setvbuf(stdout, 0, _IONBF, 0);
  int ends[2], full[2], i;
  char text[40] = "some text", back[40] = "", *page = mmap((void *)0x20000000, 0x8000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  munmap(page + 0x4000, 0x4000);
  page += 0x3000;  // the last one before a hole that begins at a page of 16 KB, too
  pipe(ends);
  struct iovec in[2] = {{text, 4}, {text + 4, 5}}, out[3] = {{back, 2}, {back + 2, 0}, {back + 2, 30}};
  say("vmsplice in", vmsplice(ends[1], in, 2, 0));
  say("vmsplice out", vmsplice(ends[0], out, 3, 0));
  printf("%s\n", back);
  strcpy(page, "gift");
  say("vmsplice gift", vmsplice(ends[1], &(struct iovec){page, 0x1000}, 1, SPLICE_F_GIFT));
  char big[0x1000];
  say("read", read(ends[0], big, sizeof big));
  printf("%s\n", big);
  say("to the end", vmsplice(ends[1], &(struct iovec){page + 0xff0, 0x20}, 1, 0));
  say("read", read(ends[0], big, sizeof big));
  say("missing", vmsplice(ends[1], &(struct iovec){page + 0x1000, 0x20}, 1, 0));
  say("flags", vmsplice(ends[1], in, 2, 0x10));
  say("no pipe", vmsplice(0, in, 2, 0));
  say("no fd", vmsplice(500, in, 2, 0));
  say("no fd, flags", vmsplice(500, in, 2, 0x100));
  say("path", vmsplice(open("/", O_PATH), BAD, 2, 0));
  say("bad vectors", vmsplice(ends[1], BAD, 2, 0));
  say("many", vmsplice(ends[1], in, 1025, 0));
  say("none", vmsplice(ends[1], in, 0, 0));
  say("negative", vmsplice(ends[1], &(struct iovec){text, -1}, 1, 0));
  say("empty pipe", vmsplice(ends[0], out, 3, SPLICE_F_NONBLOCK));
  write(ends[1], "abc", 3);
  say("to nowhere", vmsplice(ends[0], &(struct iovec){BAD, 3}, 1, 0));
  say("left", read(ends[0], big, sizeof big));
  close(ends[1]);
  say("closed", vmsplice(ends[0], out, 3, 0));
  pipe(full);
  for (i = 0; i < 16; i++) vmsplice(full[1], &(struct iovec){page, 0x1000}, 1, 0);
  say("full", vmsplice(full[1], in, 2, SPLICE_F_NONBLOCK));
  struct itimerval soon = {{0, 50000}, {0, 50000}};
  struct sigaction action = {.sa_handler = nothing};
  sigaction(SIGALRM, &action, 0);
  setitimer(ITIMER_REAL, &soon, 0);
  say("interrupted", vmsplice(full[1], in, 2, 0));
  close(full[0]);
  signal(SIGPIPE, SIG_IGN);
  say("no reader", vmsplice(full[1], in, 2, 0));
  return 0;
}
