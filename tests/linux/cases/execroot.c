// A descriptor opened before a chroot can be executed inside, where there is nothing else: no /proc, no ferry.
//ONLY ON THE MACHINE: a native ferry is linked dynamically and an emulator is a file outside; needs root
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int depth(char **argv) { return argv[1][0] - '0'; }

int main(int argc, char **argv) {
  int fd = 3;
  char count[2] = "3";
  if (argc == 1) {
    for (int i = 3; i < 1024; i++) close(i);
    fd = open("/proc/self/exe", O_RDONLY);
    mkdir("jail", 0755);
    if (chroot("jail") != 0 || chdir("/") != 0) return printf("errno %d\n", errno), 1;
  } else {
    printf("inside: %d, execfn %s\n", depth(argv), (char *)getauxval(AT_EXECFN));
    fflush(stdout);
    if (depth(argv) == 0) return 0;
    count[0] = depth(argv) - 1 + '0';
  }
  char *const arguments[] = {"x", count, 0};
  syscall(SYS_execveat, fd, "", arguments, arguments + 2, AT_EMPTY_PATH);
  printf("errno %d\n", errno);
  return 1;
}
