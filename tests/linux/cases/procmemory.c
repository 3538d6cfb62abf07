// /proc/self/maps, smaps, smaps_rollup, statm and status show the program's memory, and nothing else; they agree
//EXPECT: smaps agrees 1 vdso 1 stack 1
//EXPECT: area: 32 kB, resident 32, anonymous 32, locked 32, flags rd wr mr mw me lo ac wf
//EXPECT: rollup 1 statm 1 status 1
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kPage = 4096, kPrivate = MAP_PRIVATE | MAP_ANONYMOUS };

static char text[1 << 18];
static char *file(const char *name) {
  int fd = open(name, O_RDONLY), n = 0, more;
  while ((more = read(fd, text + n, sizeof text - 1 - n)) > 0) n += more;
  text[n] = 0;
  close(fd);
  return text;
}
static long field(const char *from, const char *name) {
  const char *at = strstr(from, name);
  return at ? strtol(at + strlen(name), 0, 10) : -1;
}
/// The area's part of smaps.
static char *part(unsigned long begin) {
  char head[16];
  sprintf(head, "\n%08lx-", begin);
  char *found = strstr(file("/proc/self/smaps"), head);
  return found ? found + 1 : "";
}
static void show(unsigned long begin) {
  char *p = part(begin), flags[128] = "", *end = strchr(strstr(p, "VmFlags:") ? strstr(p, "VmFlags:") : p, '\n');
  if (end) *end = 0;
  if (strstr(p, "VmFlags:")) strcpy(flags, strstr(p, "VmFlags: ") + 9);
  char *soft_dirty = strstr(flags, "sd ");  // of some kernels
  if (soft_dirty) memmove(soft_dirty, soft_dirty + 3, strlen(soft_dirty + 3) + 1);
  printf("area: %ld kB, resident %ld, anonymous %ld, locked %ld, flags %s\n", field(p, "Size:"), field(p, "\nRss:"), field(p, "\nAnonymous:"),
         field(p, "\nLocked:"), flags);
}

int main(void) {
  char *area = mmap((void *)0x20000000, 32 * kPage, 3, kPrivate, -1, 0);
  memset(area, 1, 4 * kPage);
  memset(area + 8 * kPage, 1, 4 * kPage);
  mprotect(area + 16 * kPage, 16 * kPage, PROT_READ);
  show((unsigned long)area);
  madvise(area, 16 * kPage, MADV_DONTFORK);
  show((unsigned long)area);
  madvise(area, 16 * kPage, MADV_DOFORK);
  madvise(area, 16 * kPage, MADV_SEQUENTIAL);
  madvise(area, 16 * kPage, MADV_DONTDUMP);
  show((unsigned long)area);
  madvise(area, 16 * kPage, MADV_RANDOM);
  madvise(area, 16 * kPage, MADV_DODUMP);
  show((unsigned long)area);
  munmap(area, 32 * kPage);
  area = mmap((void *)0x20000000, 16 * kPage, 3, kPrivate, -1, 0);
  memset(area, 1, 4 * kPage);
  madvise(area, 16 * kPage, MADV_WIPEONFORK);
  mlock(area, 8 * kPage);
  show((unsigned long)area);
  munlock(area, 8 * kPage);
  show((unsigned long)area);
  mmap((void *)0x22000000, 8 * kPage, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  show(0x22000000);

  static char maps[1 << 16], smaps[1 << 16];
  strcpy(maps, file("/proc/self/maps"));
  // Of smaps the lines that maps has too.
  int vdso = 0, stack = 0, above = 0, writable = 0;
  long sum = 0, resident = 0;
  file("/proc/self/smaps");
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    unsigned long begin, end;
    if (sscanf(line, "%lx-%lx ", &begin, &end) == 2) {
      sprintf(smaps + strlen(smaps), "%s\n", line);
      vdso |= strstr(line, "[vdso]") != 0;
      stack |= strstr(line, "[stack]") != 0;
      sum += (end - begin) / kPage;
    }
    if (strncmp(line, "Rss:", 4) == 0) resident += strtol(line + 4, 0, 10) / 4;
  }
  printf("smaps agrees %d vdso %d stack %d\n", strcmp(maps, smaps) == 0, vdso, stack);
  file("/proc/self/smaps_rollup");
  long rollup = field(text, "\nRss:") / 4;
  long size, set, shared, code, library, data;
  int read_fields = sscanf(file("/proc/self/statm"), "%ld %ld %ld %ld %ld %ld", &size, &set, &shared, &code, &library, &data);
  file("/proc/self/status");
  const int near = 64;  // the kernel counts late, and pages are touched meanwhile
  printf("rollup %d statm %d status %d\n", labs(rollup - resident) <= near,
         read_fields == 6 && labs(set - resident) <= near && size == sum && code > 0 && code < sum && library == 0 && data > 0 && data < size && shared <= set,
         field(text, "VmSize:") == size * 4 && labs(field(text, "VmRSS:") / 4 - resident) <= near && field(text, "VmPeak:") >= size * 4 &&
             field(text, "VmLck:") == 0 && field(text, "VmData:") / 4 + field(text, "VmStk:") / 4 == data);
  mlock(area, 3 * kPage);
  printf("locked %ld\n", field(file("/proc/self/status"), "VmLck:"));
  return 0;
}
