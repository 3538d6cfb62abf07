// a write to /proc/PID/mem of another process: that process executes the written code, wherever it was, and notices nothing
// else
//EXPECT: read: waited 1 0, runs 12
//EXPECT: pause: waited -1 4, runs 62
//EXPECT: spinning 5, endless 7
//EXPECT: caught 1 code 0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// At 0: mov eax, 1; ret. At 16: jmp 16; mov eax, 7; ret, a loop that ends when the displacement of its jmp becomes 0
static const unsigned char code[] = {0xb8, 1, 0, 0, 0, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xeb, 0xfe, 0xb8, 7, 0, 0, 0, 0xc3};
static unsigned char *const page = (unsigned char *)0x23000000;
static int run() {
  int result = 0, i;
  for (i = 0; i < 50; i++) result = ((int (*)())page)();
  return result;
}

struct shared {
  volatile int word, caught, last_code, ready;
} *shared;
struct report {
  int result, error, runs;
};
static int wake[2], pair[2], reports[2];
static char byte;

static void put(int memory, unsigned long at, unsigned char value, int how) {
  struct iovec vector = {&value, 1};
  switch (how % 4) {
    case 0: pwrite(memory, &value, 1, at); break;
    case 1: lseek(memory, at, SEEK_SET), write(memory, &value, 1); break;
    case 2: lseek(memory, at, SEEK_SET), writev(memory, &vector, 1); break;
    case 3: pwritev(memory, &vector, 1, at); break;
  }
}
static int memory_of(int pid) {
  char name[40];
  sprintf(name, "/proc/%d/mem", pid);
  return open(name, O_RDWR);
}
// Waits until process `pid` sleeps in a system call, or has ended.
static void until_asleep(int pid) {
  char name[40], text[200], *end;
  sprintf(name, "/proc/%d/stat", pid);
  for (;;) {
    int fd = open(name, O_RDONLY), length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) return;
    text[length] = 0, end = strrchr(text, ')');
    if (end && (end[2] == 'S' || end[2] == 'Z')) return;
    usleep(2000);
  }
}
static void nothing(int signal) {}
static void caught(int signal, siginfo_t *info, void *context) {
  shared->caught++, shared->last_code = info->si_code;
}

static int wait_read() { return read(wake[0], &byte, 1); }
static int wait_receive() {
  struct timeval time = {1000, 0};
  setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  return recv(pair[0], &byte, 1, 0);
}
static int wait_poll() {
  struct pollfd fd = {wake[0], POLLIN};
  return poll(&fd, 1, -1);
}
static int wait_poll_time() {
  struct pollfd fd = {wake[0], POLLIN};
  return poll(&fd, 1, 1000000);
}
static int wait_select() {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(wake[0], &set);
  return select(wake[0] + 1, &set, 0, 0, 0);
}
static int wait_epoll() {
  int fd = epoll_create1(0);
  struct epoll_event event = {EPOLLIN};
  epoll_ctl(fd, EPOLL_CTL_ADD, wake[0], &event);
  int result = epoll_wait(fd, &event, 1, 1000000);
  close(fd);
  return result;
}
static int wait_pause() { return pause(); }
static int wait_suspend() {
  sigset_t set;
  sigfillset(&set), sigdelset(&set, SIGUSR1);
  return sigsuspend(&set);
}
static int wait_signal() {
  struct timespec time = {1000, 0};
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR2), sigprocmask(SIG_BLOCK, &set, 0);
  return sigtimedwait(&set, 0, &time) == SIGUSR2;
}
static int wait_sleep() {
  struct timespec time = {0, 300000000}, rest = {5, 5};
  int result = nanosleep(&time, &rest);
  return result * 100 + (rest.tv_sec != 5);
}
static int wait_futex() {
  struct timespec time = {1000, 0};
  return syscall(SYS_futex, &shared->word, 0, 0, &time, 0, 0);
}

enum waker { by_byte, by_socket, by_signal, by_second_signal, by_time, by_futex };
static const struct {
  const char *name;
  int (*wait)();
  enum waker waker;
} kinds[] = {{"read", wait_read, by_byte},         {"receive", wait_receive, by_socket}, {"poll", wait_poll, by_byte},
             {"poll for a time", wait_poll_time, by_byte}, {"select", wait_select, by_byte}, {"pause", wait_pause, by_signal},
             {"sigsuspend", wait_suspend, by_signal}, {"sigtimedwait", wait_signal, by_second_signal},
             {"nanosleep", wait_sleep, by_time},   {"futex", wait_futex, by_futex},      {"epoll", wait_epoll, by_byte}};
enum { kind_count = sizeof kinds / sizeof *kinds };

static void waiting_child() {
  int i;
  signal(SIGUSR1, nothing);
  for (i = 0; i < kind_count; i++) {
    run();
    shared->ready = i + 1;
    struct report report;
    report.result = kinds[i].wait();
    report.error = report.result < 0 ? errno : 0;
    report.runs = run();
    write(reports[1], &report, sizeof report);
    if (kinds[i].waker == by_byte && i) read(wake[0], &byte, 1);  // the first kind has read it already
  }
  _exit(0);
}
static void waits() {
  int i, pid = fork();
  if (pid == 0) waiting_child();
  int memory = memory_of(pid);
  for (i = 0; i < kind_count; i++) {
    while (shared->ready <= i) usleep(2000);
    until_asleep(pid);
    put(memory, (long)page + 1, 11 + i * 10, i);
    until_asleep(pid);
    put(memory, (long)page + 1, 12 + i * 10, i + 1);
    until_asleep(pid);
    switch (kinds[i].waker) {
      case by_byte: write(wake[1], "", 1); break;
      case by_socket: write(pair[1], "", 1); break;
      case by_signal: kill(pid, SIGUSR1); break;
      case by_second_signal: kill(pid, SIGUSR2); break;
      case by_time: break;
      case by_futex: syscall(SYS_futex, &shared->word, 1, 1, 0, 0, 0); break;
    }
    struct report report;
    read(reports[0], &report, sizeof report);
    printf("%s: waited %d %d, runs %d\n", kinds[i].name, report.result, report.error, report.runs);
  }
  close(memory);
  waitpid(pid, 0, 0);
}

static void spins() {
  int first, second, i, pid = fork();
  if (pid == 0) {
    while (((int (*)())page)() == 1) shared->word++;
    _exit(((int (*)())page)());
  }
  int memory = memory_of(pid);
  while (shared->word < 100000) usleep(1000);
  put(memory, (long)page + 1, 5, 0);
  waitpid(pid, &first, 0);
  close(memory);
  pid = fork();
  if (pid == 0) {
    shared->ready = -1;
    _exit(((int (*)())(page + 16))());
  }
  memory = memory_of(pid);
  while (shared->ready != -1) usleep(1000);
  usleep(50000);
  put(memory, (long)page + 17, 0, 1);
  waitpid(pid, &second, 0);
  printf("spinning %d, endless %d\n", WEXITSTATUS(first), WEXITSTATUS(second));
  close(memory);
}

// What becomes of the guest's SIGTRAP while messages come. 'c': caught, 'b': caught and blocked, 'i': ignored, 'd': default
static int trapping(char how) {
  struct sigaction action = {0};
  sigset_t set, old;
  int i, pid, status;
  shared->ready = 0, shared->caught = 0, shared->last_code = 99;
  action.sa_sigaction = caught, action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&set), sigaddset(&set, SIGTRAP);
  pid = fork();
  if (pid == 0) {
    if (how == 'c' || how == 'b') sigaction(SIGTRAP, &action, 0);
    if (how == 'b') sigprocmask(SIG_BLOCK, &set, 0);
    if (how == 'i') signal(SIGTRAP, SIG_IGN);
    shared->ready = 1;
    while (run() != 2);
    sigpending(&old);
    shared->ready = 2 + sigismember(&old, SIGTRAP);
    while (run() != 4);
    read(wake[0], &byte, 1);
    sigpending(&old);
    i = sigismember(&old, SIGTRAP) * 10 + (run() == 4);
    if (how == 'b') sigprocmask(SIG_UNBLOCK, &set, 0);
    _exit(i);
  }
  int memory = memory_of(pid);
  while (!shared->ready) usleep(1000);
  put(memory, (long)page + 1, 2, 0);
  while (shared->ready == 1) usleep(1000);
  printf("%c: pending %d caught %d; ", how, shared->ready - 2, shared->caught);
  for (i = 0; i < 20; i++) put(memory, (long)page + 1, 3, i);
  put(memory, (long)page + 1, 4, 0);
  until_asleep(pid);
  if (how != 'd') kill(pid, SIGTRAP);
  write(wake[1], "", 1);
  waitpid(pid, &status, 0);
  printf("status %x caught %d code %d\n", status, shared->caught, shared->last_code);
  close(memory);
}

// A SIGTRAP that a guest queues, with one half of a message's value, is the guest's signal.
static void queues() {
  siginfo_t info = {0};
  struct sigaction action = {0};
  shared->caught = 0;
  action.sa_sigaction = caught, action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGTRAP, &action, 0);
  info.si_signo = SIGTRAP, info.si_code = SI_QUEUE, info.si_value.sival_int = 0x72790001;
  syscall(SYS_rt_sigqueueinfo, getpid(), SIGTRAP, &info);
  printf("queued %d code %d\n", shared->caught, shared->last_code);
  signal(SIGTRAP, SIG_DFL);
}

static void execs() {
  int i, status, pid = fork();
  sigset_t set;
  if (pid == 0) {
    execl("/proc/self/exe", "othermem", "8", (char *)0);
    _exit(99);
  }
  for (i = 0; waitpid(pid, &status, WNOHANG) == 0; i++) {
    int memory = memory_of(pid);
    put(memory, (long)page + 1, 9, i);
    close(memory);
  }
  printf("executed: status %x\n", status);
  // A descriptor of another process's memory that is kept through an exec
  shared->ready = 0;
  pid = fork();
  if (pid == 0) {
    run();
    shared->ready = 1;
    while (run() != 6);
    _exit(60);
  }
  dup2(memory_of(pid), 100);
  while (!shared->ready) usleep(1000);
  if (fork() == 0) {
    execl("/proc/self/exe", "othermem", "write", (char *)0);
    _exit(99);
  }
  waitpid(pid, &status, 0);
  printf("written after an exec: %d\n", WEXITSTATUS(status));
  wait(0);
  close(100);
}

// The parent is not a ferry process (it runs the test): a write to its memory must not disturb it either.
static void strange() {
  char name[40], line[300];
  unsigned long long at = 0;
  sprintf(name, "/proc/%d/maps", getppid());
  FILE *maps = fopen(name, "r");
  while (maps && !at && fgets(line, sizeof line, maps))
    if (strstr(line, " r--p ")) sscanf(line, "%llx", &at);
  int memory = memory_of(getppid());
  int got = pread64(memory, &byte, 1, at), put = pwrite64(memory, &byte, 1, at);
  usleep(20000);
  sprintf(name, "/proc/%d/stat", getppid());
  printf("the parent: %d %d, lives %d\n", got, put, kill(getppid(), 0));
}

static void executed(const char *word) {
  sigset_t set;
  if (strcmp(word, "write") == 0) {
    put(100, (long)page + 1, 6, 0);
    exit(0);
  }
  sigprocmask(SIG_BLOCK, 0, &set);
  if (sigismember(&set, SIGTRAP)) exit(1);
  if (signal(SIGTRAP, SIG_DFL) != SIG_DFL) exit(2);
  int left = atoi(word);
  if (left == 0) exit(0);
  char next[20];
  sprintf(next, "%d", left - 1);
  execl("/proc/self/exe", "othermem", next, (char *)0);
  exit(3);
}

int main(int count, char **words) {
  if (count > 1) executed(words[1]);
  setvbuf(stdout, 0, _IONBF, 0);
  shared = mmap(0, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  mmap(page, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  memcpy(page, code, sizeof code);
  mprotect(page, 0x1000, PROT_READ | PROT_EXEC);
  pipe(wake), pipe(reports), socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  run();
  waits();
  spins();
  trapping('c'), trapping('b'), trapping('i'), trapping('d');
  queues();
  execs();
  strange();
  return 0;
}
