// A child of fork that begins on a stack of its own (clone with a stack and without CLONE_VM), made so often that the call
// is in translated code: the block had gone on with the parent's stack pointer.
//EXPECT: children on another stack: 0
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kStack = 65536 };

int main(void) {
  char* const top = (char*)mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + kStack - 64;
  int wrong = 0;
  for (int i = 0; i < 40; ++i) {
    int result, left;
    // The child exits with 0 if esp is what clone got, else with 1.
    __asm__ volatile(
        "int $0x80\n test %%eax, %%eax\n jnz 1f\n mov %%esp, %%edi\n xor %%ebx, %%ebx\n cmp %%ecx, %%edi\n je 2f\n inc %%ebx\n"
        "2: mov $1, %%eax\n int $0x80\n 1:"
        : "=a"(result), "=D"(left)
        : "a"(SYS_clone), "b"(SIGCHLD), "c"(top), "d"(0), "S"(0), "D"(0)
        : "memory");
    int status = -1;
    waitpid(result, &status, 0);
    wrong += status != 0;
  }
  printf("children on another stack: %d\n", wrong);
  return 0;
}
