// The program that command_line.sh runs: prints what it was given, and calls code whose translation is known.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int marker(void);
__asm__("marker: movl $0x12345678, %eax\n ret\n");
int (*volatile indirect)(void) = marker;  // so that a block begins at marker

static void show(const char* name) {
  const char* value = getenv(name);
  printf("%s=%s\n", name, value != NULL ? value : "(unset)");
}

static unsigned long stack_bytes(void) {
  char line[256];
  unsigned long begin = 0, end = 0;
  FILE* maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, "[stack]") != NULL) sscanf(line, "%lx-%lx", &begin, &end);
  }
  fclose(maps);
  return end - begin;
}

// Calls whose arguments are words in memory.
static void word_calls(void) {
  unsigned map[] = {0, 4096, 3, 0x22, -1, 0};
  long none[] = {0, 0};
  unsigned wait[] = {0, 0, 0, 0, (unsigned)none};
  unsigned pair[] = {0, 0, 0, 8};
  printf("mapped %d\n", syscall(SYS_mmap, map) != -1);
  printf("select %ld\n", syscall(SYS_select, wait));
  printf("mmap %ld\n", syscall(SYS_mmap, 8));
  printf("socketpair %ld\n", syscall(SYS_socketcall, 8, pair));
}

// Executes itself `turns` times.
static void execute_again(char* program, int turns) {
  char number[16];
  snprintf(number, sizeof number, "%d", turns - 1);
  char* arguments[] = {program, "execute", number, NULL};
  if (turns > 0) execv(program, arguments);
}

int main(int argc, char** argv) {
  struct utsname system;
  struct { char sysname[65], nodename[65], release[65], version[65], machine[65]; } old;
  struct rlimit limit;
  if (argc > 2 && strcmp(argv[1], "execute") == 0) execute_again(argv[0], atoi(argv[2]));
  uname(&system);
  for (int i = 0; i < argc; ++i) printf("argument %d: %s\n", i, argv[i]);
  show("FERRY_TEST_SET");
  show("FERRY_TEST_UNSET");
  show("LD_PRELOAD");
  show("LD_LIBRARY_PATH");
  printf("release %s\nmachine %s\nnode %s\nstack %lu\n", system.release, system.machine, system.nodename, stack_bytes());
  getrlimit(RLIMIT_STACK, &limit);
  printf("stack limit %lu\nsecure %lu\n", limit.rlim_cur, getauxval(AT_SECURE));
  syscall(SYS_olduname, &old);
  printf("old release %s %s\n", old.release, old.machine);
  if (argc > 1 && strcmp(argv[1], "unimp") == 0) printf("call 9999: %ld\n", syscall(9999));
  if (argc > 1 && strcmp(argv[1], "words") == 0) word_calls();
  if (argc > 1 && strcmp(argv[1], "share") == 0) {
    indirect();
    printf("shared %d\n", mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
  }
  printf("marker %08lx: %x\n", (unsigned long)marker, indirect());
  return 7;
}
