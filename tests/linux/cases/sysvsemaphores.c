// System V semaphores, by ipc(2) with the structures of both versions and by the direct calls: every command of semctl,
// several operations at once, waits with time limits in both widths, and what SEM_UNDO undoes
//EXPECT: after the child's end 5 3
//EXPECT: old structure: mode 600 count 3
//EXPECT: threads share: 9, after all ended 4
//FLAGS: -O1 -static -w -march=i686 -mno-sse -U_FORTIFY_SOURCE -pthread
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { IPC = 117, OP = 1, GET, CTL, TIMED, GET_ = 393, CTL_, TIMED_ = 420, NEW = 0x100 };
struct set64 {
  int key; unsigned uid, gid, cuid, cgid; unsigned short mode, p1, seq, p2; unsigned u[2];
  unsigned otime, otime_high, ctime, ctime_high, nsems, u2[2];
};
struct old_set { int key; unsigned short uid, gid, cuid, cgid, mode, seq; unsigned otime, ctime, p[4]; unsigned short nsems; };
static const char *e(long r) { return r >= 0 ? "ok" : strerrorname_np(errno); }
static long ipc(int call, int first, int second, int third, const void *p, int fifth) { return syscall(IPC, call, first, second, third, p, fifth); }
static long ctl(int id, int n, int cmd, long arg) { return ipc(CTL, id, n, NEW | cmd, &arg, 0); }
static long op(int id, int n, int change, int flags) { struct sembuf b = {n, change, flags}; return ipc(OP, id, 1, 0, &b, 0); }
static volatile int signals;
static void on_alarm(int x) { signals++; }
static int s;

static void commands(void) {
  unsigned short values[3] = {5, 6, 7}, read[3];
  printf("setall %s", e(ctl(s, 0, SETALL, (long)values)));
  printf(" getall %s", e(syscall(CTL_, s, 0, GETALL, read)));
  printf(" %d %d %d\n", read[0], read[1], read[2]);
  printf("setval %s", e(syscall(CTL_, s, 1, SETVAL, 11)));
  printf(" getval %ld pid %d ncnt %ld zcnt %ld\n", ctl(s, 1, GETVAL, 0), syscall(CTL_, s, 1, GETPID, 0) == getpid(), ctl(s, 1, GETNCNT, 0), ctl(s, 1, GETZCNT, 0));
  struct set64 n;
  struct old_set o;
  memset(&n, 0x55, sizeof n);
  memset(&o, 0x55, sizeof o);
  printf("stat %s", e(ctl(s, 0, IPC_STAT, (long)&n)));
  printf(" uid %d mode %o count %u otime %u ctime %d high %u unused %u\n", n.uid == getuid(), n.mode, n.nsems, n.otime, n.ctime > 0, n.ctime_high, n.u2[1]);
  long arg = (long)&o;
  printf("old stat %s\n", e(ipc(CTL, s, 0, IPC_STAT, &arg, 0)));
  printf("old structure: mode %o count %u ctime %d pointer %u\n", o.mode, o.nsems, o.ctime == n.ctime, o.p[3]);
  n.mode = 0644;
  printf("set %s", e(syscall(CTL_, s, 0, IPC_SET, &n)));
  o.mode = 0600;
  printf(" %s", e(ipc(CTL, s, 0, IPC_SET, &arg, 0)));
  printf(" mode %o\n", (syscall(CTL_, s, 0, IPC_STAT, &n), n.mode));
  struct seminfo info;
  memset(&info, 0x55, sizeof info);
  printf("info %s", e(syscall(CTL_, 0, 0, IPC_INFO, &info)));
  printf(" msl %d opm %d vmx %d aem %d\n", info.semmsl, info.semopm, info.semvmx, info.semaem);
  int highest = syscall(CTL_, 0, 0, IPC_INFO, &info), found = 0;
  for (int i = 0; i <= highest; i++)
    found += syscall(CTL_, i, 0, SEM_STAT, &n) == s;
  printf("found %d; sem_info %s %d\n", found, e(syscall(CTL_, 0, 0, SEM_INFO, &info)), info.semusz > 0);
}
static void errors(void) {
  char *edge = mmap(0, 0x30000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  edge = (char *)(((long)edge + 0x1ffff) & ~0xffff);
  munmap(edge, 0x10000);
  unsigned short large[3] = {1, 32768, 0};
  printf("get %s", e(syscall(GET_, IPC_PRIVATE, 0, 0600)));
  printf(" %s", e(syscall(GET_, IPC_PRIVATE, -1, 0600)));
  printf(" %s", e(syscall(GET_, IPC_PRIVATE, 1000000, 0600)));
  printf(" %s\n", e(ipc(GET, 0x7fe11e58, 1, 0, 0, 0)));
  printf("control %s", e(ctl(s, 3, GETVAL, 0)));
  printf(" %s", e(ctl(s, -1, SETVAL, 0)));
  printf(" %s", e(ctl(s, 0, SETVAL, 32768)));
  printf(" %s", e(ctl(s, 0, SETVAL, -1)));
  printf(" %s", e(ctl(s, 0, SETALL, (long)large)));
  printf(" %s", e(ctl(s, 0, SETALL, 1)));
  printf(" %s", e(ctl(s, 0, SETALL, (long)edge - 4)));
  printf(" %s", e(ctl(s, 0, SETALL, (long)edge - 6)));
  printf(" %s", e(ctl(s, 0, GETALL, 1)));
  printf(" %s", e(ctl(s, 0, IPC_STAT, 1)));
  printf(" %s", e(ctl(s, 0, IPC_SET, 1)));
  printf(" %s", e(ctl(-1, 0, IPC_SET, 1)));
  printf(" %s", e(ctl(s, 0, IPC_INFO, 1)));
  printf(" %s", e(ctl(s, 0, 99, 1)));
  printf(" %s", e(ctl(0x7fffffff, 0, GETALL, 1)));
  printf(" %s", e(ipc(CTL, s, 0, GETVAL, 0, 0)));
  printf(" %s\n", e(ipc(CTL, s, 0, GETVAL, (void *)1, 0)));
  struct sembuf b = {0, 1, 0}, high = {3, 1, 0}, most = {0, 32767, 0};
  struct { int s, ns; } bad = {0, -1};
  printf("operate %s", e(ipc(OP, s, 0, 0, &b, 0)));
  printf(" %s", e(ipc(OP, s, 1000, 0, &b, 0)));
  printf(" %s", e(ipc(OP, -1, 1, 0, &b, 0)));
  printf(" %s", e(ipc(OP, -1, 1, 0, (void *)1, 0)));
  printf(" %s", e(ipc(OP, s, 1, 0, (void *)1, 0)));
  printf(" %s", e(ipc(OP, s, 1, 0, &high, 0)));
  printf(" %s", e(ipc(OP, s, 1, 0, &most, 0)));
  printf(" %s", e(ipc(TIMED, s, 1, 0, &b, 1)));
  printf(" %s", e(ipc(TIMED, s, 1, 0, &b, (int)&bad)));
  printf(" %s", e(ipc(TIMED, s, 0, 0, (void *)1, 1)));
  printf(" %s", e(syscall(TIMED_, s, &b, 1, edge - 8)));
  printf(" %s\n", e(op(s, 0, -30000, IPC_NOWAIT)));
}
static void waits(void) {
  struct { int s, ns; } soon = {0, 20000000};
  struct { long long s, ns; } soon64 = {0, 20000000 | 1ll << 40};
  struct sembuf take = {2, -30000, 0}, one = {2, -1, 0};
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  printf("timed %s", e(ipc(TIMED, s, 1, 0, &take, (int)&soon)));
  printf(" %s", e(syscall(TIMED_, s, &one, 1, &soon64)));
  clock_gettime(CLOCK_MONOTONIC, &after);
  printf(" waited %d\n", (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 39);
  struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &act, 0);
  ualarm(30000, 0);
  printf("interrupted even with SA_RESTART: %s", e(op(s, 2, -30000, 0)));
  printf(" %d\n", signals);
  // several at once: all or none
  struct sembuf both[2] = {{0, -1, 0}, {1, -30000, IPC_NOWAIT}};
  long r = ipc(OP, s, 2, 0, both, 0);
  printf("both %s values %ld %ld\n", e(r), ctl(s, 0, GETVAL, 0), ctl(s, 1, GETVAL, 0));
  ctl(s, 2, SETVAL, 0);
  fflush(stdout);
  int child = fork();
  if (child == 0) _exit(op(s, 2, -2, 0) == 0 ? 42 : 43);
  while (ctl(s, 2, GETNCNT, 0) == 0) usleep(1000);
  op(s, 2, 1, 0);
  printf("one is not enough: waiting %ld", ctl(s, 2, GETNCNT, 0));
  syscall(TIMED_, s, &(struct sembuf){2, 1, 0}, 1, 0);
  int status;
  waitpid(child, &status, 0);
  printf(" status %d value %ld by the child %d\n", status >> 8, ctl(s, 2, GETVAL, 0), ctl(s, 2, GETPID, 0) == child);
}
static void *operate(void *p) { op(s, 0, 4, SEM_UNDO); return 0; }
static void undo(void) {
  unsigned short values[3] = {5, 3, 0};
  ctl(s, 0, SETALL, (long)values);
  fflush(stdout);
  if (fork() == 0) {
    op(s, 0, -4, SEM_UNDO);
    op(s, 1, 7, SEM_UNDO);
    op(s, 1, -2, 0);
    printf("in the child %ld %ld\n", ctl(s, 0, GETVAL, 0), ctl(s, 1, GETVAL, 0));
    fflush(stdout);
    op(s, 1, 2, 0);
    _exit(0);
  }
  wait(0);
  printf("after the child's end %ld %ld\n", ctl(s, 0, GETVAL, 0), ctl(s, 1, GETVAL, 0));
  if (fork() == 0) {
    op(s, 0, 4, SEM_UNDO);
    ctl(s, 0, SETVAL, 20); // forgets what is to be undone
    _exit(0);
  }
  wait(0);
  printf("set meanwhile %ld\n", ctl(s, 0, GETVAL, 0));
  // a vfork child has a list of its own
  ctl(s, 0, SETVAL, 10);
  if (vfork() == 0) {
    op(s, 0, 3, SEM_UNDO);
    _exit(0);
  }
  wait(0);
  printf("after vfork %ld\n", ctl(s, 0, GETVAL, 0));
  // threads share one, which is undone when the last ends
  ctl(s, 0, SETVAL, 4);
  fflush(stdout);
  if (fork() == 0) {
    pthread_t t;
    op(s, 0, 1, SEM_UNDO);
    pthread_create(&t, 0, operate, 0);
    pthread_join(t, 0);
    printf("threads share: %ld,", ctl(s, 0, GETVAL, 0));
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  printf(" after all ended %ld\n", ctl(s, 0, GETVAL, 0));
}

int main(void) {
  s = ipc(GET, IPC_PRIVATE, 3, IPC_CREAT | 0600, 0, 0);
  printf("set %d\n", s >= 0);
  commands();
  errors();
  waits();
  undo();
  printf("remove %s", e(ctl(s, 0, IPC_RMID, 0)));
  printf(" %s\n", e(ctl(s, 0, GETVAL, 0)));
  return 0;
}
