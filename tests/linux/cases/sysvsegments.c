// System V shared memory: sharing, places, flags of shmat, what shmdt takes away, the number of attachments, /proc/self/maps,
// fork, exec, mprotect, mremap, the structures of both versions and the errors
//EXPECT: the child sees 1234, the parent sees 5678
//EXPECT: attachments 1 2 3 2 1
//EXPECT: old structure: mode 600 bytes 80000 attached 1
//EXPECT: pieces unmapped 1 1, the rest kept 1
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IPC = 117, AT = 21, DT, GET, CTL, GET_ = 395, CTL_, AT_, DT_, NEW = 0x100, UNIT = 0x40000 };
struct segment64 {
  int key; unsigned uid, gid, cuid, cgid; unsigned short mode, p1, seq, p2; unsigned u[2];
  unsigned bytes, atime, atime_high, dtime, dtime_high, ctime, ctime_high; int cpid, lpid; unsigned nattch, u2[2];
};
struct old_segment { int key; unsigned short uid, gid, cuid, cgid, mode, seq; unsigned bytes, atime, dtime, ctime; unsigned short cpid, lpid, nattch, u; unsigned p[2]; };
static const char *e(long r) { return r != -1 ? "ok" : strerrorname_np(errno); }
static long ipc(int call, int first, int second, int third, const void *p, int fifth) { return syscall(IPC, call, first, second, third, p, fifth); }
static void *attach(int id, void *at, int flags) { return (void *)syscall(AT_, id, at, flags); }
static const char *ea(void *p) { return e((long)p); }
static int s;
static sigjmp_buf jump;
static volatile int expected;
static void on_fault(int x) { expected ? siglongjmp(jump, 1) : _exit(99); }
static int faults(volatile char *p, int write) {
  expected = 1;
  int faulted = sigsetjmp(jump, 1);
  if (!faulted) {
    char c = *p;
    if (write) *p = c;
  }
  expected = 0;
  return faulted;
}
static int attachments(void) {
  struct segment64 n;
  return syscall(CTL_, s, IPC_STAT, &n) < 0 ? -1 : n.nattch;
}
/// Prints how /proc/self/maps shows [p, p + length).
static void maps(const char *what, char *p) {
  char line[300];
  FILE *f = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, f)) {
    unsigned long begin, end, offset, inode;
    char rights[8], device[8], name[64] = "";
    sscanf(line, "%lx-%lx %7s %lx %7s %lu %63[^\n]", &begin, &end, rights, &offset, device, &inode, name);
    if (strncmp(name, "/SYSV", 5) == 0) printf("%s: +%lx %lx %s %lx inode %d %s\n", what, begin - (unsigned long)p, end - begin, rights, offset, inode == s, name);
  }
  fclose(f);
}
static void sharing(void) {
  int *p = attach(s, 0, 0), *q = attach(s, 0, SHM_RDONLY);
  p[0] = 1234;
  printf("two places %d\n", p != q && q[0] == 1234);
  printf("read-only faults %d, others %d\n", faults((char *)q, 1), faults((char *)p, 1));
  printf("read-only stays so: %s\n", e(mprotect(q, 4096, PROT_READ | PROT_WRITE)));
  fflush(stdout);
  if (fork() == 0) {
    printf("the child sees %d, ", p[0]);
    fflush(stdout);
    p[0] = 5678;
    p[17000] = 9;
    _exit(0);
  }
  wait(0);
  printf("the parent sees %d %d\n", q[0], q[17000]);
  printf("detach %s", e(syscall(DT_, p)));
  printf(" again %s", e(ipc(DT, 0, 0, 0, p, 0)));
  printf(" faults %d %d\n", faults((char *)p, 0), faults((char *)q, 0));
  syscall(DT_, q);
}
static void counts(void) {
  struct segment64 n;
  syscall(CTL_, s, IPC_STAT, &n);
  int d0 = n.dtime;
  char *p = attach(s, 0, 0);
  syscall(CTL_, s, IPC_STAT, &n);
  printf("attaching leaves the detach time %d, last user %d\n", n.dtime == d0, n.lpid == getpid());
  int a = attachments();
  char *q = attach(s, 0, 0);
  int b = attachments(), ends[2];
  pipe(ends);
  fflush(stdout);
  munmap(q, 80000);
  q = attach(s, 0, SHM_RDONLY);
  int child = fork();
  if (child == 0) {
    munmap(q, 80000);
    write(ends[1], "x", 1);
    pause();
  }
  char c;
  read(ends[0], &c, 1);
  int d = attachments();
  kill(child, SIGKILL);
  wait(0);
  int f = attachments();
  syscall(DT_, q);
  printf("attachments %d %d %d %d %d\n", a, b, d, f, attachments());
  // an exec detaches
  if (fork() == 0) execl("/proc/self/exe", "sysvsegments", "exec", NULL);
  wait(0);
  printf("after a child's exec %d\n", attachments());
  syscall(DT_, p);
  printf("none %d\n", attachments());
}
static void places(void) {
  char *room = mmap(0, 4 * UNIT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *at = (char *)(((long)room + UNIT - 1) & -UNIT);
  printf("occupied %s", ea(attach(s, at, 0)));
  printf(" not aligned %s", ea(attach(s, at + 8, 0)));
  printf(" replaced %d", (char *)attach(s, at, SHM_REMAP) - at);
  printf(" rounded %d", (char *)attach(s, at + UNIT + 0x123, SHM_REMAP | SHM_RND) - at);
  at[5] = 7;
  printf(" shared %d\n", at[UNIT + 5]);
  maps("two", at);
  munmap(room, 4 * UNIT);
  printf("at a place %d", (char *)attach(s, at, 0) - at);
  printf(" partly occupied %s", ea(attach(s, at - 0x10000, 0)));
  printf(" occupied %s", ea(attach(s, at, SHM_RND)));
  printf(" detach elsewhere %s", e(syscall(DT_, at + 4096)));
  printf(" %s", e(syscall(DT_, at + 1)));
  printf(" %s\n", e(syscall(DT_, at)));
  // at a multiple of the guest's large pages only
  printf("64 KB place %d", (char *)attach(s, at + 0x10000, 0) - at);
  at[0x10000] = 3;
  printf(" value %d", at[0x10000]);
  printf(" detach %s\n", e(syscall(DT_, at + 0x10000)));
  long address = 0;
  printf("by ipc %s", e(ipc(AT, s, 0, (int)&address, 0, 0)));
  printf(" %d", *(char *)address);
  printf(" %s", e(ipc(DT, 0, 0, 0, (void *)address, 0)));
  printf(" version 1 %s\n", e(ipc(1 << 16 | AT, s, 0, (int)&address, 0, 0)));
  int before = attachments();
  printf("no place for the address %s,", e(ipc(AT, s, 0, 1, at, 0)));
  printf(" attached all the same %d\n", attachments() - before);
  syscall(DT_, at);
}
static void pieces(void) {
  char *p = attach(s, 0, 0);
  for (int i = 0; i < 80000; i += 4096) p[i] = i >> 12;
  munmap(p + 0x4000, 0x4000);
  mprotect(p + 0xc000, 0x4000, PROT_READ);
  maps("pieces", p);
  printf("attachments %d\n", attachments());
  printf("kept %d %d %d writable %d\n", p[0x3000], p[0x8000], p[0xc000], !faults(p + 0x8000, 1));
  printf("faults %d %d\n", faults(p + 0x4000, 0), faults(p + 0xc000, 1));
  char *keep = mmap(p + 0x4000, 0x4000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  keep[0] = 77;
  int r = syscall(DT_, p);
  printf("detach %d pieces unmapped %d %d, the rest kept %d\n", r, faults(p, 0), faults(p + 0xc000, 0), keep[0] == 77);
  munmap(keep, 0x4000);
  // moved by mremap: shmdt finds it where it is
  p = attach(s, 0, 0);
  char *target = mmap(0, UNIT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *moved = mremap(p, 0x14000, 0x14000, MREMAP_MAYMOVE | MREMAP_FIXED, target);
  printf("moved %d value %d attachments %d", moved == target, moved[0x10000], attachments());
  printf(" detach %s %s", (e(syscall(DT_, p))), (e(syscall(DT_, moved))));
  printf(" attachments %d\n", attachments());
  munmap(target, UNIT);
}
static void structures(void) {
  struct segment64 n;
  struct old_segment o;
  void *p = attach(s, 0, 0);
  memset(&n, 0x55, sizeof n);
  memset(&o, 0x55, sizeof o);
  printf("stat %s", e(ipc(CTL, s, NEW | IPC_STAT, 0, &n, 0)));
  printf(" key %x mode %o bytes %u attached %u creator %d times %d %d high %d unused %d\n", n.key, n.mode, n.bytes, n.nattch, n.cpid == getpid(), n.atime > 0, n.ctime > 0, n.atime_high, n.u2[1]);
  printf("old stat %s\n", e(ipc(CTL, s, IPC_STAT, 0, &o, 0)));
  printf("old structure: mode %o bytes %u attached %u creator %d ctime %d unused %d\n", o.mode, o.bytes, o.nattch, o.cpid == (unsigned short)getpid(), o.ctime == n.ctime, o.p[1]);
  n.mode = 0604;
  printf("set %s", e(syscall(CTL_, s, IPC_SET, &n)));
  printf(" stat %s", e(syscall(CTL_, s, IPC_STAT, &n)));
  printf(" mode %o", n.mode);
  o.mode = 0600;
  printf(" old set %s", e(ipc(CTL, s, IPC_SET, 0, &o, 0)));
  printf(" stat %s", e(syscall(CTL_, s, IPC_STAT, &n)));
  printf(" mode %o\n", n.mode);
  unsigned info[9], old_info[5];
  memset(info, 0x55, sizeof info);
  printf("info %s", e(syscall(CTL_, 0, IPC_INFO, info)));
  printf(" max %u min %u mni %u seg %u all %x %x\n", info[0], info[1], info[2], info[3], info[4], info[8]);
  printf("old info %s", e(ipc(CTL, 0, IPC_INFO, 0, old_info, 0)));
  printf(" max %u all %x\n", old_info[0], old_info[4]);
  printf("shm_info %s", e(syscall(CTL_, 0, SHM_INFO, info)));
  printf(" segments %d pages %d\n", info[0] > 0, info[1] >= 5);
  int highest = syscall(CTL_, 0, IPC_INFO, info), found = 0;
  for (int i = 0; i <= highest; i++)
    found += syscall(CTL_, i, SHM_STAT, &n) == s;
  printf("found %d\n", found);
  printf("lock %s", e(syscall(CTL_, s, SHM_LOCK, 0)));
  syscall(CTL_, s, IPC_STAT, &n);
  printf(" mode %o unlock %s\n", n.mode, e(syscall(CTL_, s, SHM_UNLOCK, 0)));
  syscall(DT_, p);
}
static void errors(void) {
  printf("get %s", e(syscall(GET_, IPC_PRIVATE, 0, 0600)));
  printf(" %s", e(syscall(GET_, 0x7fe11e59, 100, 0600)));
  printf(" %s\n", e(ipc(GET, 0x7fe11e59, 100, 0600, 0, 0)));
  printf("attach %s", ea(attach(-1, 0, 0)));
  printf(" %s", ea(attach(0x7fffffff, 0, 0)));
  printf(" %s", ea(attach(s, 0, SHM_REMAP)));
  printf(" %s", ea(attach(s, (void *)0x123, SHM_REMAP | SHM_RND)));
  printf(" %s", ea(attach(s, (void *)0xfffff000, 0)));  // past where the kernel may have put the stack
  printf(" %s\n", ea(attach(0x7fffffff, (void *)0x123, 0)));
  printf("detach %s", e(syscall(DT_, 0)));
  printf(" %s", e(syscall(DT_, &s)));
  printf(" %s\n", e(syscall(DT_, 0xfffff000)));
  printf("control %s", e(syscall(CTL_, -1, IPC_STAT, 1)));
  printf(" %s", e(syscall(CTL_, s, -1, 1)));
  printf(" %s", e(syscall(CTL_, s, IPC_STAT, 1)));
  printf(" %s", e(syscall(CTL_, s, IPC_SET, 1)));
  printf(" %s", e(syscall(CTL_, 0, IPC_INFO, 1)));
  printf(" %s", e(syscall(CTL_, 0, SHM_INFO, 1)));
  printf(" %s", e(syscall(CTL_, s, 99, 1)));
  printf(" %s", e(syscall(CTL_, s, NEW | IPC_STAT, 1)));
  printf(" %s\n", e(syscall(CTL_, 0x7fffffff, IPC_SET, 1)));
  fflush(stdout);
  if (fork() == 0) { // without rights
    setgid(65534), setuid(65534);
    printf("as nobody %s", ea(attach(s, 0, 0)));
    printf(" %s", ea(attach(s, &s, SHM_RND)));
    printf(" %s", e(syscall(CTL_, s, IPC_RMID, 0)));
    int own = syscall(GET_, IPC_PRIVATE, 4096, 0400);
    printf(" own %s", ea(attach(own, 0, 0)));
    printf(" to read %s", ea(attach(own, 0, SHM_RDONLY)));
    printf(" to execute %s\n", ea(attach(own, 0, SHM_RDONLY | SHM_EXEC)));
    syscall(CTL_, own, IPC_RMID, 0);
    fflush(stdout);
    _exit(0);
  }
  wait(0);
}
static void code(void) {
  unsigned char *p = attach(s, 0, SHM_EXEC), *q = attach(s, 0, 0);
  char line[300];
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps))
    if (strtoul(line, 0, 16) == (unsigned long)p) printf("code %.4s\n", line + 18);
  fclose(maps);
  memcpy(q + 100, "\xb8\x05\x00\x00\x00\xc3", 6);
  int (*f)(void) = (void *)(p + 100), sum = 0;
  printf("code %d", f());
  q[101] = 6;
  printf(" %d", f());
  fflush(stdout);
  if (fork() == 0) {
    q[101] = 7;
    _exit(0);
  }
  wait(0);
  printf(" %d", f());
  for (int i = 0; i < 50; i++) q[101] = i, sum += f() != i;
  printf(" stale %d", sum);
  mprotect(q, 4096, PROT_READ | PROT_EXEC);
  f = (void *)(q + 100);
  p[101] = 8;
  printf(" by the other place %d\n", f());
  syscall(DT_, p);
  syscall(DT_, q);
}
static void removal(void) {
  char *p = attach(s, 0, 0);
  struct segment64 n;
  printf("remove %s", e(syscall(CTL_, s, IPC_RMID, 0)));
  printf(" still there %d %s", p[100] != 0, e(syscall(CTL_, s, IPC_STAT, &n)));
  printf(" mode %o", n.mode);
  syscall(DT_, p);
  printf(" attachments %d\n", attachments());
}

int main(int argc, char **argv) {
  if (argc > 1) return 0;
  signal(SIGSEGV, on_fault);
  s = syscall(GET_, IPC_PRIVATE, 80000, 0600);
  printf("segment %d\n", s >= 0);
  sharing();
  counts();
  places();
  pieces();
  structures();
  errors();
  code();
  removal();
  return 0;
}
