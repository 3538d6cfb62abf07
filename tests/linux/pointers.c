// Every system call with a pointer is made with each of its pointers in turn at memory that is not there, while the others are
// a buffer of zeroes and its numbers are each of a few values. The rows come from ferry's own table (pointer_rows.cpp), so that
// a new call is tried as soon as it has a row; the errors must be the kernel's. Each row has a child of its own, since calls
// change the process; one that waits is ended by a timer.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

struct row {
  int number;
  const char *name, *kinds;
};
#define ROW(number, name, kinds) {number, name, kinds},
static const struct row rows[] = {
#include "pointer_rows.inc"
};

// Not made, because they would do something with the other arguments, or give a new value each time.
static const struct {
  const char *name, *reason;
} excluded[] = {
    {"brk", "its result is an address"},
    {"mmap2", "maps memory at the address"},
    {"clone", "makes a child"},
    {"clone3", "makes a child"},
    {"execve", "may leave the program"},
    {"execveat", "may leave the program"},
    {"shmctl", "a number may remove a segment of another program"},
    {"msgctl", "the same of a queue"},
    {"semctl", "the same of a set"},
    {"msgrcv", "may take another program's message"},
    {"ipc", "all of these"},
    {"prlimit64", "sets the limit before it writes the old one"},
    {"sethostname", "an empty name is a name"},
    {"setdomainname", "an empty name is a name"},
    {"get_robust_list", "the numbers are other processes, whose lists are their ferry's"},
    {"syslog", "a number may change the console's level"},
};

enum { kFile = 3, kSocket = 4 };
static const long numbers[] = {0, 1, kFile, kSocket, 8, -1};
enum { kBad = 0x20000000 };
static char buffer[65536] __attribute__((aligned(4096)));

static const char *reason(const char *name) {
  for (unsigned i = 0; i < sizeof excluded / sizeof *excluded; ++i)
    if (strcmp(excluded[i].name, name) == 0) return excluded[i].reason;
  return NULL;
}

static void nothing(int signal) { (void)signal; }

static void try_row(const struct row *row) {
  const unsigned count = strlen(row->kinds);
  for (unsigned place = 0; place < count; ++place) {
    if (row->kinds[place] != 'p') continue;
    printf("%s, argument %u:", row->name, place + 1);
    for (unsigned pass = 0; pass < sizeof numbers / sizeof *numbers; ++pass) {
      long words[6] = {0};
      for (unsigned i = 0; i < count; ++i) words[i] = row->kinds[i] == 'p' ? (long)buffer : numbers[pass];
      words[place] = kBad;
      memset(buffer, 0, sizeof buffer);
      // Again and again, in case it fires before the call waits.
      const struct itimerval timer = {{0, 50000}, {0, 50000}}, off = {0};
      setitimer(ITIMER_REAL, &timer, NULL);
      const long result = syscall(row->number, words[0], words[1], words[2], words[3], words[4], words[5]);
      const int error = errno;
      setitimer(ITIMER_REAL, &off, NULL);
      printf(" %s", result == -1 ? strerrorname_np(error) : "done");
    }
    printf("\n");
  }
}

int main(void) {
  // A kernel lets a program inherit the flags of its parent's stack for signals.
  const stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  int ends[2];
  const int file = memfd_create("file", 0);
  if (file != kFile || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) != 0 || ends[0] != kSocket) return 2;
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; ++i) {
    if (reason(rows[i].name) != NULL) continue;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      const struct sigaction action = {.sa_handler = nothing};
      sigaction(SIGALRM, &action, NULL);
      try_row(&rows[i]);
      fflush(stdout);
      _exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) printf("%s: status %#x\n", rows[i].name, status);
  }
  return 0;
}
