// The local descriptor table belongs to the address space: a child of vfork shares it with its parent, one of fork has a copy.
//EXPECT: of the child's entry: 99
//EXPECT: of the copy's entry: 77
//NOT UNDER AN EMULATOR: qemu-user makes a plain fork of vfork
#include <asm/ldt.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char bytes[100];

static int set(int entry, void* base) {
  struct user_desc d;
  memset(&d, 0, sizeof d);
  d.entry_number = entry;
  d.base_addr = (unsigned)base;
  d.limit = 0xfffff;
  d.seg_32bit = d.limit_in_pages = 1;
  return syscall(SYS_modify_ldt, 0x11, &d, sizeof d);
}
static int get(int entry) {
  int value = -1;
  asm volatile("push %%fs\n mov %1, %%fs\n movzbl %%fs:0, %0\n pop %%fs" : "=r"(value) : "r"(entry << 3 | 7));
  return value;
}

int main(void) {
  for (int i = 0; i < 100; ++i) bytes[i] = i;
  printf("set: %d\n", set(1, bytes + 77));
  fflush(stdout);
  int status;
  if (vfork() == 0) _exit(set(2, bytes + 99));
  wait(&status);
  printf("of the child's entry: %d\n", get(2));
  fflush(stdout);
  if (fork() == 0) _exit(set(1, bytes + 55));
  wait(&status);
  printf("of the copy's entry: %d\n", get(1));
  return 0;
}
