// A length of 0 with a pointer: nothing is read or written, so any pointer will do. (QEMU refuses a null one.)
//EXPECT: getrandom 0 0 0
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static char room[16];
static void *const kernel_space = (void *)0xfffff000;

static int error_of(long result) { return result < 0 ? errno : 0; }

int main(void) {
  printf("getrandom %d", error_of(syscall(SYS_getrandom, room, 0, 0)));
  printf(" %d", error_of(syscall(SYS_getrandom, room + sizeof room, 0, 0)));
  printf(" %d\n", error_of(syscall(SYS_getrandom, main, 0, 0)));
  printf("read %d", error_of(read(0, kernel_space, 0)));
  printf(" write %d\n", error_of(write(1, kernel_space, 0)));
  return 0;
}
