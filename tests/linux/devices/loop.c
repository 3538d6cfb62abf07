// Loop devices: the old structure with __kernel_old_dev_t and longs, the new one, and LOOP_CONFIGURE; then what block
// devices say of themselves, and partitions.
//EXPECT: old status: name file flags 0 offset 4096
//EXPECT: partition 1: 0
#include "device.h"
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/loop.h>
#include <sys/stat.h>

static void sizes(int loop) {
  unsigned long sectors = 0;
  uint64_t bytes = 0;
  int block = 0, read_only = -1;
  long ahead = 0;
  unsigned short most = 0;
  printf("sizes: %s", said(ioctl(loop, BLKGETSIZE, &sectors)));
  printf(" %s", said(ioctl(loop, BLKGETSIZE64, &bytes)));
  printf(" %s", said(ioctl(loop, BLKSSZGET, &block)));
  printf(" %lu %llu %d", sectors, (unsigned long long)bytes, block);
  ioctl(loop, BLKBSZGET, &block);
  ioctl(loop, BLKROGET, &read_only);
  printf(" %d %d\n", block > 0, read_only);
  printf("ahead: %s", said(ioctl(loop, BLKRASET, 64L)));
  ioctl(loop, BLKRAGET, &ahead);
  printf(" %ld\n", ahead);
  struct hd_geometry geometry = {1, 2, 3, 4};
  printf("geometry: %s", said(ioctl(loop, HDIO_GETGEO, &geometry)));
  printf(" %d %d %d %lu\n", geometry.heads, geometry.sectors, geometry.cylinders, geometry.start);
  uint64_t range[2] = {0, 4096};
  printf("zero out: %s", said(ioctl(loop, BLKZEROOUT, range)));
  printf(" discard at the end: %s\n", said(ioctl(loop, BLKDISCARD, (uint64_t[]){1ull << 40, 4096})));
}

static void partitions(int loop) {
  struct blkpg_partition partition = {4096, 8192, 1, "", ""};
  struct blkpg_ioctl_arg argument = {BLKPG_ADD_PARTITION, 0, sizeof partition, &partition};
  printf("partition 1: %s\n", said(ioctl(loop, BLKPG, &argument)));
  printf("again: %s\n", said(ioctl(loop, BLKPG, &argument)));
  argument.op = BLKPG_DEL_PARTITION;
  printf("removed: %s\n", said(ioctl(loop, BLKPG, &argument)));
  argument.data = (void *)16;
  printf("nowhere: %s\n", said(ioctl(loop, BLKPG, &argument)));
}

int main(void) {
  int control = device("/dev/loop-control", O_RDWR);
  int number = ioctl(control, LOOP_CTL_GET_FREE);
  char path[32];
  snprintf(path, sizeof path, "/dev/loop%d", number);
  int loop = device(path, O_RDWR), file = open("file", O_RDWR | O_CREAT, 0600);
  ftruncate(file, 1 << 20);
  printf("set: %s\n", said(ioctl(loop, LOOP_SET_FD, file)));
  struct loop_info old = {.lo_offset = 4096, .lo_init = {0x12345678, 7}};
  strcpy(old.lo_name, "file");
  printf("old: %s", said(ioctl(loop, LOOP_SET_STATUS, &old)));
  memset(&old, 0xee, sizeof old);
  printf(" %s\n", said(ioctl(loop, LOOP_GET_STATUS, &old)));
  struct stat status;
  fstat(file, &status);
  printf("old status: name %s flags %x offset %d inode %d number %d\n", old.lo_name, old.lo_flags, old.lo_offset,
         (unsigned long)status.st_ino == old.lo_inode, old.lo_number == number);
  struct loop_info64 info;
  printf("new: %s", said(ioctl(loop, LOOP_GET_STATUS64, &info)));
  printf(" %llu %s\n", (unsigned long long)info.lo_offset, info.lo_file_name);
  info.lo_offset = 5ull << 32;
  printf("far: %s", said(ioctl(loop, LOOP_SET_STATUS64, &info)));
  printf(" %s\n", said(ioctl(loop, LOOP_GET_STATUS, &old)));
  printf("clear: %s\n", said(ioctl(loop, LOOP_CLR_FD)));
  struct loop_config config = {.fd = file, .block_size = 512, .info = {.lo_sizelimit = 512 << 10, .lo_flags = LO_FLAGS_PARTSCAN}};
  printf("configure: %s\n", said(ioctl(loop, LOOP_CONFIGURE, &config)));
  sizes(loop);
  partitions(loop);
  printf("block size: %s", said(ioctl(loop, LOOP_SET_BLOCK_SIZE, 4096L)));
  printf(" direct: %s", said(ioctl(loop, LOOP_SET_DIRECT_IO, 0L)));
  printf(" change: %s\n", said(ioctl(loop, LOOP_CHANGE_FD, file)));
  printf("bad descriptor: %s\n", said(ioctl(loop, LOOP_SET_FD, 77)));
  printf("end: %s\n", said(ioctl(loop, LOOP_CLR_FD)));
  return 0;
}
