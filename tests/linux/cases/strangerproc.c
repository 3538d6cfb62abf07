// What another user sees of a process in /proc: ps must work for everybody, and the rest is refused. Ferry cannot look into such
// a process either, so the host must know its arguments.
//EXPECT: maps: errno 13
//EXPECT: cmdline: first|second argument|
//EXPECT: cmdline: a title that is longer than the arguments were|
//EXPECT: threads 1, exit signal 17
//NOT UNDER AN EMULATOR: the host shows the emulator's arguments and threads
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 16];

static int slurp(int pid, const char *name) {
  char path[64];
  int length = 0, count, fd;
  sprintf(path, "/proc/%d/%s", pid, name);
  fd = open(path, O_RDONLY);
  text[0] = 0;
  if (fd < 0) return -1;
  while ((count = read(fd, text + length, sizeof text - 1 - length)) > 0) length += count;
  text[length] = 0;
  close(fd);
  return length;
}

static void show(int pid) {
  static const char *names[] = {"comm", "cmdline", "stat", "status", "statm", "maps", "smaps", "environ", "auxv", "fdinfo/0", "mem"};
  unsigned i;
  int k;
  for (i = 0; i < sizeof names / sizeof *names; i++) {
    const int length = slurp(pid, names[i]);
    if (length < 0) printf("%s: errno %d\n", names[i], errno);
    if (i > 1 || length < 0) continue;
    printf("%s: ", names[i]);
    for (k = 0; k < length; k++) putchar(text[k] ? text[k] : '|');
    printf("\n");
  }
  char path[40];
  sprintf(path, "/proc/%d/exe", pid);
  printf("exe: %d\n", (int)readlink(path, text, sizeof text));
  int number;
  unsigned long fields[60] = {0};
  slurp(pid, "stat");
  char *word = strtok(strrchr(text, ')') + 2, " ");
  for (number = 3; word && number < 60; number++, word = strtok(NULL, " ")) fields[number] = strtoul(word, NULL, 10);
  printf("threads %lu, exit signal %lu\n", fields[20], fields[38]);
}

int main(int count, char **words) {
  int ends[2];
  if (count == 1) {  // with known arguments, as root where that is possible
    char *arguments[] = {"first", "second argument", NULL}, *environment[] = {"ONE=1", "TWO=a longer text that leaves room for a title", NULL};
    execve("/proc/self/exe", arguments, environment);
  }
  const int pid = getpid();
  const int root = getuid() == 0;
  if (!root) prctl(PR_SET_DUMPABLE, 0);
  setvbuf(stdout, NULL, _IONBF, 0);
  int i;
  for (i = 0; i < 2; i++) {
    if (fork() == 0) {
      if (root) setgid(65534), setuid(65534);
      show(pid);
      _exit(0);
    }
    wait(NULL);
    strcpy(words[0], "a title that is longer than the arguments were");
  }
  return 0;
}
