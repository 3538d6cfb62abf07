// The files of a process's own folders in /proc that ferry makes or passes on: comm, which prctl and writes change for each
// thread; stat, status and comm of other threads; fdinfo with the flags of i386; children; signals that wait; the number of
// tasks; mem.
//EXPECT: thread 1: comm by write, name by write
//EXPECT: leader status: SigPnd 0000000000000400 ShdPnd 0000000000000a00
//EXPECT: append: flags 02106001 
//EXPECT: children of the thread 1
//EXPECT: threads 3, links of task 5, of task by descriptor 5
//FLAGS: -O1 -fno-pic -no-pie -static -w -march=i686 -mno-sse -U_FORTIFY_SOURCE -pthread
//PROCESSES: 1
//NOT UNDER AN EMULATOR: the host's files have the numbers of the emulator's host
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 16];

static int slurp(const char *path) {
  int length = 0, count, fd = open(path, O_RDONLY);
  text[0] = 0;
  if (fd < 0) return -1;
  while ((count = read(fd, text + length, sizeof text - 1 - length)) > 0) length += count;
  text[length] = 0;
  close(fd);
  return length;
}
static int put(const char *path, const char *what) {
  int fd = open(path, O_WRONLY | O_TRUNC), result = write(fd, what, strlen(what));
  result = result < 0 ? -errno : result;
  close(fd);
  return result;
}
// The text after `name` in its line.
static const char *line_of(const char *name) {
  static char line[8][200];
  static int next;
  char *to = line[next++ % 8], *at = strncmp(text, name, strlen(name)) == 0 ? text : NULL;
  char key[64];
  sprintf(key, "\n%s", name);
  if (!at && (at = strstr(text, key))) at++;
  to[0] = 0;
  if (!at) return to;
  at += strlen(name);
  at += strspn(at, " \t");
  sprintf(to, "%.*s", (int)strcspn(at, "\n"), at);
  return to;
}

static volatile int tids[2], step;
static void wait_for(int wanted) {
  while (step < wanted) usleep(500);
}
static void *thread(void *argument) {
  const int index = (long)argument;
  char name[20], path[60];
  sprintf(name, "thread %d", index);
  prctl(PR_SET_NAME, name);
  tids[index] = syscall(SYS_gettid);
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2), sigaddset(&set, 36 + index), sigaddset(&set, SIGFPE);
  if (index == 1) sigaddset(&set, SIGBUS);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  __sync_fetch_and_add(&step, 1);
  wait_for(3);
  if (index == 1) {
    prctl(PR_GET_NAME, name);
    slurp("/proc/thread-self/comm");
    printf("thread 1: comm %.*s, name %s\n", (int)strcspn(text, "\n"), text, name);
    const int child = fork();
    if (child == 0) pause();
    sprintf(path, "/proc/self/task/%d/children", tids[1]);
    slurp(path);
    printf("children of the thread %d", atoi(text) == child);
    slurp("/proc/thread-self/children");
    printf(", by thread-self %d", atoi(text) == child);
    sprintf(path, "/proc/self/task/%d/children", getpid());
    printf(", of the leader %d bytes\n", slurp(path));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    step = 4;
  }
  wait_for(5);
  return NULL;
}

static void names() {
  char path[60], name[20] = "";
  int written = put("/proc/self/comm", "leader");
  prctl(PR_GET_NAME, name);
  printf("leader: written %d, name %s\n", written, name);
  sprintf(path, "/proc/self/task/%d/comm", tids[1]);
  printf("other: written %d", put(path, "by write\n"));
  slurp(path);
  printf(" %s", text);
  printf("long: %d", put(path, "a name of more than fifteen letters"));
  slurp(path);
  printf(" %s", text);
  put(path, "by write");
  sprintf(path, "/proc/self/task/%d/comm", tids[0]);
  slurp(path);
  printf("first: %s", text);
}

static void show_thread(const char *who, const char *folder) {
  char path[80];
  sprintf(path, "%s/status", folder);
  slurp(path);
  printf("%s status: SigPnd %s ShdPnd %s\n", who, line_of("SigPnd:"), line_of("ShdPnd:"));
  printf("%s status: name %s, threads %s, SigBlk %s SigIgn %s SigCgt %s\n", who, line_of("Name:"), line_of("Threads:"), line_of("SigBlk:"),
         line_of("SigIgn:"), line_of("SigCgt:"));
  printf("%s status: pid right %d, group right %d\n", who, atoi(line_of("Pid:")) == atoi(strrchr(folder, '/') + 1),
         atoi(line_of("Tgid:")) == getpid());
  sprintf(path, "%s/stat", folder);
  slurp(path);
  char *end = strrchr(text, ')'), *word;
  int field = 3;
  printf("%s stat: %.*s", who, (int)(end - strchr(text, '(')) + 1, strchr(text, '('));
  for (word = strtok(end + 2, " "); word; word = strtok(NULL, " "), field++)
    if (field == 20 || (field >= 31 && field <= 34) || field == 38) printf(" %d: %s", field, word);
  printf("\n");
}

static void nothing(int signal) {}

static void signals() {
  char folder[60];
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2), sigaddset(&set, SIGSEGV), sigaddset(&set, SIGBUS), sigaddset(&set, SIGFPE);
  sigaddset(&set, SIGSYS), sigaddset(&set, SIGSTKFLT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGCHLD, SIG_IGN), signal(SIGCHLD, SIG_DFL), signal(SIGIO, SIG_IGN), signal(SIGURG, nothing), signal(SIGILL, nothing);
  syscall(SYS_tgkill, getpid(), getpid(), SIGSEGV);
  kill(getpid(), SIGUSR1), kill(getpid(), SIGUSR2);
  sprintf(folder, "/proc/%d", getpid());
  syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1), sigdelset(&set, SIGUSR1);
  syscall(SYS_tgkill, getpid(), tids[1], 37), syscall(SYS_tgkill, getpid(), tids[1], SIGBUS);
  // The thread's own SIGUSR1 is taken before the process's.
  struct timespec none = {0, 0};
  sigset_t one;
  sigemptyset(&one), sigaddset(&one, SIGUSR1);
  sigtimedwait(&one, NULL, &none);
  show_thread("leader", folder);
  sprintf(folder, "/proc/self/task/%d", getpid());
  show_thread("leader as a task", folder);
  sprintf(folder, "/proc/self/task/%d", tids[1]);
  show_thread("thread 1", folder);
  sprintf(folder, "/proc/%d", tids[1]);
  show_thread("thread 1 as a process", folder);
  sigfillset(&one);
  while (sigtimedwait(&one, NULL, &none) > 0);
}

static void show_info(const char *what, int fd) {
  char path[40], *rest, *line;
  if (fd < 0) {
    printf("%s: errno %d\n", what, errno);
    return;
  }
  sprintf(path, "/proc/self/fdinfo/%d", fd);
  slurp(path);
  printf("%s: flags %s ", what, line_of("flags:"));
  for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    static const char *kept[] = {"pos:", "sigmask:", "eventfd-count:", "clockid:", "ticks:", "settime flags:", NULL};
    int i;
    for (i = 0; kept[i]; i++)
      if (strncmp(line, kept[i], strlen(kept[i])) == 0) printf(", %s", line);
    if (strncmp(line, "tfd:", 4) == 0) printf(", %.42s", line + 13);
    if (strncmp(line, "inotify", 7) == 0) printf(", inotify %.23s", strstr(line, "mask:"));
  }
  printf("\n");
}

static void descriptors() {
  static const struct { const char *name; int flags; } kinds[] = {
      {"append", O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_LARGEFILE}, {"small", O_RDWR | O_CREAT},
      {"dsync", O_RDWR | O_DSYNC}, {"sync", O_RDWR | O_SYNC | O_LARGEFILE}, {"path", O_PATH}, {"atime", O_RDONLY | O_NOATIME},
      {"async", O_RDONLY | O_ASYNC}};
  unsigned i;
  for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    int fd = open("file", kinds[i].flags, 0600);
    if (i == 1) write(fd, "seven..", 7);
    show_info(kinds[i].name, fd);
    close(fd);
  }
  show_info("folder", open(".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  int ends[2];
  pipe2(ends, O_NONBLOCK | O_CLOEXEC);
  show_info("pipe", ends[1]);
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGCHLD), sigaddset(&set, SIGUSR1), sigaddset(&set, 50);
  show_info("signalfd", signalfd(-1, &set, SFD_NONBLOCK));
  show_info("eventfd", eventfd(17, EFD_CLOEXEC));
  show_info("timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
  int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {EPOLLIN | EPOLLET};
  event.data.u64 = 0x1122334455667788;
  epoll_ctl(poll, EPOLL_CTL_ADD, ends[0], &event);
  show_info("epoll", poll);
  int notify = inotify_init1(IN_NONBLOCK);
  inotify_add_watch(notify, ".", IN_CREATE | IN_DELETE);
  show_info("inotify", notify);
  const int none = open("/proc/self/fdinfo/700", O_RDONLY);
  printf("no such: %d errno %d\n", none, errno);
}

static void tasks() {
  struct stat by_name, by_descriptor;
  struct dirent *entry;
  int count = 0;
  stat("/proc/self/task", &by_name);
  DIR *folder = opendir("/proc/self/task");
  fstat(dirfd(folder), &by_descriptor);
  while ((entry = readdir(folder))) count += entry->d_name[0] != '.';
  printf("threads %d, links of task %d, of task by descriptor %d\n", count, (int)by_name.st_nlink, (int)by_descriptor.st_nlink);
  closedir(folder);
  // Since Linux 6.2 the size says how many descriptors are open; a 64-bit kernel before shows 0.
  stat("/proc/self/fd", &by_name);
  folder = opendir("/proc/self/fd");
  fstat(dirfd(folder), &by_descriptor);
  printf("size of fd few %d, by descriptor one more %d\n", by_name.st_size < 20,
         by_name.st_size == 0 || by_descriptor.st_size == by_name.st_size + 1);
  closedir(folder);
}

static int word = 5;
static const int constant = 6;
static void memory() {
  int fd = open("/proc/thread-self/mem", O_RDWR), value = 0, zero = 0;
  printf("mem: read %d", (int)pread64(fd, &value, 4, (unsigned long)&word));
  printf(" %d", value), value = 7;
  printf(", written %d", (int)pwrite64(fd, &value, 4, (unsigned long)&word));
  printf(" %d", word);
  printf(", constant %d", (int)pwrite64(fd, &value, 4, (unsigned long)&constant));
  printf(" %d", *(volatile const int *)&constant);
  printf(", null %d", (int)pread64(fd, &value, 4, 0));
  printf(" %d\n", errno);
}

int main() {
  pthread_t threads[2];
  long i;
  setvbuf(stdout, NULL, _IONBF, 0);
  for (i = 3; i < 1024; i++) close(i);
  for (i = 0; i < 2; i++) pthread_create(&threads[i], NULL, thread, (void *)i);
  wait_for(2);
  names();
  step = 3;
  wait_for(4);
  signals();
  tasks();
  memory();
  descriptors();
  step = 5;
  for (i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  return 0;
}
