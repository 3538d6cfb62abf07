// OpenSSH's server did not accept anyone: its unprivileged child makes /run/sshd its root, and chdir("/") said ENOENT,
// as -L's folder was still put before each path. A chroot leaves that folder; one to "/" itself does not.
//IN A ROOT: it is /inside/program there; by chroot for the kernel, by -L for ferry
//EXPECT: inside: inside/jail/file
//EXPECT: the program: errno 2
//NOT ON THE MACHINE: bundle.sh makes no root
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void make(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  printf("%s: %s\n", path, fd < 0 ? strerror(errno) : "made");
  write(fd, path + 1, strlen(path) - 1);
  close(fd);
}

static void show(const char *who, const char *path) {
  char text[100] = {0};
  int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) {
    printf("%s: errno %d\n", who, errno);
  } else {
    printf("%s: %s\n", who, text);
  }
  close(fd);
}

static void working_directory(void) {
  char text[200];
  printf("in %s\n", getcwd(text, sizeof text) ? text : strerror(errno));
}

static void attempt(const char *what, const char *path) {
  errno = 0;
  int result = chroot(path);
  printf("%s: %d, errno %d\n", what, result, errno);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  mkdir("/inside/jail", 0755);
  mkdir("/inside/jail/sub", 0755);
  make("/inside/file");
  make("/inside/jail/file");
  attempt("nowhere", "/inside/missing");
  attempt("a file", "/inside/file");
  attempt("no pointer", (char *)8);
  attempt("its own root", "/");
  show("still", "/inside/file");
  chdir("/");
  printf("by a relative path: %d\n", chroot("."));
  show("still", "/inside/file");
  int outside = open("/inside", O_RDONLY | O_DIRECTORY);
  if (fork() == 0) { // the parent stays outside
    chdir("/inside/jail/sub");
    printf("to the jail: %d\n", chroot("/inside/jail"));
    working_directory();
    show("inside", "/file");
    show("by ..", "../file");
    show("above the root", "/../../file");
    printf("to the top: %d\n", chdir("/"));
    working_directory();
    show("the program", "/inside/program");
    struct sockaddr_un name = {AF_UNIX, "/socket"};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    printf("a socket: %d\n", bind(listener, (struct sockaddr *)&name, sizeof name));
    struct stat status;
    printf("it is there: %d\n", stat("socket", &status));
    if (fork() == 0) {
      printf("deeper: %d %d\n", chroot("/sub"), chdir("/"));
      show("nothing here", "/file");
      fchdir(outside);
      show("by a descriptor", "file");
      return 0;
    }
    wait(0);
    return 0;
  }
  wait(0);
  show("the parent", "/inside/file");
  printf("the socket is in the jail: %d\n", access("/inside/jail/socket", F_OK));
  return 0;
}
