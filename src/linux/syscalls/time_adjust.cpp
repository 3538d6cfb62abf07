// adjtimex and its kin: struct timex in both forms.
#include <sys/timex.h>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

/// struct __kernel_timex is the 64-bit host's struct timex.
static_assert(sizeof(struct timex) == 208);

/// Calls `each(guest's field, host's field)` for all fields of the same name but modes, time and
/// tai.
template <typename Each>
void for_each_field(abi::Timex32& guest, struct timex& host, Each each) {
  each(guest.offset, host.offset);
  each(guest.freq, host.freq);
  each(guest.maxerror, host.maxerror);
  each(guest.esterror, host.esterror);
  each(guest.status, host.status);
  each(guest.constant, host.constant);
  each(guest.precision, host.precision);
  each(guest.tolerance, host.tolerance);
  each(guest.tick, host.tick);
  each(guest.ppsfreq, host.ppsfreq);
  each(guest.jitter, host.jitter);
  each(guest.shift, host.shift);
  each(guest.stabil, host.stabil);
  each(guest.jitcnt, host.jitcnt);
  each(guest.calcnt, host.calcnt);
  each(guest.errcnt, host.errcnt);
  each(guest.stbcnt, host.stbcnt);
}

/// kernel/time/time.c, get_old_timex32.
struct timex timex_to_host(abi::Timex32& guest) {
  struct timex host {};
  host.modes = guest.modes;
  host.time = {guest.time.seconds, guest.time.microseconds};
  for_each_field(guest, host, [](auto& from, auto& to) { to = from; });
  return host;
}

/// put_old_timex32.
abi::Timex32 timex_to_guest(struct timex& host) {
  abi::Timex32 guest{};
  guest.modes = host.modes;
  guest.time = {static_cast<int32_t>(host.time.tv_sec), static_cast<int32_t>(host.time.tv_usec)};
  for_each_field(guest, host, [](auto& to, auto& from) { to = static_cast<int32_t>(from); });
  guest.tai = host.tai;
  return guest;
}

}  // namespace

/// The structure is written back in any case.
CallResult sys_adjtimex(Thread& t, GuestPointer pointer) {
  abi::Timex32 guest;
  if (!copy_in(pointer, guest)) return abi::kEFAULT;
  struct timex host = timex_to_host(guest);
  const CallResult result = guest_result(host_call(SYS_adjtimex, &host));
  return copy_out(t, pointer, timex_to_guest(host)) ? result : abi::kEFAULT;
}

/// kernel/time/posix-timers.c.
CallResult sys_clock_adjtime(Thread& t, int32_t clock, GuestPointer pointer) {
  abi::Timex32 guest;
  if (!copy_in(pointer, guest)) return abi::kEFAULT;
  struct timex host = timex_to_host(guest);
  const CallResult result = guest_result(host_call(SYS_clock_adjtime, clock, &host));
  if (!result.ok()) return result;
  return copy_out(t, pointer, timex_to_guest(host)) ? result : abi::kEFAULT;
}

CallResult sys_clock_adjtime64(Thread& t, int32_t clock, GuestPointer pointer) {
  struct timex host;
  if (!copy_in(pointer, host)) return abi::kEFAULT;
  const CallResult result = guest_result(host_call(SYS_clock_adjtime, clock, &host));
  if (!result.ok()) return result;
  return copy_out(t, pointer, host) ? result : abi::kEFAULT;
}

}  // namespace ferry::linux
