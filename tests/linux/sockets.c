// Sockets, polling and terminals, where a 64-bit host, or MIPS, has other structures and numbers than i386. Needs a real kernel
// below ferry: qemu-user supports few of these.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL(...) ({ long result_ = syscall(__VA_ARGS__); result_ == -1 ? -errno : (int)result_; })

/// Sends `count` descriptors and receives them with `room` bytes for control messages. With too little room ferry
/// passed on none, and those that the host had opened were leaked.
static void pass_descriptors(int count, unsigned room) {
  int pair[2], sent[4] = {0, 1, 2, 0};
  char control[64] = {0}, byte;
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  struct iovec vector = {"a", 1};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control};
  message.msg_controllen = CMSG_SPACE(4 * (unsigned)count);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  *header = (struct cmsghdr){CMSG_LEN(4 * (unsigned)count), SOL_SOCKET, SCM_RIGHTS};
  memcpy(CMSG_DATA(header), sent, 4 * (unsigned)count);
  sendmsg(pair[0], &message, 0);
  int before = dup(0);
  close(before);
  vector.iov_base = &byte;
  message.msg_controllen = room;
  int result = CALL(SYS_recvmsg, pair[1], &message, 0);
  int after = dup(0);
  close(after);
  printf("room %u: %d length %u flags %x descriptors %d\n", room, result, message.msg_controllen, message.msg_flags,
         after - before);
  for (int fd = before; fd < after; ++fd) close(fd);
  close(pair[0]);
  close(pair[1]);
}

static void message_limits(void) {
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  static struct iovec vectors[1025];
  for (int i = 0; i < 1025; ++i) vectors[i] = (struct iovec){"a", 1};
  char control[20] = {0};
  struct msghdr message = {.msg_iov = vectors, .msg_iovlen = 1024};
  printf("vectors %d", CALL(SYS_sendmsg, pair[0], &message, 0));
  message.msg_iovlen = 1025;
  printf(" %d %d", CALL(SYS_sendmsg, pair[0], &message, 0), CALL(SYS_recvmsg, pair[1], &message, 0));
  message.msg_iovlen = 1;
  message.msg_name = vectors;
  message.msg_namelen = -1;
  printf(" name %d", CALL(SYS_sendmsg, pair[0], &message, 0));
  message.msg_namelen = 500;
  printf(" %d", CALL(SYS_sendmsg, pair[0], &message, 0));
  message.msg_name = NULL;
  message.msg_control = control;
  const unsigned lengths[] = {5, 0x80000000};
  for (int i = 0; i < 2; ++i) {
    message.msg_controllen = lengths[i];
    printf(" control %d", CALL(SYS_sendmsg, pair[0], &message, 0));
  }
  *(struct cmsghdr *)control = (struct cmsghdr){16, SOL_SOCKET, SCM_RIGHTS};
  message.msg_controllen = 20;
  printf(" bytes after it %d\n", CALL(SYS_sendmsg, pair[0], &message, 0));
}

/// For i386, times in control messages are two words of 4 bytes, not of 8.
static void timestamps(void) {
  int pair[2], on = 1;
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  const int options[] = {29 /* SO_TIMESTAMP */, 35 /* SO_TIMESTAMPNS */};
  for (int i = 0; i < 2; ++i) {
    char bytes[8], control[100];
    struct iovec vector = {bytes, sizeof bytes};
    setsockopt(pair[1], SOL_SOCKET, options[i], &on, sizeof on);
    for (int room = 100; room > 0; room -= 70) {
      (void)!write(pair[0], "hi", 2);
      struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = (unsigned)room};
      recvmsg(pair[1], &message, 0);
      printf("times %u %x:", message.msg_controllen, message.msg_flags);
      for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        const int first = *(int *)CMSG_DATA(c);
        printf(" %d %d %d", (int)c->cmsg_len, c->cmsg_type,
               c->cmsg_type == SCM_CREDENTIALS ? first == getpid() : labs(first - time(NULL)) < 5);
      }
      putchar('\n');
    }
  }
}

/// SO_ERROR must be converted: ECONNREFUSED is 146 on MIPS. Options with a time have words of 4 bytes.
static void options(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
  unsigned size = sizeof error;
  const int result = CALL(SYS_connect, fd, &address, sizeof address);
  struct pollfd poll_entry = {fd, POLLOUT, 0};
  poll(&poll_entry, 1, 2000);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  printf("connect %d\n", result == -EINPROGRESS ? error : -result);
  int time[2] = {2, 250000};
  printf("timeout %d", CALL(SYS_setsockopt, fd, SOL_SOCKET, 20, time, 8));
  time[0] = time[1] = 9;
  size = 4;
  const int got = CALL(SYS_getsockopt, fd, SOL_SOCKET, 20, time, &size);
  printf(" %d %d %d %u\n", got, time[0], time[1], size);
  const struct { unsigned short code; unsigned char yes, no; unsigned k; } instruction = {6, 0, 0, 0};
  struct { unsigned short length; const void *filter; } program = {1, &instruction};
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  printf("filter %d %d", CALL(SYS_setsockopt, udp, SOL_SOCKET, 26, &program, 8), CALL(SYS_setsockopt, udp, SOL_SOCKET, 26, &program, 4));
  printf(" %d %d\n", CALL(SYS_setsockopt, udp, SOL_SOCKET, 27, &program, 8), CALL(SYS_setsockopt, udp, SOL_SOCKET, 27, &program, 8));
}

/// 0200 is no flag of these calls on i386, but is O_NONBLOCK on MIPS.
static void foreign_flags(void) {
  int ends[2];
  printf("foreign flags %d %d %d %d %d\n", CALL(SYS_eventfd2, 1, 0200), CALL(SYS_epoll_create1, 0200),
         CALL(SYS_timerfd_create, CLOCK_MONOTONIC, 0200), CALL(SYS_socket, AF_UNIX, SOCK_STREAM | 0200, 0),
         CALL(SYS_pipe2, ends, 0200) < 0);
  printf("no signal %d no descriptor %d\n", CALL(SYS_fcntl64, 0, F_SETSIG, 99), CALL(SYS_fstat64, AT_FDCWD, ends));
}

/// MIPS numbers POLLWRNORM and POLLWRBAND differently.
static void poll_bits(void) {
  int ends[2], pair[2];
  pipe(ends);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  struct pollfd entries[4] = {{ends[1], 0x100}, {ends[1], 0x104}, {ends[0], 0x3ff}, {pair[0], 0x3ff}};
  int result = poll(entries, 4, 0);
  printf("poll %d:", result);
  for (int i = 0; i < 4; ++i) printf(" %x of %x", entries[i].revents, entries[i].events);
  putchar('\n');
}

/// O_NOCTTY of i386 is O_CREAT on MIPS: without conversion the terminal became the session's.
static void terminal_peer(void) {
  fflush(stdout);
  if (fork() == 0) {
    setsid();
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    unlockpt(master);
    int peer = ioctl(master, 0x5441, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    printf("peer %d %d tty %d\n", (fcntl(peer, F_GETFL) & O_NONBLOCK) != 0, fcntl(peer, F_GETFD), CALL(SYS_open, "/dev/tty", O_RDWR));
    ioctl(master, 0x5441, O_RDWR);
    printf("tty %d\n", CALL(SYS_open, "/dev/tty", O_RDWR) >= 0);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

int main(void) {
  for (unsigned room = 0; room <= 28; room += 4) pass_descriptors(3, room);
  message_limits();
  timestamps();
  options();
  foreign_flags();
  poll_bits();
  terminal_peer();
  return 0;
}
