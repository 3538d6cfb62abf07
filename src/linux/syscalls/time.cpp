// Clocks, sleeping, timers.
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

int32_t sys_time(Thread& t, const Arguments& a) {
  struct timespec now;
  host_call(SYS_clock_gettime, CLOCK_REALTIME, &now);
  const auto seconds = static_cast<int32_t>(now.tv_sec);
  return a[0] == 0 || copy_out(t, a[0], seconds) ? seconds : -abi::kEFAULT;
}

int32_t sys_stime(Thread&, const Arguments& a) {
  int32_t seconds;
  if (!copy_in(a[0], seconds)) return -abi::kEFAULT;
  const struct timespec time { seconds, 0 };
  return guest_result(host_call(SYS_clock_settime, CLOCK_REALTIME, &time));
}

int32_t sys_gettimeofday(Thread& t, const Arguments& a) {
  struct timeval now;
  struct timezone zone;
  const long result = host_call(SYS_gettimeofday, &now, &zone);
  if (result < 0) return guest_result(result);
  if (a[0] != 0 && !copy_out_timeval(t, a[0], now)) return -abi::kEFAULT;
  if (a[1] != 0 && !copy_out(t, a[1], zone)) return -abi::kEFAULT;
  return 0;
}

int32_t sys_settimeofday(Thread&, const Arguments& a) {
  struct timeval time;
  struct timezone zone;
  if (a[0] != 0 && !copy_in_timeval(a[0], time)) return -abi::kEFAULT;
  if (a[1] != 0 && !copy_in(a[1], zone)) return -abi::kEFAULT;
  return guest_result(
      host_call(SYS_settimeofday, a[0] != 0 ? &time : nullptr, a[1] != 0 ? &zone : nullptr));
}

int32_t sys_times(Thread& t, const Arguments& a) {
  struct tms host;
  const long ticks = host_call(SYS_times, &host);
  if (a[0] != 0) {
    const abi::Tms guest{static_cast<int32_t>(host.tms_utime), static_cast<int32_t>(host.tms_stime),
                         static_cast<int32_t>(host.tms_cutime),
                         static_cast<int32_t>(host.tms_cstime)};
    if (!copy_out(t, a[0], guest)) return -abi::kEFAULT;
  }
  return static_cast<int32_t>(ticks);
}

// --- clocks -------------------------------------------------------------------------------------

namespace {

int32_t get_clock(Thread& t, const Arguments& a, long number, TimeWidth width) {
  struct timespec time;
  const long result = host_call(number, a.signed_at(0), &time);
  if (result < 0) return guest_result(result);
  if (a[1] == 0) return number == SYS_clock_getres ? 0 : -abi::kEFAULT;
  return copy_out_time(t, a[1], width, time) ? 0 : -abi::kEFAULT;
}

int32_t set_clock(const Arguments& a, TimeWidth width) {
  struct timespec time;
  if (!copy_in_time(a[1], width, time)) return -abi::kEFAULT;
  return guest_result(host_call(SYS_clock_settime, a.signed_at(0), &time));
}

int32_t sleep_on_clock(Thread& t, int clock, int flags, uint32_t request, uint32_t remaining,
                       TimeWidth width) {
  struct timespec time;
  struct timespec rest {};
  if (!copy_in_time(request, width, time)) return -abi::kEFAULT;
  const int32_t result = sleeping_call(t, SYS_clock_nanosleep, clock, flags, &time, &rest);
  if (result == -abi::kEINTR && remaining != 0 && (flags & TIMER_ABSTIME) == 0 &&
      !copy_out_time(t, remaining, width, rest)) {
    return -abi::kEFAULT;
  }
  return result;
}

}  // namespace

int32_t sys_clock_gettime(Thread& t, const Arguments& a) {
  return get_clock(t, a, SYS_clock_gettime, TimeWidth::time32);
}
int32_t sys_clock_gettime64(Thread& t, const Arguments& a) {
  return get_clock(t, a, SYS_clock_gettime, TimeWidth::time64);
}
int32_t sys_clock_getres(Thread& t, const Arguments& a) {
  return get_clock(t, a, SYS_clock_getres, TimeWidth::time32);
}
int32_t sys_clock_getres_time64(Thread& t, const Arguments& a) {
  return get_clock(t, a, SYS_clock_getres, TimeWidth::time64);
}
int32_t sys_clock_settime(Thread&, const Arguments& a) {
  return set_clock(a, TimeWidth::time32);
}
int32_t sys_clock_settime64(Thread&, const Arguments& a) {
  return set_clock(a, TimeWidth::time64);
}
int32_t sys_nanosleep(Thread& t, const Arguments& a) {
  return sleep_on_clock(t, CLOCK_MONOTONIC, 0, a[0], a[1], TimeWidth::time32);
}
int32_t sys_clock_nanosleep(Thread& t, const Arguments& a) {
  return sleep_on_clock(t, a.signed_at(0), a.signed_at(1), a[2], a[3], TimeWidth::time32);
}
int32_t sys_clock_nanosleep_time64(Thread& t, const Arguments& a) {
  return sleep_on_clock(t, a.signed_at(0), a.signed_at(1), a[2], a[3], TimeWidth::time64);
}

// --- interval timers ----------------------------------------------------------------------------

namespace {

bool copy_in_itimerval(uint32_t guest, struct itimerval& timer) {
  return copy_in_timeval(guest, timer.it_interval) && copy_in_timeval(guest + 8, timer.it_value);
}
bool copy_out_itimerval(Thread& t, uint32_t guest, const struct itimerval& timer) {
  return copy_out_timeval(t, guest, timer.it_interval) &&
         copy_out_timeval(t, guest + 8, timer.it_value);
}

}  // namespace

int32_t sys_setitimer(Thread& t, const Arguments& a) {
  struct itimerval timer {};
  struct itimerval old {};
  if (a[1] != 0 && !copy_in_itimerval(a[1], timer)) return -abi::kEFAULT;
  const long result = host_call(SYS_setitimer, a.signed_at(0), &timer, &old);
  if (result < 0) return guest_result(result);
  return a[2] == 0 || copy_out_itimerval(t, a[2], old) ? 0 : -abi::kEFAULT;
}

int32_t sys_getitimer(Thread& t, const Arguments& a) {
  struct itimerval timer {};
  const long result = host_call(SYS_getitimer, a.signed_at(0), &timer);
  if (result < 0) return guest_result(result);
  return copy_out_itimerval(t, a[1], timer) ? 0 : -abi::kEFAULT;
}

int32_t sys_alarm(Thread&, const Arguments& a) {
  // MIPS n64 has alarm, other hosts may not: setitimer does the same (kernel/time/itimer.c).
  struct itimerval timer {};
  struct itimerval old {};
  timer.it_value.tv_sec = a[0];
  host_call(SYS_setitimer, ITIMER_REAL, &timer, &old);
  const bool round_up =
      (old.it_value.tv_sec == 0 && old.it_value.tv_usec != 0) || old.it_value.tv_usec >= 500000;
  return static_cast<int32_t>(old.it_value.tv_sec + (round_up ? 1 : 0));
}

int32_t sys_timer_create(Thread& t, const Arguments& a) {
  struct sigevent event {};
  if (a[1] != 0) {
    abi::SigEvent guest;
    if (!copy_in(a[1], guest)) return -abi::kEFAULT;
    event.sigev_value.sival_ptr = reinterpret_cast<void*>(static_cast<uintptr_t>(guest.value));
    event.sigev_signo = signal_to_host(guest.signo);
    event.sigev_notify = guest.notify;
    event._sigev_un._tid = guest.tid;
  }
  int32_t timer = 0;
  const long result =
      host_call(SYS_timer_create, a.signed_at(0), a[1] != 0 ? &event : nullptr, &timer);
  if (result < 0) return guest_result(result);
  return copy_out(t, a[2], timer) ? 0 : -abi::kEFAULT;
}

namespace {

int32_t set_timer(Thread& t, const Arguments& a, long number, TimeWidth width) {
  struct itimerspec time;
  struct itimerspec old {};
  if (!copy_in_itimerspec(a[2], width, time)) return -abi::kEFAULT;
  const long result = host_call(number, a.signed_at(0), a.signed_at(1), &time, &old);
  if (result < 0) return guest_result(result);
  return a[3] == 0 || copy_out_itimerspec(t, a[3], width, old) ? 0 : -abi::kEFAULT;
}

int32_t get_timer(Thread& t, const Arguments& a, long number, TimeWidth width) {
  struct itimerspec time {};
  const long result = host_call(number, a.signed_at(0), &time);
  if (result < 0) return guest_result(result);
  return copy_out_itimerspec(t, a[1], width, time) ? 0 : -abi::kEFAULT;
}

}  // namespace

int32_t sys_timer_settime(Thread& t, const Arguments& a) {
  return set_timer(t, a, SYS_timer_settime, TimeWidth::time32);
}
int32_t sys_timer_settime64(Thread& t, const Arguments& a) {
  return set_timer(t, a, SYS_timer_settime, TimeWidth::time64);
}
int32_t sys_timer_gettime(Thread& t, const Arguments& a) {
  return get_timer(t, a, SYS_timer_gettime, TimeWidth::time32);
}
int32_t sys_timer_gettime64(Thread& t, const Arguments& a) {
  return get_timer(t, a, SYS_timer_gettime, TimeWidth::time64);
}
int32_t sys_timerfd_settime(Thread& t, const Arguments& a) {
  return set_timer(t, a, SYS_timerfd_settime, TimeWidth::time32);
}
int32_t sys_timerfd_settime64(Thread& t, const Arguments& a) {
  return set_timer(t, a, SYS_timerfd_settime, TimeWidth::time64);
}
int32_t sys_timerfd_gettime(Thread& t, const Arguments& a) {
  return get_timer(t, a, SYS_timerfd_gettime, TimeWidth::time32);
}
int32_t sys_timerfd_gettime64(Thread& t, const Arguments& a) {
  return get_timer(t, a, SYS_timerfd_gettime, TimeWidth::time64);
}
int32_t sys_timerfd_create(Thread&, const Arguments& a) {
  return guest_result(host_call(SYS_timerfd_create, a.signed_at(0), creation_flags_to_host(a[1])));
}

}  // namespace ferry::linux
