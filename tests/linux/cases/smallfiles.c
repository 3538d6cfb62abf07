// files over 2 GB through descriptors opened without O_LARGEFILE: where writes stop, and what fcntl and open say
//EXPECT: write at the limit -1 27
//EXPECT: across it 7
//EXPECT: truncating open -1 75, size 80000000
//PROCESSES: 3
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGE 0100000
#define LIMIT 0x7fffffffLL
static char bytes[100];

static int opened(const char *name, int flags) { return syscall(SYS_open, name, flags, 0600); }
static void say(const char *what, long result) {
  int error = errno;
  printf("%s %ld", what, result);
  if (result < 0) printf(" %d", error);
  printf("\n");
}
static long long size_of(int fd) {
  struct stat64 status;
  fstat64(fd, &status);
  return status.st_size;
}
static void say_size(const char *what, long result, int fd) {
  int error = errno;
  printf("%s %ld %d, size %llx\n", what, result, result < 0 ? error : 0, size_of(fd));
}
static void large_flag(const char *what, int fd) {
  printf("%s %d; ", what, fd < 0 ? -1 : (fcntl(fd, F_GETFL) & LARGE) != 0);
}
static void on_file_size(int signal) { write(1, "SIGXFSZ\n", 8); }

/// What the limit does to each call on `fd`. `whole` is the same file, opened without the limit.
static void writes(int fd, int whole, int source) {
  struct iovec vectors[3] = {{bytes, 3}, {bytes, 10}, {bytes, 10}};
  loff_t from, to;
  off_t from32;
  int ends[2];
  ftruncate64(whole, 0);
  lseek64(fd, LIMIT, SEEK_SET);
  say("write at the limit", write(fd, bytes, 1));
  say("nothing there", write(fd, bytes, 0));
  say("nowhere", write(fd, (void *)0xf0000000, 1));
  say("behind it", (lseek64(fd, LIMIT * 3, SEEK_SET), write(fd, bytes, 1)));
  lseek64(fd, LIMIT - 7, SEEK_SET);
  say("across it", write(fd, bytes, 20));
  say("and again", write(fd, bytes, 20));
  lseek64(fd, LIMIT - 7, SEEK_SET);
  say("vectors", writev(fd, vectors, 3));
  say("and again", writev(fd, vectors, 3));
  say("pwrite", pwrite64(fd, bytes, 20, LIMIT - 9));
  say("pwrite", pwrite64(fd, bytes, 20, LIMIT));
  say("pwrite", pwrite64(fd, bytes, 20, LIMIT + 5000));
  say("pwrite of nothing", pwrite64(fd, bytes, 0, LIMIT + 5000));
  say("pwrite before all", pwrite64(fd, bytes, 1, -1));
  say("pwritev", pwritev64(fd, vectors, 3, LIMIT - 5));
  say("pwritev", pwritev64(fd, vectors, 3, LIMIT));
  lseek64(fd, LIMIT - 4, SEEK_SET);
  say("pwritev2", pwritev64v2(fd, vectors, 3, -1, 0));
  say("pwritev2", pwritev64v2(fd, vectors, 3, -1, 0));
  say("pwritev2 appending", pwritev64v2(fd, vectors, 3, 0, RWF_APPEND));
  lseek64(fd, LIMIT - 6, SEEK_SET);
  from = 0, from32 = 0;
  say("sendfile", sendfile64(fd, source, &from, 50));
  printf("from %lld\n", from);
  say("sendfile", sendfile64(fd, source, &from, 50));
  printf("from %lld\n", from);
  say("sendfile", sendfile(fd, source, &from32, 50));
  lseek64(fd, 0, SEEK_SET), ftruncate64(whole, LIMIT + 100);
  from32 = LIMIT - 6;
  say("sendfile from before the limit", sendfile(fd, whole, &from32, 50));
  printf("from %lx\n", from32);
  say("sendfile from the limit", sendfile(fd, whole, &from32, 50));
  say("sendfile of no bytes", sendfile(fd, whole, &from32, 0));
  from = LIMIT - 6;
  say("sendfile64 across it", sendfile64(fd, whole, &from, 50));
  lseek64(fd, LIMIT, SEEK_SET), ftruncate64(whole, LIMIT);
  from = 100;
  say("sendfile of nothing", sendfile64(fd, source, &from, 50));
  say("sendfile of no bytes", sendfile64(fd, source, &from, 0));
  from = 0, to = LIMIT - 10;
  say("copy_file_range", copy_file_range(source, &from, fd, &to, 50, 0));
  printf("from %lld to %llx\n", from, to);
  say("copy_file_range", copy_file_range(source, &from, fd, &to, 50, 0));
  say("copy_file_range of nothing", copy_file_range(source, &from, fd, &to, 0, 0));
  lseek64(fd, LIMIT - 3, SEEK_SET);
  say("copy_file_range", copy_file_range(source, &from, fd, 0, 50, 0));
  say("copy_file_range", copy_file_range(source, &from, fd, 0, 50, 0));
  pipe(ends);
  write(ends[1], bytes, 30);
  to = LIMIT - 8;
  say("splice", splice(ends[0], 0, fd, &to, 30, 0));
  printf("to %llx\n", to);
  say("splice", splice(ends[0], 0, fd, &to, 30, 0));
  lseek64(fd, LIMIT, SEEK_SET);
  say("splice", splice(ends[0], 0, fd, 0, 30, 0));
  say("left in the pipe", read(ends[0], bytes, 50));
  say("splice of nothing", splice(ends[0], 0, fd, 0, 30, SPLICE_F_NONBLOCK));
  close(ends[0]), close(ends[1]);
  say("whole", pwrite64(whole, bytes, 20, LIMIT + 5000));
  ftruncate64(whole, LIMIT);
  say("ftruncate64", ftruncate64(fd, LIMIT + 1));
  say("ftruncate", ftruncate(fd, LIMIT));
}

static void appends(const char *name, int whole) {
  int fd = opened(name, O_RDWR | O_APPEND);
  ftruncate64(whole, LIMIT - 5);
  say_size("append", write(fd, bytes, 20), fd);
  say_size("append", write(fd, bytes, 20), fd);
  ftruncate64(whole, LIMIT - 5);
  say_size("append by pwrite", pwrite64(fd, bytes, 20, 0), fd);
  say_size("append by pwrite", pwrite64(fd, bytes, 20, 0), fd);
  fcntl(fd, F_SETFL, 0);
  say_size("no longer", pwrite64(fd, bytes, 20, 0), fd);
  close(fd);
}

static void flags(const char *name) {
  int ends[2], fd, plain = opened(name, O_RDONLY), large = opened(name, O_RDONLY | LARGE);
  large_flag("plain", plain), large_flag("large", large);
  large_flag("creat", fd = syscall(SYS_creat, name, 0600)), close(fd);
  large_flag("openat", fd = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY)), close(fd);
  large_flag("dup", fd = dup(plain)), close(fd);
  large_flag("dup2", dup2(plain, 50)), large_flag("dup2", dup2(large, 50));
  large_flag("dup3", dup3(plain, 50, O_CLOEXEC)), large_flag("dup3", dup3(large, 50, O_CLOEXEC)), close(50);
  large_flag("F_DUPFD", fd = fcntl(plain, F_DUPFD, 60)), close(fd);
  large_flag("again", fd = fcntl(large, F_DUPFD, 60)), close(fd);
  printf("\n");
  close(plain);
  large_flag("closed", fd = opened(name, O_RDONLY | LARGE)), close(fd);
  fd = opened(name, O_RDONLY), close_range(fd, fd, 0);
  large_flag("closed", fd = opened(name, O_RDONLY | LARGE)), close(fd);
  large_flag("path", fd = opened(name, O_PATH)), close(fd);
  large_flag("folder", fd = opened(".", O_RDONLY)), close(fd);
  large_flag("folder", fd = opened(".", O_RDONLY | LARGE)), close(fd);
  large_flag("/dev/null", fd = opened("/dev/null", O_RDONLY)), close(fd);
  large_flag("/dev/null", fd = opened("/dev/null", O_RDONLY | LARGE)), close(fd);
  large_flag("maps", fd = opened("/proc/self/maps", O_RDONLY)), close(fd);
  large_flag("maps", fd = opened("/proc/self/maps", O_RDONLY | LARGE)), close(fd);
  large_flag("memfd", fd = memfd_create("m", 0)), close(fd);
  pipe(ends), large_flag("pipe", ends[0]), large_flag("pipe", ends[1]), close(ends[0]), close(ends[1]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends), large_flag("socket", ends[0]), close(ends[0]), close(ends[1]);
  large_flag("eventfd", fd = eventfd(0, 0)), close(fd);
  large_flag("epoll", fd = epoll_create1(0)), close(fd);
  fcntl(large, F_SETFL, 0), large_flag("after F_SETFL", large);
  plain = opened(name, O_RDONLY), fcntl(plain, F_SETFL, LARGE), large_flag("after F_SETFL", plain);
  printf("\n");
  close(plain), close(large);
}

/// Opens of a file that is too large without the flag.
static void opens(const char *name, int whole) {
  ftruncate64(whole, LIMIT);
  say("open", close(opened(name, O_RDWR)));
  ftruncate64(whole, LIMIT + 1);
  say("open", opened(name, O_RDWR));
  say_size("truncating open", opened(name, O_RDWR | O_TRUNC), whole);
  say_size("truncating open", opened(name, O_RDONLY | O_TRUNC), whole);
  say_size("truncating open", opened(name, O_WRONLY | O_TRUNC | O_CREAT), whole);
  say_size("new open", opened(name, O_WRONLY | O_TRUNC | O_CREAT | O_EXCL), whole);
  symlink(name, "link");
  say_size("truncating open", opened("link", O_RDWR | O_TRUNC), whole);
  say_size("truncating open", opened("link", O_RDWR | O_TRUNC | O_NOFOLLOW), whole);
  say_size("truncating open", opened("none", O_RDWR | O_TRUNC), whole);
  unlink("link");
  say_size("creat", close(syscall(SYS_creat, name, 0600)), whole);
  ftruncate64(whole, LIMIT + 1);
  say_size("truncating open", close(opened(name, O_RDWR | O_TRUNC | LARGE)), whole);
}

static void size_limit(int fd) {
  struct rlimit64 old, low;
  getrlimit64(RLIMIT_FSIZE, &old);
  low = old;
  low.rlim_cur = LIMIT;
  signal(SIGXFSZ, on_file_size);
  setrlimit64(RLIMIT_FSIZE, &low);
  say("at both limits", pwrite64(fd, bytes, 20, LIMIT));
  low.rlim_cur = LIMIT + 10;
  setrlimit64(RLIMIT_FSIZE, &low);
  say("before the other", pwrite64(fd, bytes, 20, LIMIT));
  low.rlim_cur = LIMIT - 10;
  setrlimit64(RLIMIT_FSIZE, &low);
  say("behind the other", pwrite64(fd, bytes, 20, LIMIT));
  say("across the other", pwrite64(fd, bytes, 20, LIMIT - 12));
  setrlimit64(RLIMIT_FSIZE, &old);
}

int main(int count, char **words) {
  if (count > 1) {  // after an exec
    large_flag("inherited plain", 100), large_flag("inherited large", 101), large_flag("closed", 102);
    say("write", pwrite64(100, bytes, 20, LIMIT));
    say("write", pwrite64(101, bytes, 20, LIMIT));
    say("write", pwrite64(100, bytes, 20, LIMIT - 2));
    int fd = opened("file", O_RDWR | LARGE);
    large_flag("opened", fd);
    say("status", 0);
    return 0;
  }
  setvbuf(stdout, 0, _IONBF, 0);
  int whole = opened("file", O_RDWR | O_CREAT | LARGE), fd = opened("file", O_RDWR);
  int source = opened("source", O_RDWR | O_CREAT);
  write(source, bytes, 100);
  writes(fd, whole, source);
  appends("file", whole);
  flags("file");
  opens("file", whole);
  ftruncate64(whole, 0);
  size_limit(fd);
  say("read only", pwrite64(opened("file", O_RDONLY), bytes, 1, LIMIT));
  say("write to a pipe", write(1, "", 0));
  if (fork() == 0) {
    say("child", pwrite64(fd, bytes, 20, LIMIT));
    large_flag("child's", fd);
    close(fd);
    large_flag("child's", opened("file", O_RDWR | LARGE));
    printf("\n");
    _exit(0);
  }
  wait(0);
  if (vfork() == 0) {
    close(fd);
    _exit(0);
  }
  wait(0);
  large_flag("after the child", fd);
  dup2(fd, 100), dup2(whole, 101), dup3(fd, 102, O_CLOEXEC);
  ftruncate64(whole, 0);
  execl("/proc/self/exe", "smallfiles", "executed", (char *)0);
  return 1;
}
