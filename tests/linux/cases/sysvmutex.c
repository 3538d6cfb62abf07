// locks of processes in System V shared memory: a mutex and a condition variable used by several processes, a robust mutex
// whose owner dies, and descriptors and credentials that processes pass to each other beside it
//EXPECT: counted 4000
//EXPECT: owner died: EOWNERDEAD consistent 0 again 0
//EXPECT: passed 3 descriptors, credentials of the child 1 1 1
//FLAGS: -O1 -static -w -march=i686 -mno-sse -U_FORTIFY_SOURCE -pthread
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
struct shared {
  pthread_mutex_t plain, robust;
  pthread_cond_t changed;
  int count, turn;
};
static struct shared *s;
static const char *e(int error) { return error == 0 ? "0" : strerrorname_np(error); }

static void count(void) {
  for (int i = 0; i < 1000; i++) {
    pthread_mutex_lock(&s->plain);
    s->count++;
    pthread_mutex_unlock(&s->plain);
  }
}
static void in_turn(int child) {
  for (int i = 0; i < 20; i++) {
    pthread_mutex_lock(&s->plain);
    while (s->turn != child) pthread_cond_wait(&s->changed, &s->plain);
    s->turn = !child;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->plain);
  }
}
static void robust(void) {
  if (fork() == 0) {
    pthread_mutex_lock(&s->robust);
    _exit(0);
  }
  wait(0);
  int lock = pthread_mutex_lock(&s->robust), consistent = pthread_mutex_consistent(&s->robust);
  pthread_mutex_unlock(&s->robust);
  int again = pthread_mutex_lock(&s->robust);
  pthread_mutex_unlock(&s->robust);
  printf("owner died: %s consistent %s again %s\n", e(lock), e(consistent), e(again));
  // the waiter is woken when the owner ends
  int ends[2];
  pipe(ends);
  if (fork() == 0) {
    pthread_mutex_lock(&s->robust);
    write(ends[1], "x", 1);
    usleep(50000);
    _exit(0);
  }
  char c;
  read(ends[0], &c, 1);
  lock = pthread_mutex_lock(&s->robust);
  printf("waited: %s", e(lock));
  pthread_mutex_unlock(&s->robust); // not made consistent
  printf(" not recoverable: %s\n", e(pthread_mutex_lock(&s->robust)));
  while (wait(0) > 0);
}
static void passing(void) {
  int ends[2], on = 1, pipes[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  fflush(stdout);
  int child = fork();
  char control[256];
  struct iovec text = {"hi", 2};
  struct msghdr m = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = control};
  if (child == 0) {
    int fds[3] = {open("/dev/null", O_RDONLY), open("/proc/self/stat", O_RDONLY), dup(1)};
    struct ucred me = {getpid(), getuid(), getgid()};
    struct cmsghdr *h = (struct cmsghdr *)control;
    *h = (struct cmsghdr){CMSG_LEN(sizeof fds), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(h), fds, sizeof fds);
    h = (struct cmsghdr *)(control + CMSG_SPACE(sizeof fds));
    *h = (struct cmsghdr){CMSG_LEN(sizeof me), SOL_SOCKET, SCM_CREDENTIALS};
    memcpy(CMSG_DATA(h), &me, sizeof me);
    m.msg_controllen = CMSG_SPACE(sizeof fds) + CMSG_SPACE(sizeof me);
    _exit(sendmsg(ends[1], &m, 0) == 2 ? 0 : 1);
  }
  char got[8];
  text = (struct iovec){got, 8};
  m.msg_controllen = sizeof control;
  int n = recvmsg(ends[0], &m, MSG_CMSG_CLOEXEC), descriptors = 0, fds[8], cloexec = 0;
  struct ucred from = {};
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
    if (h->cmsg_type == SCM_RIGHTS) {
      descriptors = (h->cmsg_len - CMSG_LEN(0)) / 4;
      memcpy(fds, CMSG_DATA(h), descriptors * 4);
    }
    if (h->cmsg_type == SCM_CREDENTIALS) memcpy(&from, CMSG_DATA(h), sizeof from);
  }
  for (int i = 0; i < descriptors; i++) cloexec += fcntl(fds[i], F_GETFD);
  char stat[16] = "";
  int pid = 0;
  read(fds[1], stat, 15);
  sscanf(stat, "%d", &pid);
  int status;
  wait(&status);
  printf("received %d status %d flags %x length %d close-on-exec %d of the child %d null %d\n", n, status, m.msg_flags, (int)m.msg_controllen, cloexec, pid == child || pid == 0, (int)read(fds[0], got, 1));
  printf("passed %d descriptors, credentials of the child %d %d %d\n", descriptors, from.pid == child, from.uid == getuid(), from.gid == getgid());
}
int main(void) {
  int id = shmget(IPC_PRIVATE, sizeof *s, 0600);
  s = shmat(id, 0, 0);
  shmctl(id, IPC_RMID, 0);
  pthread_mutexattr_t a;
  pthread_mutexattr_init(&a);
  pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&s->plain, &a);
  pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&s->robust, &a);
  pthread_condattr_t c;
  pthread_condattr_init(&c);
  pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&s->changed, &c);
  for (int i = 0; i < 3; i++) {
    if (fork() == 0) {
      count();
      _exit(0);
    }
  }
  count();
  while (wait(0) > 0);
  printf("counted %d\n", s->count);
  if (fork() == 0) {
    in_turn(1);
    _exit(0);
  }
  in_turn(0);
  wait(0);
  printf("in turn %d\n", s->turn);
  fflush(stdout);
  robust();
  passing();
  return 0;
}
