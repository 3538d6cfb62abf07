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

/// The kernel's second begins with its tick (kernel/time/time.c), as the times of files do.
CallResult sys_time(Thread& t, GuestPointer time) {
  struct timespec now;
  host_call(SYS_clock_gettime, CLOCK_REALTIME_COARSE, &now);
  const auto seconds = static_cast<uint32_t>(now.tv_sec);
  if (time != 0 && !copy_out(t, time, seconds)) return abi::kEFAULT;
  return seconds;
}

CallResult sys_stime(Thread&, GuestPointer time_pointer) {
  int32_t seconds;
  if (!copy_in(time_pointer, seconds)) return abi::kEFAULT;
  const struct timespec time { seconds, 0 };
  return guest_result(host_call(SYS_clock_settime, CLOCK_REALTIME, &time));
}

CallResult sys_gettimeofday(Thread& t, GuestPointer time, GuestPointer zone_pointer) {
  struct timeval now;
  struct timezone zone;
  const long result = host_call(SYS_gettimeofday, &now, &zone);
  if (result < 0) return guest_result(result);
  if (time != 0 && !copy_out_timeval(t, time, now)) return abi::kEFAULT;
  if (zone_pointer != 0 && !copy_out(t, zone_pointer, zone)) return abi::kEFAULT;
  return kOk;
}

CallResult sys_settimeofday(Thread&, GuestPointer time_pointer, GuestPointer zone_pointer) {
  struct timeval time;
  struct timezone zone;
  if (time_pointer != 0 && !copy_in_timeval(time_pointer, time)) return abi::kEFAULT;
  if (zone_pointer != 0 && !copy_in(zone_pointer, zone)) return abi::kEFAULT;
  return guest_result(host_call(SYS_settimeofday, time_pointer != 0 ? &time : nullptr,
                                zone_pointer != 0 ? &zone : nullptr));
}

CallResult sys_times(Thread& t, GuestPointer times) {
  struct tms host;
  const long ticks = host_call(SYS_times, &host);
  if (times != 0) {
    const abi::Tms guest{static_cast<int32_t>(host.tms_utime), static_cast<int32_t>(host.tms_stime),
                         static_cast<int32_t>(host.tms_cutime),
                         static_cast<int32_t>(host.tms_cstime)};
    if (!copy_out(t, times, guest)) return abi::kEFAULT;
  }
  return static_cast<uint32_t>(ticks);
}

// --- clocks -------------------------------------------------------------------------------------

namespace {

CallResult get_clock(Thread& t, int32_t clock, GuestPointer time_pointer, long number,
                     TimeWidth width) {
  struct timespec time;
  const long result = host_call(number, clock, &time);
  if (result < 0) return guest_result(result);
  if (time_pointer == 0) return number == SYS_clock_getres ? kOk : abi::kEFAULT;
  return copy_out_time(t, time_pointer, width, time) ? kOk : abi::kEFAULT;
}

CallResult set_clock(int32_t clock, GuestPointer time_pointer, TimeWidth width) {
  struct timespec time;
  // The kernel asks whether the clock can be set before it reads the time.
  const bool readable = copy_in_time(time_pointer, width, time);
  return guest_result(host_call(SYS_clock_settime, clock, readable ? &time : nullptr));
}

CallResult sleep_on_clock(Thread& t, int clock, int flags, uint32_t request, uint32_t remaining,
                          TimeWidth width) {
  struct timespec time;
  // Whether one can sleep on the clock, the kernel asks before it reads the time.
  const bool readable = copy_in_time(request, width, time);
  // The time left replaces the time requested, because the call may be made again.
  const CallResult result =
      sleeping_call(t, SYS_clock_nanosleep, clock, flags, readable ? &time : nullptr, &time);
  if (result == abi::kEINTR && remaining != 0 && (flags & TIMER_ABSTIME) == 0 &&
      !copy_out_time(t, remaining, width, time)) {
    return abi::kEFAULT;
  }
  return result;
}

}  // namespace

CallResult sys_clock_gettime(Thread& t, int32_t clock, GuestPointer time) {
  return get_clock(t, clock, time, SYS_clock_gettime, TimeWidth::time32);
}
CallResult sys_clock_gettime64(Thread& t, int32_t clock, GuestPointer time) {
  return get_clock(t, clock, time, SYS_clock_gettime, TimeWidth::time64);
}
CallResult sys_clock_getres(Thread& t, int32_t clock, GuestPointer time) {
  return get_clock(t, clock, time, SYS_clock_getres, TimeWidth::time32);
}
CallResult sys_clock_getres_time64(Thread& t, int32_t clock, GuestPointer time) {
  return get_clock(t, clock, time, SYS_clock_getres, TimeWidth::time64);
}
CallResult sys_clock_settime(Thread&, int32_t clock, GuestPointer time) {
  return set_clock(clock, time, TimeWidth::time32);
}
CallResult sys_clock_settime64(Thread&, int32_t clock, GuestPointer time) {
  return set_clock(clock, time, TimeWidth::time64);
}
CallResult sys_nanosleep(Thread& t, GuestPointer request, GuestPointer remaining) {
  return sleep_on_clock(t, CLOCK_MONOTONIC, 0, request, remaining, TimeWidth::time32);
}
CallResult sys_clock_nanosleep(Thread& t, int32_t clock, int32_t flags, GuestPointer request,
                               GuestPointer remaining) {
  return sleep_on_clock(t, clock, flags, request, remaining, TimeWidth::time32);
}
CallResult sys_clock_nanosleep_time64(Thread& t, int32_t clock, int32_t flags, GuestPointer request,
                                      GuestPointer remaining) {
  return sleep_on_clock(t, clock, flags, request, remaining, TimeWidth::time64);
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

CallResult sys_setitimer(Thread& t, int32_t which, GuestPointer timer_pointer,
                         GuestPointer old_pointer) {
  struct itimerval timer {};
  struct itimerval old {};
  if (timer_pointer != 0 && !copy_in_itimerval(timer_pointer, timer)) return abi::kEFAULT;
  const long result = host_call(SYS_setitimer, which, &timer, &old);
  if (result < 0) return guest_result(result);
  return old_pointer == 0 || copy_out_itimerval(t, old_pointer, old) ? kOk : abi::kEFAULT;
}

CallResult sys_getitimer(Thread& t, int32_t which, GuestPointer timer_pointer) {
  struct itimerval timer {};
  const long result = host_call(SYS_getitimer, which, &timer);
  if (result < 0) return guest_result(result);
  return copy_out_itimerval(t, timer_pointer, timer) ? kOk : abi::kEFAULT;
}

CallResult sys_alarm(Thread&, uint32_t seconds) {
  // MIPS n64 has alarm, other hosts may not: setitimer does the same (kernel/time/itimer.c).
  struct itimerval timer {};
  struct itimerval old {};
  timer.it_value.tv_sec = seconds;
  host_call(SYS_setitimer, ITIMER_REAL, &timer, &old);
  const bool round_up =
      (old.it_value.tv_sec == 0 && old.it_value.tv_usec != 0) || old.it_value.tv_usec >= 500000;
  return static_cast<uint32_t>(old.it_value.tv_sec + (round_up ? 1 : 0));
}

CallResult sys_timer_create(Thread& t, int32_t clock, GuestPointer event_pointer,
                            GuestPointer timer_pointer) {
  struct sigevent event {};
  if (event_pointer != 0) {
    abi::SigEvent guest;
    if (!copy_in(event_pointer, guest)) return abi::kEFAULT;
    event.sigev_value.sival_ptr = reinterpret_cast<void*>(static_cast<uintptr_t>(guest.value));
    event.sigev_signo = signal_to_host(guest.signo);
    event.sigev_notify = guest.notify;
    event._sigev_un._tid = guest.tid;
  }
  int32_t timer = 0;
  const long result =
      host_call(SYS_timer_create, clock, event_pointer != 0 ? &event : nullptr, &timer);
  if (result < 0) return guest_result(result);
  return copy_out(t, timer_pointer, timer) ? kOk : abi::kEFAULT;
}

namespace {

CallResult set_timer(Thread& t, int32_t timer, uint32_t flags, GuestPointer time_pointer,
                     GuestPointer old_pointer, long number, TimeWidth width) {
  struct itimerspec time;
  struct itimerspec old {};
  // kernel/time/posix-timers.c (6.1) asks, fs/timerfd.c does not.
  if (time_pointer == 0 && number == SYS_timer_settime) return abi::kEINVAL;
  if (!copy_in_itimerspec(time_pointer, width, time)) return abi::kEFAULT;
  const long result = host_call(number, timer, flags, &time, &old);
  if (result < 0) return guest_result(result);
  return old_pointer == 0 || copy_out_itimerspec(t, old_pointer, width, old) ? kOk : abi::kEFAULT;
}

CallResult get_timer(Thread& t, int32_t timer, GuestPointer time_pointer, long number,
                     TimeWidth width) {
  struct itimerspec time {};
  const long result = host_call(number, timer, &time);
  if (result < 0) return guest_result(result);
  return copy_out_itimerspec(t, time_pointer, width, time) ? kOk : abi::kEFAULT;
}

}  // namespace

CallResult sys_timer_settime(Thread& t, int32_t timer, int32_t flags, GuestPointer time,
                             GuestPointer old) {
  return set_timer(t, timer, flags, time, old, SYS_timer_settime, TimeWidth::time32);
}
CallResult sys_timer_settime64(Thread& t, int32_t timer, int32_t flags, GuestPointer time,
                               GuestPointer old) {
  return set_timer(t, timer, flags, time, old, SYS_timer_settime, TimeWidth::time64);
}
CallResult sys_timer_gettime(Thread& t, int32_t timer, GuestPointer time) {
  return get_timer(t, timer, time, SYS_timer_gettime, TimeWidth::time32);
}
CallResult sys_timer_gettime64(Thread& t, int32_t timer, GuestPointer time) {
  return get_timer(t, timer, time, SYS_timer_gettime, TimeWidth::time64);
}
CallResult sys_timerfd_settime(Thread& t, Fd fd, Flags flags, GuestPointer time, GuestPointer old) {
  return set_timer(t, fd, flags, time, old, SYS_timerfd_settime, TimeWidth::time32);
}
CallResult sys_timerfd_settime64(Thread& t, Fd fd, Flags flags, GuestPointer time,
                                 GuestPointer old) {
  return set_timer(t, fd, flags, time, old, SYS_timerfd_settime, TimeWidth::time64);
}
CallResult sys_timerfd_gettime(Thread& t, Fd fd, GuestPointer time) {
  return get_timer(t, fd, time, SYS_timerfd_gettime, TimeWidth::time32);
}
CallResult sys_timerfd_gettime64(Thread& t, Fd fd, GuestPointer time) {
  return get_timer(t, fd, time, SYS_timerfd_gettime, TimeWidth::time64);
}
NewFd sys_timerfd_create(Thread&, int32_t clock, Flags flags) {
  return guest_result(host_call(SYS_timerfd_create, clock, creation_flags_to_host(flags)));
}

}  // namespace ferry::linux
