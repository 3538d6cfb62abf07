// RWF_APPEND through a descriptor opened without O_LARGEFILE: the write ends at 2^31 - 1 bytes, where such a file must end
//EXPECT: appended 2, size 7fffffff
//EXPECT: with room 23
//NOT UNDER AN EMULATOR: qemu-user 7.2 has no pwritev2
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int main() {
  static char bytes[10];
  struct iovec vectors[3] = {{bytes, 3}, {bytes, 10}, {bytes, 10}};
  struct stat64 status;
  int whole = syscall(SYS_open, "file", O_RDWR | O_CREAT | 0100000, 0600), fd = syscall(SYS_open, "file", O_RDWR);
  ftruncate64(whole, 0x7ffffffd);
  int appended = pwritev64v2(fd, vectors, 3, 0, RWF_APPEND);
  fstat64(fd, &status);
  printf("appended %d, size %llx\n", appended, status.st_size);
  printf("no room %d\n", (int)pwritev64v2(fd, vectors, 3, 0, RWF_APPEND));
  printf("elsewhere %d\n", (int)pwritev64v2(fd, vectors, 3, 0, 0));
  ftruncate64(whole, 0x1000);
  printf("with room %d\n", (int)pwritev64v2(fd, vectors, 3, 0, RWF_APPEND));
  return 0;
}
