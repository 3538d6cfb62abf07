// Calls that no other test made: the user and group numbers of 16 and of 32 bits, as root and after giving that up, sigsuspend
// of the old kind, fchown, lchown and fstatfs by their old numbers, vhangup, rt_sigtimedwait_time64, and extended attributes of
// links and descriptors.
//EXPECT: setresuid32
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char* result(long value) {
  static char texts[4][64];
  static unsigned next;
  char* text = texts[next++ % 4];
  if (value == -1 && errno != 0) sprintf(text, "%s", strerrorname_np(errno));
  else sprintf(text, "%ld", value);
  return text;
}
static long make(long number, long a, long b, long c) {
  errno = 0;
  return syscall(number, a, b, c);
}

static void show_ids(const char* what, long value) {
  uint16_t narrow[3];
  uint32_t users[3] = {9, 9, 9}, groups[3] = {9, 9, 9};
  printf("%s: %s,", what, result(value));
  syscall(SYS_getresuid32, users, users + 1, users + 2);
  syscall(SYS_getresgid32, groups, groups + 1, groups + 2);
  printf(" users %u %u %u, groups %u %u %u,", users[0], users[1], users[2], groups[0], groups[1], groups[2]);
  memset(narrow, 9, sizeof narrow);
  syscall(SYS_getresuid, narrow, narrow + 1, narrow + 2);
  printf(" narrow %u %u %u, %ld %ld %ld %ld\n", narrow[0], narrow[1], narrow[2], syscall(SYS_getuid), syscall(SYS_geteuid),
         syscall(SYS_getgid), syscall(SYS_getegid));
  fflush(stdout);
}

// Each in a child of its own, which is root again.
#define TRY(name, a, b, c)                                \
  do {                                                    \
    fflush(stdout);                                       \
    if (fork() == 0) {                                    \
      const long value = make(SYS_##name, a, b, c);       \
      show_ids(#name " " #a " " #b " " #c, value);        \
      _exit(0);                                           \
    }                                                     \
    wait(NULL);                                           \
  } while (0)

static void numbers(void) {
  TRY(setuid, 1000, 0, 0);
  TRY(setuid, 0xffff, 0, 0);
  TRY(setuid, 0x11000, 0, 0);
  TRY(setuid32, 100000, 0, 0);
  TRY(setuid32, -1, 0, 0);
  TRY(setgid, 1000, 0, 0);
  TRY(setgid, 0xffff, 0, 0);
  TRY(setgid32, 100000, 0, 0);
  TRY(setreuid, 0xffff, 5, 0);
  TRY(setreuid, 5, 0xffff, 0);
  TRY(setreuid32, -1, 70000, 0);
  TRY(setregid, 0xffff, 5, 0);
  TRY(setregid, 5, 0xffff, 0);
  TRY(setregid32, -1, 70000, 0);
  TRY(setregid32, 6, 7, 0);
  TRY(setresuid, 1, 2, 3);
  TRY(setresuid, 0xffff, 2, 0xffff);
  TRY(setresuid32, 1, 70000, -1);
  TRY(setresgid, 1, 2, 3);
  TRY(setresgid, 0xffff, 2, 0xffff);
  TRY(setresgid32, 1, 70000, -1);
  TRY(setfsuid, 1000, 0, 0);
  TRY(setfsgid, 1000, 0, 0);
  TRY(setfsuid32, 70000, 0, 0);
  TRY(setfsgid32, 70000, 0, 0);
}

static void without_rights(void) {
  fflush(stdout);
  if (fork() == 0) {
    make(SYS_setresgid32, 1000, 1001, 1002);
    make(SYS_setresuid32, 1000, 1001, 1002);
    printf("fsuid before %ld,", make(SYS_setfsuid32, 0, 0, 0));
    printf(" after %ld, before %ld, after %ld\n", make(SYS_setfsuid32, 1002, 0, 0), make(SYS_setfsgid, 0, 0, 0), make(SYS_setfsgid32, 1002, 0, 0));
    show_ids("setuid 0", make(SYS_setuid, 0, 0, 0));
    show_ids("setuid 1002", make(SYS_setuid, 1002, 0, 0));
    show_ids("setgid 1000", make(SYS_setgid, 1000, 0, 0));
    show_ids("setreuid 1002 1000", make(SYS_setreuid, 1002, 1000, 0));
    show_ids("setregid32 1001 5", make(SYS_setregid32, 1001, 5, 0));
    show_ids("setresuid 1000 1000 0", make(SYS_setresuid, 1000, 1000, 0));
    printf("vhangup: %s\n", result(make(SYS_vhangup, 0, 0, 0)));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

static void owners(void) {
  const int file = open("file", O_RDWR | O_CREAT, 0644);
  symlink("file", "link");
  struct stat status;
  printf("fchown: %s,", result(make(SYS_fchown, file, 5, 6)));
  fstat(file, &status);
  printf(" %u %u, %s,", status.st_uid, status.st_gid, result(make(SYS_fchown, file, 0xffff, 7)));
  fstat(file, &status);
  printf(" %u %u, %s\n", status.st_uid, status.st_gid, result(make(SYS_fchown, 99, 1, 1)));
  printf("lchown: %s,", result(make(SYS_lchown, (long)"link", 8, 0xffff)));
  lstat("link", &status);
  printf(" %u %u,", status.st_uid, status.st_gid);
  fstat(file, &status);
  printf(" file %u, %s\n", status.st_uid, result(make(SYS_lchown, (long)"missing", 1, 1)));
  uint32_t old[16] = {0};
  const int processes = open("/proc", O_RDONLY | O_DIRECTORY);
  printf("fstatfs: %s,", result(make(SYS_fstatfs, processes, (long)old, 0)));
  printf(" type %x, name length %u, %s %s\n", old[0], old[9], result(make(SYS_fstatfs, 99, (long)old, 0)), result(make(SYS_fstatfs, processes, 1, 0)));
}

static void attributes(void) {
  const int file = open("file", O_RDWR);
  char value[16] = "", list[64] = "";
  // What the file system says of them; these errors come before that.
  printf("attributes: %s %s", result(syscall(SYS_fgetxattr, 99, "trusted.a", value, 16)), result(syscall(SYS_flistxattr, 99, list, 64)));
  printf(" %s %s", result(syscall(SYS_fremovexattr, 99, "trusted.a")), result(syscall(SYS_lsetxattr, "missing", "trusted.a", "b", 1, 0)));
  printf(" %s %s", result(syscall(SYS_llistxattr, "missing", list, 64)), result(syscall(SYS_lremovexattr, "missing", "trusted.a")));
  printf(" %s\n", result(syscall(SYS_lgetxattr, "missing", "trusted.a", value, 16)));
  const long set = syscall(SYS_lsetxattr, "file", "trusted.a", "bcd", 3, 0);
  if (set == 0) {  // else the file system has none
    const int got = syscall(SYS_fgetxattr, file, "trusted.a", value, 16), listed = syscall(SYS_flistxattr, file, list, 64);
    if (got != 3 || memcmp(value, "bcd", 3) != 0 || listed < 10) printf("wrong attribute\n");
    if (syscall(SYS_llistxattr, "file", list, 64) != listed) printf("wrong list\n");
    if (syscall(SYS_fremovexattr, file, "trusted.a") != 0) printf("not removed\n");
    if (syscall(SYS_lremovexattr, "file", "trusted.a") != -1 || errno != ENODATA) printf("removed again\n");
  }
}

static volatile sig_atomic_t handled;
static void on_signal(int number) { handled = number; }

static void signals(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigaddset(&blocked, SIGUSR2);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  raise(SIGUSR1);
  // sigsuspend: two words that are not used, and the mask itself.
  printf("sigsuspend: %s", result(make(SYS_sigsuspend, 0, 0, 1 << (SIGUSR2 - 1))));
  printf(" handled %d\n", handled == SIGUSR1);
  raise(SIGUSR2);
  const uint64_t wanted = 1ull << (SIGUSR2 - 1);
  const int64_t moment[2] = {0, 1000000}, bad[2] = {0, -1};
  siginfo_t info;
  memset(&info, 0, sizeof info);
  errno = 0;
  const long taken = syscall(SYS_rt_sigtimedwait_time64, &wanted, &info, moment, 8);
  printf("rt_sigtimedwait_time64: %d, code %d from itself %d,", taken == SIGUSR2, info.si_code, info.si_pid == getpid());
  printf(" then %s,", result(syscall(SYS_rt_sigtimedwait_time64, &wanted, &info, moment, 8)));
  printf(" %s\n", result(syscall(SYS_rt_sigtimedwait_time64, &wanted, &info, bad, 8)));
}

int main(void) {
  numbers();
  without_rights();
  owners();
  attributes();
  signals();
  return 0;
}
