// Dies with known registers and known memory: core.py compares the core file of the kernel with that of ferry. core fault|kill
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t next = 0x20000000;

// A mapping of four pages with a gap before the next, so that no two are merged.
static char* map(int protection, int flags, int file) {
  char* at = mmap((void*)next, 0x4000, protection, flags | MAP_FIXED, file, 0);
  next += 0x10000;
  return at;
}

int main(int count, char** arguments) {
  enum { RW = PROT_READ | PROT_WRITE };
  const int file = open("file", O_RDWR | O_CREAT, 0600);
  char page[0x4000];
  memset(page, 'f', sizeof page);
  write(file, page, sizeof page);
  const int self = open(arguments[0], O_RDONLY);
  strcpy(map(RW, MAP_PRIVATE | MAP_ANONYMOUS, -1) + 0x1100, "anonymous");
  map(RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);  // never touched
  char* at = map(RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  memset(at, 'n', 0x4000);
  mprotect(at, 0x4000, PROT_NONE);
  strcpy(map(RW, MAP_SHARED | MAP_ANONYMOUS, -1) + 0x2000, "shared");
  map(PROT_READ, MAP_PRIVATE, file);
  map(RW, MAP_PRIVATE, file)[0x3001] = 'w';
  map(RW, MAP_SHARED, file)[0x3002] = 's';
  map(PROT_READ, MAP_PRIVATE, self);
  map(PROT_READ | PROT_EXEC, MAP_PRIVATE, self);
  at = map(RW, MAP_PRIVATE, file);  // what a dynamic linker does with its relocated data
  at[0] = 'r';
  mprotect(at, 0x4000, PROT_READ);
  map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1)[0] = 0xc3;
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigaddset(&blocked, 40);
  sigprocmask(SIG_BLOCK, &blocked, 0);
  static const double numbers[2] = {1.5, -2.25};
  static uint32_t die[2];
  die[0] = strcmp(arguments[1], "kill") == 0;
  die[1] = getpid();
  asm volatile(
      "fninit\n fldl %1\n fldl 8+%1\n fldpi\n fldz\n"
      "mov $0x11111111, %%edx\n mov $0x22222222, %%esi\n mov $0x33333333, %%edi\n mov $0x44444444, %%ebp\n"
      "mov $0x20000800, %%esp\n"
      "cmpl $0, %0\n jne 1f\n"
      "mov $0x55555555, %%eax\n mov $0x66666666, %%ebx\n mov $0x20020004, %%ecx\n add $0x70000000, %%edx\n"
      "movl $1, (%%ecx)\n"
      "1: mov 4+%0, %%ebx\n mov $37, %%eax\n mov $3, %%ecx\n int $0x80\n hlt" ::"m"(die[0]),
      "m"(numbers[0]));
}
