// What the programs of this folder share. Each uses one kind of device, prints what it found in words that are the same on
// every kernel, and is compiled for i386 and for the machine's own architecture: both must print the same.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/// The result of a call, or the name of its error.
static const char *said(long result) {
  static char text[8][32];
  static unsigned next;
  char *here = text[next++ % 8];
  if (result < 0) return strerrorname_np(errno);
  snprintf(here, sizeof text[0], "%ld", result);
  return here;
}

/// Opens a device; the program ends if it is not there.
static int device(const char *path, int flags) {
  int fd = open(path, flags);
  if (fd >= 0) return fd;
  printf("no %s: %s\n", path, strerrorname_np(errno));
  exit(1);
}
