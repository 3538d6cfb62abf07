// Numbers in files of /proc that are not the same on every architecture, of another process: signals in status and stat, flags
// of open files in fdinfo, a zombie's exit code.
//EXPECT: SigPnd 0000008000000000 ShdPnd 0000000000010800 SigBlk 000000c000014c40
//EXPECT: pending 0 blocked 85056 ignored 268435464 caught 2048, exit signal 17
//EXPECT: 100 flags 02106002
//EXPECT: zombie: exit signal 12, code b
//NOT UNDER AN EMULATOR: the host's files have the numbers of the emulator's host
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 14];

static void slurp(int pid, const char *name) {
  char path[64];
  int length = 0, count, fd;
  sprintf(path, "/proc/%d/%s", pid, name);
  fd = open(path, O_RDONLY);
  while ((count = read(fd, text + length, sizeof text - 1 - length)) > 0) length += count;
  text[length] = 0;
  close(fd);
}
static const char *line_of(const char *name) {
  static char lines[8][64];
  static int next;
  char *to = lines[next++ % 8], *at = strstr(text, name);
  at = at ? at + strlen(name) : "";
  at += strspn(at, " \t");
  sprintf(to, "%.*s", (int)strcspn(at, "\n"), at);
  return to;
}
static long stat_field(int pid, int number) {
  slurp(pid, "stat");
  char *word = strtok(strrchr(text, ')') + 2, " ");
  while (number-- > 3) word = strtok(NULL, " ");
  return atol(word);
}

static void handler(int signal) {}

static void child(int ready) {
  static const int blocked[] = {SIGBUS, SIGUSR2, SIGSEGV, SIGTERM, SIGCHLD, 39, 40};
  sigset_t set;
  unsigned i;
  sigemptyset(&set);
  for (i = 0; i < sizeof blocked / sizeof *blocked; i++) sigaddset(&set, blocked[i]);
  sigprocmask(SIG_SETMASK, &set, NULL);
  signal(SIGPOLL, SIG_IGN), signal(SIGILL, SIG_IGN), signal(SIGUSR2, handler);
  kill(getpid(), SIGUSR2), kill(getpid(), SIGCHLD);
  syscall(SYS_tgkill, getpid(), getpid(), 40);
  dup3(open("file", O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_LARGEFILE, 0600), 100, O_CLOEXEC);
  dup2(open("file", O_RDWR | O_SYNC), 101);
  dup2(open("file", O_PATH | O_NOFOLLOW), 102);
  dup2(open(".", O_DIRECTORY | O_NOATIME), 103);
  write(ready, "r", 1);
  pause();
}

int main() {
  static const int descriptors[] = {0, 100, 101, 102, 103};
  int ends[2], i;
  char byte, name[30];
  setvbuf(stdout, NULL, _IONBF, 0);
  for (i = 3; i < 1024; i++) close(i);
  pipe(ends);
  const int pid = fork();
  if (pid == 0) child(ends[1]);
  read(ends[0], &byte, 1);
  do slurp(pid, "stat");
  while (strrchr(text, ')')[2] != 'S');
  slurp(pid, "status");
  printf("SigPnd %s ShdPnd %s SigBlk %s SigIgn %s SigCgt %s\n", line_of("\nSigPnd:"), line_of("\nShdPnd:"), line_of("\nSigBlk:"), line_of("\nSigIgn:"),
         line_of("\nSigCgt:"));
  printf("pending %ld blocked %ld ignored %ld caught %ld, exit signal %ld\n", stat_field(pid, 31), stat_field(pid, 32), stat_field(pid, 33),
         stat_field(pid, 34), stat_field(pid, 38));
  for (i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
    sprintf(name, "fdinfo/%d", descriptors[i]);
    slurp(pid, name);
    printf("%d flags %s\n", descriptors[i], line_of("flags:"));
  }
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  // A zombie that ended by SIGSEGV and tells its parent by SIGUSR2.
  signal(SIGUSR2, handler);
  const int zombie = syscall(SYS_clone, SIGUSR2, 0, 0, 0, 0);
  if (zombie == 0) syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGSEGV), _exit(1);
  siginfo_t info;
  waitid(P_PID, zombie, &info, WEXITED | WNOWAIT | __WALL);
  printf("zombie: exit signal %ld, code %lx\n", stat_field(zombie, 38), stat_field(zombie, 52) & ~0x80);
  waitpid(zombie, NULL, __WALL);
  return 0;
}
