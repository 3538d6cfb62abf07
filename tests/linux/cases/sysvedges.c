// segments of odd sizes in System V shared memory, beside other mappings in the same host page: each keeps its own contents
// and protection, and what is detached leaves the others alone
//EXPECT: written 1 2 3 4
//EXPECT: detached 1, others 2 4 9
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
enum { AT = 397, DT, UNIT = 0x40000 };
static sigjmp_buf jump;
static void on_fault(int x) { siglongjmp(jump, 1); }
static int faults(volatile char *p, int write) {
  int faulted = sigsetjmp(jump, 1);
  if (!faulted) {
    char c = *p;
    if (write) *p = c;
  }
  return faulted;
}
int main(void) {
  signal(SIGSEGV, on_fault);
  int small = shmget(IPC_PRIVATE, 4096, 0600), odd = shmget(IPC_PRIVATE, 0x9000, 0600);
  char *room = mmap(0, 4 * UNIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *p = (char *)(((long)room + UNIT - 1) & -UNIT), *q = p + UNIT;
  p[0x1000] = 2;
  q[0x9000] = 4;
  printf("in the middle %d %d\n", (char *)syscall(AT, small, p, SHM_REMAP) - p, (char *)syscall(AT, odd, q, SHM_REMAP) - q);
  p[0] = 1;
  q[0x8000] = 3;
  printf("written %d %d %d %d\n", p[0], p[0x1000], q[0x8000], q[0x9000]);
  char *second = (char *)syscall(AT, small, 0, 0), *third = (char *)syscall(AT, odd, 0, SHM_RDONLY);
  printf("shared %d %d\n", second[0], third[0x8000]);
  second[1] = 5;
  memcpy(q + 0x8ffc, "12345678", 8); // a value straddles both
  printf("by the other place %d %.4s %.4s\n", p[1], third + 0x8ffc, q + 0x9000);
  fflush(stdout);
  if (fork() == 0) {
    p[2] = 6, p[0x1002] = 7, q[0x8002] = 8;
    _exit(0);
  }
  wait(0);
  printf("by a child %d %d %d %d\n", p[2], p[0x1002], q[0x8002], third[0x8002]);
  int ends[2];
  pipe(ends);
  write(ends[1], "abc", 3);
  printf("by the kernel %d %.3s\n", (int)read(ends[0], q + 0x8010, 3), third + 0x8010);
  mprotect(q + 0x8000, 0x1000, PROT_READ);
  printf("read-only %d beside it %d\n", faults(q + 0x8000, 1), faults(q + 0x9000, 1));
  // a page of anonymous memory in the middle of the segment
  mmap(q + 0x4000, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  q[0x4000] = 9;
  q[0x5000] = 10;
  printf("in the segment %d %d segment's %d %d\n", q[0x4000], q[0x5000], third[0x4000], third[0x5000]);
  q[0x9000] = 4;
  syscall(DT, p);
  syscall(DT, q);
  printf("detached %d, others %d %d %d\n", faults(q, 0), p[0x1000], q[0x9000], q[0x4000]);
  syscall(DT, second);
  syscall(DT, third);
  struct shmid_ds s;
  shmctl(small, IPC_STAT, &s);
  printf("attached %d", (int)s.shm_nattch);
  shmctl(odd, IPC_STAT, &s);
  printf(" %d\n", (int)s.shm_nattch);
  shmctl(small, IPC_RMID, 0);
  shmctl(odd, IPC_RMID, 0);
  return 0;
}
