// Signals of programs with threads: who takes them, queues, waits, restarts, timers, frames, and what is refused. The argument
// is the number of queued signals and of rounds.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define SECTION(name) static void name(void)

static int rounds = 2000;

static const char *name_of(int error) { return error == 0 ? "ok" : strerrorname_np(error); }
static const char *result(long value) { return name_of(value < 0 ? errno : 0); }

static sigset_t set_of(int first, int second) {
  sigset_t set;
  sigemptyset(&set);
  if (first) sigaddset(&set, first);
  if (second) sigaddset(&set, second);
  return set;
}
static void mask(int how, int signal) {
  const sigset_t set = set_of(signal, 0);
  pthread_sigmask(how, &set, NULL);
}
static void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};
  sigaction(signal, &action, NULL);
}
static int tid(void) { return syscall(SYS_gettid); }

static int status_of(pid_t child) {
  int status;
  if (waitpid(child, &status, 0) < 0) return -1000 - errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// Waits until thread `id` of this process sleeps in the kernel.
static void until_asleep(int id) {
  char path[64], text[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", id);
  for (int i = 0; i < 2000; ++i) {
    const int fd = open(path, O_RDONLY);
    const ssize_t length = read(fd, text, sizeof text);
    close(fd);
    if (length > 0 && text[0] != 'r') return;  // not "running"
    usleep(500);
  }
}

// --- who takes a signal ------------------------------------------------------------------------------

static volatile int taken_by, taken, taken_code;
static void note(int signal, siginfo_t *info, void *context) {
  taken_by = tid();
  taken_code = info->si_code;
  __sync_fetch_and_add(&taken, 1);
}

static volatile int other_tid;
static sem_t ready, go, done;
static int with_signal;  // what `opener` unblocks

// Blocks everything, then unblocks one signal when told to.
static void *opener(void *argument) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  other_tid = tid();
  sem_post(&ready);
  while (sem_wait(&go)) {}
  mask(SIG_UNBLOCK, with_signal);
  mask(SIG_BLOCK, with_signal);
  sem_post(&done);
  while (sem_wait(&go)) {}
  return NULL;
}

static int pends(int signal) {
  sigset_t set;
  sigpending(&set);
  return sigismember(&set, signal);
}

static const int kinds[] = {SIGUSR1, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
enum { kKinds = sizeof kinds / sizeof kinds[0] };

// Blocked everywhere: the signal waits for the process, and the thread that unblocks it takes it.
SECTION(blocked_everywhere) {
  for (int i = 0; i < kKinds; ++i) {
    const int signal = with_signal = kinds[i];
    pthread_t thread;
    install(signal, note, 0);
    mask(SIG_BLOCK, signal);
    pthread_create(&thread, NULL, opener, NULL);
    sem_wait(&ready);
    taken = 0;
    kill(getpid(), signal);
    printf("signal %d: pends %d taken %d", signal, pends(signal), taken);
    sem_post(&go);
    sem_wait(&done);
    printf(", other unblocks: pends %d taken %d by other %d code %d", pends(signal), taken, taken_by == other_tid, taken_code);
    pthread_kill(thread, signal);
    printf(", of the other: pends %d taken %d", pends(signal), taken);
    mask(SIG_UNBLOCK, signal);
    printf(" %d", taken);
    sem_post(&go);
    pthread_join(thread, NULL);
    printf(", thread gone: pends %d taken %d\n", pends(signal), taken);
  }
}

static void *sleeper(void *argument) {
  other_tid = tid();
  if (argument) mask(SIG_UNBLOCK, (intptr_t)argument);
  sem_post(&ready);
  while (sem_wait(&go)) {}
  return NULL;
}

// The first thread blocks it, another that sleeps does not.
SECTION(other_takes) {
  for (int i = 0; i < kKinds; ++i) {
    const int signal = kinds[i];
    pthread_t thread;
    install(signal, note, 0);
    mask(SIG_BLOCK, signal);
    pthread_create(&thread, NULL, sleeper, (void *)(intptr_t)signal);
    sem_wait(&ready);
    until_asleep(other_tid);
    taken = 0;
    kill(getpid(), signal);
    for (int wait = 0; wait < 5000 && !taken; ++wait) usleep(1000);
    printf("signal %d: taken %d by other %d pends %d\n", signal, taken, taken_by == other_tid, pends(signal));
    sem_post(&go);
    pthread_join(thread, NULL);
    mask(SIG_UNBLOCK, signal);
  }
}

static siginfo_t waited;
static volatile int waited_signal;
static void *waiter(void *argument) {
  const sigset_t set = set_of((intptr_t)argument, 0);
  other_tid = tid();
  sem_post(&ready);
  waited_signal = sigwaitinfo(&set, &waited);
  sem_post(&done);
  return NULL;
}

// A thread in sigwaitinfo, all block it.
SECTION(other_waits) {
  for (int i = 0; i < kKinds; ++i) {
    const int signal = kinds[i];
    pthread_t thread;
    mask(SIG_BLOCK, signal);
    for (int directed = 0; directed < 3; ++directed) {
      if (directed == 2) kill(getpid(), signal);  // it waits already
      pthread_create(&thread, NULL, waiter, (void *)(intptr_t)signal);
      sem_wait(&ready);
      if (directed < 2) until_asleep(other_tid);
      if (directed == 1) pthread_kill(thread, signal);
      if (directed == 0) kill(getpid(), signal);
      sem_wait(&done);
      pthread_join(thread, NULL);
      printf("%d code %d pid %d pends %d; ", waited_signal, waited.si_code, waited.si_pid == getpid(), pends(signal));
    }
    puts("");
    mask(SIG_UNBLOCK, signal);
  }
}

// A signal for one thread is not for another.
SECTION(one_thread_only) {
  for (int i = 0; i < kKinds; ++i) {
    const int signal = with_signal = kinds[i];
    const sigset_t set = set_of(signal, 0);
    const struct timespec now = {0, 1000000};
    pthread_t thread;
    install(signal, note, 0);
    pthread_create(&thread, NULL, opener, NULL);
    sem_wait(&ready);
    taken = 0;
    pthread_kill(thread, signal);
    const int found = sigtimedwait(&set, NULL, &now);
    printf("signal %d: pends %d waits %d %s", signal, pends(signal), found, name_of(errno));
    sem_post(&go);
    sem_wait(&done);
    printf(" taken %d by it %d code %d\n", taken, taken_by == other_tid, taken_code);
    sem_post(&go);
    pthread_join(thread, NULL);
  }
}

// Ignored signals vanish, whether they wait or come. One that is ignored and blocked waits.
SECTION(ignored) {
  for (int i = 0; i < kKinds; ++i) {
    const int signal = kinds[i];
    mask(SIG_BLOCK, signal);
    install(signal, note, 0);
    kill(getpid(), signal);
    pthread_kill(pthread_self(), signal);
    int before = pends(signal);
    struct sigaction action = {.sa_handler = SIG_IGN};
    sigaction(signal, &action, NULL);
    int after = pends(signal);
    kill(getpid(), signal);
    int again = pends(signal);
    mask(SIG_UNBLOCK, signal);
    const pid_t child = fork();
    if (child == 0) {
      usleep(50000);
      kill(getppid(), signal);
      _exit(0);
    }
    struct timespec nap = {0, 200000000}, rest = {0, 0};
    const int slept = nanosleep(&nap, &rest);
    printf("signal %d: pends %d, ignored %d, sent %d, sleep %d\n", signal, before, after, again, slept);
    while (waitpid(child, NULL, 0) < 0) {}
    install(signal, note, 0);
  }
}

// Blocked, then unblocked by the masks of calls that wait: sigsuspend, ppoll, pselect, epoll_pwait.
SECTION(waiting_masks) {
  for (int i = 0; i < kKinds; ++i) {
    const int signal = kinds[i];
    sigset_t open;
    const struct timespec limit = {5, 0};
    install(signal, note, SA_RESTART);
    mask(SIG_BLOCK, signal);
    pthread_sigmask(SIG_SETMASK, NULL, &open);
    sigdelset(&open, signal);
    const int epoll = epoll_create1(0);
    struct epoll_event event;
    taken = 0;
    printf("signal %d:", signal);
    for (int call = 0; call < 4; ++call) {
      int value = 0;
      kill(getpid(), signal);
      if (call == 0) value = sigsuspend(&open);
      if (call == 1) value = ppoll(NULL, 0, &limit, &open);
      if (call == 2) value = pselect(0, NULL, NULL, NULL, &limit, &open);
      if (call == 3) value = epoll_pwait(epoll, &event, 1, 5000, &open);
      printf(" %s taken %d", result(value), taken);
    }
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    printf(" blocked %d pends %d\n", sigismember(&now, signal), pends(signal));
    close(epoll);
    mask(SIG_UNBLOCK, signal);
  }
}

// --- queued signals ----------------------------------------------------------------------------------

static volatile int received, disorder, stop_masking;
static int last_value;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static void *drain(void *argument) {
  const sigset_t set = set_of(SIGRTMIN + 1, 0);
  siginfo_t info;
  while (received < rounds) {
    if (sigwaitinfo(&set, &info) < 0) continue;
    disorder += info.si_value.sival_int != received || info.si_code != SI_QUEUE || info.si_pid != getpid();
    ++received;
  }
  return NULL;
}
static void *masker(void *argument) {
  while (!stop_masking) {
    mask(SIG_BLOCK, SIGUSR2);
    mask(SIG_UNBLOCK, SIGUSR2);
  }
  return NULL;
}

// One thread in sigwait, others change their masks: every signal is seen once, in order.
SECTION(queued) {
  pthread_t threads[3];
  mask(SIG_BLOCK, SIGRTMIN + 1);
  received = disorder = 0;
  pthread_create(&threads[0], NULL, drain, NULL);
  pthread_create(&threads[1], NULL, masker, NULL);
  pthread_create(&threads[2], NULL, masker, NULL);
  for (int i = 0; i < rounds; ++i) {
    while (sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i}) < 0) usleep(1000);
  }
  pthread_join(threads[0], NULL);
  stop_masking = 1;
  pthread_join(threads[1], NULL);
  pthread_join(threads[2], NULL);
  printf("received %d disorder %d\n", received == rounds, disorder);
  mask(SIG_UNBLOCK, SIGRTMIN + 1);
}

static unsigned char *seen;
static volatile int seen_count, twice;
static void see(int signal, siginfo_t *info, void *context) {
  twice += __sync_fetch_and_add(&seen[info->si_value.sival_int], 1) != 0;
  __sync_fetch_and_add(&seen_count, 1);
}
static void *toggler(void *argument) {
  const sigset_t set = set_of(SIGRTMIN + 2, 0);
  const struct timespec brief = {0, 100000};
  siginfo_t info;
  for (int i = 0; !stop_masking; ++i) {
    mask(SIG_BLOCK, SIGRTMIN + 2);
    if (argument && sigtimedwait(&set, &info, &brief) > 0) see(0, &info, NULL);
    mask(SIG_UNBLOCK, SIGRTMIN + 2);
  }
  return NULL;
}

// Handlers of threads that block and unblock, and a sigtimedwait beside them: every signal is taken once.
SECTION(handled) {
  pthread_t threads[3];
  seen = calloc(rounds, 1);
  stop_masking = 0;
  install(SIGRTMIN + 2, see, SA_RESTART);
  for (intptr_t i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, toggler, (void *)(i & 1));
  for (int i = 0; i < rounds; ++i) {
    while (sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = i}) < 0) usleep(1000);
  }
  for (int i = 0; i < 20000 && seen_count < rounds; ++i) usleep(1000);
  stop_masking = 1;
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  printf("seen %d twice %d\n", seen_count == rounds, twice);
}

// --- restarts and times left -------------------------------------------------------------------------

static volatile int target;
static volatile int to_send;
static void *sender(void *argument) {
  while (sem_wait(&go)) {}
  until_asleep(target);
  usleep(20000);
  syscall(SYS_tgkill, getpid(), target, to_send);
  sem_post(&done);
  return NULL;
}
static int pipe_ends[2], inotified;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int word;
static void refill(int signal, siginfo_t *info, void *context) {
  ++taken;
  (void)!write(pipe_ends[1], "x", 1);
  word = 1;
  syscall(SYS_futex, &word, FUTEX_WAKE, 10, NULL, NULL, 0);
}

static long wait_in(int call, int listener, int epoll) {
  char byte;
  const struct timespec limit = {60, 0};
  struct pollfd entry = {pipe_ends[0], POLLIN, 0};
  struct epoll_event event;
  fd_set reads;
  struct timeval second = {60, 0};
  struct timespec rest = {0, 0};
  const sigset_t set = set_of(SIGUSR2, 0);
  long value;
  switch (call) {
    case 0: return read(pipe_ends[0], &byte, 1);
    case 1: return syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
    case 2: return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &limit, NULL, 0);
    case 3: value = nanosleep(&limit, &rest); return errno == EINTR && rest.tv_sec < 10 ? -2 : value;
    case 4: errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &limit, &rest); return errno != 0 ? rest.tv_sec < 10 ? -2 : -1 : 0;
    case 5: return poll(&entry, 1, 60000);
    case 6: return ppoll(&entry, 1, &limit, NULL);
    case 7: return epoll_wait(epoll, &event, 1, 60000);
    case 8: FD_ZERO(&reads); FD_SET(pipe_ends[0], &reads); value = select(pipe_ends[0] + 1, &reads, NULL, NULL, &second); return second.tv_sec < 10 ? -2 : value;
    case 9: return sigtimedwait(&set, NULL, &limit);
    case 10: { const int fd = accept(listener, NULL, NULL); if (fd >= 0) close(fd); return fd; }
    case 11: return pause();
    case 12: { struct flock lock = {F_WRLCK}; return fcntl(pipe_ends[0], F_SETLKW, &lock); }
    default: return 0;
  }
}

SECTION(restarts) {
  static const char *const names[] = {"read", "futex", "futex with a limit", "nanosleep", "clock_nanosleep", "poll", "ppoll", "epoll_wait",
                                      "select", "sigtimedwait", "accept", "pause"};
  snprintf(address.sun_path, sizeof address.sun_path, "%c%d", 0, getpid());
  address.sun_path[0] = 0;
  snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "ferry%d", getpid());
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&address, sizeof address);
  listen(listener, 5);
  struct timeval patience = {1, 0};
  if (pipe(pipe_ends)) exit(1);
  const int epoll = epoll_create1(0);
  struct epoll_event event = {EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_ends[0], &event);
  target = tid();
  mask(SIG_BLOCK, SIGUSR2);
  for (int call = 0; call < 12; ++call) {
    printf("%s:", names[call]);
    for (int again = 0; again < 2; ++again) {
      pthread_t thread;
      install(to_send = SIGUSR1, refill, again ? SA_RESTART : 0);
      if (call == 10 && again) continue;  // nobody connects
      word = taken = 0;
      pthread_create(&thread, NULL, sender, NULL);
      sem_post(&go);
      errno = 0;
      const long value = wait_in(call, listener, epoll);
      printf(" %ld %s taken %d;", value, result(value), taken);
      sem_wait(&done);
      pthread_join(thread, NULL);
      fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
      char rest[8];
      (void)!read(pipe_ends[0], rest, sizeof rest);
      fcntl(pipe_ends[0], F_SETFL, 0);
    }
    puts("");
  }
  mask(SIG_UNBLOCK, SIGUSR2);
  close(listener);
  close(epoll);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

// Signals without a handler's effect: the waits go on with what is left of their time.
SECTION(waits_go_on) {
  static const int silent[] = {SIGSTOP, SIGWINCH, SIGSEGV, SIGTRAP};
  signal(SIGSEGV, SIG_IGN);
  signal(SIGTRAP, SIG_IGN);
  for (unsigned kind = 0; kind < 4; ++kind) {
    printf("signal %d:", silent[kind]);
    fflush(stdout);
    for (int call = 0; call < 5; ++call) {
      int ends[2];
      if (pipe(ends)) exit(1);
      const pid_t child = fork();
      if (child == 0) {
        const struct timespec limit = {0, 300000000};
        struct timeval second = {0, 300000};
        struct timespec rest;
        const double begin = now();
        int zero = 0;
        long value = 0;
        errno = 0;
        if (call == 0) value = nanosleep(&limit, &rest);
        if (call == 1) value = poll(NULL, 0, 300);
        if (call == 2) value = syscall(SYS_futex, &zero, FUTEX_WAIT, 0, &limit, NULL, 0);
        if (call == 3) value = select(0, NULL, NULL, NULL, &second);
        if (call == 4) value = (errno = clock_nanosleep(CLOCK_REALTIME, 0, &limit, &rest)) ? -1 : 0;
        const double slept = now() - begin;
        printf(" %s enough %d", result(value), slept >= 0.299);
        fflush(stdout);
        _exit(0);
      }
      for (int i = 0; i < 2; ++i) {
        usleep(50000);
        kill(child, silent[kind]);
        usleep(30000);
        kill(child, SIGCONT);
      }
      status_of(child);
      close(ends[0]);
      close(ends[1]);
    }
    puts("");
  }
}

// --- SA_RESETHAND, ends of threads, nothing is lost ----------------------------------------------------

static pthread_barrier_t barrier;
static void *raiser(void *argument) {
  pthread_barrier_wait(&barrier);
  pthread_kill(pthread_self(), SIGUSR1);
  pthread_barrier_wait(&barrier);
  return NULL;
}

// Two threads raise at once: one handler runs, and the other signal kills.
SECTION(reset_once) {
  int killed = 0, many = rounds / 40;
  for (int i = 0; i < many; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      pthread_t threads[2];
      pthread_barrier_init(&barrier, NULL, 2);
      install(SIGUSR1, note, SA_RESETHAND);
      for (int n = 0; n < 2; ++n) pthread_create(&threads[n], NULL, raiser, NULL);
      for (int n = 0; n < 2; ++n) pthread_join(threads[n], NULL);
      _exit(taken);
    }
    killed += status_of(child) == -SIGUSR1;
  }
  printf("killed %d\n", killed == many);
}

static void *short_lived(void *argument) {
  mask(SIG_UNBLOCK, SIGRTMIN + 3);
  return NULL;
}

// Threads that end while signals of the process come.
SECTION(ends) {
  const int many = rounds / 10;
  seen = calloc(many, 1);
  seen_count = twice = 0;
  install(SIGRTMIN + 3, see, SA_RESTART);
  mask(SIG_BLOCK, SIGRTMIN + 3);
  for (int i = 0; i < many; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, short_lived, NULL);
    sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = i});
    pthread_join(thread, NULL);
  }
  mask(SIG_UNBLOCK, SIGRTMIN + 3);
  printf("seen %d twice %d\n", seen_count == many, twice);
}

static pthread_t player[2];
static volatile int pings[2];
static void ping(int signal) { ++pings[pthread_self() == player[1]]; }
static void *play(void *argument) {
  const int me = argument != NULL;
  sigset_t open;
  mask(SIG_BLOCK, SIGUSR1);
  pthread_sigmask(SIG_SETMASK, NULL, &open);
  sigdelset(&open, SIGUSR1);
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < rounds; ++i) {
    if (me == 0) pthread_kill(player[1], SIGUSR1);
    while (pings[me] == i) {
      if (i % 3 == 0) sigsuspend(&open);
      if (i % 3 == 1) ppoll(NULL, 0, NULL, &open);
      if (i % 3 == 2) pselect(0, NULL, NULL, NULL, NULL, &open);
    }
    if (me == 1) pthread_kill(player[0], SIGUSR1);
  }
  return NULL;
}

// No wake-up is lost.
SECTION(ping_pong) {
  struct sigaction action = {.sa_handler = ping};
  sigaction(SIGUSR1, &action, NULL);
  mask(SIG_BLOCK, SIGUSR1);
  pthread_barrier_init(&barrier, NULL, 2);
  player[0] = pthread_self();
  pthread_create(&player[1], NULL, play, &player[1]);
  play(NULL);
  pthread_join(player[1], NULL);
  printf("pings %d %d\n", pings[0] == rounds, pings[1] == rounds);
  mask(SIG_UNBLOCK, SIGUSR1);
}

int main(int argc, char **argv) {
  if (argc > 1 && atoi(argv[1]) > 0) rounds = atoi(argv[1]);
  setvbuf(stdout, NULL, _IOLBF, 0);
  static const struct {
    const char *name;
    void (*run)(void);
  } sections[] = {
#define ROW(name) {#name, name}
      ROW(blocked_everywhere), ROW(other_takes), ROW(other_waits), ROW(one_thread_only), ROW(ignored), ROW(waiting_masks), ROW(queued),
      ROW(handled), ROW(restarts), ROW(waits_go_on), ROW(reset_once), ROW(ends), ROW(ping_pong),
  };
  for (unsigned i = 0; i < sizeof sections / sizeof *sections; ++i) {
    if (argc > 2 && strcmp(argv[2], sections[i].name) != 0) continue;
    printf("- %s\n", sections[i].name);
    fflush(stdout);
    sections[i].run();
    fflush(stdout);
  }
  return 0;
}
