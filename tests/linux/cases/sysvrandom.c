// random changes to a range of pages (segments attached over what is there, shmdt, munmap, anonymous memory, stores) against a
// model of their contents; what shmdt takes away goes into the sum that is printed
//EXPECT: 0 wrong, attached 0 0 0 0
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>
enum { PAGES = 64, PAGE = 4096, SEGMENTS = 4, FIRST = 4, NONE = -1, PRIVATE = -2 };
/// segment: its number, NONE or PRIVATE; page: of the segment; value: of private memory
static struct { int segment, page; unsigned char value; } model[PAGES];
static unsigned char segments[SEGMENTS][16];
static int ids[SEGMENTS], wrong;
static unsigned sum;
static char *base;

static unsigned char *value_at(int i) { return model[i].segment >= 0 ? &segments[model[i].segment][model[i].page] : &model[i].value; }
static void attach(int segment, int at) {
  int count = 1 + segment * 3;
  at -= at % FIRST; // where hosts with pages of 16 KB can attach it
  if (at + count > PAGES) return;
  char *place = base + at * PAGE;
  if ((char *)syscall(397, ids[segment], place, SHM_REMAP) != place) wrong++;
  for (int i = 0; i < count; i++) model[at + i].segment = segment, model[at + i].page = i;
}
/// Which pages are still there, /proc/self/maps says.
static void detach(int at) {
  char line[300], there[PAGES] = {};
  if (syscall(398, base + at * PAGE) != 0) return;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) {
    unsigned long begin, end;
    sscanf(line, "%lx-%lx", &begin, &end);
    for (int i = 0; i < PAGES; i++) there[i] |= begin <= (unsigned long)base + i * PAGE && (unsigned long)base + i * PAGE < end;
  }
  fclose(maps);
  for (int i = 0; i < PAGES; i++) {
    sum = sum * 31 + there[i];
    wrong += there[i] && model[i].segment == NONE;
    if (!there[i]) model[i].segment = NONE;
  }
}
static void change(void) {
  int at = rand() % PAGES, end = at + 1 + rand() % 10;
  if (end > PAGES) end = PAGES;
  switch (rand() % 6) {
    case 0: case 1: attach(rand() % SEGMENTS, at); break;
    case 2: detach(at); break;
    case 3:
      munmap(base + at * PAGE, (end - at) * PAGE);
      for (; at < end; at++) model[at].segment = NONE;
      break;
    case 4:
      mmap(base + at * PAGE, (end - at) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      // Written at once: MIPS kernels (6.1) count their page of zeroes wrongly after an mprotect ("Bad page map").
      for (; at < end; at++) base[at * PAGE + 5] = model[at].value = 1, model[at].segment = PRIVATE;
      break;
    case 5:
      for (; at < end; at++)
        if (model[at].segment != NONE) base[at * PAGE + 5] = *value_at(at) = rand();
      break;
  }
}
int main(void) {
  for (int i = 0; i < SEGMENTS; i++) ids[i] = shmget(IPC_PRIVATE, PAGE * (1 + i * 3), 0600);
  char *room = mmap(0, 0x200000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(room, 0x200000);
  base = (char *)(((long)room + 0x3ffff) & ~0x3ffff);
  for (int i = 0; i < PAGES; i++) model[i].segment = NONE;
  srand(1);
  for (int step = 0; step < 4000; step++) {
    change();
    for (int i = 0; i < PAGES; i++) wrong += model[i].segment != NONE && (unsigned char)base[i * PAGE + 5] != *value_at(i);
  }
  munmap(base, PAGES * PAGE);
  printf("sum %x, %d wrong, attached", sum, wrong);
  for (int i = 0; i < SEGMENTS; i++) {
    struct shmid_ds status;
    shmctl(ids[i], IPC_STAT, &status);
    printf(" %d", (int)status.shm_nattch);
    shmctl(ids[i], IPC_RMID, 0);
  }
  puts("");
  return 0;
}
