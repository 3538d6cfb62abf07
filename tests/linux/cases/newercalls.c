// calls that Linux got since 5.1, and old ones that few programs make: errors, and what an ordinary process can do with them
//EXPECT: woken 1
//EXPECT: requeued 1
//EXPECT: recvmmsg 3
//EXPECT: read key 7
//EXPECT: events 1
//NOT UNDER AN EMULATOR: it does not know most of these calls
//NOT ON THE MACHINE: its kernel is older than some of the calls
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BAD ((void *)0x10)
static void say(const char *what, long result) { printf("%s %ld %d\n", what, result, result < 0 ? errno : 0); }
// For descriptors and other numbers that differ from run to run.
static void said(const char *what, long result) { printf("%s %d %d\n", what, result >= 0, result < 0 ? errno : 0); }
typedef long long ll;

static void clocks() {
  struct {
    unsigned modes;
    int words[40];
  } old = {0};
  struct {
    unsigned modes, pad;
    ll words[40];
  } wide = {0};
  said("adjtimex", syscall(SYS_adjtimex, &old));
  printf("precision %d tolerance %d tick %d\n", old.words[6], old.words[7], old.words[10]);
  said("clock_adjtime", syscall(SYS_clock_adjtime, CLOCK_REALTIME, &old));
  said("clock_adjtime64", syscall(405, CLOCK_REALTIME, &wide));
  printf("precision %lld tolerance %lld tick %lld\n", wide.words[6], wide.words[7], wide.words[10]);
  printf("seconds %d %d\n", abs(time(0) - old.words[8]) < 3, llabs(time(0) - wide.words[8]) < 3);
  old.modes = 0x4000, old.words[10] = 10000;  // ADJ_TICK
  said("tick", syscall(SYS_adjtimex, &old));
  old.modes = 0x4000, old.words[10] = 1;
  said("bad tick", syscall(SYS_adjtimex, &old));
  printf("tick %d\n", old.words[10]);
  wide.modes = 0x4000, wide.words[10] = 1;
  said("bad tick", syscall(405, CLOCK_REALTIME, &wide));
  old.modes = 0;
  said("other clock", syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &old));
  said("no clock", syscall(SYS_clock_adjtime, 77, &old));
  said("nowhere", syscall(SYS_adjtimex, BAD));
  said("nowhere", syscall(SYS_clock_adjtime, 77, BAD));
  said("nowhere", syscall(405, CLOCK_REALTIME, BAD));
}

static void *sender(void *argument) {
  int fd = *(int *)argument;
  usleep(100000);
  send(fd, "three", 5, 0);
  return 0;
}
static void messages() {
  int pair[2], i;
  char data[4][20];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  struct iovec vectors[4];
  struct mmsghdr all[4] = {0};
  for (i = 0; i < 4; i++) vectors[i] = (struct iovec){data[i], 20}, all[i].msg_hdr.msg_iov = vectors + i, all[i].msg_hdr.msg_iovlen = 1;
  send(pair[1], "one", 3, 0), send(pair[1], "two", 3, 0);
  pthread_t thread;
  pthread_create(&thread, 0, sender, pair + 1);
  int time32[2] = {5, 0};
  ll time64[2] = {0, 50000000};
  say("recvmmsg", syscall(SYS_recvmmsg, pair[0], all, 3, 0, time32));
  pthread_join(thread, 0);
  printf("%d %d %d left %d\n", all[0].msg_len, all[1].msg_len, all[2].msg_len, time32[0] == 4 && time32[1] > 0);
  send(pair[1], "one", 3, 0), send(pair[1], "two", 3, 0);
  say("wait for one", syscall(SYS_recvmmsg, pair[0], all, 4, MSG_WAITFORONE, 0));
  send(pair[1], "one", 3, 0), send(pair[1], "two", 3, 0);
  time64[0] = time64[1] = 0;
  say("no time", syscall(417, pair[0], all, 4, 0, time64));
  say("the rest", syscall(417, pair[0], all, 4, MSG_DONTWAIT, 0));
  say("none", syscall(417, pair[0], all, 4, MSG_DONTWAIT, 0));
  send(pair[1], "one", 3, 0);
  pthread_create(&thread, 0, sender, pair + 1);
  time64[1] = 1000000;
  say("time over after the second", syscall(417, pair[0], all, 4, 0, time64));
  pthread_join(thread, 0);
  printf("left %lld %lld\n", time64[0], time64[1]);
  time64[1] = 1000000000;
  say("bad time", syscall(417, 500, all, 4, 0, time64));
  say("negative time", syscall(417, pair[0], all, 4, 0, (ll[]){-1, 0}));
  say("time nowhere", syscall(417, 500, all, 4, 0, BAD));
  say("time nowhere", syscall(SYS_recvmmsg, 500, all, 4, 0, BAD));
  say("no socket", syscall(SYS_recvmmsg, 0, all, 4, 0, 0));
  say("no descriptor", syscall(SYS_recvmmsg, 500, all, 4, 0, 0));
  say("no messages", syscall(SYS_recvmmsg, pair[0], BAD, 0, 0, 0));
  send(pair[1], "one", 3, 0);
  say("messages nowhere", syscall(SYS_recvmmsg, pair[0], BAD, 2, 0, 0));
}

static ll now() {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}
static void epolls() {
  struct epoll_event event = {EPOLLIN};
  int fd = epoll_create1(0), ends[2];
  pipe(ends);
  epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &event);
  ll begin = now();
  say("epoll_pwait2", syscall(441, fd, &event, 1, (ll[]){0, 1500000}, 0, 0));
  printf("time %d\n", now() - begin >= 1500000);
  say("bad time", syscall(441, fd, &event, 1, (ll[]){0, 1000000000}, 0, 0));
  say("negative", syscall(441, fd, &event, 1, (ll[]){-1, 0}, BAD, 3));
  say("time nowhere", syscall(441, fd, &event, 1, BAD, 0, 0));
  say("mask size", syscall(441, fd, &event, 1, 0, &begin, 4));
  say("mask nowhere", syscall(441, fd, &event, 1, 0, BAD, 8));
  say("no events", syscall(441, fd, &event, 0, 0, 0, 8));
  write(ends[1], "x", 1);
  say("events", syscall(441, fd, &event, 1, 0, 0, 0));
  say("events nowhere", syscall(441, fd, BAD, 1, (ll[]){0, 1}, 0, 0));
}

static int word, second_word;
static void *waiter(void *argument) { return (void *)syscall(455, &word, 0, -1, 2 | 128, argument, CLOCK_MONOTONIC); }
static void futexes() {
  pthread_t thread;
  void *result;
  int woken;
  pthread_create(&thread, 0, waiter, 0);
  while ((woken = syscall(454, &word, -1, 1, 2 | 128)) == 0) usleep(1000);
  pthread_join(thread, &result);
  printf("woken %d result %ld\n", woken, (long)result);
  pthread_create(&thread, 0, waiter, 0);
  struct {
    unsigned long long value, address;
    unsigned flags, reserved;
  } pair[2] = {{0, (long)&word, 2 | 128}, {0, (long)&second_word, 2 | 128}};
  while ((woken = syscall(456, pair, 0, 0, 1)) == 0) usleep(1000);
  printf("requeued %d wakes %ld %ld\n", woken, syscall(454, &word, -1, 1, 2 | 128), syscall(454, &second_word, -1, 1, 2 | 128));
  pthread_join(thread, &result);
  say("timeout", syscall(455, &word, 0, -1, 2 | 128, (ll[]){0, 1}, CLOCK_MONOTONIC));
  say("timeout", syscall(455, &word, 0, -1, 2, (ll[]){1, 1}, CLOCK_REALTIME));
  say("another value", syscall(455, &word, 1, -1, 2, (ll[]){1, 1}, CLOCK_REALTIME));
  say("clock", syscall(455, &word, 0, -1, 2, (ll[]){1, 1}, 7));
  say("bad time", syscall(455, &word, 0, -1, 2, (ll[]){1, -1}, 0));
  say("time nowhere", syscall(455, &word, 0, -1, 2, BAD, 0));
  say("no mask", syscall(455, &word, 0, 0, 2, (ll[]){1, 1}, 0));
  say("size", syscall(455, &word, 0, -1, 1, (ll[]){1, 1}, 0));
  say("size", syscall(454, &word, -1, 1, 3));
  say("flags", syscall(454, &word, -1, 1, 0x102));
  say("no mask", syscall(454, &word, 0, 1, 2));
  say("uneven", syscall(454, (char *)&word + 1, -1, 1, 2));
  say("nowhere", syscall(454, BAD, -1, 1, 2));
  say("nobody", syscall(454, &word, -1, 1, 2));
  pair[0].value = 3;
  say("requeue value", syscall(456, pair, 0, 0, 1));
  pair[0].reserved = 3;
  say("requeue reserved", syscall(456, pair, 0, 0, 1));
  say("requeue flags", syscall(456, pair, 1, 0, 1));
  say("requeue nothing", syscall(456, 0, 0, 0, 1));
  say("requeue nowhere", syscall(456, BAD, 0, 0, 1));
}

static void keys() {
  char text[100] = "";
  int ring = -2 /* KEY_SPEC_PROCESS_KEYRING */;
  int key = syscall(SYS_add_key, "user", "a name", "payload", 7, ring);
  said("key", key);
  say("read key", syscall(SYS_keyctl, 11, key, text, 100));
  printf("%s\n", text);
  memset(text, 0, 100);
  say("read in part", syscall(SYS_keyctl, 11, key, text, 3));
  printf("%s\n", text);
  say("describe", syscall(SYS_keyctl, 6, key, text, 100) > 10);
  printf("%.5s\n", text);
  printf("search %d\n", syscall(SYS_keyctl, 10, ring, "user", "a name", 0) == key);
  printf("request %d\n", syscall(SYS_request_key, "user", "a name", 0, 0) == key);
  say("request none", syscall(SYS_request_key, "user", "none", 0, 0));
  say("update", syscall(SYS_keyctl, 2, key, "other", 5));
  say("read key", syscall(SYS_keyctl, 11, key, text, 100));
  struct iovec parts[2] = {{"a", 1}, {"b", 1}};
  said("instantiate", syscall(SYS_keyctl, 20, key, parts, 2, ring));
  said("instantiate", syscall(SYS_keyctl, 20, key, BAD, 2, ring));
  said("reject", syscall(SYS_keyctl, 19, key, 10, ENOKEY, ring));
  said("reject", syscall(SYS_keyctl, 19, key, 10, 0, ring));
  said("capabilities", syscall(SYS_keyctl, 31, text, 2));
  say("query", syscall(SYS_keyctl, 24, key, 1, "", text));
  say("query", syscall(SYS_keyctl, 24, key, 0, "", text));
  say("compute", syscall(SYS_keyctl, 23, BAD, text, 10, 0));
  say("compute", syscall(SYS_keyctl, 23, (int[]){key, key, key}, text, 10, BAD));
  say("revoke", syscall(SYS_keyctl, 3, key));
  say("read revoked", syscall(SYS_keyctl, 11, key, text, 100));
  say("unlink", syscall(SYS_keyctl, 9, key, ring));
  say("unlink none", syscall(SYS_keyctl, 9, 12345, ring));
  say("unknown", syscall(SYS_keyctl, 99, 12345, ring));
  say("no type", syscall(SYS_add_key, "nonsense", "a name", "payload", 7, ring));
  say("type nowhere", syscall(SYS_add_key, BAD, "a name", "payload", 7, ring));
  say("name nowhere", syscall(SYS_add_key, "user", BAD, "payload", 7, ring));
  say("payload nowhere", syscall(SYS_add_key, "user", "a name", BAD, 7, ring));
  say("payload large", syscall(SYS_add_key, "user", "a name", text, 1 << 21, ring));
}

static void notifications() {
  char events[4096];
  int fd = syscall(SYS_fanotify_init, 0, O_RDONLY | O_LARGEFILE);
  said("fanotify", fd);
  close(open("seen", O_CREAT | O_RDWR, 0600));
  said("mark", syscall(SYS_fanotify_mark, fd, 1, 0x20, 0, AT_FDCWD, "seen"));  // ADD, OPEN
  close(open("seen", O_RDONLY));
  int length = read(fd, events, sizeof events);
  struct {
    unsigned length;
    unsigned char version, reserved;
    unsigned short metadata;
    unsigned long long mask;
    int fd, pid;
  } __attribute__((packed)) *event = (void *)events;
  printf("events %d mask %llx own %d\n", length / 24, event->mask, event->pid == getpid());
  said("flush", syscall(SYS_fanotify_mark, fd, 0x80, 0, 0, AT_FDCWD, 0));
  said("no file", syscall(SYS_fanotify_mark, fd, 1, 0x20, 0, AT_FDCWD, "none"));
  said("path nowhere", syscall(SYS_fanotify_mark, fd, 1, 0x20, 0, AT_FDCWD, BAD));
  said("flags first", syscall(SYS_fanotify_mark, fd, 0x10000, 0x20, 0, AT_FDCWD, BAD));
  said("mask high", syscall(SYS_fanotify_mark, fd, 1, 0x20, 0x10000000, AT_FDCWD, "seen"));
  said("no group", syscall(SYS_fanotify_mark, 0, 1, 0x20, 0, AT_FDCWD, "seen"));
  said("flags", syscall(SYS_fanotify_init, 0x100000, O_RDONLY));
  said("event flags", syscall(SYS_fanotify_init, 0, O_CREAT));
  said("event flags", syscall(SYS_fanotify_init, 0, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOATIME));
}

static void files() {
  struct stat st;
  int here = AT_FDCWD, null = open("/dev/null", O_RDONLY);
  close(open("file", O_CREAT | O_RDWR, 0600));
  symlink("file", "link");
  say("fchmodat2", syscall(452, here, "link", 0640, 0));
  stat("file", &st);
  printf("%o\n", st.st_mode);
  say("fchmodat2 flags", syscall(452, here, "file", 0640, 0x4));
  say("fchmodat2 nowhere", syscall(452, here, BAD, 0640, 0));
  say("fchmodat2 none", syscall(452, here, "none", 0640, 0));
  char block[72] = "";
  say("quotactl", syscall(SYS_quotactl, 0x80000700, "/dev/null", 0, block));
  say("quotactl type", syscall(SYS_quotactl, 0x80000703, "/dev/null", 0, block));
  say("quotactl sync", syscall(SYS_quotactl, 0x80000100, 0, 0, 0));
  say("quotactl nothing", syscall(SYS_quotactl, 0x80000700, 0, 0, block));
  say("quotactl nowhere", syscall(SYS_quotactl, 0x80000700, BAD, 0, block));
  say("quotactl none", syscall(SYS_quotactl, 0x80000700, "none", 0, block));
  say("quotactl on", syscall(SYS_quotactl, 0x80000200, "none", 0, "none"));
  say("quotactl_fd", syscall(443, 500, 0x80000700, 0, block));
  say("quotactl_fd type", syscall(443, null, 0x80000703, 0, block));
  said("landlock version", syscall(444, 0, 0, 1) > 0 ? 0 : -1);
  say("landlock", syscall(444, 0, 0, 0));
  say("landlock small", syscall(444, block, 4, 0));
  say("landlock nowhere", syscall(444, BAD, 8, 0));
  unsigned long long access = 1;
  int rules = syscall(444, &access, 8, 0);
  said("landlock rules", rules);
  struct {
    unsigned long long access;
    int parent;
  } __attribute__((packed)) rule = {1, open("/", O_PATH)};
  say("landlock rule", syscall(445, rules, 1, &rule, 0));
  say("landlock rule nowhere", syscall(445, rules, 1, BAD, 0));
  rule.parent = 500;
  say("landlock rule parent", syscall(445, rules, 1, &rule, 0));
  say("landlock rule type", syscall(445, rules, 99, &rule, 0));
  say("landlock no rules", syscall(445, null, 1, &rule, 0));
  say("landlock restrict", syscall(446, 500, 0));
  say("landlock restrict flags", syscall(446, rules, 0x10000));
  say("mrelease", syscall(448, 500, 0));
  say("mrelease flags", syscall(448, 500, 1));
  say("open_tree", syscall(428, here, "none", 0));
  said("open_tree", syscall(428, here, "file", O_CLOEXEC));
  say("open_tree nowhere", syscall(428, here, BAD, 0));
  say("open_tree flags first", syscall(428, here, BAD, 0x10000000));
  say("move_mount", syscall(429, here, "none", here, "none", 0));
  say("move_mount flags first", syscall(429, here, BAD, here, BAD, 0x10000000));
  say("move_mount nowhere", syscall(429, here, "file", here, BAD, 0));
  int context = syscall(430, "tmpfs", 1);
  said("fsopen", context);
  say("fsopen none", syscall(430, "nonsense", 0));
  say("fsopen nowhere", syscall(430, BAD, 0));
  say("fsconfig", syscall(431, context, 1, "size", "1M", 0));
  say("fsconfig nowhere", syscall(431, context, 1, BAD, "1M", 0));
  say("fsconfig nowhere", syscall(431, context, 1, "size", BAD, 0));
  say("fsconfig nothing", syscall(431, context, 1, 0, 0, 0));
  say("fsconfig kind", syscall(431, context, 99, 0, 0, 0));
  say("fsconfig create", syscall(431, context, 6, 0, 0, 0));
  int mount = syscall(432, context, 1, 0);
  said("fsmount", mount);
  unsigned long long attributes[4] = {1, 0, 0, 0};
  say("mount_setattr", syscall(442, mount, "", 0x1000, attributes, 32));
  say("mount_setattr small", syscall(442, mount, "", 0x1000, attributes, 31));
  say("mount_setattr large", syscall(442, mount, "", 0x1000, attributes, 4097));
  say("mount_setattr nowhere", syscall(442, mount, "", 0x1000, BAD, 32));
  int inside = openat(mount, "x", O_CREAT | O_RDWR, 0600);
  said("file in a read-only mount", inside);
  said("fspick", syscall(433, mount, "", 8));
  said("fspick", syscall(433, here, "none", 0));
  said("fspick flags first", syscall(433, here, BAD, 0x1000));
}

static void advice() {
  char *data = mmap(0, 0x8000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(data + 0x4000, 0x4000);
  int pid = fork(), fd = open("/dev/null", O_RDONLY);
  if (pid == 0) pause();
  int pidfd = syscall(SYS_pidfd_open, pid, 0), me = getpid();
  int own = syscall(SYS_pidfd_open, me, 0);
  struct iovec pages[2] = {{data, 0x2000}, {data + 0x2000, 0x1000}};
  say("process_madvise", syscall(440, own, pages, 2, 20, 0));
  say("process_madvise other", syscall(440, pidfd, pages, 2, 20, 0));
  say("process_madvise flags", syscall(440, own, pages, 2, 20, 1));
  say("process_madvise gap", syscall(440, own, &(struct iovec){data + 0x4000, 0x1000}, 1, 20, 0));
  say("process_madvise uneven", syscall(440, own, &(struct iovec){data + 4, 0x1000}, 1, 20, 0));
  say("process_madvise kind", syscall(440, pidfd, pages, 2, 4, 0));
  say("process_madvise no pidfd", syscall(440, fd, pages, 2, 20, 0));
  say("process_madvise bad vectors", syscall(440, own, BAD, 2, 20, 0));
  kill(pid, SIGKILL), waitpid(pid, 0, 0);
}

static void processes() {
  int value = 77;
  say("timing", prctl(13, 0));
  say("set timing", prctl(14, 0));
  say("set timing", prctl(14, 1));
  say("perf events", prctl(31));
  say("mce", prctl(34, 0, 0, 0, 0));
  say("mce", prctl(33, 1, 1, 0, 0));
  say("mce", prctl(34, 0, 0, 0, 0));
  say("mce", prctl(33, 1, 5, 0, 0));
  say("mce", prctl(33, 0, 0, 0, 0));
  say("unaligned", prctl(5, &value));
  say("fp mode", prctl(46));
  say("fp mode", prctl(45, 1));
  say("endian", prctl(19, &value));
  say("sve", prctl(51));
  say("speculation", prctl(52, 3, 0, 0, 0));
  say("speculation", prctl(52, 0, 1, 0, 0));
  say("io flusher", prctl(58, 0, 0, 0, 0));
  say("io flusher", prctl(58, 1, 0, 0, 0));
  say("nonsense", prctl(12345));
}

int main() {
  setvbuf(stdout, 0, _IONBF, 0);
  clocks(), messages(), epolls(), futexes(), keys(), notifications(), files(), advice(), processes();
  return 0;
}
