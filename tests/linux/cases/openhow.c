// openat2: sizes, flags and the rules of its path; files by handle
//EXPECT: plain 1
//EXPECT: in root 1
//EXPECT: by handle 1
//NOT UNDER AN EMULATOR: openat2's rules need the host's call
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct how {
  unsigned long long flags, mode, resolve;
  char more[5000];
};
#define BAD ((void *)0x10)
static struct how h;
static void say(const char *what, long result) {
  printf("%s %d %d\n", what, result >= 0, result < 0 ? errno : 0);
  if (result > 2) close(result);
}
static long at(int dir, const char *path, unsigned long long flags, unsigned mode, unsigned long long resolve) {
  h.flags = flags, h.mode = mode, h.resolve = resolve;
  return syscall(437, dir, path, &h, 24);
}
static void file(const char *name, const char *text) {
  int fd = open(name, O_CREAT | O_WRONLY, 0644);
  write(fd, text, strlen(text));
  close(fd);
}
static void reads(const char *what, int fd) {
  char text[20] = "";
  if (fd >= 0) read(fd, text, 19);
  printf("%s: %s ", what, text);
  say("", fd);
}

int main() {
  setvbuf(stdout, 0, _IONBF, 0);
  mkdir("d", 0755), mkdir("d/e", 0755);
  file("d/f", "in d"), file("d/e/g", "in e"), file("f", "top");
  symlink("f", "d/link"), symlink("/f", "d/absolute"), symlink("../f", "d/up"), symlink("e", "d/folder");
  int d = open("d", O_RDONLY | O_DIRECTORY), here = AT_FDCWD;
  int large = at(here, "f", O_RDONLY, 0, 0);
  printf("plain %d flags %o fd flags %d\n", large > 0, fcntl(large, F_GETFL), fcntl(large, F_GETFD));
  close(large);
  large = at(here, "f", O_RDWR | O_NONBLOCK | O_APPEND | O_CLOEXEC | O_SYNC, 0, 4);
  printf("flags %o fd flags %d\n", fcntl(large, F_GETFL), fcntl(large, F_GETFD));
  close(large);
  say("create", at(here, "new", O_CREAT | O_EXCL | O_WRONLY, 0600, 0));
  say("create again", at(here, "new", O_CREAT | O_EXCL | O_WRONLY, 0600, 8));
  say("create below", at(here, "d/new", O_CREAT | O_EXCL | O_WRONLY, 0640, 8));
  struct stat st;
  stat("d/new", &st);
  printf("mode %o\n", st.st_mode);
  say("mode without create", at(here, "f", O_RDONLY, 0600, 0));
  say("wide mode", at(here, "x", O_CREAT | O_RDONLY, 010600, 0));
  say("wide mode", at(here, "x", O_CREAT | O_RDONLY, 0, 0));
  say("unknown flag", at(here, "f", 0x40000000, 0, 0));
  say("flag 4", at(here, "f", 4, 0, 0));
  say("high flag", at(here, "f", 1ull << 40, 0, 0));
  say("unknown rule", at(here, "f", 0, 0, 0x40));
  say("high rule", at(here, "f", 0, 0, 1ull << 33));
  say("two scopes", at(here, "f", 0, 0, 0x18));
  say("O_PATH", at(here, "f", O_PATH | O_CLOEXEC, 0, 0));
  say("O_PATH and more", at(here, "f", O_PATH | O_APPEND, 0, 0));
  say("O_PATH and large", at(here, "f", O_PATH | 0100000, 0, 0));
  say("temporary", at(here, ".", O_TMPFILE | O_RDONLY, 0600, 0));
  say("temporary half", at(here, ".", 020000000 | O_RDWR, 0600, 0));
  say("directory created", at(here, "y", O_DIRECTORY | O_CREAT, 0600, 0));
  say("cached create", at(here, "y", O_CREAT, 0600, 0x20));
  say("cached", (at(here, "f", 0, 0, 0), at(here, "f", 0, 0, 0x20)));
  say("small", syscall(437, here, "f", &h, 23));
  memset(&h, 0, sizeof h);
  say("large", syscall(437, here, "f", &h, 4096));
  say("larger", syscall(437, here, "f", &h, 4097));
  h.more[7] = 1;
  say("not zero", syscall(437, here, "f", &h, 40));
  h.more[7] = 0;
  say("nowhere", syscall(437, here, "f", BAD, 24));
  say("nowhere", syscall(437, here, "f", BAD, 4096));
  say("no path", syscall(437, here, BAD, &h, 24));
  h.flags = 1ull << 50;
  say("no path, flag", syscall(437, here, BAD, &h, 24));
  h.flags = 0;
  say("empty path", at(here, "", 0, 0, 4));
  reads("below", at(d, "f", 0, 0, 8));
  reads("below", at(d, "folder/g", 0, 0, 8));
  reads("below, up", at(d, "../f", 0, 0, 8));
  reads("below, up and down", at(d, "e/../f", 0, 0, 8));
  reads("below, absolute", at(d, "/f", 0, 0, 8));
  reads("below, link up", at(d, "up", 0, 0, 8));
  reads("below, absolute link", at(d, "absolute", 0, 0, 8));
  say("in root", at(d, "/f", 0, 0, 16));
  reads("in root", at(d, "/f", 0, 0, 16));
  reads("in root, up", at(d, "../../f", 0, 0, 16));
  reads("in root, link up", at(d, "up", 0, 0, 16));
  reads("in root, absolute link", at(d, "absolute", 0, 0, 16));
  reads("in root, missing", at(d, "/etc/passwd", 0, 0, 16));
  reads("no links", at(d, "link", 0, 0, 4));
  reads("no links", at(d, "f", 0, 0, 4));
  reads("no links, folder", at(d, "folder/g", 0, 0, 4));
  reads("no links, kept", at(d, "link", O_NOFOLLOW | O_PATH, 0, 4));
  say("no magic", at(here, "/proc/self/exe", 0, 0, 2));
  say("no magic", at(here, "/proc/self/cwd/f", 0, 0, 2));
  say("no links in proc", at(here, "/proc/self/maps", 0, 0, 4));
  say("no magic in proc", at(here, "/proc/self/maps", 0, 0, 2));
  say("other device", at(here, "/proc/self/maps", 0, 0, 1));
  say("same device", at(here, "f", 0, 0, 1));
  say("bad folder", at(500, "f", 0, 0, 8));
  say("absolute, bad folder", at(500, "/", 0, 0, 4));
  int maps = at(here, "/proc/self/maps", 0, 0, 2), proc = open("/proc/self", O_RDONLY);
  char text[100] = "";
  read(maps, text, 90);
  printf("maps %d\n", strchr(text, '-') - text);
  maps = at(proc, "maps", 0, 0, 8);
  printf("maps %d ", maps >= 0), memset(text, 0, 90), read(maps, text, 90);
  printf("%d\n", strchr(text, '-') - text);

  struct {
    unsigned bytes;
    int type;
    char data[256];
  } handle = {0};
  int mount = -1;
  long r = syscall(SYS_name_to_handle_at, here, "d/link", &handle, &mount, 0);
  printf("size %d %d bytes %d\n", r, r < 0 ? errno : 0, handle.bytes > 0);
  say("handle", syscall(SYS_name_to_handle_at, here, "d/link", &handle, &mount, AT_SYMLINK_FOLLOW));
  printf("mount %d\n", mount > 0);
  int fd = syscall(SYS_open_by_handle_at, d, &handle, O_RDONLY | O_CLOEXEC);
  printf("by handle %d fd flags %d large %d: ", fd > 0, fcntl(fd, F_GETFD), (fcntl(fd, F_GETFL) & 0100000) != 0);
  reads("", fd);
  say("by handle for writing", syscall(SYS_open_by_handle_at, d, &handle, O_WRONLY | 0100000));
  say("handle flags", syscall(SYS_name_to_handle_at, here, BAD, &handle, &mount, 0x10000));
  say("handle no path", syscall(SYS_name_to_handle_at, here, BAD, &handle, &mount, 0));
  say("handle none", syscall(SYS_name_to_handle_at, here, "none", &handle, &mount, 0));
  say("handle empty", syscall(SYS_name_to_handle_at, d, "", &handle, &mount, AT_EMPTY_PATH));
  say("handle empty", syscall(SYS_name_to_handle_at, d, "", &handle, &mount, 0));
  say("handle nowhere", syscall(SYS_name_to_handle_at, here, "f", BAD, &mount, 0));
  say("mount nowhere", syscall(SYS_name_to_handle_at, here, "f", &handle, BAD, 0));
  handle.bytes = 129;
  say("handle large", syscall(SYS_name_to_handle_at, here, "f", &handle, &mount, 0));
  say("open large", syscall(SYS_open_by_handle_at, d, &handle, 0));
  handle.bytes = 0;
  say("open none", syscall(SYS_open_by_handle_at, d, &handle, 0));
  say("open nowhere", syscall(SYS_open_by_handle_at, d, BAD, 0));
  say("open bad mount", syscall(SYS_open_by_handle_at, 500, &handle, 0));
  return 0;
}
