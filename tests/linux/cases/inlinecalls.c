// Translated code makes a system call within a block and goes on after it. What a call may change must be seen at the very next
// instruction: the bytes of the code there (by the call itself, and by another thread while the call waits), its mapping, registers
// that a handler edits, and where the handler of a signal sent by the call comes. What a call does not change must stay: the flags,
// in children too.
//EXPECT: read into the code: 1 2 3 4 5 6 7 8 9 10 11 12
//EXPECT: written by another thread: 1 2 3 4 5 6 7 8 9 10 11 12
//EXPECT: mapped by another thread: 1 2 3 4 5 6 7 8 9 10 11 12
//FLAGS: -O1 -fno-pic -no-pie -static -w -march=i686 -mno-sse -pthread
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { kRounds = 12, kAfterCall = 27, kLength = 40 };

// push ebx; mov eax, 3 (read); mov ebx, FD; mov ecx, TO; mov edx, COUNT; int 0x80; mov eax, RESULT; pop ebx; ret
static void fill(uint8_t *code, int descriptor, void *to, int count, int result) {
  const uint8_t text[kLength] = {0x53, 0xb8, 3, 0, 0, 0, 0xbb, 0, 0, 0, 0, 0xb9, 0, 0, 0, 0, 0xba, 0, 0, 0, 0, 0xcd, 0x80,
                                 0x90, 0x90, 0x90, 0xb8, 0, 0, 0, 0, 0x5b, 0xc3};
  memcpy(code, text, sizeof text);
  memcpy(code + 7, &descriptor, 4);
  memcpy(code + 12, &to, 4);
  memcpy(code + 17, &count, 4);
  memcpy(code + kAfterCall, &result, 4);
}

static uint8_t *page(void *at) {
  return mmap(at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);
}

static int call(uint8_t *code) { return ((int (*)(void))code)(); }

static int ends[2];
static char byte;
static uint8_t *shared_code;
static int shared_result;

// If the reader is not waiting by then, it sees the change all the same.
static void await_reader(void) { usleep(20000); }

static void *change_bytes(void *argument) {
  await_reader();
  memcpy(shared_code + kAfterCall, &shared_result, 4);
  write(ends[1], "", 1);
  return NULL;
}

static void *change_mapping(void *argument) {
  await_reader();
  munmap(shared_code, 4096);
  page(shared_code);
  fill(shared_code, ends[0], &byte, 1, shared_result);
  write(ends[1], "", 1);
  return NULL;
}

static void by_call(void) {
  uint8_t *const code = page(NULL);
  fill(code, ends[0], code + kAfterCall, 4, 0);
  printf("read into the code:");
  for (int i = 1; i <= kRounds; i++) {
    write(ends[1], &i, 4);
    printf(" %d", call(code));
  }
  printf("\n");
}

static void by_thread(const char *what, void *(*change)(void *)) {
  shared_code = page(NULL);
  fill(shared_code, ends[0], &byte, 1, 0);
  printf("%s by another thread:", what);
  for (int i = 1; i <= kRounds; i++) {
    pthread_t thread;
    shared_result = i;
    pthread_create(&thread, NULL, change, NULL);
    printf(" %d", call(shared_code));
    pthread_join(thread, NULL);
  }
  printf("\n");
}

static volatile int handled, seen;
static void edit(int signal, siginfo_t *info, void *context) {
  ucontext_t *const frame = context;
  ++handled;
  frame->uc_mcontext.gregs[REG_EDI] += 100;
  frame->uc_mcontext.gregs[REG_EFL] ^= 1;
}

// The handler runs before the instruction after the call, which sees what it edited.
static void by_signal(void) {
  const struct sigaction action = {.sa_sigaction = edit, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  const int self = getpid();
  printf("edited by a handler:");
  for (int i = 0; i < kRounds; i++) {
    int edi = i, eax = SYS_kill, carry;
    __asm__ volatile("stc\n int $0x80\n mov %5, %%edx\n setc %%cl\n movzbl %%cl, %%ecx" :
                     "+a"(eax), "+D"(edi), "=d"(seen), "=c"(carry) : "b"(self), "m"(handled), "c"(SIGUSR1) : "memory");
    printf(" %d/%d/%d/%d", eax, edi, seen, carry);
  }
  printf("\n");
}

// The flags of before the call, of an operation or from an earlier block.
static unsigned flags_after(int number, int ebx, int value) {
  unsigned flags = 0;
  int eax = number;
  __asm__ volatile("cmp $5, %3\n int $0x80\n pushf\n pop %1" : "+a"(eax), "=&r"(flags) : "b"(ebx), "d"(value) : "memory", "cc");
  if (number == SYS_fork) {
    if (eax == 0) _exit(flags & 0x8d5 ? (flags >> 4 & 0xf) | (flags & 1) << 4 : 99);
    int status;
    waitpid(eax, &status, 0);
    printf(" child %d", WEXITSTATUS(status));
  }
  return flags & 0x8d5;
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  pipe(ends);
  by_call();
  by_thread("written", change_bytes);
  by_thread("mapped", change_mapping);
  by_signal();
  printf("flags:");
  for (int i = 0; i < kRounds; i++) printf(" %x", flags_after(SYS_getpid, 0, i - 3));
  for (int i = 3; i < 7; i++) printf(" %x", flags_after(SYS_fork, 0, i));
  printf("\n");
  return 0;
}
