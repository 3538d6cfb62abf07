// POSIX message queues: order by priority, limits, waits in both widths of time, notification by signal and by cookie,
// descriptors in poll, fork and exec, and the errors
//EXPECT: received 5 priority 9 "world"
//EXPECT: signal code -3 value 77 own process 1
//EXPECT: cookie 32 bytes, last 1
//NOT UNDER AN EMULATOR: qemu-user 7.2 has no mq_notify, and does not convert the flags of a queue
//FLAGS: -O1 -static -w -march=i686 -mno-sse -U_FORTIFY_SOURCE -pthread
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/netlink.h>

enum { OPEN = 277, UNLINK, SEND, RECEIVE, NOTIFY, ATTRIBUTES, SEND64 = 418, RECEIVE64 };
struct attributes { long flags, most, size, now, reserved[4]; };
struct time32 { int s, ns; };
struct time64 { long long s, ns; };
static const char *e(long r) { return r >= 0 ? "ok" : strerrorname_np(errno); }
static char name[64], buffer[256];
static volatile int signals, code, value, own;
static void on_signal(int s, siginfo_t *i, void *c) { signals++; code = i->si_code; value = i->si_value.sival_int; own = i->si_pid == getpid(); }
static void on_alarm(int s) { signals++; }

static void show(const char *what, int q) {
  struct attributes a;
  memset(&a, 0x55, sizeof a);
  long r = syscall(ATTRIBUTES, q, 0, &a);
  printf("%s: %s flags %lo most %ld size %ld now %ld reserved %ld\n", what, e(r), a.flags, a.most, a.size, a.now, a.reserved[3]);
}
static void errors(int q, int read_only) {
  struct attributes a = {0, 4, 64};
  printf("open: %s", e(syscall(OPEN, "ferry-not-there", O_RDWR, 0, 0)));
  printf(" %s", e(syscall(OPEN, (char *)1, O_RDWR, 0, 0)));
  printf(" %s", e(syscall(OPEN, "", O_RDWR, 0, 0)));
  printf(" %s", e(syscall(OPEN, "a/b", O_RDWR | O_CREAT, 0600, 0)));
  printf(" %s", e(syscall(OPEN, "..", O_RDWR | O_CREAT, 0600, 0)));
  printf(" %s", e(syscall(OPEN, name, O_RDWR | O_CREAT | O_EXCL, 0600, 0)));
  printf(" %s", e(syscall(OPEN, name, 3, 0600, 0)));
  printf(" %s", e(syscall(OPEN, name, O_RDWR | O_CREAT, 0600, 4)));
  memset(buffer, 'n', 255);
  buffer[255] = 0;
  printf(" %s", e(syscall(OPEN, buffer, O_RDWR, 0600, 0)));
  static char longest[5000];
  memset(longest, 'n', 4999);
  printf(" %s", e(syscall(OPEN, longest, O_RDWR, 0600, 0)));
  a.most = 0;
  printf(" %s\n", e(syscall(OPEN, "ferry-x", O_RDWR | O_CREAT, 0600, &a)));
  printf("unlink: %s %s %s\n", (e(syscall(UNLINK, "ferry-not-there"))), (e(syscall(UNLINK, 1))), (e(syscall(UNLINK, ""))));
  struct time32 bad = {0, 1000000000}, negative = {-1, 0};
  printf("send: %s", e(syscall(SEND, q, buffer, 65, 0, 0)));
  printf(" %s", e(syscall(SEND, q, buffer, 5, 32768, 0)));
  printf(" %s", e(syscall(SEND, q, 1, 5, 0, 0)));
  printf(" %s", e(syscall(SEND, q, buffer, 5, 0, 1)));
  printf(" %s", e(syscall(SEND, -1, buffer, 5, 0, 1)));
  printf(" %s", e(syscall(SEND, -1, buffer, 5, 0, &bad)));
  printf(" %s", e(syscall(SEND, -1, buffer, 5, 0, &negative)));
  printf(" %s", e(syscall(SEND, -1, buffer, 5, 0, 0)));
  printf(" %s", e(syscall(SEND, 0, buffer, 5, 0, 0)));
  printf(" %s", e(syscall(SEND, q, buffer, -1, 0, 0)));
  printf(" %s\n", e(syscall(SEND, read_only, buffer, 5, 0, 0)));
  printf("receive: %s", e(syscall(RECEIVE, q, buffer, 63, 0, 0)));
  printf(" %s", e(syscall(RECEIVE, -1, buffer, 64, 0, 0)));
  printf(" %s", e(syscall(RECEIVE, q, buffer, 64, 0, 1)));
  printf(" %s\n", e(syscall(RECEIVE64, q, buffer, 64, 0, &bad + 0x400000)));
  struct attributes wrong = {O_NONBLOCK | 1}, right = {O_NONBLOCK};
  printf("attributes: %s", e(syscall(ATTRIBUTES, q, &wrong, 0)));
  printf(" %s", e(syscall(ATTRIBUTES, 0, &right, 0)));
  printf(" %s", e(syscall(ATTRIBUTES, -1, &wrong, 0)));
  printf(" %s", e(syscall(ATTRIBUTES, q, 1, 0)));
  printf(" %s\n", e(syscall(ATTRIBUTES, q, 0, 1)));
  struct sigevent n = {.sigev_notify = 5}, s = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65}, th = {.sigev_notify = SIGEV_THREAD, .sigev_signo = -1};
  printf("notify: %s", e(syscall(NOTIFY, q, &n)));
  printf(" %s", e(syscall(NOTIFY, q, &s)));
  s.sigev_signo = -1;
  printf(" %s", e(syscall(NOTIFY, q, &s)));
  printf(" %s", e(syscall(NOTIFY, q, 1)));
  printf(" %s", e(syscall(NOTIFY, q, &th)));
  th.sigev_value.sival_ptr = buffer;
  printf(" %s", e(syscall(NOTIFY, q, &th)));
  th.sigev_signo = 0;
  printf(" %s", e(syscall(NOTIFY, q, &th)));
  th.sigev_signo = socket(AF_UNIX, SOCK_STREAM, 0);
  printf(" %s", e(syscall(NOTIFY, q, &th)));
  close(th.sigev_signo);
  printf(" %s", e(syscall(NOTIFY, 0, 0)));
  printf(" %s\n", e(syscall(NOTIFY, q, 0)));
}
static void notifications(int q) {
  unsigned priority;
  struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  sigaction(SIGRTMIN + 3, &act, 0);
  struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 77};
  printf("notify %s", e(syscall(NOTIFY, q, &ev)));
  printf(" again %s\n", e(syscall(NOTIFY, q, &ev)));
  fflush(stdout);
  if (fork() == 0) {
    printf("child notify %s\n", e(syscall(NOTIFY, q, &ev)));
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  syscall(SEND, q, "ding", 4, 0, 0);
  printf("signals %d\nsignal code %d value %d own process %d\n", signals, code, value, own);
  syscall(RECEIVE, q, buffer, 64, &priority, 0);
  syscall(SEND, q, "ding", 4, 0, 0);
  printf("signals once %d\n", signals);
  syscall(RECEIVE, q, buffer, 64, &priority, 0);
  ev.sigev_notify = SIGEV_NONE;
  printf("none %s", e(syscall(NOTIFY, q, &ev)));
  printf(" removed %s\n", e(syscall(NOTIFY, q, 0)));
  // as libcs do SIGEV_THREAD: a cookie over a netlink socket
  char cookie[32] = "a cookie of 32 bytes";
  int link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
  struct sigevent thread = {.sigev_notify = SIGEV_THREAD, .sigev_signo = link, .sigev_value.sival_ptr = cookie};
  printf("thread %s\n", e(syscall(NOTIFY, q, &thread)));
  memset(cookie, 0, sizeof cookie);
  syscall(SEND, q, "ding", 4, 0, 0);
  char got[64] = "";
  int n = recv(link, got, sizeof got, MSG_DONTWAIT);
  printf("cookie %d bytes, last %d \"%s\"\n", n, got[31], got);
  printf("thread %s", e(syscall(NOTIFY, q, (memcpy(cookie, "second", 7), &thread))));
  printf(" removed %s", e(syscall(NOTIFY, q, 0)));
  n = recv(link, got, sizeof got, MSG_DONTWAIT);
  printf(" %d bytes, last %d\n", n, got[31]);
  syscall(RECEIVE, q, buffer, 64, &priority, 0);
  close(link);
}
static int threads;
static void on_notify(union sigval v) { __atomic_add_fetch(&threads, v.sival_int, __ATOMIC_SEQ_CST); }
static void by_libc(void) {
  char path[80];
  sprintf(path, "/%s", name);
  struct sigevent ev = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_notify, .sigev_value.sival_int = 5};
  mqd_t q = mq_open(path, O_RDWR);
  printf("libc's notify %d\n", mq_notify(q, &ev));
  mq_send(q, "x", 1, 0);
  for (int i = 0; i < 500 && __atomic_load_n(&threads, __ATOMIC_SEQ_CST) == 0; i++) usleep(10000);
  printf("thread called with %d\n", threads);
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  unsigned p;
  printf("libc's receive %d", (int)mq_timedreceive(q, buffer, 64, &p, &soon));
  printf(" %s\n", e(mq_timedreceive(q, buffer, 64, &p, &soon)));
  mq_close(q);
}
static void waits(int q) {
  unsigned priority;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct time32 soon = {now.tv_sec, now.tv_nsec};
  struct time64 past = {1, 0};
  printf("waits %s", e(syscall(RECEIVE, q, buffer, 64, 0, &soon)));
  printf(" %s", e(syscall(RECEIVE64, q, buffer, 64, 0, &past)));
  past.ns = 1000000000ll;
  printf(" %s", e(syscall(RECEIVE64, q, buffer, 64, 0, &past)));
  past.ns = 1ll << 32; // the upper half is padding
  printf(" %s\n", e(syscall(RECEIVE64, q, buffer, 64, 0, &past)));
  struct sigaction act = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &act, 0);
  signals = 0;
  ualarm(30000, 0);
  printf("interrupted %s", e(syscall(RECEIVE, q, buffer, 64, 0, 0)));
  printf(" %d\n", signals);
  act.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &act, 0);
  fflush(stdout);
  if (fork() == 0) {
    usleep(150000);
    syscall(SEND64, q, "late", 4, 3, 0);
    _exit(0);
  }
  ualarm(30000, 0);
  long r = syscall(RECEIVE64, q, buffer, 64, &priority, 0);
  printf("restarted %ld priority %u signals %d\n", r, priority, signals);
  wait(0);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    printf("after exec %s\n", e(fcntl(atoi(argv[1]), F_GETFD)));
    return 0;
  }
  sprintf(name, "ferry-%d", getpid());
  struct attributes a = {0, 4, 64};
  umask(022);
  int q = syscall(OPEN, name, O_RDWR | O_CREAT | O_EXCL, 0666, &a);
  int read_only = syscall(OPEN, name, O_RDONLY | O_NONBLOCK, 0, 1);
  printf("open %d %d, close-on-exec %d\n", q, read_only, fcntl(q, F_GETFD));
  show("queue", q);
  show("non-blocking", read_only);
  char link[64], path[64];
  sprintf(path, "/proc/self/fd/%d", q);
  link[readlink(path, link, 63)] = 0;
  printf("named after the queue %d\n", strcmp(link + 1, name) == 0);
  errors(q, read_only);
  struct pollfd p = {q, POLLIN | POLLOUT};
  poll(&p, 1, 0);
  printf("poll %x\n", p.revents);
  syscall(SEND, q, "hello", 5, 1, 0);
  syscall(SEND64, q, "world", 5, 9, 0);
  syscall(SEND, q, "", 0, 1, 0);
  show("three", q);
  poll(&p, 1, 0);
  printf("poll %x\n", p.revents);
  unsigned priority = 0;
  for (int i = 0; i < 3; i++) {
    memset(buffer, 0, 64);
    long n = syscall(i & 1 ? RECEIVE64 : RECEIVE, read_only, buffer, 64, &priority, 0);
    printf("received %ld priority %u \"%s\"\n", n, priority, buffer);
  }
  printf("empty %s\n", e(syscall(RECEIVE, read_only, buffer, 64, &priority, 0)));
  for (int i = 0; i < 4; i++) syscall(SEND, q, "full", 4, i, 0);
  struct attributes non_blocking = {O_NONBLOCK}, old;
  printf("set %s", e(syscall(ATTRIBUTES, q, &non_blocking, &old)));
  printf(" old %lo full %s\n", old.flags, e(syscall(SEND, q, "full", 4, 0, 0)));
  show("set", q);
  printf("getfl %d\n", (fcntl(q, F_GETFL) & (O_NONBLOCK | O_ACCMODE)) == (O_NONBLOCK | O_RDWR));
  non_blocking.flags = 0;
  syscall(ATTRIBUTES, q, &non_blocking, 0);
  // a bad address loses the message
  printf("lost %s", e(syscall(RECEIVE, q, 1, 64, 0, 0)));
  printf(" %s\n", e(syscall(RECEIVE, q, buffer, 64, 1, 0)));
  show("two lost", q);
  while (syscall(RECEIVE, read_only, buffer, 64, 0, 0) >= 0);
  notifications(q);
  by_libc();
  waits(q);
  printf("unlink %s", e(syscall(UNLINK, name)));
  printf(" %s\n", e(syscall(UNLINK, name)));
  fflush(stdout);
  if (fork() == 0) {
    char number[16];
    sprintf(number, "%d", q);
    execl("/proc/self/exe", "mqueue", number, NULL);
  }
  wait(0);
  return 0;
}
