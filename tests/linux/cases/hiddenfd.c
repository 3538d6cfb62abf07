// Ferry holds descriptors of its own: its binary, the log. No call may show one to the guest, close one, or fail because its
// number is taken. The test tries calls that name, list or make descriptors, on numbers up to 2100.
//EXPECT: children run 5
//PROCESSES: 10
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kNumbers = 2100 };
/* The next number to try: low ones, and those around the places where ferry may have its own. */
static int after(int fd) { return ++fd == 64 ? 900 : fd == 1100 ? 1900 : fd; }

/* Runs `body` in a child and says how it ended. */
static void in_child(const char *name, void (*body)(void)) {
  fflush(stdout);
  int pid = fork();
  if (pid == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  printf("%s: status %x\n", name, status);
}

/* Each call on every number from 3 up: for a number that the guest does not have open the error is EBADF, whatever ferry
   holds there. */
static void named(void) {
  int wrong[16] = {0};
  char byte;
  struct stat status;
  struct epoll_event event = {0};
  int epoll = epoll_create(1), null = open("/dev/null", O_RDWR);
  sigset_t none;
  sigemptyset(&none);
  for (int fd = null + 1; fd < kNumbers; fd = after(fd)) {
    wrong[0] += !(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
    wrong[1] += !(fstat(fd, &status) == -1 && errno == EBADF);
    wrong[2] += !(read(fd, &byte, 1) == -1 && errno == EBADF);
    wrong[3] += !(close(fd) == -1 && errno == EBADF);
    wrong[4] += !(ioctl(fd, FIOCLEX) == -1 && errno == EBADF);
    wrong[5] += !(dup(fd) == -1 && errno == EBADF);
    wrong[6] += !(dup2(fd, null) == -1 && errno == EBADF);
    wrong[7] += !(openat(fd, "x", 0) == -1 && errno == EBADF);
    wrong[8] += !(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1 && errno == EBADF);
    wrong[9] += !(mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EBADF);
    wrong[10] += !(syscall(SYS_execveat, fd, "", 0, 0, AT_EMPTY_PATH) == -1 && errno == EBADF);
    struct pollfd polled = {fd, POLLIN};
    wrong[11] += !(poll(&polled, 1, 0) == 1 && polled.revents == POLLNVAL);
    wrong[12] += !(signalfd(fd, &none, 0) == -1 && errno == EBADF);
    wrong[13] += !(fcntl(fd, F_DUPFD, 3) == -1 && errno == EBADF);
    wrong[14] += !(linkat(fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH) == -1 && errno == EBADF);
    wrong[15] += !(fchdir(fd) == -1 && errno == EBADF);
  }
  for (int i = 0; i < 16; i++) printf("%d ", wrong[i]);
  printf("calls that saw a descriptor\n");
}

/* The same with calls that take sets of descriptors. */
static void in_sets(void) {
  int wrong = 0, ignored = 0, pair[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  for (int fd = pair[1] + 1; fd < 1024; fd = after(fd)) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    struct timeval now = {0, 0};
    int found = select(fd + 1, &set, 0, 0, &now);
    ignored += found == 0; /* past the end of the kernel's table of descriptors */
    wrong += found > 0;
  }
  printf("select: %d wrong, %d ignored\n", wrong, ignored);
  for (int fd = pair[1] + 1; fd < kNumbers; fd = after(fd)) {
    char byte = 0, control[CMSG_SPACE(4)];
    struct iovec vector = {&byte, 1};
    struct msghdr message = {0, 0, &vector, 1, control, sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(4);
    memcpy(CMSG_DATA(header), &fd, 4);
    wrong += !(sendmsg(pair[0], &message, MSG_DONTWAIT) == -1 && errno == EBADF);
  }
  printf("SCM_RIGHTS: %d wrong\n", wrong);
}

/* Names of descriptors in /proc, by every path that leads there. */
static void by_name(void) {
  static const char *const folders[] = {"/proc/self/fd", "/proc/self/fdinfo", "/dev/fd", "/proc/thread-self/fd",
                                        "/proc/self/task/../fd"};
  char path[100], text[100];
  int wrong = 0, listed = 0;
  for (unsigned i = 0; i < 7; i++) {
    if (i < 5) snprintf(path, sizeof path, "%s", folders[i]);
    if (i == 5) snprintf(path, sizeof path, "/proc/%d/fd", getpid());
    if (i == 6) snprintf(path, sizeof path, "/proc/%d/task/%d/fdinfo", getpid(), getpid());
    DIR *folder = opendir(path);
    int own = dirfd(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
      if (entry->d_name[0] == '.') continue;
      listed++;
      if (atoi(entry->d_name) > own) printf("%s lists %s\n", path, entry->d_name);
    }
    for (int fd = own + 1; fd < kNumbers; fd = after(fd)) {
      struct stat status;
      char full[200], name[12];
      snprintf(name, sizeof name, "%d", fd);
      snprintf(full, sizeof full, "%s/%d", path, fd);
      wrong += !(stat(full, &status) == -1 && errno == ENOENT);
      wrong += !(lstat(full, &status) == -1 && errno == ENOENT);
      wrong += !(open(full, O_RDONLY) == -1 && errno == ENOENT);
      wrong += !(readlink(full, text, sizeof text) == -1 && errno == ENOENT);
      wrong += !(access(full, F_OK) == -1 && errno == ENOENT);
      wrong += !(openat(own, name, O_RDONLY) == -1 && errno == ENOENT);
      wrong += !(readlinkat(own, name, text, sizeof text) == -1 && errno == ENOENT);
      wrong += !(fstatat(own, name, &status, AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT);
    }
    closedir(folder);
  }
  printf("listed %d, names that are there: %d\n", listed, wrong);
}

/* The guest can get every number, and gets the one that it asks for. */
static void taken(void) {
  int wrong = 0;
  for (int fd = 3; fd < 1024; fd++) wrong += dup2(0, fd) != fd;
  for (int fd = 3; fd < 1024; fd++) wrong += close(fd) != 0;
  for (int fd = 3; fd < 1024; fd++) {
    wrong += fcntl(0, F_DUPFD, fd) != fd;
    wrong += close(fd) != 0;
    wrong += fcntl(0, F_DUPFD_CLOEXEC, fd) != fd;
    wrong += close(fd) != 0;
    wrong += dup3(0, fd, O_CLOEXEC) != fd;
    wrong += close(fd) != 0;
  }
  for (int fd = 3; fd < 1022; fd++) wrong += dup(0) != fd;
  int pair[2];
  wrong += pipe(pair) != 0 || pair[0] != 1022 || pair[1] != 1023;
  wrong += !(dup(0) == -1 && errno == EMFILE);
  wrong += !(fcntl(0, F_DUPFD, 1024) == -1 && errno == EINVAL);
  wrong += !(dup2(0, 1024) == -1 && errno == EBADF);
  printf("numbers not had: %d\n", wrong);
  for (int i = 0; i < 2; i++) {
    int pid = fork();
    if (pid == 0) execl("/proc/self/exe", "x", "full", (char *)0);
    int status;
    waitpid(pid, &status, 0);
    printf("all used: status %x\n", status);
  }
}

static void ranges(void) {
  printf("%d", (int)syscall(436, 5, 4, 0));
  printf(" %d", (int)syscall(436, 3, ~0u, 8));
  printf(" %d", (int)syscall(436, 1023, 1023, 8));
  printf(" %d", (int)syscall(436, 1023, 1023, 0));
  printf(" %d", (int)syscall(436, 3, ~0u, 2));
  printf(" %d", (int)syscall(436, 3, ~0u, 4));
  printf(" %d", (int)syscall(436, ~0u, ~0u, 0));
  dup2(0, 700);
  printf(" %d", (int)syscall(436, 700, 1 << 20, 4));
  printf(" %d", fcntl(700, F_GETFD));
  printf(" %d", (int)syscall(436, 3, ~0u, 0));
  printf(" %d %d", fcntl(700, F_GETFD), fcntl(2, F_GETFD));
  puts("");
  fflush(stdout);
  execl("/proc/self/exe", "x", "after close_range", (char *)0);
}

static void lowered(void) {
  struct rlimit limit = {3, 3}, seen;
  printf("%d", setrlimit(RLIMIT_NOFILE, &limit));
  getrlimit(RLIMIT_NOFILE, &seen);
  printf(" %d %d", (int)seen.rlim_cur, (int)seen.rlim_max);
  printf(" %d\n", dup(0));
  fflush(stdout);
  if (!fork()) execl("/proc/self/exe", "x", "limited", (char *)0);
  wait(0);
  execl("/proc/self/exe", "x", "limited", (char *)0);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    int fd = dup(0);
    if (!strcmp(argv[1], "full")) limit.rlim_max = 0;
    printf("%s: dup %d, limits %d %d\n", argv[1], fd, (int)limit.rlim_cur, (int)limit.rlim_max);
    return 0;
  }
  for (int fd = 3; fd < 4096; fd++) close(fd);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 1024;
  if (limit.rlim_max > 4096) limit.rlim_max = 4096;
  setrlimit(RLIMIT_NOFILE, &limit);
  in_child("named", named);
  in_child("in sets", in_sets);
  in_child("by name", by_name);
  in_child("taken", taken);
  in_child("ranges", ranges);
  in_child("lowered", lowered);
  puts("children run 5");
  return 0;
}
