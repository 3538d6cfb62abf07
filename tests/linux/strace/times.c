#include "trace.h"

#include <sys/epoll.h>
#include <sys/poll.h>
#include <sys/time.h>
#include <time.h>

static int32_t narrow[4];
static int64_t wide[4];

static void clocks(void) {
  call(SYS_time, NULL);
  call(SYS_time, narrow);
  call(SYS_gettimeofday, narrow, NULL);
  static int zone[2];
  call(SYS_gettimeofday, narrow, zone);
  call(SYS_clock_gettime, CLOCK_REALTIME, narrow);
  call(SYS_clock_gettime64, CLOCK_MONOTONIC, wide);
  call(SYS_clock_getres, CLOCK_PROCESS_CPUTIME_ID, narrow);
  call(SYS_clock_getres_time64, CLOCK_BOOTTIME, wide);
  call(SYS_clock_gettime64, 77, wide);
  call(SYS_clock_settime64, CLOCK_MONOTONIC, wide);
  narrow[0] = 0, narrow[1] = 1000;
  call(SYS_nanosleep, narrow, NULL);
  call(SYS_nanosleep, narrow, narrow + 2);
  wide[0] = 0, wide[1] = 1000;
  call(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, wide, NULL);
  call(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, TIMER_ABSTIME, wide, wide);
  call(SYS_clock_nanosleep, CLOCK_REALTIME, 0, narrow, NULL);
  wide[1] = -1;
  call(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, wide, NULL);
}

static void timers(void) {
  static struct itimerval timer, old;
  call(SYS_setitimer, ITIMER_REAL, &timer, &old);
  call(SYS_getitimer, ITIMER_VIRTUAL, &timer);
  call(SYS_alarm, 0);
  static struct sigevent event;
  static int id;
  event.sigev_notify = SIGEV_NONE, event.sigev_signo = SIGUSR1;
  call(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
  memset(narrow, 0, sizeof narrow);
  memset(wide, 0, sizeof wide);
  call(SYS_timer_settime, id, 0, narrow, NULL);
  call(SYS_timer_settime64, id, TIMER_ABSTIME, wide, wide);
  call(SYS_timer_gettime, id, narrow);
  call(SYS_timer_gettime64, id, wide);
  call(SYS_timer_getoverrun, id);
  call(SYS_timer_delete, id);
  call(SYS_timer_create, CLOCK_REALTIME, NULL, BAD);
  call(SYS_timerfd_create, CLOCK_MONOTONIC, O_CLOEXEC | O_NONBLOCK);
  call(SYS_timerfd_settime, 3, 0, narrow, NULL);
  call(SYS_timerfd_settime64, 3, 1, wide, wide);
  call(SYS_timerfd_gettime, 3, narrow);
  call(SYS_timerfd_gettime64, 3, wide);
}

static void polling(void) {
  static int ends[2];
  pipe(ends);
  static struct pollfd p[2];
  p[0].fd = ends[0], p[0].events = POLLIN, p[1].fd = ends[1], p[1].events = POLLOUT | POLLRDBAND;
  call(SYS_poll, p, 2, 0);
  call(SYS_poll, p, 1, 0);
  call(SYS_poll, p, 0, 0);
  call(SYS_poll, BAD, 1, 0);
  memset(narrow, 0, sizeof narrow);
  memset(wide, 0, sizeof wide);
  uint64_t set = 1 << 9;
  call(SYS_ppoll, p, 2, narrow, &set, 8);
  call(SYS_ppoll_time64, p, 1, wide, NULL, 8);
  static uint32_t reads[4], writes[4];
  reads[0] = 1 << ends[0], writes[0] = 1 << ends[1];
  call(SYS__newselect, 6, reads, writes, NULL, narrow);
  reads[0] = 1 << ends[0];
  call(SYS__newselect, 6, reads, NULL, NULL, narrow);
  unsigned words[5] = {0, 0, 0, 0, (unsigned)narrow};
  call(SYS_select, words);
  reads[0] = 1 << ends[0];
  static struct {
    uint64_t* set;
    unsigned size;
  } mask;
  mask.set = &set, mask.size = 8;
  call(SYS_pselect6_time64, 6, reads, writes, NULL, wide, &mask);
  call(SYS_pselect6, 6, NULL, NULL, NULL, narrow, NULL);
  call(SYS_epoll_create, 10);
  call(SYS_epoll_create1, EPOLL_CLOEXEC);
  static struct epoll_event event, events[4];
  event.events = EPOLLOUT | EPOLLET, event.data.u64 = 0x100000005ull;
  call(SYS_epoll_ctl, 6, EPOLL_CTL_ADD, ends[1], &event);
  call(SYS_epoll_ctl, 6, EPOLL_CTL_DEL, ends[0], NULL);
  call(SYS_epoll_ctl, 6, EPOLL_CTL_MOD, ends[1], &event);
  call(SYS_epoll_wait, 6, events, 4, 0);
  call(SYS_epoll_wait, 6, events, 4, 0);
  call(SYS_epoll_pwait, 6, events, 4, 0, &set, 8);
  call(SYS_epoll_pwait2, 6, events, 4, wide, NULL, 8);
}

static void futexes(void) {
  static uint32_t word = 1;
  memset(wide, 0, sizeof wide);
  call(SYS_futex, &word, 0, 2, NULL, NULL, 0);
  call(SYS_futex, &word, 128, 1, narrow, NULL, 0);
  call(SYS_futex, &word, 129, 1);
  call(SYS_futex_time64, &word, 9 | 128 | 256, 2, NULL, NULL, -1);
  call(SYS_futex_time64, &word, 10, 1, NULL, NULL, 1);
  call(SYS_futex, &word, 3, 1, 1, &word, 0);
  call(SYS_futex, &word, 4, 1, 1, &word, 1);
  call(SYS_futex, &word, 5 | 128, 1, 1, &word, 0x1000001);
  call(SYS_futex, &word, 6, 0, NULL, NULL, 0);
  call(SYS_futex, &word, 7);
  call(SYS_futex, &word, 99, 1, 2, 3, 4);
  call(SYS_set_robust_list, NULL, 12);
  static unsigned head, size;
  call(SYS_get_robust_list, 0, &head, &size);
  call(SYS_set_tid_address, NULL);
  static unsigned description[4] = {-1, 0x1000, 0xfffff, 0x51};
  call(SYS_set_thread_area, description);
  call(SYS_get_thread_area, description);
  description[0] = 99;
  call(SYS_get_thread_area, description);
  call(SYS_getcpu, NULL, NULL, NULL);
}

int main(void) {
  begin();
  clocks();
  timers();
  polling();
  futexes();
  return 0;
}
