// System V messages, by ipc(2) with the structures of both versions and by the direct calls: types, flags, limits, waits and
// the errors
//EXPECT: version 0 received 5 type 3 "three"
//EXPECT: old structure: key 0 mode 640 messages 2 bytes 8
//EXPECT: restarted 4 signals 1
//NOT UNDER AN EMULATOR: qemu-user 7.2 has no MSG_STAT_ANY and its like, and loses the last receiver
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IPC = 117, SND = 11, RCV, GET, CTL, GET_ = 399, SND_, RCV_, CTL_ };
enum { NEW = 0x100 };
struct message { long type; char text[9000]; };
struct queue64 {
  int key; unsigned uid, gid, cuid, cgid; unsigned short mode, p1, seq, p2; unsigned u[2];
  unsigned stime, stime_high, rtime, rtime_high, ctime, ctime_high, cbytes, qnum, qbytes; int lspid, lrpid; unsigned u2[2];
};
struct old_queue {
  int key; unsigned short uid, gid, cuid, cgid, mode, seq;
  unsigned first, last, stime, rtime, ctime, lcbytes, lqbytes; unsigned short cbytes, qnum, qbytes, lspid, lrpid;
};
static const char *e(long r) { return r >= 0 ? "ok" : strerrorname_np(errno); }
static long ipc(int call, int first, int second, int third, const void *p, int fifth) { return syscall(IPC, call, first, second, third, p, fifth); }
static volatile int signals;
static void on_alarm(int s) { signals++; }
static struct message m;
static int q;

static void send(long type, const char *text) {
  m.type = type;
  strcpy(m.text, text);
  long r = type & 1 ? ipc(SND, q, strlen(text), 0, &m, 0) : syscall(SND_, q, &m, strlen(text), 0);
  if (r != 0) printf("send %s\n", e(r));
}
static void got(const char *what, long r) {
  if (r < 0) printf("%s received %s\n", what, e(r));
  else printf("%s received %ld type %ld \"%.*s\"\n", what, r, m.type, (int)r, m.text);
}
static void receiving(void) {
  send(1, "one"); send(2, "two"); send(3, "three"); send(4, "fourth"); send(5, "fifth message");
  struct { void *p; long type; } kludge = {&m, 3};
  got("version 0", ipc(RCV, q, 100, 0, &kludge, 0));
  got("version 1", ipc(1 << 16 | RCV, q, 100, 0, &m, 2));
  got("at most 4", syscall(RCV_, q, &m, 100, -4, 0));
  got("copy", syscall(RCV_, q, &m, 100, 1, IPC_NOWAIT | 040000));
  got("copy and except", syscall(RCV_, q, &m, 100, 1, IPC_NOWAIT | 040000 | 020000));
  got("except 4", syscall(RCV_, q, &m, 100, 4, 020000));
  got("too long", syscall(RCV_, q, &m, 3, 0, 0));
  got("cut", syscall(RCV_, q, &m, 3, 0, MSG_NOERROR));
  got("none", syscall(RCV_, q, &m, 100, 0, IPC_NOWAIT));
}
static void structures(void) {
  send(7, "1234"); send(8, "5678");
  struct queue64 n;
  struct old_queue o;
  memset(&n, 0x55, sizeof n);
  memset(&o, 0x55, sizeof o);
  printf("stat %s", e(ipc(CTL, q, NEW | IPC_STAT, 0, &n, 0)));
  printf(" key %x uid %d mode %o messages %u bytes %u most %d sender %d receiver %d times %d %d %d high %d unused %d %d\n", n.key, n.uid == getuid(), n.mode, n.qnum, n.cbytes,
         n.qbytes > 0, n.lspid == getpid(), n.lrpid == getpid(), n.stime > 0, n.rtime > 0, n.ctime > 0, n.ctime_high, n.u[1], n.u2[1]);
  printf("old stat %s\n", e(ipc(CTL, q, IPC_STAT, 0, &o, 0)));
  printf("old structure: key %x mode %o messages %u bytes %u same most %d sender %d ctime %d pointers %d %d\n", o.key, o.mode, o.qnum, o.cbytes,
         o.qbytes == (unsigned short)n.qbytes, o.lspid == (unsigned short)getpid(), o.ctime == n.ctime, o.first, o.lqbytes);
  n.mode = 0604;
  n.qbytes = 1000;
  printf("set %s", e(syscall(CTL_, q, IPC_SET, &n)));
  printf(" stat %s", e(syscall(CTL_, q, IPC_STAT, &n)));
  printf(" mode %o most %u\n", n.mode, n.qbytes);
  o.mode = 0640;
  o.qbytes = 500;
  printf("old set %s", e(ipc(CTL, q, IPC_SET, 0, &o, 0)));
  printf(" stat %s", e(syscall(CTL_, q, IPC_STAT, &n)));
  printf(" mode %o most %u\n", n.mode, n.qbytes);
  struct msginfo info;
  memset(&info, 0x55, sizeof info);
  printf("info %s", e(ipc(CTL, 0, NEW | IPC_INFO, 0, &info, 0)));
  printf(" max %d mnb %d ssz %d seg %d\n", info.msgmax, info.msgmnb, info.msgssz, info.msgseg);
  printf("msg_info %s", e(syscall(CTL_, 0, 12, &info)));
  printf(" queues %d\n", info.msgpool > 0);
  // by index: the queue is one of the kernel's
  int highest = syscall(CTL_, 0, IPC_INFO, &info), found = 0, found_any = 0;
  for (int i = 0; i <= highest; i++) {
    found += syscall(CTL_, i, 11, &n) == q;
    found_any += ipc(CTL, i, 13, 0, &o, 0) == q;
  }
  printf("found %d %d\n", found, found_any);
  // the same of the other kinds
  char room[128];
  int set = semget(IPC_PRIVATE, 1, 0), segment = shmget(IPC_PRIVATE, 1, 0);
  found = found_any = 0;
  for (int i = 0; i < 100; i++) {
    found += syscall(394, i, 0, 20, room) == set;
    found_any += ipc(24, i, NEW | 15, 0, room, 0) == segment;
  }
  printf("any set %d, any segment %d\n", found, found_any);
  semctl(set, 0, IPC_RMID);
  shmctl(segment, IPC_RMID, 0);
  printf("direct with the bit: stat %s", e(syscall(CTL_, q, NEW | IPC_STAT, &n)));
  printf(" unknown %s\n", e(syscall(CTL_, q, NEW | 77, &n)));
}
static void errors(void) {
  char *edge = mmap(0, 0x30000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  edge = (char *)(((long)edge + 0x1ffff) & ~0xffff);
  munmap(edge, 0x10000);
  printf("get %s", e(syscall(GET_, 0x7fe11e57, 0)));
  printf(" %s\n", e(ipc(GET, 0x7fe11e57, 0, 0, 0, 0)));
  m.type = 0;
  printf("send %s", e(syscall(SND_, q, &m, 4, 0)));
  m.type = 1;
  printf(" %s", e(syscall(SND_, q, &m, 8193, 0)));
  printf(" %s", e(syscall(SND_, q, &m, -1, 0)));
  printf(" %s", e(syscall(SND_, -1, &m, 1, 0)));
  printf(" %s", e(syscall(SND_, q, 1, 1, 0)));
  printf(" %s", e(syscall(SND_, q, edge - 4, 1, 0)));
  *(int *)(edge - 8) = 1;
  printf(" %s", e(syscall(SND_, q, edge - 8, 5, 0)));
  printf(" %s", e(syscall(SND_, 0x7fffffff, &m, 1, 0)));
  printf(" %s\n", e(ipc(SND, q, -5, 0, &m, 0)));
  printf("receive %s", e(syscall(RCV_, -1, &m, 1, 0, 0)));
  printf(" %s", e(syscall(RCV_, q, &m, -1, 0, 0)));
  printf(" %s", e(ipc(RCV, q, 1, 0, 0, 0)));
  printf(" %s", e(ipc(RCV, q, 1, 0, (void *)1, 0)));
  printf(" %s", e(ipc(RCV, -1, 1, 0, (void *)1, 0)));
  send(1, "abc");
  printf(" %s", e(syscall(RCV_, q, 1, 8, 0, 0)));
  send(1, "abc");
  printf(" %s\n", e(syscall(RCV_, q, edge - 6, 8, 0, 0)));
  send(1, "abc");
  got("at the edge", syscall(RCV_, q, edge - 7, 8, 0, 0));
  printf("control %s", e(syscall(CTL_, -1, IPC_STAT, &m)));
  printf(" %s", e(syscall(CTL_, q, -1, &m)));
  printf(" %s", e(syscall(CTL_, q, IPC_STAT, 1)));
  printf(" %s", e(syscall(CTL_, q, IPC_SET, 1)));
  printf(" %s", e(syscall(CTL_, 0x7fffffff, IPC_SET, 1)));
  printf(" %s", e(syscall(CTL_, q, IPC_INFO, 1)));
  printf(" %s", e(syscall(CTL_, q, 99, 1)));
  printf(" %s", e(syscall(CTL_, 0x7fffffff, IPC_STAT, 1)));
  printf(" %s\n", e(ipc(CTL, q, IPC_STAT, 0, edge - 54, 0)));
  printf("calls %s %s\n", (e(ipc(0, 0, 0, 0, 0, 0))), (e(ipc(99, 0, 0, 0, 0, 0))));
}
static void waits(void) {
  struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &act, 0);
  ualarm(30000, 0);
  printf("interrupted even with SA_RESTART: %s", e(syscall(RCV_, q, &m, 100, 0, 0)));
  printf(" %d\n", signals);
  signals = 0;
  act.sa_handler = SIG_IGN;
  sigaction(SIGALRM, &act, 0);
  act.sa_handler = on_alarm;
  sigaction(SIGUSR1, &act, 0);
  fflush(stdout);
  if (fork() == 0) {
    usleep(50000);
    kill(getppid(), SIGALRM);
    usleep(50000);
    send(6, "late");
    kill(getppid(), SIGUSR1);
    _exit(0);
  }
  long r = syscall(RCV_, q, &m, 100, 0, 0);
  wait(0);
  printf("restarted %ld signals %d\n", r, signals);
  // a full queue
  m.type = 2;
  while (syscall(SND_, q, &m, 100, IPC_NOWAIT) == 0);
  printf("full %s\n", e(-1));
  fflush(stdout);
  if (fork() == 0) {
    usleep(50000);
    syscall(CTL_, q, IPC_RMID, 0);
    _exit(0);
  }
  printf("removed while waiting %s\n", e(syscall(SND_, q, &m, 100, 0)));
  wait(0);
  printf("gone %s", e(syscall(SND_, q, &m, 1, 0)));
  printf(" %s", e(syscall(CTL_, q, IPC_RMID, 0)));
  printf(" %s\n", e(syscall(CTL_, q, IPC_STAT, &m)));
}

int main(void) {
  q = ipc(GET, IPC_PRIVATE, IPC_CREAT | 0640, 0, 0, 0);
  int other = syscall(GET_, IPC_PRIVATE, 0600);
  printf("queues %d %d\n", q >= 0, other >= 0 && other != q);
  printf("remove %s\n", e(ipc(CTL, other, IPC_RMID, 0, 0, 0)));
  receiving();
  structures();
  syscall(RCV_, q, &m, 100, 0, 0);
  syscall(RCV_, q, &m, 100, 0, 0);
  errors();
  waits();
  return 0;
}
