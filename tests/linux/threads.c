// Threads: birth with the flags of several libcs, thread-local storage, futexes, robust lists, the end of threads and of processes
// with threads, fork and exec beside other threads, and what clone refuses. With an argument, the program is one that the test
// itself executes.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECTION(name) static void name(void)

static int status_of(pid_t child) {
  int status;
  if (waitpid(child, &status, 0) < 0) return -1000 - errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int tasks(void) {
  int count = 0;
  DIR *folder = opendir("/proc/thread-self/../../task");
  if (folder == NULL) folder = opendir("/proc/self/task");
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

// A thread that has been joined may be listed for a moment.
static int tasks_until(int wanted) {
  for (int i = 0; i < 5000 && tasks() != wanted; ++i) usleep(1000);
  return tasks();
}

static long futex(void *address, int operation, uint32_t value, void *timeout, void *second, uint32_t third) {
  return syscall(SYS_futex, address, operation, value, timeout, second, third);
}

static const char *name_of(int error) { return error == 0 ? "ok" : strerrorname_np(error); }
static const char *result(long value) { return name_of(value < 0 ? errno : 0); }

// --- libc's threads ------------------------------------------------------------------------------

static __thread int own = 5;
static int shared, atomic_count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *count(void *argument) {
  own += (int)(intptr_t)argument;
  for (int i = 0; i < 2000; ++i) {
    pthread_mutex_lock(&mutex);
    shared++;
    pthread_mutex_unlock(&mutex);
    __sync_fetch_and_add(&atomic_count, 1);
  }
  return (void *)(intptr_t)own;
}

SECTION(libc) {
  pthread_t threads[8];
  intptr_t sum = 0;
  for (intptr_t i = 0; i < 8; ++i) pthread_create(&threads[i], NULL, count, (void *)i);
  for (int i = 0; i < 8; ++i) {
    void *value;
    pthread_join(threads[i], &value);
    sum += (intptr_t)value;
  }
  printf("shared %d atomic %d sum %d own %d tasks %d\n", shared, atomic_count, (int)sum, own, tasks_until(1));
}

static sem_t go;
static void *wait_for_go(void *argument) {
  sem_wait(&go);
  return argument;
}

SECTION(many) {
  enum { kMany = 200 };
  static pthread_t threads[kMany];
  pthread_attr_t attributes;
  int made = 0, sum = 0;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  sem_init(&go, 0, 0);
  for (intptr_t i = 0; i < kMany; ++i) made += pthread_create(&threads[i], &attributes, wait_for_go, (void *)i) == 0;
  printf("made %d tasks %d", made, tasks());
  for (int i = 0; i < kMany; ++i) sem_post(&go);
  for (int i = 0; i < kMany; ++i) {
    void *value;
    pthread_join(threads[i], &value);
    sum += (int)(intptr_t)value;
  }
  printf(" sum %d tasks %d\n", sum, tasks_until(1));
}

// With stacks of 64 MB, until there is no room: then all is given back, and it can be done again.
SECTION(until_eagain) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 20);
  sem_init(&go, 0, 0);
  for (int round = 0; round < 3; ++round) {
    static pthread_t threads[200];
    int made = 0, error;
    while ((error = pthread_create(&threads[made], &attributes, wait_for_go, NULL)) == 0) ++made;
    for (int i = 0; i < made; ++i) sem_post(&go);
    for (int i = 0; i < made; ++i) pthread_join(threads[i], NULL);
    printf("%s enough %d\n", name_of(error), made >= 20);
  }
}

static void *sleep_long(void *argument) {
  pthread_setcanceltype(argument ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED, NULL);
  sem_post(&go);
  if (argument) for (;;) __asm__ volatile("");
  for (;;) pause();
}
static void say(void *text) { printf("cleaned up %s\n", (char *)text); }
static void *with_cleanup(void *argument) {
  pthread_cleanup_push(say, "a thread");
  sleep_long(argument);
  pthread_cleanup_pop(0);
  return NULL;
}

SECTION(cancel) {
  for (intptr_t asynchronous = 0; asynchronous < 2; ++asynchronous) {
    pthread_t thread;
    void *value;
    sem_init(&go, 0, 0);
    pthread_create(&thread, NULL, with_cleanup, (void *)asynchronous);
    sem_wait(&go);
    pthread_cancel(thread);
    pthread_join(thread, &value);
    printf("canceled %d\n", value == PTHREAD_CANCELED);
  }
}

static pthread_mutex_t robust;
static void *die_with_lock(void *argument) {
  pthread_mutex_lock(&robust);
  if (argument) {
    sem_post(&go);
    usleep(20000);
  }
  return NULL;
}

SECTION(robust_mutex) {
  for (int kind = 0; kind < 4; ++kind) {  // with and without priority inheritance, and with one who waits
    pthread_mutexattr_t attributes;
    pthread_t thread;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (kind & 1) pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&robust, &attributes);
    sem_init(&go, 0, 0);
    pthread_create(&thread, NULL, die_with_lock, (void *)(intptr_t)(kind & 2));
    if (kind & 2) {
      sem_wait(&go);
    } else {
      pthread_join(thread, NULL);
    }
    printf("%s", name_of(pthread_mutex_lock(&robust)));
    printf(" %s", name_of(pthread_mutex_consistent(&robust)));
    printf(" %s\n", name_of(pthread_mutex_unlock(&robust)));
    if (kind & 2) pthread_join(thread, NULL);
  }
}

// --- threads made by hand ------------------------------------------------------------------------

static char stack[65536] __attribute__((aligned(64)));
static int parent_tid, child_tid, ran;

// Calls `entry` in a new thread on `stack`, without libc's thread pointer; the thread ends with 7.
static long raw_clone(uint32_t flags, void *top, int *parent, void *tls, int *child, void (*entry)(void)) {
  long result;
  *--*(void ***)&top = (void *)entry;
  __asm__ volatile(
      "pushl %%ebp\n movl %%esi, %%ebp\n movl %%edi, %%esi\n movl %%ebp, %%edi\n popl %%ebp\n"
      "xchgl %%esi, %%edi\n"
      "int $0x80\n"
      "testl %%eax, %%eax\n jnz 1f\n"
      "popl %%edx\n call *%%edx\n movl $7, %%ebx\n movl $1, %%eax\n int $0x80\n hlt\n"
      "1:"
      : "=a"(result)
      : "0"(SYS_clone), "b"(flags), "c"(top), "d"(parent), "S"(tls), "D"(child)
      : "memory");
  if (result < 0) {
    errno = (int)-result;
    return -1;
  }
  return result;
}

static void note(void) { __atomic_store_n(&ran, 1, __ATOMIC_SEQ_CST); }

static void wait_clear(int *word) {
  for (int value; (value = __atomic_load_n(word, __ATOMIC_SEQ_CST)) != 0;) futex(word, FUTEX_WAIT, value, NULL, NULL, 0);
}

SECTION(by_hand) {
  static const struct { const char *name; uint32_t flags; } kinds[] = {
      {"musl", 0x7d0f00 & ~CLONE_SETTLS},
      {"glibc", CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID},
      {"go", CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD},
  };
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
    parent_tid = ran = 0;
    child_tid = 1;
    const long tid = raw_clone(kinds[i].flags, stack + sizeof stack, &parent_tid, NULL, &child_tid, note);
    if (kinds[i].flags & CLONE_CHILD_CLEARTID) wait_clear(&child_tid);
    while (!__atomic_load_n(&ran, __ATOMIC_SEQ_CST)) sched_yield();
    printf("%s made %d parent %d child %d ran %d tasks %d\n", kinds[i].name, tid > 0, parent_tid == (kinds[i].flags & CLONE_PARENT_SETTID ? tid : 0),
           child_tid, ran, tasks_until(1));
  }
  // Places that cannot be written do no harm.
  ran = 0;
  const long tid = raw_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                                 CLONE_CHILD_CLEARTID,
                             stack + sizeof stack, (int *)8, NULL, (int *)0xfffffff0, note);
  while (!__atomic_load_n(&ran, __ATOMIC_SEQ_CST)) sched_yield();
  printf("bad places %d tasks %d\n", tid > 0, tasks_until(1));
}

// Threads that share neither the working directory nor the descriptors, and one that may not have a new namespace.
static int own_descriptor;
static void move_away(void) {
  chdir("/");
  close(own_descriptor);
  own_descriptor = -1;
  note();
}

SECTION(little_shared) {
  char before[256], after[256];
  const uint32_t thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_CLEARTID;
  for (unsigned i = 0; i < 4; ++i) {
    const uint32_t shared = (i & 1 ? CLONE_FS : 0) | (i & 2 ? CLONE_FILES : 0);
    const int descriptor = own_descriptor = dup(1);
    chdir("/tmp");
    getcwd(before, sizeof before);
    ran = 0;
    child_tid = 1;
    const long tid = raw_clone(thread | shared, stack + sizeof stack, NULL, NULL, &child_tid, move_away);
    wait_clear(&child_tid);
    getcwd(after, sizeof after);
    printf("own %#x: made %d ran %d closed %d moved %d\n", shared, tid > 0, ran, fcntl(descriptor, F_GETFD) < 0, strcmp(before, after) != 0);
    close(descriptor);
  }
  fflush(stdout);
  // Executed, since an emulator's child of a process with threads cannot make any.
  if (fork() == 0) {
    execl("/proc/self/exe", "threads", "namespace", NULL);
    _exit(2);
  }
  wait(NULL);
}

// Not as root, who might have one.
static void new_namespace(void) {
  setresuid(65534, 65534, 65534);
  const long made = syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWUTS, stack + sizeof stack, NULL, NULL, NULL);
  printf("namespace %s tasks %d\n", result(made), tasks());
}

SECTION(refused) {
  static const uint32_t flags[] = {
      CLONE_THREAD, CLONE_SIGHAND, CLONE_THREAD | CLONE_SIGHAND, CLONE_THREAD | CLONE_VM, CLONE_NEWNS | CLONE_FS,
      CLONE_NEWUSER | CLONE_FS, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWUSER, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWPID,
      CLONE_PIDFD | CLONE_DETACHED, CLONE_PIDFD | CLONE_PARENT_SETTID};
  for (unsigned i = 0; i < sizeof flags / sizeof *flags; ++i)
    printf("%#x %s\n", flags[i], result(syscall(SYS_clone, flags[i], 0, &parent_tid, NULL, &child_tid)));
  // A bad descriptor for thread-local storage makes no thread and no process.
  struct { uint32_t entry, base, limit, flags; } desc = {0, 0x1000, 0xfffff, 0x51};
  const uint32_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS;
  for (uint32_t entry = 0; entry < 12; entry += 3) {
    desc.entry = entry;
    if (entry >= 6 && entry <= 8) desc.flags = 0x71;  // not present
    printf("tls %u %s\n", entry, result(syscall(SYS_clone, thread, stack + sizeof stack, NULL, &desc, NULL)));
  }
  printf("tls %s\n", result(syscall(SYS_clone, thread, stack + sizeof stack, NULL, 8, NULL)));
  printf("tls %s tasks %d\n", result(syscall(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, NULL, 0xfffffff0, NULL)), tasks());
}

struct clone3 { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup, more; };

SECTION(clone3_refused) {
  static const struct { const char *what; struct clone3 arguments; unsigned size; } calls[] = {
      {"small", {0}, 63}, {"large", {0}, 4097}, {"more", {.more = 1}, 96}, {"more, 0", {.flags = CLONE_SIGHAND}, 96},
      {"detached", {.flags = CLONE_DETACHED}, 88}, {"signal in flags", {.flags = SIGCHLD}, 88}, {"signal", {.exit_signal = 65}, 88},
      {"signal", {.exit_signal = 0x100}, 88}, {"thread with signal", {.flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, .exit_signal = SIGCHLD}, 88},
      {"clear and share", {.flags = 0x100000000 | CLONE_SIGHAND | CLONE_VM}, 88}, {"unknown", {.flags = 0x800000000}, 88},
      {"stack without size", {.stack = 0x1000}, 88}, {"size without stack", {.stack_size = 0x1000}, 88},
      {"tids", {.set_tid_size = 1}, 88}, {"tids", {.set_tid = 0x1000}, 88}, {"tids", {.set_tid = 0x1000, .set_tid_size = 33}, 88},
      {"cgroup in a small one", {.flags = 0x200000000}, 80}, {"sighand alone", {.flags = CLONE_SIGHAND}, 64}};
  for (unsigned i = 0; i < sizeof calls / sizeof *calls; ++i)
    printf("%s: %s\n", calls[i].what, result(syscall(SYS_clone3, &calls[i].arguments, calls[i].size)));
  printf("unmapped: %s", result(syscall(SYS_clone3, 8, 88)));
  printf(" %s\n", result(syscall(SYS_clone3, 0xfffffff0, 64)));
}

SECTION(clone3_fork) {
  int pidfd = -1, tid = 0;
  struct clone3 arguments = {.flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | 0x100000000, .exit_signal = SIGCHLD};
  signal(SIGUSR1, say);
  signal(SIGUSR2, SIG_IGN);
  arguments.pidfd = (uintptr_t)&pidfd;
  arguments.parent_tid = (uintptr_t)&tid;
  arguments.child_tid = (uintptr_t)&child_tid;
  fflush(stdout);
  const long pid = syscall(SYS_clone3, &arguments, 88);
  if (pid == 0) {
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    const int reset = action.sa_handler == SIG_DFL;
    sigaction(SIGUSR2, NULL, &action);
    _exit(reset + 2 * (action.sa_handler == SIG_IGN) + 4 * (child_tid == syscall(SYS_gettid)));
  }
  siginfo_t info;
  printf("tid %d pidfd %d cloexec %d", tid == pid, pidfd > 2, fcntl(pidfd, F_GETFD));
  printf(" wait %s", result(waitid(P_PIDFD, pidfd, &info, WEXITED)));
  printf(" status %d\n", info.si_status);
  close(pidfd);
  signal(SIGUSR1, SIG_DFL);
  signal(SIGUSR2, SIG_DFL);
}

// --- futexes -------------------------------------------------------------------------------------

static uint32_t word, second;
static void *sleep_on(void *argument) {
  sem_post(&go);
  return (void *)(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, (uint32_t)(intptr_t)argument) < 0 ? errno : 0);
}

static void wait_asleep(int count) {
  for (int i = 0; i < count; ++i) sem_wait(&go);
  usleep(30000);
}

SECTION(futexes) {
  struct timespec soon = {0, 2000000}, bad = {0, -1}, past = {1, 0};
  pthread_t threads[4];
  printf("again %s", result(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0)));
  printf(" timeout %s", result(futex(&word, FUTEX_WAIT, 0, &soon, NULL, 0)));
  printf(" bad %s", result(futex(&word, FUTEX_WAIT, 0, &bad, NULL, 0)));
  printf(" past %s", result(futex(&word, FUTEX_WAIT_BITSET, 0, &past, NULL, ~0u)));
  printf(" realtime %s", result(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, NULL, ~0u)));
  printf(" none %s", result(futex(&word, FUTEX_WAIT_BITSET, 0, &past, NULL, 0)));
  printf(" realtime wake %s\n", result(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0)));
  const uintptr_t places[] = {(uintptr_t)&word + 1, 8, 0, 0xc0000000, 0xfffffffc};
  for (unsigned i = 0; i < sizeof places / sizeof *places; ++i) {
    void *place = (void *)places[i];
    printf("place %u:", i);
    printf(" %s", result(futex(place, FUTEX_WAIT, 0, &soon, NULL, 0)));
    printf(" %s", result(futex(place, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0)));
    printf(" %s", result(futex(place, FUTEX_WAKE, 1, NULL, NULL, 0)));
    printf(" %s", result(futex(place, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0)));
    printf(" %s", result(futex(&word, FUTEX_CMP_REQUEUE, 0, (void *)1, place, 0)));
    printf(" %s", result(futex(&word, FUTEX_WAKE_OP, 0, NULL, place, FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0))));
    printf(" %s\n", result(futex(place, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0)));
  }
  for (int operation = 14; operation < 20; ++operation) printf("op %d %s\n", operation, result(futex(&word, operation, 0, NULL, NULL, 0)));
  // Bitsets choose.
  sem_init(&go, 0, 0);
  for (intptr_t i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, sleep_on, (void *)(i < 2 ? 1 : 2));
  wait_asleep(4);
  printf("woken %ld", futex(&word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 1));
  second = 5;
  printf(" compared %s", result(futex(&word, FUTEX_CMP_REQUEUE, 0, (void *)9, &second, 1)));
  printf(" requeued %ld", futex(&word, FUTEX_CMP_REQUEUE, 0, (void *)9, &second, 0));
  printf(" left %ld", futex(&word, FUTEX_WAKE, 9, NULL, NULL, 0));
  printf(" op %ld", futex(&word, FUTEX_WAKE_OP, 9, (void *)9, &second, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5)));
  printf(" second %u\n", second);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  // Priority inheritance: the kernel writes this thread's number.
  printf("lock %s", result(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0)));
  printf(" mine %d", word == (uint32_t)syscall(SYS_gettid));
  printf(" twice %s", result(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0)));
  printf(" unlock %s", result(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0)));
  printf(" word %u", word);
  printf(" unlock %s\n", result(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0)));
}

// --- robust lists by hand ------------------------------------------------------------------------

struct list { struct list *next; int32_t offset; struct list *pending; };
struct node { struct list *next; uint32_t futex; };
static struct list head;
static struct node nodes[3];
static int list_kind;

static void with_list(void) {
  long ignored;
  const uint32_t tid = (uint32_t)({ long t; __asm__ volatile("int $0x80" : "=a"(t) : "0"(SYS_gettid)); t; });
  head = (struct list){(struct list *)&nodes[0], 4, NULL};
  for (int i = 0; i < 3; ++i) nodes[i] = (struct node){(struct list *)(i < 2 ? (void *)&nodes[i + 1] : (void *)&head), tid};
  switch (list_kind) {
    case 1: nodes[2].next = (struct list *)&nodes[0]; break;          // endless
    case 2: nodes[0].next = (struct list *)8; break;                   // leads out
    case 3: nodes[1].futex = 1; break;                                 // another thread's
    case 4: head.offset = 5; break;                                    // misaligned
    case 5: head.pending = (struct list *)&nodes[2]; nodes[1].next = &head; break;
    case 6: head.next = (struct list *)0xfffffff0; break;
    case 7: nodes[0].futex |= FUTEX_WAITERS; break;
  }
  __asm__ volatile("int $0x80" : "=a"(ignored) : "0"(SYS_set_robust_list), "b"(list_kind == 8 ? (void *)8 : &head), "c"(sizeof head) : "memory");
}

SECTION(robust_lists) {
  for (list_kind = 0; list_kind < 9; ++list_kind) {
    child_tid = 1;
    memset(nodes, 0, sizeof nodes);
    raw_clone(0x7d0f00 & ~CLONE_SETTLS, stack + sizeof stack, &parent_tid, NULL, &child_tid, with_list);
    wait_clear(&child_tid);
    printf("list %d:", list_kind);
    for (int i = 0; i < 3; ++i) printf(" %#x%s", nodes[i].futex & ~FUTEX_TID_MASK, (nodes[i].futex & FUTEX_TID_MASK) ? "+tid" : "");
    printf("\n");
  }
  struct list *got = NULL;
  size_t size = 0;
  printf("size %s", result(syscall(SYS_set_robust_list, &head, 24)));
  printf(" get %s", result(syscall(SYS_get_robust_list, 0, &got, &size)));
  printf(" size %u none %s\n", (unsigned)size, result(syscall(SYS_get_robust_list, 0x3fffffff, &got, &size)));
}

// --- signals to threads --------------------------------------------------------------------------

static volatile int handled_by;
static void note_tid(int signal) { handled_by = (int)syscall(SYS_gettid); (void)signal; }

static void *spin(void *argument) {
  *(int *)argument = (int)syscall(SYS_gettid);
  sem_post(&go);
  while (handled_by == 0) {
  }
  return NULL;
}

SECTION(to_threads) {
  pthread_t thread;
  int tid;
  signal(SIGUSR1, note_tid);
  sem_init(&go, 0, 0);
  handled_by = 0;
  pthread_create(&thread, NULL, spin, &tid);
  sem_wait(&go);
  printf("tgkill %s", result(syscall(SYS_tgkill, getpid(), tid, SIGUSR1)));
  pthread_join(thread, NULL);
  printf(" handled there %d", handled_by == tid);
  tasks_until(1);
  printf(" ended: %s", result(syscall(SYS_tgkill, getpid(), tid, SIGUSR1)));
  printf(" %s", result(syscall(SYS_tkill, tid, 0)));
  printf(" of another process %s", result(syscall(SYS_tgkill, getppid(), getpid(), 0)));
  printf(" 0 %s", result(syscall(SYS_tgkill, 0, 1, 0)));
  printf(" -1 %s", result(syscall(SYS_tgkill, getpid(), -1, 0)));
  printf(" 65 %s\n", result(syscall(SYS_tgkill, getpid(), getpid(), 65)));
  // A process's signal goes to the thread that does not block it.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  handled_by = 0;
  pthread_create(&thread, NULL, spin, &tid);
  sem_wait(&go);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  kill(getpid(), SIGUSR1);
  pthread_join(thread, NULL);
  printf("unblocked thread %d\n", handled_by == tid);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  signal(SIGUSR1, SIG_DFL);
}

// --- the end of processes ------------------------------------------------------------------------

// The wait is for the other threads: an emulator below ferry may fail where one ends the process while another begins.
static void *leave(void *argument) {
  usleep(20000);
  switch ((intptr_t)argument) {
    case 0: exit(3);
    case 1: syscall(SYS_exit_group, 4);
    case 2: printf("after the leader: tasks %d self %d\n", tasks(), access("/proc/self/status", R_OK) == 0); fflush(stdout); return NULL;
    case 3: syscall(SYS_exit, 9);
    case 4: kill(getpid(), SIGTERM); for (;;) pause();
    case 5: *(volatile int *)8 = 1;
    case 6: syscall(SYS_kill, syscall(SYS_gettid), SIGKILL); for (;;) pause();
    case 7: abort();
    case 8: execl("/proc/self/exe", "threads", "executed", NULL); _exit(errno);
    case 9: execl("/proc/thread-self/exe", "threads", "executed", NULL); _exit(errno);
  }
  return NULL;
}
static void *forever(void *argument) { for (;;) if (argument == NULL) pause(); }

SECTION(ends) {
  for (intptr_t kind = 0; kind < 10; ++kind) {
    tasks_until(1);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      pthread_t thread;
      if (kind != 2 && kind != 3) pthread_create(&thread, NULL, forever, NULL);
      if (kind != 2 && kind != 3) pthread_create(&thread, NULL, forever, &thread);
      pthread_create(&thread, NULL, leave, (void *)kind);
      if (kind == 2) pthread_exit(NULL);
      if (kind == 3 || kind == 9) syscall(SYS_exit, 5);
      for (;;) pause();
    }
    printf("end %d: %d\n", (int)kind, status_of(child));
  }
}

// --- fork beside threads -------------------------------------------------------------------------

static volatile int stop;
static void *busy(void *argument) {
  char name[64];
  while (!stop) {
    char *block = malloc(100 + (uintptr_t)argument * 1000);
    snprintf(name, sizeof name, "%p", block);
    free(block);
    void *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *(volatile char *)pages = 1;
    munmap(pages, 8192);
  }
  return NULL;
}

// The children make no threads: cases/forkthreads.c.
SECTION(forks) {
  pthread_t threads[3];
  int good = 0;
  stop = 0;
  for (intptr_t i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, busy, (void *)i);
  for (int i = 0; i < 40; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      free(malloc(100000));
      if (tasks() != 1) _exit(1);
      if (i % 4 == 0) {
        execl("/proc/self/exe", "threads", "quiet", NULL);
        _exit(2);
      }
      exit(7);
    }
    good += status_of(child) == 7;
  }
  stop = 1;
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  printf("forks %d tasks %d\n", good, tasks_until(1));
}

int main(int argc, char **argv) {
  if (argc > 1) {
    if (strcmp(argv[1], "quiet") == 0) return 7;
    if (strcmp(argv[1], "namespace") == 0) {
      new_namespace();
      return 0;
    }
    char path[64] = "";
    readlink("/proc/self/exe", path, sizeof path - 1);
    printf("executed: pid is tid %d tasks %d exe %d\n", getpid() == (pid_t)syscall(SYS_gettid), tasks_until(1), path[0] == '/');
    return 11;
  }
  void (*sections[])(void) = {libc, many, until_eagain, cancel, robust_mutex, by_hand, little_shared, refused, clone3_refused, clone3_fork, futexes,
                              robust_lists, to_threads, ends, forks};
  for (unsigned i = 0; i < sizeof sections / sizeof *sections; ++i) {
    sections[i]();
    fflush(stdout);
  }
  return 0;
}
