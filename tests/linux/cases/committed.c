// Private memory of a file that was writable remains counted as committed when it is made read-only, so it does not become one
// mapping with memory that never was writable; smaps tells both this and MAP_NORESERVE. The pages that a program's relocations
// are written to (RELRO) are such memory: maps showed one mapping fewer.
//EXPECT: three made readable: 20000000-20004000 r--p, 20004000-20008000 r--p, 20008000-2000c000 r--p
//EXPECT: flags: rd wr mr mw me nr
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { kPart = 0x4000, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };
static char *const area = (char *)0x20000000;

static void show(const char *what) {
  unsigned long begin, end;
  char line[512], protection[8];
  const char *separator = ": ";
  FILE *maps = fopen("/proc/self/maps", "r");
  printf("%s", what);
  while (fgets(line, sizeof line, maps)) {
    sscanf(line, "%lx-%lx %7s", &begin, &end, protection);
    if (begin >= (unsigned long)area && end <= (unsigned long)area + 4 * kPart)
      printf("%s%lx-%lx %s", separator, begin, end, protection), separator = ", ";
  }
  printf("\n");
  fclose(maps);
}

static void show_flags() {
  char line[512];
  int inside = 0;
  FILE *smaps = fopen("/proc/self/smaps", "r");
  while (fgets(line, sizeof line, smaps)) {
    unsigned long begin, end;
    if (sscanf(line, "%lx-%lx ", &begin, &end) == 2 && strchr(line, '-') < line + 12)
      inside = begin >= (unsigned long)area && end <= (unsigned long)area + 4 * kPart;
    if (!inside || strncmp(line, "VmFlags:", 8) != 0) continue;
    char *soft_dirty = strstr(line, "sd ");  // of some kernels
    if (soft_dirty) memmove(soft_dirty, soft_dirty + 3, strlen(soft_dirty + 3) + 1);
    printf("flags: %s", line + 9);
  }
  fclose(smaps);
}

int main() {
  const int file = open("/proc/self/exe", O_RDONLY);
  mmap(area, kPart, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
  mmap(area + kPart, kPart, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, kPart);
  mmap(area + 2 * kPart, kPart, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 2 * kPart);
  mprotect(area + kPart, kPart, PROT_READ);
  show("three made readable");
  mprotect(area, 3 * kPart, PROT_READ | PROT_WRITE);
  show("all made writable");
  mprotect(area, 3 * kPart, PROT_NONE);
  show("all made inaccessible");
  munmap(area, 3 * kPart);
  mmap(area, kPart, PROT_READ | PROT_WRITE, kPrivate | MAP_NORESERVE, -1, 0);
  mmap(area + kPart, kPart, PROT_READ | PROT_WRITE, kPrivate, -1, 0);
  show("one without reserve");
  show_flags();
  return 0;
}
