// asynchronous I/O: contexts, reads and writes and their results, what io_submit refuses, waiting and its end by a signal
//EXPECT: submit 4
//EXPECT: events 4
//EXPECT: told 1
//EXPECT: interrupted -1 4
//NOT UNDER AN EMULATOR: its preadv2 is missing
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BAD ((void *)0x10)
static void say(const char *what, long result) { printf("%s %ld %d\n", what, result, result < 0 ? errno : 0); }
static unsigned long context;
static struct iocb block(int op, int fd, void *buffer, unsigned length, long long at) {
  struct iocb b = {0};
  b.aio_lio_opcode = op, b.aio_fildes = fd, b.aio_buf = (unsigned long)buffer, b.aio_nbytes = length, b.aio_offset = at;
  b.aio_data = 0x1122334455667788ull;
  return b;
}
static long submit(struct iocb *b) { return syscall(SYS_io_submit, context, 1, &b); }
static struct io_event events[10];
static long get(int least, int most, void *timeout) { return syscall(SYS_io_getevents, context, least, most, events, timeout); }
static void one(const char *what, struct iocb b) {
  long r = submit(&b);
  printf("%s %ld %d", what, r, r < 0 ? errno : 0);
  int time[2] = {1, 0};
  if (r == 1) r = get(1, 1, time), printf(" events %ld result %lld %lld own %d data %llx", r, events[0].res, events[0].res2, events[0].obj == (unsigned long)&b, events[0].data);
  printf("\n");
}
static void nothing(int s) {}
static void *later(void *unused) {
  usleep(100000);
  static struct iocb b;
  b = block(IOCB_CMD_FSYNC, *(int *)unused, 0, 0, 0);
  submit(&b);
  return 0;
}

int main() {
  setvbuf(stdout, 0, _IONBF, 0);
  char text[100] = "", more[100] = "";
  say("setup", syscall(SYS_io_setup, 10, &context));
  printf("context %d\n", context != 0);
  say("again", syscall(SYS_io_setup, 10, &context));
  unsigned long none = 0;
  say("none", syscall(SYS_io_setup, 0, &none));
  say("huge", syscall(SYS_io_setup, 0x7fffffff, &none));
  say("large", syscall(SYS_io_setup, 0x300000, &none));
  say("nowhere", syscall(SYS_io_setup, 1, BAD));
  int fd = open("file", O_CREAT | O_RDWR, 0600), reading = open("file", O_RDONLY), writing = open("file", O_WRONLY), ends[2];
  int tells = eventfd(0, EFD_NONBLOCK);
  pipe2(ends, O_NONBLOCK);
  struct iovec parts[2] = {{"abc", 3}, {"defg", 4}}, in[2] = {{more, 2}, {more + 2, 50}};
  struct iocb b[4] = {block(IOCB_CMD_PWRITE, fd, "hello there", 11, 0), block(IOCB_CMD_PWRITEV, fd, parts, 2, 100),
                      block(IOCB_CMD_FDSYNC, fd, 0, 0, 0), block(IOCB_CMD_PREAD, fd, text, 100, 0)},
              *list[4] = {b, b + 1, b + 2, b + 3};
  b[0].aio_flags = IOCB_FLAG_RESFD, b[0].aio_resfd = tells;
  int i, j, time[2] = {2, 0};
  b[3].aio_lio_opcode = IOCB_CMD_PREADV, b[3].aio_buf = (unsigned long)in, b[3].aio_nbytes = 2, b[3].aio_key = 77;
  say("submit", syscall(SYS_io_submit, context, 4, list));
  printf("key %u\n", b[3].aio_key);
  say("events", get(4, 10, time));
  for (i = 0; i < 4; i++)
    for (j = 0; j < 4; j++)
      if (events[j].obj == (unsigned long)(b + i)) printf("%d: %llx %lld %lld\n", i, events[j].data, events[j].res, events[j].res2);
  unsigned long long told = 0;
  read(tells, &told, 8);
  printf("told %llu text %.11s size %ld\n", told, more, (long)lseek(fd, 0, SEEK_END));
  one("read", block(IOCB_CMD_PREAD, fd, text, 100, 1));
  printf("%s\n", text);
  one("read past the end", block(IOCB_CMD_PREAD, fd, text, 100, 1000));
  one("read to nowhere", block(IOCB_CMD_PREAD, fd, BAD, 100, 1));
  one("write from nowhere", block(IOCB_CMD_PWRITE, fd, BAD, 100, 1));
  one("vectors nowhere", block(IOCB_CMD_PREADV, fd, BAD, 2, 1));
  one("many vectors", block(IOCB_CMD_PREADV, fd, in, 1025, 1));
  one("negative", block(IOCB_CMD_PREAD, fd, text, 100, -1));
  one("write to a reader", block(IOCB_CMD_PWRITE, reading, text, 100, 1));
  one("read from a writer", block(IOCB_CMD_PREAD, writing, text, 100, 1));
  one("no file", block(IOCB_CMD_PREAD, 500, text, 100, 1));
  one("folder", block(IOCB_CMD_PREAD, open("/", O_RDONLY), text, 100, 0));
  one("path", block(IOCB_CMD_PREAD, open("/", O_PATH), text, 100, 0));
  one("no operation", block(IOCB_CMD_NOOP, fd, text, 100, 0));
  one("unknown operation", block(99, fd, text, 100, 0));
  one("sync with a buffer", block(IOCB_CMD_FSYNC, fd, text, 0, 0));
  one("sync of a pipe", block(IOCB_CMD_FSYNC, ends[0], 0, 0, 0));
  one("sync", block(IOCB_CMD_FSYNC, fd, 0, 0, 0));
  one("long", block(IOCB_CMD_PREAD, fd, text, 0x80000000, 0));
  one("pipe", block(IOCB_CMD_PWRITE, ends[1], "abcdef", 6, 5));
  one("pipe", block(IOCB_CMD_PREAD, ends[0], text, 100, 7));
  one("empty pipe", block(IOCB_CMD_PREAD, ends[0], text, 100, 7));
  struct iocb bad = block(IOCB_CMD_PREAD, fd, text, 10, 0);
  bad.aio_reserved2 = 1;
  one("reserved", bad);
  bad.aio_reserved2 = 0, bad.aio_buf |= 1ull << 40;
  one("far buffer", bad);
  bad = block(IOCB_CMD_PREAD, fd, text, 10, 0), bad.aio_flags = IOCB_FLAG_RESFD, bad.aio_resfd = fd;
  one("no eventfd", bad);
  bad.aio_resfd = 500;
  one("no descriptor", bad);
  bad = block(IOCB_CMD_PREAD, fd, text, 10, 0), bad.aio_rw_flags = 0x40000000;
  one("rw flags", bad);
  bad.aio_rw_flags = 1;
  one("high priority", bad);
  list[1] = BAD;
  say("second nowhere", syscall(SYS_io_submit, context, 2, list));
  say("event of the first", get(1, 1, time));
  say("first nowhere", syscall(SYS_io_submit, context, 2, list + 1));
  say("list nowhere", syscall(SYS_io_submit, context, 2, BAD));
  say("none", syscall(SYS_io_submit, context, 0, BAD));
  say("negative", syscall(SYS_io_submit, context, -1, list));
  say("no context", syscall(SYS_io_submit, 0x5000, 1, list));
  say("no events", get(0, 10, 0));
  time[0] = 0, time[1] = 1000000;
  say("timeout", get(1, 10, time));
  time[1] = 0;
  say("no time", get(1, 10, time));
  say("least", get(3, 2, time));
  say("least", get(-1, 2, time));
  say("time nowhere", get(1, 2, BAD));
  say("no context", syscall(SYS_io_getevents, 0x5000, 1, 1, events, 0));
  submit(b);
  say("events nowhere", syscall(SYS_io_getevents, context, 1, 1, BAD, 0));
  say("cancel", syscall(SYS_io_cancel, context, b, events));
  say("cancel nowhere", syscall(SYS_io_cancel, context, BAD, events));
  while (get(0, 10, 0) > 0) {}
  struct itimerval soon = {{0, 0}, {0, 50000}};
  struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, 0);
  setitimer(ITIMER_REAL, &soon, 0);
  say("interrupted", get(1, 1, 0));
  sigset_t set, wide;
  sigemptyset(&set), sigaddset(&set, SIGALRM), sigprocmask(SIG_BLOCK, &set, &wide);
  setitimer(ITIMER_REAL, &soon, 0);
  struct {
    void *mask;
    unsigned size;
  } mask = {&wide, 8};
  say("interrupted by pgetevents", syscall(SYS_io_pgetevents, context, 1, 1, events, 0, &mask));
  say("interrupted by pgetevents", (setitimer(ITIMER_REAL, &soon, 0), syscall(416, context, 1, 1, events, 0, &mask)));
  mask.size = 4;
  say("mask size", syscall(416, context, 1, 1, events, 0, &mask));
  say("mask nowhere", syscall(416, context, 1, 1, events, 0, BAD));
  pthread_t thread;
  pthread_create(&thread, 0, later, &fd);
  say("from another thread", get(1, 1, 0));
  pthread_join(thread, 0);
  fflush(stdout);
  if (fork() == 0) {
    say("in a child", get(0, 1, 0));
    _exit(0);
  }
  wait(0);
  say("destroy", syscall(SYS_io_destroy, context));
  say("destroy again", syscall(SYS_io_destroy, context));
  say("after it", get(0, 1, 0));
  return 0;
}
