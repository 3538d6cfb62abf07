#include "trace.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static char buffer[512];
static socklen_t length;

static void creating(void) {
  static int pair[2];
  call(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
  call(SYS_socket, AF_INET, SOCK_DGRAM, 0);
  call(SYS_socket, AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
  call(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
  call(SYS_socket, 99, SOCK_RAW, 99);
  call(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, pair);
  unsigned words[4] = {AF_UNIX, SOCK_STREAM, 0, (unsigned)pair};
  call(SYS_socketcall, 8, words);
  call(SYS_socketcall, 1, words);
  call(SYS_socketcall, 99, words);
}

static void addresses(void) {
  struct sockaddr_un un = {AF_UNIX, "socket"};
  call(SYS_bind, 3, &un, sizeof un);
  struct sockaddr_in in = {AF_INET, htons(0), {htonl(INADDR_LOOPBACK)}};
  call(SYS_bind, 4, &in, sizeof in);
  struct sockaddr_in6 in6 = {AF_INET6, htons(0), 0, IN6ADDR_LOOPBACK_INIT};
  call(SYS_bind, 6, &in6, sizeof in6);
  struct sockaddr_nl nl = {AF_NETLINK};
  call(SYS_bind, 7, &nl, sizeof nl);
  call(SYS_listen, 3, 5);
  call(SYS_listen, 4, 5);
  length = sizeof buffer;
  call(SYS_getsockname, 3, buffer, &length);
  length = 3;
  call(SYS_getsockname, 3, buffer, &length);
  length = sizeof buffer;
  call(SYS_getpeername, 3, buffer, &length);
  call(SYS_accept4, 4, NULL, NULL, SOCK_CLOEXEC);
  un.sun_path[0] = 0;
  strcpy(un.sun_path + 1, "ferry-none");
  call(SYS_connect, 3, &un, 13);
  in.sin_port = htons(9);
  call(SYS_connect, 5, &in, sizeof in);
  call(SYS_connect, 5, BAD, sizeof in);
  call(SYS_connect, 5, &in, 2);
  call(SYS_shutdown, 5, SHUT_RDWR);
}

static void options(void) {
  int one = 1;
  struct linger linger = {1, 5};
  call(SYS_setsockopt, 4, SOL_SOCKET, SO_REUSEADDR, &one, 4);
  call(SYS_setsockopt, 4, IPPROTO_TCP, TCP_NODELAY, &one, 4);
  call(SYS_setsockopt, 4, SOL_SOCKET, SO_LINGER, &linger, 8);
  call(SYS_setsockopt, 4, SOL_SOCKET, SO_KEEPALIVE, &one, 2);
  call(SYS_setsockopt, 4, 99, 99, &one, 4);
  length = 4;
  call(SYS_getsockopt, 4, SOL_SOCKET, SO_TYPE, buffer, &length);
  call(SYS_getsockopt, 4, SOL_SOCKET, SO_ERROR, buffer, &length);
  call(SYS_getsockopt, 4, IPPROTO_IP, IP_TTL, buffer, &length);
  call(SYS_getsockopt, 6, IPPROTO_IPV6, IPV6_V6ONLY, buffer, &length);
  length = 12;
  call(SYS_getsockopt, 8, SOL_SOCKET, SO_PEERCRED, buffer, &length);
}

static void messages(void) {
  call(SYS_sendto, 8, "hello", 5, MSG_NOSIGNAL, NULL, 0);
  call(SYS_recvfrom, 9, buffer, 100, MSG_DONTWAIT | MSG_TRUNC, NULL, NULL);
  call(SYS_recvfrom, 9, buffer, 100, MSG_DONTWAIT, NULL, NULL);
  struct iovec v[2] = {{"abc", 3}, {"de", 2}};
  struct msghdr m = {NULL, 0, v, 2};
  call(SYS_sendmsg, 8, &m, 0);
  struct iovec in[1] = {{buffer, 100}};
  struct msghdr r = {NULL, 0, in, 1};
  call(SYS_recvmsg, 9, &r, 0);
  struct {
    struct cmsghdr header;
    int fds[2];
  } control = {{sizeof control, SOL_SOCKET, SCM_RIGHTS}, {3, 4}};
  m.msg_control = &control, m.msg_controllen = sizeof control;
  call(SYS_sendmsg, 8, &m, MSG_DONTWAIT);
  static char room[64];
  r.msg_control = room, r.msg_controllen = sizeof room;
  call(SYS_recvmsg, 9, &r, MSG_CMSG_CLOEXEC);
  static struct mmsghdr many[2];
  many[0].msg_hdr = m, many[0].msg_hdr.msg_controllen = 0, many[0].msg_hdr.msg_control = NULL;
  call(SYS_sendmmsg, 8, many, 1, 0);
  many[0].msg_hdr = r, many[0].msg_hdr.msg_controllen = 0, many[0].msg_hdr.msg_control = NULL;
  call(SYS_recvmmsg, 9, many, 1, MSG_DONTWAIT, NULL);
  struct sockaddr_in to = {AF_INET, htons(9), {htonl(INADDR_LOOPBACK)}};
  call(SYS_sendto, 5, "x", 1, MSG_DONTROUTE, &to, sizeof to);
  unsigned words[4] = {8, (unsigned)"words", 5, 0};
  call(SYS_socketcall, 9, words);
  unsigned receive[4] = {9, (unsigned)buffer, 5, 0};
  call(SYS_socketcall, 10, receive);
}

static void requests(void) {
  int one = 1;
  call(SYS_ioctl, 4, FIONBIO, &one);
  call(SYS_ioctl, 8, FIONREAD, &one);
  call(SYS_ioctl, 1, TCGETS, buffer);
  call(SYS_ioctl, 1, TIOCGWINSZ, buffer);
  call(SYS_ioctl, 1, TIOCGPGRP, buffer);
  call(SYS_ioctl, 1, 0x12345678, 5);
  int master = call(SYS_open, "/dev/ptmx", O_RDWR | O_NOCTTY);
  call(SYS_ioctl, master, TCGETS, buffer);
  call(SYS_ioctl, master, TCSETSW, buffer);
  call(SYS_ioctl, master, TIOCGWINSZ, buffer);
  call(SYS_ioctl, master, FIOCLEX);
}

int main(void) {
  begin();
  creating();
  addresses();
  options();
  messages();
  requests();
  return 0;
}
