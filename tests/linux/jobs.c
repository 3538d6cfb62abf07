// Stops, continues, process groups and terminals.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void show(const char *what, pid_t child, int options) {
  int status = 0;
  pid_t got = waitpid(child, &status, options);
  printf("%s: %d stopped %d sig %d continued %d exited %d signaled %d\n", what, got == child, WIFSTOPPED(status),
         WIFSTOPPED(status) ? WSTOPSIG(status) : WIFSIGNALED(status) ? WTERMSIG(status) : 0, WIFCONTINUED(status),
         WIFEXITED(status), WIFSIGNALED(status));
}

static void on_cont(int sig) { (void)sig; }

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGCONT, on_cont);
    for (;;) pause();
  }
  usleep(100000);
  kill(child, SIGTSTP);
  show("tstp", child, WUNTRACED);
  kill(child, SIGCONT);
  show("cont", child, WCONTINUED);
  usleep(100000);
  kill(child, SIGSTOP);
  show("stop", child, WUNTRACED);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  kill(child, SIGCONT);
  waitid(P_PID, child, &info, WCONTINUED);
  printf("waitid code %d status %d\n", info.si_code, info.si_status);
  kill(child, SIGKILL);
  memset(&info, 0, sizeof info);
  waitid(P_PID, child, &info, WEXITED);
  printf("waitid signo %d code %d status %d pid %d\n", info.si_signo, info.si_code, info.si_status, info.si_pid == child);

  // A new session with a terminal: a process group in the background is stopped when it reads.
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master);
  unlockpt(master);
  char name[64];
  ptsname_r(master, name, sizeof name);
  fflush(stdout);
  pid_t leader = fork();
  if (leader == 0) {
    printf("setsid %d\n", setsid() == getpid());
    int tty = open(name, O_RDWR);
    printf("ctty pgrp %d\n", tcgetpgrp(tty) == getpid());
    struct winsize size = {24, 80, 0, 0};
    ioctl(tty, TIOCSWINSZ, &size);
    memset(&size, 0, sizeof size);
    ioctl(tty, TIOCGWINSZ, &size);
    printf("window %dx%d\n", size.ws_row, size.ws_col);
    struct termios t;
    tcgetattr(tty, &t);
    printf("termios %x %x %x %x eof %d min %d intr %d susp %d\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_cc[VEOF],
           t.c_cc[VMIN], t.c_cc[VINTR], t.c_cc[VSUSP]);
    t.c_lflag &= ~(ECHO | ICANON);
    t.c_lflag |= TOSTOP;
    t.c_cc[VMIN] = 3;
    tcsetattr(tty, TCSADRAIN, &t);
    tcgetattr(tty, &t);
    printf("changed lflag %x min %d\n", t.c_lflag, t.c_cc[VMIN]);
    pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      char byte;
      ssize_t got = read(tty, &byte, 1);
      printf("job read %d\n", (int)got);
      _exit(5);
    }
    setpgid(job, job);
    show("background read", job, WUNTRACED);
    signal(SIGTTOU, SIG_IGN);
    printf("tcsetpgrp %d\n", tcsetpgrp(tty, job));
    kill(-job, SIGCONT);
    usleep(100000);
    (void)!write(master, "abc", 3);
    show("foreground", job, 0);
    printf("tcsetpgrp back %d\n", tcsetpgrp(tty, getpgrp()));
    pid_t second = fork();
    if (second == 0) {
      setpgid(0, 0);
      tcsetpgrp(tty, getpgrp());
      t.c_lflag |= ICANON | ISIG;
      tcsetattr(tty, TCSANOW, &t);
      (void)!write(tty, "ready\n", 6);
      for (;;) pause();
    }
    usleep(300000);
    char text[16];
    (void)!read(master, text, sizeof text);
    (void)!write(master, "\032", 1);  // ^Z
    show("suspended by terminal", second, WUNTRACED);
    kill(second, SIGCONT);
    usleep(50000);
    (void)!write(master, "\003", 1);  // ^C
    show("interrupted by terminal", second, 0);
    tcsetpgrp(tty, getpgrp());
    _exit(0);
  }
  show("leader", leader, 0);
  return 0;
}
