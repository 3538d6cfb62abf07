// mremap with an old size of 0 makes a second mapping of shared memory: of anonymous memory, of a file, of a deleted file,
// from the middle
//EXPECT: copy sees 9
//EXPECT: written 7 seen 7
//EXPECT: file copy sees 4
//EXPECT: deleted copy sees 5
//EXPECT: private errno 22
//EXPECT: 300 copies
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static char *again(char *address, unsigned size) {
  return mremap(address, 0, size, MREMAP_MAYMOVE);
}

int main(void) {
  char *first = mmap(0, 0x8000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  first[1] = 9;
  char *second = again(first, 0x8000);
  if (second == MAP_FAILED) return printf("failed errno %d\n", errno), 1;
  printf("copy sees %d\n", second[1]);
  char *middle = again(first + 0x4000, 0x4000);
  middle[3] = 7;
  printf("written %d seen %d\n", first[0x4003], second[0x4003]);

  char name[] = "mremapnothing.XXXXXX";
  int file = mkstemp(name);
  if (ftruncate(file, 0x8000) != 0) return 1;
  char *of_file = mmap(0, 0x8000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  of_file[0x4001] = 4;
  char *file_copy = again(of_file + 0x4000, 0x4000);
  printf("file copy sees %d\n", file_copy == MAP_FAILED ? -errno : file_copy[1]);
  unlink(name);
  close(file);
  of_file[2] = 5;
  char *deleted = again(of_file, 0x4000);
  printf("deleted copy sees %d\n", deleted == MAP_FAILED ? -errno : deleted[2]);

  char *own = mmap(0, 0x4000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("private errno %d\n", again(own, 0x4000) == MAP_FAILED ? errno : 0);

  int copies = 0;
  for (int i = 0; i < 300; ++i) {
    char *memory = mmap(0, 0x4000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memory[0] = (char)i;
    char *copy = again(memory, 0x4000);
    if (copy != MAP_FAILED && copy[0] == (char)i) ++copies;
    munmap(memory, 0x4000);
    if (copy != MAP_FAILED) munmap(copy, 0x4000);
  }
  printf("%d copies\n", copies);
  return 0;
}
