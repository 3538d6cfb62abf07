// Calls and details that qemu-user does not have.
//NOT UNDER AN EMULATOR: qemu-user does not have these calls
#include "trace.h"

#include <arpa/inet.h>
#include <linux/aio_abi.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

static char buffer[2048];

static void datagrams(void) {
  int a = call(SYS_socket, AF_INET, SOCK_DGRAM, 0);
  int b = call(SYS_socket, AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in in = {AF_INET, htons(44441), {htonl(INADDR_LOOPBACK)}};
  call(SYS_bind, a, &in, sizeof in);
  struct sockaddr_in from = {AF_INET, htons(44442), {htonl(INADDR_LOOPBACK)}};
  call(SYS_bind, b, &from, sizeof from);
  struct timeval limit = {1, 500};
  call(SYS_setsockopt, a, SOL_SOCKET, SO_RCVTIMEO, &limit, 8);
  socklen_t length = 8;
  call(SYS_getsockopt, a, SOL_SOCKET, SO_RCVTIMEO, buffer, &length);
  call(SYS_setsockopt, a, SOL_SOCKET, SO_BINDTODEVICE, "nodevice", 8);
  int one = 1;
  call(SYS_setsockopt, a, IPPROTO_IP, IP_TOS, &one, 4);
  call(SYS_sendto, b, "hello", 5, 0, &in, sizeof in);
  length = 128;
  call(SYS_recvfrom, a, buffer, 100, 0, buffer + 512, &length);
  length = 4;
  call(SYS_recvfrom, a, buffer, 100, MSG_DONTWAIT, buffer + 512, &length);
  struct iovec v = {"abc", 3};
  struct msghdr m = {&in, sizeof in, &v, 1};
  call(SYS_sendmsg, b, &m, 0);
  struct iovec r = {buffer, 64};
  struct msghdr n = {buffer + 512, 128, &r, 1};
  call(SYS_recvmsg, a, &n, 0);
  call(SYS_recvmsg, a, &n, MSG_DONTWAIT);
  call(SYS_connect, b, &in, sizeof in);
  length = 128;
  call(SYS_getpeername, b, buffer, &length);
  call(SYS_close, a);
  call(SYS_sendto, b, "x", 1, 0, NULL, 0);
  call(SYS_sendto, b, "x", 1, 0, NULL, 0);
  length = 4;
  call(SYS_getsockopt, b, SOL_SOCKET, SO_ERROR, buffer, &length);
  call(SYS_close, b);
}

static void streams(void) {
  int a = call(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un un = {AF_UNIX, "listening"};
  call(SYS_bind, a, &un, sizeof un);
  call(SYS_listen, a, 1);
  int b = call(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
  call(SYS_connect, b, &un, sizeof un);
  socklen_t length = 110;
  call(SYS_accept4, a, buffer, &length, SOCK_NONBLOCK);
  unsigned words[3] = {a, 0, 0};
  call(SYS_fcntl64, a, F_SETFL, O_NONBLOCK);
  call(SYS_socketcall, 5, words);
  call(SYS_write, b, "to be read", 10);
  call(SYS_close, b);
  call(SYS_close, a);
}

static void wide_structures(void) {
  static uint32_t header[2] = {0x20080522, 0}, data[6];
  data[0] = 0x21;
  call(SYS_capset, header, data);
  static struct {
    int type, pid;
  } owner = {1, 0};
  call(SYS_fcntl64, 1, 15, &owner);
  call(SYS_fcntl64, 99, 16, &owner);
  call(SYS_fcntl64, 99, 1026, 3);
  static uint64_t limit[2] = {-1, 4096};
  call(SYS_prlimit64, 1, RLIMIT_NOFILE, limit, NULL);
  limit[1] = -1;
  call(SYS_prlimit64, 0, RLIMIT_LOCKS, NULL, limit);
  call(SYS_ugetrlimit, RLIMIT_LOCKS, limit);
  call(SYS_getrlimit, RLIMIT_LOCKS, limit);
  call(SYS_personality, 0x0040000);
  call(SYS_personality, 0xffffffff);
  call(SYS_ioprio_set, 1, 0, 2 << 13 | 5);
  call(SYS_ioprio_get, 1, 0);
  static stack_t stack = {NULL, SS_DISABLE, 0};
  call(SYS_sigaltstack, &stack, &stack);
  static struct sigevent event;
  static int id;
  event.sigev_notify = SIGEV_SIGNAL, event.sigev_signo = SIGUSR1, event.sigev_value.sival_int = 5;
  call(SYS_timer_create, CLOCK_REALTIME, &event, &id);
  event.sigev_notify = 4, event._sigev_un._tid = 1;
  call(SYS_timer_create, CLOCK_REALTIME, &event, &id);
  event.sigev_notify = SIGEV_NONE;
  call(SYS_mq_notify, -1, &event);
  static uint64_t access = 5;
  call(SYS_landlock_create_ruleset, &access, 8, 0);
  static int on;
  call(SYS_prctl, PR_GET_CHILD_SUBREAPER, &on);
  call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 0);
  static uint16_t groups[2] = {1, 2};
  call(SYS_setgroups, 70000, groups);
  call(SYS_getgroups, 0, NULL);
  call(SYS_setreuid, -1, -1);
  call(SYS_setresgid, -1, -1, -1);
  call(SYS_getresgid, groups, BAD, groups);
  call(SYS_setfsgid, -1);
}

static void control(void) {
  int segment = call(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  call(SYS_shmctl, segment, IPC_STAT, BAD);
  call(SYS_shmctl, segment, IPC_RMID, NULL);
  int set = call(SYS_semget, IPC_PRIVATE, 1, IPC_CREAT | 0600);
  static unsigned short values[2] = {3};
  call(SYS_semctl, set, 0, SETALL, values);
  call(SYS_semctl, set, 0, GETPID, 0);
  call(SYS_semctl, set, 0, IPC_RMID, 0);
  call(SYS_semctl, -1, 0, 77, 0);
  call(SYS_msgctl, -1, 77, NULL);
}

static void unknown_to_emulators(void) {
  call(SYS_landlock_create_ruleset, NULL, 0, 1);
  call(SYS_keyctl, 0, -3, 0);
  call(SYS_add_key, "user", "ferry", "x", 1, 99);
  call(SYS_quotactl, 0x80000700, "missing", 0, buffer);
  call(SYS_fanotify_mark, -1, 1, 2, 0, AT_FDCWD, "missing");
  call(SYS_fsopen, "none", 1);
  call(SYS_open_tree, -1, "missing", 1);
  call(SYS_move_mount, -1, "missing", -1, "missing", 0);
  call(SYS_socket, 99, 99, 99);
  uint64_t how[3] = {O_RDONLY | O_CLOEXEC, 0, 8};
  int file = call(SYS_open, "file", O_RDWR | O_CREAT, 0600);
  call(SYS_openat2, AT_FDCWD, "file", how, 24);
  call(SYS_openat2, AT_FDCWD, "file", how, 8);
  struct iovec v = {buffer, 3};
  call(SYS_pwritev2, file, &v, 1, 0, 0, 0x10);
  call(SYS_preadv2, file, &v, 1, 0, 0, 2);
  call(SYS_mq_notify, file, NULL);
}

static void rarer_calls(void) {
  static aio_context_t context;
  call(SYS_io_setup, 0, &context);
  call(SYS_io_destroy, 5);
  call(SYS_io_getevents, 5, 1, 2, buffer, NULL);
  call(SYS_io_cancel, 5, NULL, NULL);
  static uint64_t attributes[4];
  call(SYS_mount_setattr, AT_FDCWD, "missing", 0x8000, attributes, 8);
  call(443, 99, 0x80000700, 0, buffer);
  call(SYS_oldstat, "/dev/null", BAD);
  call(SYS_olduname, buffer);
  call(SYS_reboot, 1, 2, 3, 0);
  call(SYS_reboot, 0xfee1dead, 672274793, 3, 0);
  call(SYS_futex_waitv, NULL, 0, 1, NULL, 0);
  call(SYS_sched_setattr, 0, NULL, 0);
  call(SYS_delete_module, "none", 0);
  call(SYS_uselib, "none");
  static struct timeval zero[2];
  call(SYS_utimes, "missing", zero);
  call(SYS_getdents, 99, buffer, 10);
  call(SYS_process_madvise, -1, NULL, 0, 0, 0);
  call(SYS_pidfd_open, -1, 0);
  call(SYS_fanotify_init, 0x80, 0x1000);
  call(SYS_fspick, -1, "missing", 1);
  call(SYS_open_by_handle_at, -1, buffer, O_RDONLY);
  call(SYS_fsmount, -1, 1, 2);
  call(SYS_fsconfig, -1, 0, "key", NULL, 0);
  call(SYS_setdomainname, "name", 100);
  call(SYS_sched_rr_get_interval, -1, buffer);
  call(SYS_sched_rr_get_interval_time64, -1, buffer);
  call(SYS_get_robust_list, -1, buffer, buffer);
  call(SYS_request_key, "user", "ferry-none", NULL, -3);
  call(SYS_landlock_add_rule, -1, 1, NULL, 0);
  call(SYS_landlock_restrict_self, -1, 0);
  call(SYS_process_mrelease, -1, 0);
  call(SYS_syncfs, -1);
  call(SYS_vmsplice, -1, NULL, 0, 0);
  call(SYS_epoll_ctl, -1, 77, 5, NULL);
  call(SYS_shutdown, -1, 77);
  call(SYS_settimeofday, BAD, NULL);
  call(SYS_stime, BAD);
  call(SYS_swapon, "missing", 0x8001);
  call(SYS_umount, "missing");
}

static void deaths(void) {
  int child = fork();
  if (child == 0) abort();
  call(SYS_wait4, child, buffer, 0, NULL);
  child = fork();
  if (child == 0) call(SYS_kill, getpid(), SIGHUP);
  call(SYS_wait4, child, buffer, 0, NULL);
  child = fork();
  if (child == 0) {
    int ends[2];
    pipe(ends);
    close(ends[0]);
    call(SYS_write, ends[1], "x", 1);
  }
  call(SYS_wait4, child, buffer, 0, NULL);
  child = fork();
  if (child == 0) {
    call(SYS_alarm, 1);
    call(SYS_pause);
  }
  call(SYS_wait4, child, buffer, 0, NULL);
  child = call(SYS_vfork);
  if (child == 0) call(SYS_exit, 3);
  call(SYS_wait4, child, buffer, 0, NULL);
}

int main(void) {
  block_child_signal();
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  begin();
  datagrams();
  streams();
  wide_structures();
  control();
  unknown_to_emulators();
  rarer_calls();
  deaths();
  return 0;
}
