// process_vm_readv, process_vm_writev, kcmp and pidfd_getfd: of the process itself and of another one, up to the first byte
// that is missing, and into code that the other process executes
//EXPECT: child runs 2
//EXPECT: own read 11
//EXPECT: getfd 1
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned char code[] = {0xb8, 1, 0, 0, 0, 0xc3};  // mov eax, 1; ret
static unsigned char *const page = (unsigned char *)0x23000000;
static char *const data = (char *)0x24000000;
static int run() {
  int result = 0, i;
  for (i = 0; i < 50; i++) result = ((int (*)())page)();
  return result;
}
static void say(const char *what, long result) { printf("%s %ld %d\n", what, result, result < 0 ? errno : 0); }
static long get(int pid, void *l, int ln, void *r, int rn, int flags) {
  return syscall(SYS_process_vm_readv, pid, l, ln, r, rn, flags);
}
static long put(int pid, void *l, int ln, void *r, int rn, int flags) {
  return syscall(SYS_process_vm_writev, pid, l, ln, r, rn, flags);
}
#define BAD ((void *)0x10)

int main() {
  setvbuf(stdout, 0, _IONBF, 0);
  char buffer[0x5000];
  int up[2], down[2], me = getpid();
  mmap(page, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  memcpy(page, code, sizeof code);
  mprotect(page, 0x1000, PROT_READ | PROT_EXEC);
  mmap(data, 0x8000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  munmap(data + 0x4000, 0x4000);
  strcpy(data, "hello there"), strcpy(data + 0x3ff8, "at end");
  pipe(up), pipe(down);
  int pid = fork();
  if (pid == 0) {
    char c;
    run();
    write(up[1], "r", 1);
    read(down[0], &c, 1);
    printf("child runs %d, data %.11s %.8s\n", run(), data, data + 0x3ff8);
    dup2(up[1], 77);
    write(up[1], "s", 1);
    read(down[0], &c, 1);
    _exit(0);
  }
  char c;
  read(up[0], &c, 1);
  struct iovec here[3] = {{buffer, 5}, {buffer + 5, 0}, {buffer + 5, 6}}, there[2] = {{data, 4}, {data + 4, 7}};
  int who, i;
  for (i = 0; i < 2; i++) {
    who = i ? pid : me;
    memset(buffer, 0, sizeof buffer);
    printf("%s read %ld %.11s\n", i ? "other" : "own", get(who, here, 3, there, 2, 0), buffer);
    struct iovec big = {buffer, sizeof buffer}, tail = {data + 0x3ff8, 0x20};
    say("to the end", get(who, &big, 1, &tail, 1, 0));
    printf("%s\n", buffer);
    struct iovec gap[2] = {{data, 4}, {data + 0x4000, 4}};
    say("a gap", get(who, &big, 1, gap, 2, 0));
    say("only the gap", get(who, &big, 1, gap + 1, 1, 0));
    struct iovec kernel = {(void *)0xfffff000, 0x2000}, beyond = {(void *)0xc0000000, 4};
    say("far up", get(who, &big, 1, &kernel, 1, 0));
    say("up", put(who, &big, 1, &beyond, 1, 0));
    struct iovec local[2] = {{buffer, 3}, {data + 0x3ffe, 8}};
    say("local gap", get(who, local, 2, &(struct iovec){data, 20}, 1, 0));
    say("read only", put(who, &(struct iovec){buffer, 4}, 1, &(struct iovec){page, 4}, 1, 0));
    say("flags", get(who, here, 3, there, 2, 1));
    say("many", get(who, here, 1025, there, 2, 0));
    say("many there", get(who, here, 3, there, 1025, 0));
    say("bad vectors", get(who, BAD, 3, there, 2, 0));
    say("bad vectors there", get(who, here, 3, BAD, 2, 0));
    say("nothing here", get(who, here, 0, BAD, 2, 0));
    say("nothing there", get(who, here, 3, there, 0, 0));
    say("negative", get(who, &(struct iovec){buffer, -1}, 1, there, 2, 0));
    say("negative there", get(who, here, 3, &(struct iovec){data, -1}, 1, 0));
  }
  say("nobody", get(-1, here, 3, there, 2, 0));
  say("nobody", get(0, here, 3, there, 2, 0));
  say("nobody, no bytes", get(0, here, 3, there, 0, 0));
  strcpy(buffer, "HELLO THERE");
  say("write", put(pid, here, 3, there, 2, 0));
  say("write", put(pid, here, 3, &(struct iovec){data + 0x3ffc, 20}, 1, 0));
  mprotect(page, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC);
  run();
  buffer[0] = 3;
  say("own code", put(me, here, 1, &(struct iovec){page + 1, 1}, 1, 0));
  printf("runs %d\n", run());
  // The child's code is not writable by this call; by its memory file it is.
  char name[40];
  sprintf(name, "/proc/%d/mem", pid);
  int memory = open(name, O_RDWR);
  buffer[0] = 2;
  pwrite(memory, buffer, 1, (long)page + 1);
  write(down[1], "g", 1);
  read(up[0], &c, 1);

  int fd = open("/dev/null", O_RDONLY), copy = dup(fd), other = open("/dev/null", O_RDONLY);
  say("kcmp same file", syscall(SYS_kcmp, me, me, 0, fd, copy));
  say("kcmp other file", syscall(SYS_kcmp, me, me, 0, fd, other) != 0);
  say("kcmp inherited", syscall(SYS_kcmp, me, pid, 0, up[1], 77));
  say("kcmp no file", syscall(SYS_kcmp, me, pid, 0, up[1], 500));
  say("kcmp no file", syscall(SYS_kcmp, me, me, 0, -1, fd));
  say("kcmp vm", syscall(SYS_kcmp, me, me, 1, 0, 0));
  say("kcmp vm", syscall(SYS_kcmp, me, pid, 1, 0, 0) != 0);
  for (i = 2; i < 7; i++) say("kcmp type", syscall(SYS_kcmp, me, me, i, 0, 0));
  say("kcmp unknown", syscall(SYS_kcmp, me, me, 8, 0, 0));
  say("kcmp epoll", syscall(SYS_kcmp, me, me, 7, fd, BAD));
  unsigned slot[3] = {fd, fd, 0};
  say("kcmp epoll", syscall(SYS_kcmp, me, me, 7, fd, slot));
  say("kcmp nobody", syscall(SYS_kcmp, 0, me, 1, 0, 0));

  int pidfd = syscall(SYS_pidfd_open, pid, 0), got = syscall(438, pidfd, 77, 0);
  printf("getfd %d\n", got > 0);
  say("same", syscall(SYS_kcmp, me, me, 0, got, up[1]));
  say("flags of it", fcntl(got, F_GETFD));
  say("getfd flags", syscall(438, pidfd, 77, 1));
  say("getfd none", syscall(438, pidfd, 900, 0));
  say("getfd no pidfd", syscall(438, fd, 77, 0));
  say("getfd bad pidfd", syscall(438, 500, 77, 0));
  write(down[1], "g", 1);
  waitpid(pid, 0, 0);
  say("gone", get(pid, here, 3, there, 2, 0));
  return 0;
}
