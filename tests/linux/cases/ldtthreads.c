// The local descriptor table belongs to all threads: a change by one shows in the segment registers that another holds, at once in DS
// and ES. In FS it shows when the register is loaded again.
//EXPECT: ds 66, es 66, fs 66
//EXPECT: the other thread's entry: 77
//EXPECT: ds is gone: 1
//FLAGS: -O1 -fno-pic -no-pie -static -w -march=i686 -mno-sse -pthread
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static char bytes[100];
static volatile int step;

static int set(int entry, void* base, int absent) {
  struct user_desc d;
  memset(&d, 0, sizeof d);
  d.entry_number = entry;
  d.base_addr = (unsigned)base;
  d.limit = 0xfffff;
  d.seg_32bit = d.limit_in_pages = 1;
  d.seg_not_present = absent;
  return syscall(SYS_modify_ldt, 0x11, &d, sizeof d);
}
static int get(int entry) {
  int value = -1;
  asm volatile("push %%fs\n mov %1, %%fs\n movzbl %%fs:0, %0\n pop %%fs" : "=r"(value) : "r"(entry << 3 | 7));
  return value;
}

static volatile int gone;
static unsigned flat;
static void on_fault(int signal, siginfo_t* info, void* context) {
  greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
  gone = registers[REG_DS] == 0 && registers[REG_TRAPNO] == 13;
  registers[REG_DS] = flat;
}

static void* other(void* unused) {
  int ds, es, fs;
  set(3, bytes + 77, 0);
  // Waits in code that uses CS and SS alone, with the old descriptors loaded.
  asm volatile(
      "push %%es\n push %%ds\n mov %3, %%ecx\n mov %%ecx, %%es\n mov %%ecx, %%ds\n movl $1, %%ss:(step)\n"
      "1: cmpl $2, %%ss:(step)\n jne 1b\n movzbl 0, %%eax\n movzbl %%es:0, %%edx\n"
      "mov %3, %%ecx\n mov %%ecx, %%fs\n movzbl %%fs:0, %%ecx\n pop %%ds\n pop %%es"
      : "=&a"(ds), "=&d"(es), "=&c"(fs)
      : "i"(1 << 3 | 7)
      : "memory");
  printf("ds %d, es %d, fs %d\n", ds, es, fs);
  // The fault makes ds flat, so that the load is done then.
  asm volatile(
      "push %%ds\n mov %0, %%ecx\n mov %%ecx, %%ds\n movl $3, %%ss:(step)\n"
      "1: cmpl $4, %%ss:(step)\n jne 1b\n movzbl step, %%eax\n pop %%ds"
      :
      : "i"(1 << 3 | 7)
      : "eax", "ecx", "memory");
  printf("ds is gone: %d\n", gone);
  return 0;
}

int main(void) {
  for (int i = 0; i < 100; ++i) bytes[i] = i;
  asm("mov %%ds, %0" : "=r"(flat));
  const struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, 0);
  set(1, bytes + 33, 0);
  pthread_t thread;
  pthread_create(&thread, 0, other, 0);
  while (step != 1) usleep(100);
  set(1, bytes + 66, 0);
  step = 2;
  while (step != 3) usleep(100);
  printf("the other thread's entry: %d\n", get(3));
  set(1, bytes + 66, 1);
  step = 4;
  pthread_join(thread, 0);
  return 0;
}
