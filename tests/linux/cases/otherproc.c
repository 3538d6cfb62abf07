// What a process sees of other processes in /proc: of a child, of one that has executed a program, of one with threads, of one
// that is stopped, of a zombie. Where both are ferry's, guests must see guests: it showed ferry's executable, command line,
// maps, descriptors and handlers.
//EXPECT: executed: cmdline renamed|child|first argument|
//EXPECT: executed: cmdline a title that is longer than the arguments|
//EXPECT: executed: environ FERRY_CASE=here|
//EXPECT: threads: stat threads 4
//EXPECT: forked: shared 23000000-23003000 rw-s
//EXPECT: forked: SigCgt 0000000200000800
//EXPECT: zombie: state Z, cmdline 0 bytes, maps 0 bytes, exe errno 2
//FLAGS: -O1 -fno-pic -no-pie -static -w -march=i686 -mno-sse -U_FORTIFY_SOURCE -pthread
//PROCESSES: 5
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 17];
static const char *who;
static int target;
static int secret = 4711;
static int to_parent[2], to_child[2];

// Reads a file of the target's folder; the number of bytes or -1.
static int slurp(const char *name) {
  char path[64];
  int length = 0, count, fd;
  sprintf(path, "/proc/%d/%s", target, name);
  fd = open(path, O_RDONLY);
  text[0] = 0;
  if (fd < 0) return -1;
  while ((count = read(fd, text + length, sizeof text - 1 - length)) > 0) length += count;
  text[length] = 0;
  close(fd);
  return count < 0 ? -1 : length;
}

static const char *last_part(const char *path) { return strrchr(path, '/') ? strrchr(path, '/') + 1 : path; }

static void show_link(const char *name) {
  char path[64], link[4096];
  sprintf(path, "/proc/%d/%s", target, name);
  int length = readlink(path, link, sizeof link - 1);
  link[length > 0 ? length : 0] = 0;
  printf("%s: %s %s\n", who, name, length > 0 ? last_part(link) : strerror(errno));
}

static void show_strings(const char *name) {
  int i, length = slurp(name);
  printf("%s: %s ", who, name);
  for (i = 0; i < length; i++) putchar(text[i] ? text[i] : '|');
  printf("\n");
}

static unsigned long stat_field(int number) {
  if (slurp("stat") <= 0) return 0;
  char *word = strtok(strrchr(text, ')') + 2, " ");
  while (number-- > 3) word = strtok(NULL, " ");
  return strtoul(word, NULL, 10);
}

static void show_status(const char *name) {
  char key[32];
  slurp("status");
  sprintf(key, "\n%s:\t", name);
  const char *line = strcmp(name, "Name") == 0 ? text - 1 : strstr(text, key);
  printf("%s: %s %.*s\n", who, name, line ? (int)strcspn(line + strlen(key), "\n") : 0, line ? line + strlen(key) : "");
}

static void show_maps() {
  char *rest, *line;
  int above = 0, heap = 0, stack = 0, vdso = 0, bad = 0;
  unsigned long long previous = 0;
  slurp("maps");
  for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    unsigned long long begin, end;
    char protection[8];
    if (sscanf(line, "%llx-%llx %7s", &begin, &end, protection) != 3 || begin < previous) bad++;
    previous = end;
    above += end > 1ull << 32;
    heap += strstr(line, "[heap]") != NULL, stack += strstr(line, "[stack]") != NULL, vdso += strstr(line, "[vdso]") != NULL;
    if (begin == 0x23000000) printf("%s: shared %.22s\n", who, line);
    if (begin >= 0x24000000 && end <= 0x24010000) printf("%s: private %.44s\n", who, line);
    if (strstr(line, "otherproc") && !strchr(line, '[')) printf("%s: program %.31s\n", who, line);
  }
  printf("%s: heap %d stack %d vdso %d above 4 GB %d bad %d\n", who, heap, stack, vdso, above, bad);
}

static void show_smaps() {
  char *part, *line, *rest;
  static const char *names[] = {"Size:", "Rss:", "Anonymous:", "VmFlags:", NULL};
  int i, length = slurp("smaps");
  part = strstr(text, "24000000-");
  for (line = strtok_r(part ? part : text, "\n", &rest); part && line; line = strtok_r(NULL, "\n", &rest)) {
    for (i = 0; names[i]; i++)
      if (strncmp(line, names[i], strlen(names[i])) == 0) printf("%s: smaps %s\n", who, line);
    if (strncmp(line, "VmFlags:", 8) == 0) break;
  }
  slurp("smaps_rollup");
  printf("%s: rollup %d\n", who, strstr(text, "[rollup]") != NULL && strtoul(text, NULL, 16) < 0xffffe000 && text[8] == '-');
}

static void show_auxv() {
  int length = slurp("auxv");
  const Elf32_auxv_t *entry = (const void *)text;
  unsigned entries = 0, same = 0;
  for (; (char *)entry < text + length && entry->a_type; entry++) {
    const int differs = entry->a_type == AT_RANDOM || entry->a_type == AT_EXECFN || entry->a_type == AT_PLATFORM ||
                        entry->a_type == AT_HWCAP || entry->a_type == AT_SYSINFO || entry->a_type == AT_SYSINFO_EHDR || entry->a_type == AT_BASE_PLATFORM;
    if (differs) continue;
    entries++, same += getauxval(entry->a_type) == entry->a_un.a_val;
  }
  printf("%s: auxv in pairs %d, more than ten %d, the same %d\n", who, length % 8 == 0, entries > 10, same == entries);
}

static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
// The numbers in a folder; how many.
static int numbers(const char *name, int *list) {
  char path[64];
  int count = 0;
  struct dirent *entry;
  sprintf(path, "/proc/%d/%s", target, name);
  DIR *folder = opendir(path);
  if (!folder) return -1;
  while ((entry = readdir(folder)))
    if (entry->d_name[0] != '.') list[count++] = atoi(entry->d_name);
  closedir(folder);
  qsort(list, count, sizeof *list, by_number);
  return count;
}

static void show_descriptors() {
  int list[1000], i, count = numbers("fd", list);
  char name[40];
  printf("%s: fd", who);
  for (i = 0; i < count; i++) printf(" %d", list[i]);
  count = numbers("fdinfo", list);
  printf(", fdinfo");
  for (i = 0; i < count; i++) printf(" %d", list[i]);
  // Numbers that nobody lists are not there either.
  for (i = 0; i < 1100; i++) {
    struct stat status;
    if (i == 110) i = 900;
    sprintf(name, "/proc/%d/fd/%d", target, i);
    if (lstat(name, &status) == 0 && !bsearch(&i, list, count, sizeof i, by_number)) printf(", unlisted %d", i);
  }
  printf("\n");
}

static void show_numbers() {
  int own = getpid(), from = target, list[1000];
  unsigned long fields[] = {26, 27, 45, 46, 0}, i, same = 0;
  for (i = 0; fields[i]; i++) {
    target = from;
    const unsigned long theirs = stat_field(fields[i]);
    target = own;
    same += theirs && theirs == stat_field(fields[i]);
  }
  target = from;
  printf("%s: code and data of the same program %lu\n", who, same);
  char path[40];
  struct stat folder;
  sprintf(path, "/proc/%d/fd", target), stat(path, &folder);
  // Since Linux 6.2 the size says how many descriptors are open.
  printf("%s: size of fd right %d\n", who, folder.st_size == 0 || folder.st_size == numbers("fd", list));
  sprintf(path, "/proc/%d/task", target), stat(path, &folder);
  printf("%s: links of task %d\n", who, (int)folder.st_nlink);
  const unsigned long size = stat_field(23), arguments = stat_field(48);
  printf("%s: size sane %d, stack sane %d\n", who, size > 100000 && size < 100000000, arguments > 0x10000 && arguments < 0xffffe000);
  printf("%s: stat threads %lu\n", who, stat_field(20));
  printf("%s: tasks %d\n", who, numbers("task", list));
  slurp("statm");
  printf("%s: statm agrees %d\n", who, strtoul(text, NULL, 10) * 4096 == size);
}

static void show(const char *name, int pid) {
  static const char *lines[] = {"Name", "State", "Threads", "FDSize", "SigBlk", "SigIgn", "SigCgt", NULL};
  int i;
  who = name, target = pid;
  do slurp("stat");
  while (strrchr(text, ')')[2] != 'S');
  show_link("exe");
  show_link("cwd");
  show_strings("cmdline");
  show_strings("comm");
  show_strings("environ");
  show_auxv();
  show_maps();
  show_smaps();
  show_descriptors();
  for (i = 0; lines[i]; i++) show_status(lines[i]);
  show_numbers();
  char path[40];
  int value = 0;
  sprintf(path, "/proc/%d/mem", pid);
  int memory = open(path, O_RDONLY);
  printf("%s: mem %d", who, (int)pread64(memory, &value, sizeof value, (unsigned long)&secret));
  printf(" %d\n", value);
  close(memory);
}

static volatile int ready;
static void *sleeper(void *name) {
  prctl(PR_SET_NAME, name);
  if (strcmp(name, "blocking") == 0) {
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGUSR2), sigaddset(&set, SIGSEGV);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
  }
  __sync_fetch_and_add(&ready, 1);
  pause();
}

static void report_and_wait() {
  char byte;
  write(to_parent[1], "r", 1);
  read(to_child[0], &byte, 1);
  _exit(secret & 1);
}

static void handler(int signal) {}

static void forked_child() {
  sigset_t set;
  secret = 4712;
  memset(mmap((void *)0x23000000, 0x3000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0), 1, 0x3000);
  mmap((void *)0x24000000, 0x10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  memset((void *)0x24000000, 1, 0x4000);
  mprotect((void *)0x24004000, 0x4000, PROT_READ | PROT_EXEC);
  munmap((void *)0x2400c000, 0x4000);
  open("/dev/null", O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC);
  dup2(open("/dev/null", O_RDONLY | O_LARGEFILE), 100);
  signal(SIGUSR1, SIG_IGN), signal(SIGILL, SIG_IGN), signal(SIGUSR2, handler), signal(34, handler);
  sigemptyset(&set), sigaddset(&set, SIGUSR2), sigaddset(&set, SIGBUS), sigaddset(&set, 40);
  sigprocmask(SIG_BLOCK, &set, NULL);
  kill(getpid(), SIGUSR2), syscall(SYS_tgkill, getpid(), getpid(), 40);
  prctl(PR_SET_NAME, "forked name");
  report_and_wait();
}

static void threads_child() {
  static char *names[] = {"plain", "blocking", "third"};
  pthread_t thread;
  int i;
  for (i = 0; i < 3; i++) {
    pthread_create(&thread, NULL, sleeper, names[i]);
    while (ready <= i) usleep(1000);
  }
  report_and_wait();
}

static int begin(void (*child)()) {
  char byte;
  fflush(stdout);
  int pid = fork();
  if (pid == 0) child();
  read(to_parent[0], &byte, 1);
  return pid;
}

static void end(int pid) {
  int status;
  write(to_child[1], "e", 1);
  waitpid(pid, &status, 0);
  printf("%s: ended with %x\n", who, status);
}

// One variable: qemu-user turns the order of several round.
static void executing_child() {
  char *arguments[] = {"renamed", "child", "first argument", NULL};
  char *environment[] = {"FERRY_CASE=here", NULL};
  execve("/proc/self/exe", arguments, environment);
}

static void show_threads(int pid) {
  int list[100], i, count;
  char name[64];
  target = pid, who = "threads";
  count = numbers("task", list);
  for (i = 0; i < count; i++) {
    sprintf(name, "task/%d/comm", list[i]);
    slurp(name);
    printf("%s: thread %.*s ", who, (int)strcspn(text, "\n"), text);
    sprintf(name, "task/%d/status", list[i]);
    slurp(name);
    printf("%.24s, ", strstr(text, "SigBlk:") ? strstr(text, "SigBlk:") : "");
    sprintf(name, "task/%d/stat", list[i]);
    slurp(name);
    printf("stat %.*s\n", (int)strcspn(strchr(text, '('), ")") + 1, strchr(text, '('));
  }
  printf("%s: unknown task errno %d\n", who, open("/proc/self/task/1/stat", O_RDONLY) < 0 ? errno : 0);
}

static void zombie() {
  int pid = fork(), maps, line;
  if (pid == 0) _exit(3);
  siginfo_t info;
  waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
  char path[40], link[100];
  target = pid;
  sprintf(path, "/proc/%d/exe", pid);
  line = slurp("cmdline"), maps = slurp("maps");
  const int failed = readlink(path, link, sizeof link) < 0 ? errno : 0;
  slurp("stat");
  printf("zombie: state %c, cmdline %d bytes, maps %d bytes, exe errno %d\n", strrchr(text, ')')[2], line, maps, failed);
  waitpid(pid, NULL, 0);
}

int main(int count, char **arguments) {
  int i, pid;
  char byte;
  if (count == 1) {  // the environment of the test is another one each time
    char *clean[] = {arguments[0], "main", NULL}, *environment[] = {"MAIN=1", NULL};
    execve("/proc/self/exe", clean, environment);
  }
  if (count > 2) {
    to_parent[1] = 51, to_child[0] = 52;
    write(to_parent[1], "r", 1);
    read(to_child[0], &byte, 1);
    strcpy(arguments[0], "a title that is longer than the arguments");
    report_and_wait();
  }
  chdir("/");
  for (i = 3; i < 1024; i++) close(i);
  pipe(to_parent), pipe(to_child);
  fcntl(to_parent[0], F_SETFD, FD_CLOEXEC), fcntl(to_child[1], F_SETFD, FD_CLOEXEC);
  dup2(to_parent[1], 51), dup2(to_child[0], 52);

  pid = begin(forked_child);
  show("forked", pid);
  kill(pid, SIGSTOP);
  waitpid(pid, NULL, WUNTRACED);
  who = "stopped";
  show_status("State");
  show_strings("cmdline");
  kill(pid, SIGCONT);
  end(pid);

  pid = begin(threads_child);
  show("threads", pid);
  show_threads(pid);
  end(pid);

  pid = begin(executing_child);
  show("executed", pid);
  write(to_child[1], "t", 1), read(to_parent[0], &byte, 1);
  show_strings("cmdline");
  end(pid);
  zombie();
  return 0;
}
