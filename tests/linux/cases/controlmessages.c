// Control messages: their headers are aligned to 4, times in them are 32 bits wide unless the option was the new one, and
// what does not fit is cut as net/compat.c does.
//NOT UNDER AN EMULATOR: qemu-user converts few of these
//EXPECT: old: level 1 type 29 length 20
//EXPECT: new: level 1 type 63 length 28
//EXPECT: error: level 0 type 11 errno ECONNREFUSED
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in address = {.sin_family = AF_INET};

/// A socket on the loopback, and its address in `address`.
static int server(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  socklen_t size = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = 0;
  bind(fd, (struct sockaddr *)&address, sizeof address);
  getsockname(fd, (struct sockaddr *)&address, &size);
  return fd;
}

/// Receives with `room` bytes for control messages and prints them.
static void receive(const char *what, int fd, unsigned room, int flags) {
  char byte[8], control[256];
  memset(control, 0x5a, sizeof control);
  struct iovec vector = {byte, sizeof byte};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
  int result = recvmsg(fd, &message, flags);
  printf("%s: room %u result %d length %u flags %x\n", what, room, result, (unsigned)message.msg_controllen, message.msg_flags);
  time_t now = time(NULL);
  for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at != NULL; at = CMSG_NXTHDR(&message, at)) {
    printf("%s: level %d type %d length %u", what, at->cmsg_level, at->cmsg_type, (unsigned)at->cmsg_len);
    const int *words = (const int *)CMSG_DATA(at);
    const long long *wide = (const long long *)words;
    if (at->cmsg_level == SOL_SOCKET && at->cmsg_len >= 20 && (at->cmsg_type == 29 || at->cmsg_type == 35 || at->cmsg_type == 37))
      printf(" now %d parts %d", now - words[0] < 100 && now >= words[0], words[1] >= 0);
    if (at->cmsg_level == SOL_SOCKET && at->cmsg_len >= 28 && at->cmsg_type >= 63 && at->cmsg_type <= 65)
      printf(" now %d parts %d", now - wide[0] < 100 && now >= wide[0], wide[1] >= 0);
    if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO)
      printf(" interface %d %s", words[0], inet_ntoa(((struct in_pktinfo *)words)->ipi_addr));
    if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_TTL) printf(" ttl %d", words[0]);
    printf("\n");
  }
}

/// Sends until a datagram carries a time. The kernel switches them on for all of the machine in deferred work of its
/// own (net_enable_timestamp in net/core/dev.c), so the first datagrams after this option may have none.
static void await_stamps(int fd) {
  for (int turn = 0; turn < 100000; ++turn) {
    char byte[8], control[256];
    struct iovec vector = {byte, sizeof byte};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
    recvmsg(fd, &message, 0);
    if (message.msg_controllen != 0) return;
    sched_yield();
  }
}

static void times(void) {
  int fd = server(), on = 1, off = 0, flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  static const struct {
    const char *name;
    int option;
  } kinds[] = {{"old", 29}, {"new", 63}, {"nanoseconds", 35}, {"new nanoseconds", 64}, {"old", 29}};
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
    setsockopt(fd, SOL_SOCKET, kinds[i].option, &on, sizeof on);
    sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
    receive(kinds[i].name, fd, 128, 0);
    setsockopt(fd, SOL_SOCKET, kinds[i].option, &off, sizeof off);
  }
  for (unsigned room = 8; room <= 24; room += 4) {
    setsockopt(fd, SOL_SOCKET, 29, &on, sizeof on);
    sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
    receive("cut", fd, room, 0);
  }
  setsockopt(fd, SOL_SOCKET, 29, &off, sizeof off);
  for (int option = 37; option <= 65; option += 28) {
    setsockopt(fd, SOL_SOCKET, option, &flags, sizeof flags);
    await_stamps(fd);
    sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
    receive(option == 37 ? "three times" : "three wide times", fd, 128, 0);
  }
  close(fd);
}

static void several(void) {
  int fd = server(), on = 1;
  setsockopt(fd, SOL_SOCKET, 29, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
  for (unsigned room = 0; room <= 72; room += 4) {
    sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
    receive("several", fd, room, 0);
  }
  close(fd);
}

static void errors(void) {
  int fd = server(), on = 1;
  struct sockaddr_in gone = address;
  close(fd);
  fd = socket(AF_INET, SOCK_DGRAM, 0);
  setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  connect(fd, (struct sockaddr *)&gone, sizeof gone);
  send(fd, "x", 1, 0);
  char byte[8], control[128];
  struct sockaddr_in from;
  struct iovec vector = {byte, sizeof byte};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control,
                           .msg_name = &from, .msg_namelen = sizeof from};
  int result = recvmsg(fd, &message, MSG_ERRQUEUE);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (result < 0 || header == NULL) {
    printf("error: none\n");
  } else {
    struct sock_extended_err *error = (struct sock_extended_err *)CMSG_DATA(header);
    printf("error: level %d type %d errno %s origin %d code %d port %d\n", header->cmsg_level, header->cmsg_type,
           strerrorname_np(error->ee_errno), error->ee_origin, error->ee_code, from.sin_port == gone.sin_port);
  }
  close(fd);
}

static void descriptors(int flags) {
  int pair[2], sent[3] = {0, 1, 2};
  char control[64], byte;
  for (unsigned room = 8; room <= 32; room += 4) {
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    struct iovec vector = {"a", 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(12)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){CMSG_LEN(12), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(header), sent, 12);
    sendmsg(pair[0], &message, 0);
    vector.iov_base = &byte;
    memset(control, 0, sizeof control);
    message.msg_controllen = room;
    int result = recvmsg(pair[1], &message, flags);
    printf("descriptors: room %u result %d length %u flags %x", room, result, (unsigned)message.msg_controllen, message.msg_flags);
    header = CMSG_FIRSTHDR(&message);
    unsigned count = header == NULL ? 0 : (header->cmsg_len - CMSG_LEN(0)) / 4;
    for (unsigned i = 0; i < count; ++i) {
      int fd = ((int *)CMSG_DATA(header))[i];
      printf(" %d", fcntl(fd, F_GETFD));
      close(fd);
    }
    printf("\n");
    close(pair[0]);
    close(pair[1]);
  }
}

int main(void) {
  times();
  several();
  errors();
  descriptors(0);
  descriptors(MSG_CMSG_CLOEXEC);
  return 0;
}
