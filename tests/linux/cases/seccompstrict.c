// seccomp's strict mode: four calls, and death by all others
//EXPECT: strict: signal 9
//EXPECT: ended: exit 6
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void child(const char *what, int how) {
  int pid = fork(), status, ends[2];
  char c;
  if (pid == 0) {
    pipe(ends), write(ends[1], "ab", 2);
    if (how & 1) prctl(PR_SET_SECCOMP, 1);
    else syscall(SYS_seccomp, 0, 0, 0);
    if (read(ends[0], &c, 1) == 1) write(1, "reads\n", 6);
    if (how & 2) syscall(SYS_getpid);
    if (how & 4) syscall(SYS_exit_group, 5);
    syscall(SYS_exit, 6);
  }
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) printf("%s: signal %d\n", what, WTERMSIG(status));
  else printf("%s: exit %d\n", what, WEXITSTATUS(status));
}
static void *thread(void *unused) {
  prctl(PR_SET_SECCOMP, 1);
  syscall(SYS_getpid);
  return 0;
}
int main() {
  setvbuf(stdout, 0, _IONBF, 0);
  child("ended", 0), child("ended", 1), child("strict", 2), child("strict", 3), child("exit_group", 4);
  pthread_t other;
  pthread_create(&other, 0, thread, 0);
  usleep(100000);
  printf("mode %d\n", prctl(PR_GET_SECCOMP));
  _exit(7);
}
