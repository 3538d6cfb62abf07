// Every name in /proc that leads to the executable must lead to the guest's program, not to ferry's binary: through folders,
// links, descriptors of folders and other spellings; for reading, stat and exec.
//EXPECT: 0 readlink, 0 open, 0 stat, 0 access, 0 exec wrong
//EXPECT: magic links kept 4
//PROCESSES: 8
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[PATH_MAX];
static struct stat own;
static int wrong[5], links;

static int is_own(int fd) {
  struct stat status;
  unsigned char start[20];
  int good = fd >= 0 && fstat(fd, &status) == 0 && status.st_ino == own.st_ino && status.st_dev == own.st_dev &&
             read(fd, start, 20) == 20 && start[4] == 1 && start[18] == 3;
  close(fd);
  return good;
}

/* `folder` is a descriptor or AT_FDCWD. `link`: the name is procfs's own link, not a link to it. */
static void ask(int folder, const char *name, int link) {
  char text[PATH_MAX];
  struct stat status;
  if (link) {
    int length = readlinkat(folder, name, text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    wrong[0] += strcmp(text, self) != 0;
    wrong[0] += !(readlinkat(folder, name, text, 3) == 3);
    wrong[2] += !(fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode));
    wrong[1] += !(openat(folder, name, O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP);
    links++;
  }
  wrong[1] += !is_own(openat(folder, name, O_RDONLY));
  wrong[2] += !(fstatat(folder, name, &status, 0) == 0 && status.st_ino == own.st_ino && status.st_size == own.st_size);
  struct statx wide;
  wrong[2] += !(syscall(SYS_statx, folder, name, 0, STATX_INO, &wide) == 0 && wide.stx_ino == own.st_ino);
  wrong[3] += faccessat(folder, name, X_OK, 0) != 0;
  /* A name with this process's number is another process's for the child. */
  if (!strstr(name, "self") && link) return;
  if (strstr(name, "self/task/") && !strstr(name, "..")) return;
  fflush(stdout);
  int pid = fork(), ended;
  if (pid == 0) {
    char *const arguments[] = {"x", "child", 0};
    syscall(SYS_execveat, folder, name, arguments, arguments + 2, 0);
    _exit(1);
  }
  waitpid(pid, &ended, 0);
  wrong[4] += ended != 0x700;
}

int main(int argc, char **argv) {
  if (argc > 1) return 7;
  int length = readlink("/proc/self/exe", self, sizeof self - 1);
  self[length] = 0;
  stat(self, &own);
  char name[100];
  ask(AT_FDCWD, "/proc/self/exe", 1);
  ask(AT_FDCWD, "/proc/self/./exe", 1);
  ask(AT_FDCWD, "//proc//self//task/..//exe", 1);
  ask(AT_FDCWD, "/proc/thread-self/exe", 1);
  snprintf(name, sizeof name, "/proc/self/task/%d/exe", getpid());
  ask(AT_FDCWD, name, 1);
  snprintf(name, sizeof name, "/proc/%d/task/%d/exe", getpid(), getpid());
  ask(AT_FDCWD, name, 1);
  snprintf(name, sizeof name, "/proc/%d/exe", getpid());
  ask(AT_FDCWD, name, 1);
  ask(AT_FDCWD, "/proc/self/root/proc/self/exe", 1);
  int proc = open("/proc", O_PATH), folder = open("/proc/self", O_RDONLY);
  ask(proc, "self/exe", 1);
  ask(folder, "exe", 1);
  ask(folder, "fd/../exe", 1);
  symlink("/proc/self/exe", "one");
  symlink("one", "two");
  symlink("/proc/self", "three");
  ask(AT_FDCWD, "two", 0);
  ask(AT_FDCWD, "three/exe", 1);
  chdir("/proc/self");
  ask(AT_FDCWD, "exe", 1);
  printf("%d readlink, %d open, %d stat, %d access, %d exec wrong\n", wrong[0], wrong[1], wrong[2], wrong[3], wrong[4]);
  /* Other links of procfs still lead where they led. */
  int kept = 0, deleted = memfd_create("exe", 0), pair[2];
  char text[PATH_MAX];
  struct stat status;
  write(deleted, "abc", 3);
  snprintf(name, sizeof name, "/proc/self/fd/%d", deleted);
  kept += stat(name, &status) == 0 && status.st_size == 3;
  pipe(pair);
  snprintf(name, sizeof name, "/proc/self/fd/%d", pair[0]);
  kept += stat(name, &status) == 0 && S_ISFIFO(status.st_mode);
  kept += stat("/proc/self/cwd/status", &status) == 0;
  kept += readlink("/proc/1/exe", text, sizeof text) < 0 || strncmp(text, self, strlen(self)) != 0;
  printf("magic links kept %d\n", kept);
  return 0;
}
