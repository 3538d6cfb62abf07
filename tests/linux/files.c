// Files, directories, descriptors, times, sockets, polling.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void directories(void) {
  mkdir("d", 0755);
  for (int i = 0; i < 300; ++i) {
    char name[32];
    snprintf(name, sizeof name, "d/file-%03d", i);
    close(open(name, O_CREAT | O_WRONLY, 0600));
  }
  DIR *dir = opendir("d");
  struct dirent *entry;
  char *names[400];
  int count = 0;
  while ((entry = readdir(dir)) != NULL && count < 400) names[count++] = strdup(entry->d_name);
  closedir(dir);
  qsort(names, (size_t)count, sizeof names[0], by_name);
  printf("entries %d %s %s %s\n", count, names[0], names[2], names[count - 1]);
  printf("rmdir %d\n", rmdir("d") ? errno : 0);
  printf("openat %d\n", openat(open("d", O_RDONLY), "file-007", O_RDONLY) >= 0);
  printf("notdir %d\n", open("d/file-007/x", O_RDONLY) < 0 ? errno : 0);
  printf("isdir %d\n", open("d", O_WRONLY) < 0 ? errno : 0);
  printf("excl %d\n", open("d/file-001", O_CREAT | O_EXCL | O_WRONLY, 0600) < 0 ? errno : 0);
  chdir("d");
  char cwd[512];
  printf("cwd %s\n", strrchr(getcwd(cwd, sizeof cwd), '/'));
  printf("erange %d\n", getcwd(cwd, 2) == NULL ? errno : 0);
  chdir("..");
}

static void status(void) {
  int fd = open("s", O_CREAT | O_RDWR | O_TRUNC | O_LARGEFILE, 0640);
  printf("write %d\n", (int)write(fd, "0123456789", 10));
  struct stat st;
  struct stat64 st64;
  fstat(fd, &st);
  stat64("s", &st64);
  printf("size %d mode %o nlink %d same %d blksize %d\n", (int)st.st_size, st.st_mode, (int)st.st_nlink, st.st_ino == st64.st_ino, (int)st.st_blksize);
  symlink("s", "link");
  lstat("link", &st);
  printf("symlink %o %d\n", st.st_mode & S_IFMT, (int)st.st_size);
  char text[32] = {0};
  printf("readlink %d %s\n", (int)readlink("link", text, sizeof text), text);
  link("s", "hard");
  fstat(fd, &st);
  printf("nlink %d\n", (int)st.st_nlink);
  struct timespec times[2] = {{1000000000, 5}, {1100000000, 7}};
  utimensat(AT_FDCWD, "s", times, 0);
  stat("s", &st);
  printf("times %ld.%09ld %ld.%09ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  printf("seek %lld\n", (long long)lseek64(fd, 0x123456789ll, SEEK_SET));
  printf("ftruncate %d\n", ftruncate64(fd, 0x140000000ll));
  printf("overflow %d\n", syscall(SYS_stat, "s", &st) ? errno : 0);
  ftruncate(fd, 10);
  printf("pread %d %.3s\n", (int)pread64(fd, text, 3, 4), text);
  struct iovec v[2] = {{"ab", 2}, {"cde", 3}};
  lseek(fd, 0, SEEK_SET);
  printf("writev %d\n", (int)writev(fd, v, 2));
  lseek(fd, 0, SEEK_SET);
  printf("read %d %.10s\n", (int)read(fd, text, 10), text);
  printf("access %d %d\n", access("s", R_OK), access("none", R_OK) ? errno : 0);
  rename("hard", "renamed");
  printf("renamed %d\n", access("renamed", F_OK));
  printf("umask %o\n", umask(022));
  chmod("s", 04711);
  stat("s", &st);
  printf("chmod %o\n", st.st_mode);
  struct statfs fs;
  printf("statfs %d %d\n", statfs(".", &fs), (int)fs.f_namelen);
  printf("flags %o\n", fcntl(fd, F_GETFL) & ~0100000);
  fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK);
  printf("flags %o\n", fcntl(fd, F_GETFL) & ~0100000);
  struct flock lock = {F_WRLCK, SEEK_SET, 2, 3, 0};
  printf("lock %d\n", fcntl(fd, F_SETLK, &lock));
  fflush(stdout);
  if (fork() == 0) {
    struct flock64 probe = {F_RDLCK, SEEK_SET, 0, 0, 0};
    fcntl(fd, F_GETLK64, &probe);
    printf("probe type %d start %d len %d parent %d\n", probe.l_type, (int)probe.l_start, (int)probe.l_len, probe.l_pid == getppid());
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  printf("dup %d\n", fcntl(fd, F_DUPFD, 100));
  printf("dup2 same bad %d\n", dup2(77, 77) < 0 ? errno : 0);
  printf("dup2 %d cloexec %d\n", dup2(fd, 1023 - 3), fcntl(1020, F_GETFD));
  printf("close bad %d\n", close(555) ? errno : 0);
  printf("sendfile %d\n", (int)sendfile(open("copy", O_CREAT | O_WRONLY, 0600), fd, (off_t[]){1}, 5));
  stat("copy", &st);
  printf("copied %d\n", (int)st.st_size);
}

static void sockets(void) {
  int pair[2];
  printf("socketpair %d\n", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  printf("cloexec %d\n", fcntl(pair[0], F_GETFD));
  // A descriptor through the socket.
  char data[4] = "fd!", control[CMSG_SPACE(sizeof(int))];
  struct iovec io = {data, 4};
  struct msghdr message = {0, 0, &io, 1, control, sizeof control, 0};
  struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  c->cmsg_len = CMSG_LEN(sizeof(int));
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  int sent = open("s", O_RDONLY);
  memcpy(CMSG_DATA(c), &sent, sizeof sent);
  printf("sendmsg %d\n", (int)sendmsg(pair[0], &message, 0));
  memset(control, 0, sizeof control);
  message.msg_controllen = sizeof control;
  printf("recvmsg %d %s\n", (int)recvmsg(pair[1], &message, 0), data);
  c = CMSG_FIRSTHDR(&message);
  int received = -1;
  if (c != NULL) memcpy(&received, CMSG_DATA(c), sizeof received);
  printf("control %d len %d new %d\n", (int)message.msg_controllen, c ? (int)c->cmsg_len : -1, received > 2 && received != sent);
  int value = 0;
  socklen_t size = sizeof value;
  getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &size);
  printf("type %d\n", value);
  struct timeval timeout = {0, 50000};
  printf("timeo %d\n", setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
  printf("recv %d\n", recv(pair[0], data, 1, 0) < 0 ? errno : 0);
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {AF_UNIX, "sock"};
  printf("bind %d listen %d\n", bind(server, (void *)&address, sizeof address), listen(server, 2));
  int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  printf("connect %d\n", connect(client, (void *)&address, sizeof address));
  size = sizeof address;
  int accepted = accept4(server, (void *)&address, &size, SOCK_NONBLOCK);
  printf("accept %d len %d nonblock %d\n", accepted >= 0, (int)size, (fcntl(accepted, F_GETFL) & O_NONBLOCK) != 0);
  printf("would block %d\n", recv(accepted, data, 1, 0) < 0 ? errno : 0);
  send(client, "xyz", 3, MSG_NOSIGNAL);
  ioctl(accepted, FIONREAD, &value);
  printf("fionread %d\n", value);
  printf("connect none %d\n", connect(socket(AF_UNIX, SOCK_DGRAM, 0), (void *)&(struct sockaddr_un){AF_UNIX, "absent"}, sizeof address) ? errno : 0);
}

static void polling(void) {
  int ends[2];
  pipe2(ends, O_NONBLOCK);
  struct pollfd fds[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
  printf("poll %d %x %x\n", poll(fds, 2, 0), fds[0].revents, fds[1].revents);
  (void)!write(ends[1], "x", 1);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(ends[0], &set);
  struct timeval timeout = {1, 0};
  printf("select %d %d\n", select(ends[0] + 1, &set, NULL, NULL, &timeout), FD_ISSET(ends[0], &set));
  int ep = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {EPOLLIN, {.u64 = 0x123456789abcdefull}}, out[4];
  printf("epoll_ctl %d\n", epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &event));
  event.data.u64 = 7;
  int counter = eventfd(3, EFD_NONBLOCK);
  epoll_ctl(ep, EPOLL_CTL_ADD, counter, &event);
  int got = epoll_wait(ep, out, 4, 100);
  printf("epoll %d %llx %x %llx\n", got, (unsigned long long)out[0].data.u64, out[0].events, (unsigned long long)out[1].data.u64);
  uint64_t number = 0;
  printf("eventfd %d %d\n", (int)read(counter, &number, 8), (int)number);
  int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec spec = {{0, 0}, {0, 20000000}};
  timerfd_settime(timer, 0, &spec, NULL);
  printf("timerfd %d %d\n", (int)read(timer, &number, 8), (int)number);
  printf("poll timeout %d\n", poll(NULL, 0, 10));
}

static void clocks(void) {
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  usleep(20000);
  clock_gettime(CLOCK_MONOTONIC, &b);
  long ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
  printf("slept %d\n", ms >= 20);
  struct timeval now;
  gettimeofday(&now, NULL);
  printf("time %d\n", labs((long)(now.tv_sec - time(NULL))) <= 1);
  printf("bad clock %d\n", clock_gettime(1234, &a) ? errno : 0);
  struct sysinfo info;
  printf("sysinfo %d\n", sysinfo(&info) == 0 && info.totalram != 0);
  printf("bad pointer %d\n", syscall(SYS_clock_gettime, 0, 8) < 0 ? errno : 0);
  printf("unknown call %d\n", syscall(9999) < 0 ? errno : 0);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  directories();
  status();
  sockets();
  polling();
  clocks();
  return 0;
}
