// Signals that faults raise, sent by kill to a thread that blocks them. sigtimedwait did not see them, and waited for ever;
// and each of them, although blocked, ended a nanosleep or poll with EINTR.
//EXPECT: at once 4 5 7 8 11 none
//EXPECT: once of two 11 none
//EXPECT: while waiting 11 from child 1
//EXPECT: sleep 0 poll 0 waiting 1
//EXPECT: then 5 none
//EXPECT: other signal 10 pending 1
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigset_t faults;
static siginfo_t info;

static int take(void) {
  const struct timespec now = {0, 0};
  return sigtimedwait(&faults, &info, &now);
}

static void print_all(const char *what) {
  printf("%s", what);
  for (int signal; (signal = take()) > 0;) printf(" %d", signal);
  puts(errno == EAGAIN ? " none" : " error");
}

static int waits(int signal) {
  sigset_t set;
  sigpending(&set);
  return sigismember(&set, signal);
}

// A child that sends `signals` to its parent, the first after a while, so that the parent waits by then.
static pid_t sender(int first, int second) {
  const pid_t child = fork();
  if (child != 0) return child;
  usleep(100000);
  kill(getppid(), first);
  if (second != 0) {
    usleep(100000);
    kill(getppid(), second);
  }
  _exit(0);
}

int main(void) {
  static const int all[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  sigemptyset(&faults);
  for (int i = 0; i < 5; ++i) sigaddset(&faults, all[i]);
  sigset_t blocked = faults;
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  for (int i = 0; i < 5; ++i) kill(getpid(), all[i]);
  print_all("at once");
  kill(getpid(), SIGSEGV);
  kill(getpid(), SIGSEGV);
  print_all("once of two");

  pid_t child = sender(SIGSEGV, 0);
  int signal = sigwaitinfo(&faults, &info);
  printf("while waiting %d from child %d\n", signal, info.si_pid == child && info.si_code == SI_USER);
  waitpid(child, NULL, 0);

  child = sender(SIGTRAP, 0);
  const struct timespec nap = {0, 300000000};
  const int slept = nanosleep(&nap, NULL);
  waitpid(child, NULL, 0);
  child = sender(SIGTRAP, 0);
  const int polled = poll(NULL, 0, 300);
  waitpid(child, NULL, 0);
  printf("sleep %d poll %d waiting %d\n", slept, polled, waits(SIGTRAP));
  print_all("then");

  // It is another signal that ends the wait.
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  child = sender(SIGBUS, SIGUSR1);
  signal = sigwaitinfo(&one, &info);
  printf("other signal %d pending %d\n", signal, waits(SIGBUS));
  waitpid(child, NULL, 0);
  return 0;
}
