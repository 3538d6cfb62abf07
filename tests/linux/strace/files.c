#include "trace.h"

#include <sys/mman.h>
#include <sys/uio.h>

static char buffer[8192];
static char text[] = "a text of more than thirty-two characters, which is cut";

static void opening(void) {
  call(SYS_open, "one", O_RDWR | O_CREAT | O_TRUNC | O_LARGEFILE, 0644);
  call(SYS_open, "missing", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  call(SYS_open, "missing", O_WRONLY | O_APPEND | O_NONBLOCK | O_SYNC | O_NOATIME);
  call(SYS_open, "missing", 3 | O_PATH | 0x20000000);
  call(SYS_open, BAD, O_RDONLY);
  call(SYS_open, NULL, O_RDONLY);
  call(SYS_open, "missing/\n\t\33x\0331\"\\\377", O_DIRECTORY);
  call(SYS_openat, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  call(SYS_openat, 4, "two", O_CREAT | O_EXCL | O_RDWR, 0600);
  call(SYS_openat, -1, "two", O_TMPFILE | O_RDWR, 0);
  call(SYS_open, "one", O_RDONLY);
  call(SYS_creat, "three", 0);
  call(SYS_close, 7);
  call(SYS_close, 99);
}

static void reading(void) {
  call(SYS_write, 3, "hello\n", 6);
  call(SYS_write, 3, text, sizeof text - 1);
  call(SYS_write, 3, text, 32);
  call(SYS_write, 3, text, 33);
  call(SYS_write, 3, "\0\1\0019\177\200\r\v\f", 9);
  call(SYS_write, 3, BAD, 4);
  call(SYS_write, 3, NULL, 0);
  call(SYS_lseek, 3, 0, SEEK_SET);
  call(SYS_lseek, 3, -5, SEEK_END);
  call(SYS_lseek, 3, 0, SEEK_DATA);
  call(SYS_lseek, 3, 0, 77);
  static long long place;
  call(SYS__llseek, 3, 0, 2, &place, SEEK_SET);
  call(SYS__llseek, 3, -1, -1, &place, SEEK_SET);
  call(SYS_read, 3, buffer, 4);
  call(SYS_read, 3, buffer, 8192);
  call(SYS_read, 3, buffer, 10);
  call(SYS_read, 99, buffer, 10);
  call(SYS_pread64, 3, buffer, 8, 4, 0);
  call(SYS_pwrite64, 3, "xyz", 3, 1, 1);
  call(SYS_ftruncate64, 3, 20, 0);
  static struct iovec v[3];
  v[0].iov_base = buffer, v[0].iov_len = 3, v[1].iov_base = buffer + 100, v[1].iov_len = 100;
  v[2].iov_base = NULL;
  call(SYS_preadv, 3, v, 2, 0, 0);
  call(SYS_readv, 3, v, 3);
  call(SYS_writev, 3, v, 3);
  call(SYS_writev, 3, v, -1);
  call(SYS_writev, 3, BAD, 1);
  call(SYS_writev, 3, v, 0);
  call(SYS_pwritev, 3, v, 1, 5, 0);
  call(SYS_fsync, 3);
  call(SYS_fdatasync, 3);
  call(SYS_sync);
  call(SYS_readahead, 3, 0, 0, 10);
  call(SYS_fadvise64, 3, 0, 0, 100, 2);
  call(SYS_fadvise64_64, 3, 0, 0, 0, 0, 4);
  call(SYS_fallocate, 3, 1, 0, 0, 4096, 0);
  call(SYS_fallocate, 3, 3, 0, 0, 10, 0);
  call(SYS_sync_file_range, 3, 0, 0, 0, 0, 7);
  call(SYS_flock, 3, 2 | 4);
  call(SYS_flock, 3, 8);
  call(SYS_flock, 3, 99);
  call(SYS_truncate, "one", 5);
  call(SYS_truncate64, "one", 7, 0);
  call(SYS_ftruncate, 3, 6);
}

static void naming(void) {
  call(SYS_mkdir, "d", 0755);
  call(SYS_mkdirat, AT_FDCWD, "e", 0);
  call(SYS_rmdir, "d");
  call(SYS_chdir, "e");
  call(SYS_chdir, "..");
  call(SYS_fchdir, 4);
  call(SYS_chdir, "missing");
  call(SYS_getcwd, buffer, 2);
  call(SYS_link, "one", "one2");
  call(SYS_linkat, AT_FDCWD, "one", AT_FDCWD, "one3", AT_SYMLINK_FOLLOW);
  call(SYS_symlink, "one", "symbolic");
  call(SYS_symlinkat, "one", AT_FDCWD, "symbolic2");
  call(SYS_readlink, "symbolic", buffer, 100);
  call(SYS_readlink, "one", buffer, 100);
  call(SYS_readlinkat, AT_FDCWD, "symbolic", buffer, 2);
  call(SYS_rename, "one2", "one4");
  call(SYS_renameat, AT_FDCWD, "one4", AT_FDCWD, "one5");
  call(SYS_renameat2, AT_FDCWD, "one5", AT_FDCWD, "one3", 1);
  call(SYS_renameat2, AT_FDCWD, "one5", AT_FDCWD, "one3", 2);
  call(SYS_unlink, "one5");
  call(SYS_unlinkat, AT_FDCWD, "one3", 0);
  call(SYS_unlinkat, AT_FDCWD, "e", AT_REMOVEDIR);
  call(SYS_mknod, "fifo", S_IFIFO | 0644, 0);
  call(SYS_mknodat, AT_FDCWD, "x", S_IFCHR | 0600, 0x103);
  call(SYS_mknod, "reg", S_IFREG | 0644, 0);
  call(SYS_unlink, "x");
  call(SYS_chmod, "one", 0);
  call(SYS_chmod, "one", 04755);
  call(SYS_fchmod, 3, 01777);
  call(SYS_fchmodat, AT_FDCWD, "one", 0644);
  call(SYS_chown, "one", -1, -1);
  call(SYS_chown32, "one", -1, -1);
  call(SYS_lchown32, "one", 0, -1);
  call(SYS_fchown32, 3, -1, 0);
  call(SYS_fchownat, AT_FDCWD, "one", 0, 0, AT_SYMLINK_NOFOLLOW);
  call(SYS_access, "one", F_OK);
  call(SYS_access, "one", R_OK | W_OK);
  call(SYS_faccessat, AT_FDCWD, "one", X_OK);
  call(SYS_faccessat2, AT_FDCWD, "one", R_OK, AT_EACCESS);
  call(SYS_access, "one", 0xf0);
  call(SYS_umask, 022);
  call(SYS_umask, 0);
  call(SYS_umask, 022);
}

static void status(void) {
  call(SYS_stat64, "one", buffer);
  call(SYS_lstat64, "symbolic", buffer);
  call(SYS_fstat64, 3, buffer);
  call(SYS_stat, "/dev/null", buffer);
  call(SYS_stat64, "/dev/null", buffer);
  call(SYS_fstat, 3, buffer);
  call(SYS_lstat, "/tmp", buffer);
  call(SYS_fstatat64, AT_FDCWD, "one", buffer, AT_SYMLINK_NOFOLLOW);
  call(SYS_stat64, "missing", buffer);
  call(SYS_stat64, "one", BAD);
  call(SYS_statx, AT_FDCWD, "one", AT_STATX_SYNC_AS_STAT, 0x7ff, buffer);
  call(SYS_statx, AT_FDCWD, "one", AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, 3, buffer);
  call(SYS_statfs64, "/proc", 84, buffer);
  call(SYS_fstatfs64, 3, 80, buffer);
  call(SYS_statfs, "/proc", buffer);
  static int32_t times[8] = {1000000000, 5, 1000000001, 7};
  call(SYS_utimes, "one", times);
  call(SYS_utime, "one", times);
  call(SYS_utime, "one", NULL);
  call(SYS_futimesat, AT_FDCWD, "one", NULL);
  times[1] = 0x3fffffff, times[3] = 0x3ffffffe;
  call(SYS_utimensat, AT_FDCWD, "one", times, 0);
  int64_t wide[4] = {1, 2, 3, 4};
  call(SYS_utimensat_time64, AT_FDCWD, "one", wide, AT_SYMLINK_NOFOLLOW);
  call(SYS_utimensat_time64, AT_FDCWD, "one", NULL, 0);
}

static void descriptors(void) {
  static int ends[2];
  call(SYS_dup, 3);
  call(SYS_dup2, 3, 20);
  call(SYS_dup3, 3, 21, O_CLOEXEC);
  call(SYS_dup2, 99, 20);
  call(SYS_pipe, ends);
  call(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK);
  call(SYS_pipe2, NULL, 0);
  call(SYS_fcntl64, 3, F_GETFD);
  call(SYS_fcntl64, 3, F_SETFD, FD_CLOEXEC);
  call(SYS_fcntl64, 3, F_GETFD);
  call(SYS_fcntl64, 3, F_GETFL);
  call(SYS_fcntl64, 3, F_SETFL, O_RDWR | O_APPEND);
  call(SYS_fcntl64, 3, F_DUPFD, 30);
  call(SYS_fcntl64, 3, F_DUPFD_CLOEXEC, 30);
  struct flock lock = {F_WRLCK, SEEK_SET, 0, 10};
  call(SYS_fcntl, 3, F_SETLK, &lock);
  call(SYS_fcntl, 3, F_GETLK, &lock);
  struct flock64 wide = {F_RDLCK, SEEK_SET, 0, 10};
  call(SYS_fcntl64, 3, F_SETLKW64, &wide);
  call(SYS_fcntl64, 3, F_GETLK64, &wide);
  call(SYS_fcntl64, 3, F_OFD_SETLK, &wide);
  call(SYS_fcntl64, 3, F_SETOWN, 0);
  call(SYS_fcntl64, 3, F_GETOWN);
  call(SYS_fcntl64, 3, F_SETSIG, SIGIO);
  call(SYS_fcntl64, 3, F_GETSIG);
  call(SYS_fcntl64, ends[0], F_GETPIPE_SZ);
  call(SYS_fcntl64, 3, F_GETLEASE);
  call(SYS_fcntl64, 3, F_ADD_SEALS, 1);
  call(SYS_fcntl64, 3, F_GET_SEALS);
  call(SYS_fcntl64, 3, 77, 1);
  call(SYS_close_range, 50, 60, 0);
  call(SYS_close_range, 50, 60, 4);
  call(SYS_memfd_create, "name", 3);
  call(SYS_memfd_create, "name", 0);
  call(SYS_eventfd, 3);
  call(SYS_eventfd2, 3, 0x80801);
  call(SYS_inotify_init);
  call(SYS_inotify_init1, O_CLOEXEC);
  call(SYS_inotify_add_watch, 5, "one", 0x302);
  call(SYS_inotify_rm_watch, 5, 1);
}

static void transfers(void) {
  static long long off;
  call(SYS_lseek, 3, 0, SEEK_SET);
  call(SYS_sendfile, 99, 3, NULL, 10);
  call(SYS_sendfile64, 5, 3, &off, 2);
  call(SYS_sendfile, 5, 3, &off, 2);
  call(SYS_splice, 3, &off, 99, NULL, 10, 3);
  call(SYS_tee, 3, 4, 10, 2);
  call(SYS_copy_file_range, 3, NULL, 5, &off, 2, 0);
  struct iovec v = {buffer, 3};
  call(SYS_vmsplice, 99, &v, 1, 8);
  call(SYS_setxattr, "one", "user.name", "value", 5, 1);
  call(SYS_fsetxattr, 3, "user.name", "value", 5, 0);
  call(SYS_getxattr, "one", "user.none", buffer, 100);
  call(SYS_lgetxattr, "one", "user.none", NULL, 0);
  call(SYS_listxattr, "symbolic", NULL, 0);
  call(SYS_removexattr, "one", "user.none");
  call(SYS_lseek, 4, 0, SEEK_SET);
  call(SYS_getdents64, 4, buffer, 4096);
  call(SYS_getdents64, 4, buffer, 4096);
  call(SYS_lseek, 4, 0, SEEK_SET);
  call(SYS_getdents, 4, buffer, 4096);
  call(SYS_mount, "none", "missing", "tmpfs", 0xf, "size=1");
  call(SYS_umount2, "missing", 2);
  call(SYS_chroot, "missing");
  call(SYS_pivot_root, "missing", "gone");
  call(SYS_swapoff, "missing");
}

int main(void) {
  begin();
  opening();
  reading();
  naming();
  status();
  descriptors();
  transfers();
  return 0;
}
