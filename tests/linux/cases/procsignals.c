// /proc/self/status says which signals the guest blocks, ignores and handles: of ferry's own handlers and the host's numbers
// nothing is to be seen, and what an exec passes on is there.
//EXPECT: SigIgn:	0000000000001200
//EXPECT: SigCgt:	0000000200000c00
//PROCESSES: 1
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void handler(int signal) {}

int main(int argc, char **argv) {
  if (argc == 1) {
    for (int i = 1; i < 65; i++) signal(i, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, handler);
    signal(SIGSEGV, handler);
    signal(34, handler);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, 40);
    sigprocmask(SIG_SETMASK, &set, NULL);
  }
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  while (fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0 || strncmp(line, "SigCgt", 6) == 0) fputs(line, stdout);
  fclose(status);
  fflush(stdout);
  if (argc == 1) execl("/proc/self/exe", argv[0], "again", NULL);
  return 0;
}
