// process_vm_writev into code that another process executes: it executes the new code
//EXPECT: child runs 4
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
static const unsigned char code[] = {0xb8, 1, 0, 0, 0, 0xc3};
static unsigned char *const page = (unsigned char *)0x23000000;
static int run() { int r = 0, i; for (i = 0; i < 50; i++) r = ((int (*)())page)(); return r; }
int main() {
  int up[2], down[2]; char c = 4;
  mmap(page, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  memcpy(page, code, sizeof code);
  pipe(up), pipe(down);
  int pid = fork();
  if (!pid) { run(); write(up[1], &c, 1); read(down[0], &c, 1); printf("child runs %d\n", run()); fflush(stdout); _exit(0); }
  read(up[0], &c, 1);
  printf("%d\n", (int)process_vm_writev(pid, &(struct iovec){&c, 1}, 1, &(struct iovec){page + 1, 1}, 1, 0));
  fflush(stdout);
  write(down[1], &c, 1); wait(0);
}
