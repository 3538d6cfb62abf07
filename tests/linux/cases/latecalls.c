// Calls of Linux 6.5 to 6.10 that no other test made with success: cachestat, statmount, listmount and the calls about security
// modules, whose structures are the same for every architecture.
//NOT UNDER AN EMULATOR: qemu-user 7.2 has none of these
//NOT ON THE MACHINE: its kernel is 6.1
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kCachestat = 451, kStatmount = 457, kListmount = 458, kGetSelfAttr = 459, kSetSelfAttr = 460, kListModules = 461 };

static long done(long value) { return value < 0 ? -errno : value; }

int main(void) {
  const int file = open("file", O_RDWR | O_CREAT, 0600);
  static char bytes[16384];
  write(file, bytes, sizeof bytes);
  const uint64_t range[2] = {0, 0}, part[2] = {4096, 4096};
  uint64_t pages[5] = {9, 9, 9, 9, 9};
  long result = done(syscall(kCachestat, file, range, pages, 0));
  printf("cachestat %ld: %llu pages\n", result, pages[0]);
  result = done(syscall(kCachestat, file, part, pages, 0));
  printf("of one page %ld: %llu\n", result, pages[0]);
  printf("bad flags %ld,", done(syscall(kCachestat, file, range, pages, 1)));
  printf(" descriptor %ld,", done(syscall(kCachestat, 99, range, pages, 0)));
  printf(" range %ld,", done(syscall(kCachestat, file, 1, pages, 0)));
  printf(" result %ld\n", done(syscall(kCachestat, file, range, 1, 0)));
  struct {
    uint32_t size, spare;
    uint64_t mount, parameter, name_space;
  } request = {32, 0, ~0ull, 0, 0};  // LSMT_ROOT
  uint64_t mounts[64];
  result = done(syscall(kListmount, &request, mounts, 64, 0));
  printf("listmount of the root %d,", result > 0 || result == -ENOSYS);
  request.size = 8;
  printf(" small %ld,", done(syscall(kListmount, &request, mounts, 64, 0)));
  request.size = 32;
  printf(" bad flags %ld, nowhere %ld\n", done(syscall(kListmount, &request, mounts, 64, 8)), done(syscall(kListmount, 1, mounts, 64, 0)));
  request.mount = mounts[0];
  request.parameter = 1;  // STATMOUNT_SB_BASIC
  static char buffer[4096];
  result = done(syscall(kStatmount, &request, buffer, sizeof buffer, 0));
  uint64_t mask = 0;
  memcpy(&mask, buffer + 8, 8);
  printf("statmount %ld: mask %d,", result, mask != 0);
  printf(" small %ld,", done(syscall(kStatmount, &request, buffer, 8, 0)));
  request.mount = 1;
  printf(" no mount %ld\n", done(syscall(kStatmount, &request, buffer, sizeof buffer, 0)));
  uint32_t size = 8;
  uint64_t modules[64] = {0};
  result = done(syscall(kListModules, modules, &size, 0));
  printf("lsm_list_modules %ld, bytes %u,", result, size);
  size = sizeof modules;
  result = done(syscall(kListModules, modules, &size, 0));
  printf(" %ld, bytes %u, first %llu\n", result, size, modules[0]);
  size = sizeof buffer;
  printf("lsm_get_self_attr %ld", done(syscall(kGetSelfAttr, 100, buffer, &size, 0)));
  printf(" %ld", done(syscall(kGetSelfAttr, 0, buffer, &size, 0)));
  printf(" %ld,", done(syscall(kGetSelfAttr, 100, buffer, &size, 8)));
  printf(" set %ld %ld\n", done(syscall(kSetSelfAttr, 100, buffer, 1, 0)), done(syscall(kSetSelfAttr, 100, buffer, 32, 0)));
  return 0;
}
