// Options of sockets whose numbers, values or structures are others on a 64-bit host or on MIPS: times, groups (their addresses
// are aligned otherwise), filters (a pointer), and numbers that only MIPS has.
//NOT UNDER AN EMULATOR: qemu-user converts few of these
//NOT ON THE MACHINE: newer kernels than its 6.1 refuse SO_PASSCRED where the family is not unix
//EXPECT: group: 0 again EADDRINUSE
//EXPECT: filter: 0 length 3 first 28
//EXPECT: MIPS's numbers: ENOPROTOOPT ENOPROTOOPT ENOPROTOOPT
//EXPECT: MIPS's level: ENOPROTOOPT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/// The result of a call, or the name of its error.
static const char *said(int result) {
  static char text[8][16];
  static unsigned next;
  char *here = text[next++ % 8];
  if (result < 0) return strerrorname_np(errno);
  snprintf(here, sizeof text[0], "%d", result);
  return here;
}

static void numbers(int fd) {
  static const struct {
    int option, value;
  } options[] = {{SO_REUSEADDR, 1}, {SO_KEEPALIVE, 1}, {SO_BROADCAST, 1}, {SO_OOBINLINE, 1}, {SO_DONTROUTE, 1},
                 {SO_PRIORITY, 4},  {SO_RCVLOWAT, 3},  {SO_REUSEPORT, 1}, {SO_PASSCRED, 1},  {SO_RXQ_OVFL, 1},
                 {SO_NO_CHECK, 1},  {SO_TXTIME, 1},    {SO_TIMESTAMP, 1}, {63, 1},          {35, 1},
                 {37, 16},          {65, 16},          {SO_PEEK_OFF, 2}};
  for (unsigned i = 0; i < sizeof options / sizeof *options; ++i) {
    int value = options[i].value, got = -1;
    socklen_t size = sizeof got;
    printf("option %d: %s", options[i].option, said(setsockopt(fd, SOL_SOCKET, options[i].option, &value, sizeof value)));
    printf(" %s", said(getsockopt(fd, SOL_SOCKET, options[i].option, &got, &size)));
    printf(" %d\n", got);
  }
  int domain = 0, protocol = 0, type = 0, listens = 7, error = 7;
  socklen_t size = sizeof domain;
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
  getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size);
  getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  printf("is: %d %d %d %d %d\n", domain, protocol, type, listens, error);
  // On MIPS 0x80 is SO_LINGER, 0x1006 SO_RCVTIMEO, and 0x200 SO_REUSEPORT.
  long value[2] = {1, 1};
  printf("MIPS's numbers: %s %s %s\n", said(setsockopt(fd, SOL_SOCKET, 0x80, value, 8)),
         said(setsockopt(fd, SOL_SOCKET, 0x1006, value, 8)), said(setsockopt(fd, SOL_SOCKET, 0x200, value, 8)));
  printf("MIPS's level: %s\n", said(setsockopt(fd, 0xffff, SO_REUSEADDR, value, 4)));
}

static void times(int fd) {
  struct timeval time = {3, 500000}, got = {0};
  long long wide[2] = {5, 500000}, wide_got[2] = {0};
  socklen_t size = sizeof got;
  printf("timeout: %s", said(setsockopt(fd, SOL_SOCKET, 20, &time, sizeof time)));
  printf(" %s", said(getsockopt(fd, SOL_SOCKET, 20, &got, &size)));
  printf(" %ld %ld size %u", (long)got.tv_sec, (long)got.tv_usec, size);
  size = sizeof wide_got;
  printf(" wide %s", said(getsockopt(fd, SOL_SOCKET, 66, wide_got, &size)));
  printf(" %lld %lld size %u\n", wide_got[0], wide_got[1], size);
  printf("wide timeout: %s short %s", said(setsockopt(fd, SOL_SOCKET, 67, wide, sizeof wide)),
         said(setsockopt(fd, SOL_SOCKET, 67, wide, 8)));
  size = sizeof got;
  printf(" %s", said(getsockopt(fd, SOL_SOCKET, 21, &got, &size)));
  printf(" %ld %ld\n", (long)got.tv_sec, (long)got.tv_usec);
  struct linger linger = {1, 9}, linger_got = {0};
  size = sizeof linger_got;
  printf("linger: %s", said(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger)));
  printf(" %s", said(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger_got, &size)));
  printf(" %d %d\n", linger_got.l_onoff, linger_got.l_linger);
}

static void filters(int fd) {
  struct sock_filter code[3] = {{0x28, 0, 0, 12}, {0x15, 0, 0, 0x800}, {6, 0, 0, 0xffff}}, got[8];
  struct sock_fprog program = {3, code};
  printf("filter: %s", said(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)));
  socklen_t count = 8;
  int result = getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, &count);
  printf(" length %d first %x", result < 0 ? -1 : (int)count, got[0].code);
  program.filter = (void *)16;
  printf(" nowhere %s", said(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)));
  printf(" short %s\n", said(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, 6)));
  int nothing = 0;
  printf("detach: %s", said(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &nothing, sizeof nothing)));
  printf(" %s\n", said(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &nothing, sizeof nothing)));
}

static void groups(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct group_req request = {.gr_interface = 1};
  struct sockaddr_in *group = (struct sockaddr_in *)&request.gr_group;
  group->sin_family = AF_INET;
  group->sin_addr.s_addr = inet_addr("239.1.2.3");
  printf("group: %s", said(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request)));
  printf(" again %s", said(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request)));
  printf(" short %s", said(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request - 1)));
  struct group_source_req source = {.gsr_interface = 1};
  memcpy(&source.gsr_group, group, sizeof *group);
  memcpy(&source.gsr_source, group, sizeof *group);
  ((struct sockaddr_in *)&source.gsr_source)->sin_addr.s_addr = inet_addr("10.0.0.1");
  printf(" block %s", said(setsockopt(fd, IPPROTO_IP, MCAST_BLOCK_SOURCE, &source, sizeof source)));
  union {
    struct group_filter filter;
    char room[GROUP_FILTER_SIZE(4)];
  } filter = {.filter = {.gf_interface = 1, .gf_numsrc = 4}};
  memcpy(&filter.filter.gf_group, group, sizeof *group);
  socklen_t size = GROUP_FILTER_SIZE(4);
  printf("\nsources: %s", said(getsockopt(fd, IPPROTO_IP, MCAST_MSFILTER, &filter, &size)));
  printf(" mode %u count %u %s size %u\n", filter.filter.gf_fmode, filter.filter.gf_numsrc,
         inet_ntoa(((struct sockaddr_in *)filter.filter.gf_slist)->sin_addr), size);
  filter.filter.gf_fmode = MCAST_INCLUDE;
  filter.filter.gf_numsrc = 2;
  memcpy(&filter.filter.gf_slist[1], &filter.filter.gf_slist[0], sizeof filter.filter.gf_slist[0]);
  ((struct sockaddr_in *)&filter.filter.gf_slist[1])->sin_addr.s_addr = inet_addr("10.0.0.2");
  printf("filter: %s", said(setsockopt(fd, IPPROTO_IP, MCAST_MSFILTER, &filter, GROUP_FILTER_SIZE(2))));
  printf(" short %s", said(setsockopt(fd, IPPROTO_IP, MCAST_MSFILTER, &filter, GROUP_FILTER_SIZE(1))));
  size = GROUP_FILTER_SIZE(4);
  filter.filter.gf_numsrc = 4;
  getsockopt(fd, IPPROTO_IP, MCAST_MSFILTER, &filter, &size);
  printf(" mode %u count %u\n", filter.filter.gf_fmode, filter.filter.gf_numsrc);
  printf("leave: %s", said(setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &request, sizeof request)));
  printf(" %s\n", said(setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &request, sizeof request)));
  close(fd);
}

static void requests(int fd) {
  long time[2] = {7, 7};
  printf("no packet yet: %s %s\n", said(ioctl(fd, 0x8906, time)), said(ioctl(fd, 0x8907, time)));
  printf("owner: %s", said(ioctl(fd, FIOSETOWN, &(int){getpid()})));
  int owner = 0;
  ioctl(fd, SIOCGPGRP, &owner);
  printf(" %d unknown %s bad descriptor %s\n", owner == getpid(), said(ioctl(fd, 0x12345678, 0)), said(ioctl(-1, 0x12345678, 0)));
}

int main(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  numbers(fd);
  times(fd);
  filters(fd);
  groups();
  requests(fd);
  return 0;
}
