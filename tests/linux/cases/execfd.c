// Execs by descriptor: what the program sees afterwards, and which descriptors can be executed: files without a name, O_PATH,
// scripts.
//EXPECT: memfd: execfn /dev/fd/3 exe /memfd:a (deleted) argc 2
//EXPECT: O_PATH: execfn /dev/fd/3 exe program argc 2
//PROCESSES: 17
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(int argc, char **argv) {
  char link[4096], comm[100];
  int length = readlink("/proc/self/exe", link, sizeof link - 1);
  link[length > 0 ? length : 0] = 0;
  char *name = strncmp(link, "/memfd", 6) && strrchr(link, '/') ? strrchr(link, '/') + 1 : link;
  int fd = open("/proc/self/comm", O_RDONLY);
  length = read(fd, comm, sizeof comm);
  comm[length > 0 ? length - 1 : 0] = 0;
  close(fd);
  struct stat own, root;
  int same = stat("/proc/self/exe", &own) == 0;
  printf("execfn %s exe %s argc %d", (char *)getauxval(AT_EXECFN), name, argc);
  for (int i = 0; i < argc; i++) printf(" [%s]", argv[i]);
  printf(" comm %s stat %d size %d next %d\n", comm, same, same && own.st_size > 10000, dup(0));
}

static int copy(int to) {
  char buffer[65536];
  int from = open("/proc/self/exe", O_RDONLY), length;
  while ((length = read(from, buffer, sizeof buffer)) > 0) write(to, buffer, length);
  close(from);
  return to;
}

static char *const arguments[] = {"zero", "show", 0}, *const none[] = {0};

/* Executes `path` relative to the descriptor `fd` by execveat; with an empty path, `fd` itself. */
static void at(const char *name, int fd, const char *path, int flags) {
  printf("%s: ", name);
  fflush(stdout);
  if (!fork()) {
    syscall(SYS_execveat, fd, path, arguments, none, flags);
    printf("errno %d\n", errno);
    fflush(stdout);
    _exit(0);
  }
  wait(0);
}

static int file(const char *name, const char *text, int mode) {
  int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0755);
  write(fd, text, strlen(text));
  fchmod(fd, mode);
  close(fd);
  return open(name, O_RDONLY | O_CLOEXEC);
}

int main(int argc, char **argv) {
  if (argc > 1) return show(argc, argv), 0;
  for (int fd = 3; fd < 1024; fd++) close(fd);
  close(copy(open("program", O_RDWR | O_CREAT, 0755)));
  int fd = copy(memfd_create("a", MFD_CLOEXEC));
  at("memfd", fd, "", AT_EMPTY_PATH);
  at("no flag", fd, "", 0);
  at("unknown flag", fd, "", AT_EMPTY_PATH | 1);
  at("below a file", fd, "x", 0);
  at("null path", fd, 0, AT_EMPTY_PATH);
  close(fd);
  fd = open("program", O_PATH);
  at("O_PATH", fd, "", AT_EMPTY_PATH);
  close(fd);
  fd = open(".", O_PATH);
  at("below a folder", fd, "program", 0);
  at("a folder", fd, "", AT_EMPTY_PATH);
  symlink("program", "link");
  at("link", fd, "link", 0);
  at("link, not followed", fd, "link", AT_SYMLINK_NOFOLLOW);
  close(fd);
  at("closed", 3, "", AT_EMPTY_PATH);
  at("working directory", AT_FDCWD, "", AT_EMPTY_PATH);
  fd = open("program", O_RDONLY);
  rename("program", "renamed");
  at("renamed", fd, "", AT_EMPTY_PATH);
  close(fd);
  fd = file("script", "#!./renamed show\n", 0755);
  at("script, closed by the exec", fd, "", AT_EMPTY_PATH);
  fcntl(fd, F_SETFD, 0);
  at("script", fd, "", AT_EMPTY_PATH);
  close(fd);
  fd = file("plain", "#!./renamed show\n", 0644);
  at("no permission", fd, "", AT_EMPTY_PATH);
  close(fd);
  return 0;
}
