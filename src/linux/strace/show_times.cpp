#include "linux/strace/show_times.hpp"

#include <sys/timex.h>

#include <ctime>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/abi/i386/process_names.hpp"

namespace ferry::linux::strace {

namespace {

/// The same with its fraction, in `digits` digits.
std::string date(int64_t seconds, int64_t fraction, int digits) {
  struct tm parts {};
  const auto time = static_cast<time_t>(seconds);
  if (seconds == 0 || ::gmtime_r(&time, &parts) == nullptr) return "";
  char text[80];
  size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  if (digits > 0)
    length += static_cast<size_t>(std::snprintf(text + length, sizeof text - length, ".%0*lld",
                                                digits, static_cast<long long>(fraction)));
  return std::string(text, length) + "+0000";
}

void add_seconds(Printer& p, int64_t seconds, const char* fraction_name, int64_t fraction) {
  p.add("{tv_sec=%lld, %s=%llu}", static_cast<long long>(seconds), fraction_name,
        static_cast<unsigned long long>(fraction));
}

void add_time(Printer& p, const abi::TimeSpec32& time) {
  add_seconds(p, time.seconds, "tv_nsec", time.nanoseconds);
}
void add_time(Printer& p, const abi::TimeSpec64& time) {
  add_seconds(p, time.seconds, "tv_nsec", time.nanoseconds);
}
void add_time(Printer& p, const abi::TimeVal32& time) {
  add_seconds(p, time.seconds, "tv_usec", time.microseconds);
}

template <typename Time>
void show_plain(Printer& p, uint32_t guest) {
  Time time;
  if (p.fetch(guest, time)) add_time(p, time);
}

template <typename Timer>
void show_timer(Printer& p, uint32_t guest) {
  Timer timer;
  if (!p.fetch(guest, timer)) return;
  p.text += "{it_interval=";
  add_time(p, timer.interval);
  p.text += ", it_value=";
  add_time(p, timer.value);
  p.text += "}";
}

template <typename Time>
void show_interrupted(Printer& p, uint32_t guest) {
  Time time;
  const bool interrupted = p.result.error() == abi::kEINTR || !p.result.sets_eax();
  if (guest != 0 && interrupted && copy_in(guest, time)) {
    add_time(p, time);
  } else {
    p.address(guest);
  }
}

void add_dated(Printer& p, int64_t seconds, int64_t fraction, int digits) {
  const std::string text = date(seconds, fraction, digits);
  if (!text.empty()) p.add(" /* %s */", text.c_str());
}

/// A time of utimensat, with the two values that are no times.
template <typename Time>
void add_file_time(Printer& p, const Time& time) {
  constexpr int64_t kNow = 0x3fffffff, kOmit = 0x3ffffffe;
  if (time.nanoseconds == kNow) {
    p.text += "UTIME_NOW";
  } else if (time.nanoseconds == kOmit) {
    p.text += "UTIME_OMIT";
  } else {
    add_time(p, time);
    add_dated(p, time.seconds, time.nanoseconds, 9);
  }
}

template <typename Time>
void show_file_times(Printer& p, uint32_t guest) {
  Time times[2];
  if (!p.fetch(guest, times)) return;
  p.text += "[";
  add_file_time(p, times[0]);
  p.text += ", ";
  add_file_time(p, times[1]);
  p.text += "]";
}

}  // namespace

std::string date(int64_t seconds) {
  return date(seconds, 0, 0);
}

void show_timespec(Printer& p, uint32_t guest) {
  show_plain<abi::TimeSpec32>(p, guest);
}
void show_timespec64(Printer& p, uint32_t guest) {
  show_plain<abi::TimeSpec64>(p, guest);
}
void show_timeval(Printer& p, uint32_t guest) {
  show_plain<abi::TimeVal32>(p, guest);
}
void show_rest(Printer& p, uint32_t guest) {
  show_interrupted<abi::TimeSpec32>(p, guest);
}
void show_rest64(Printer& p, uint32_t guest) {
  show_interrupted<abi::TimeSpec64>(p, guest);
}
void show_itimerval(Printer& p, uint32_t guest) {
  show_timer<abi::ITimerVal32>(p, guest);
}
void show_itimerspec(Printer& p, uint32_t guest) {
  show_timer<abi::ITimerSpec32>(p, guest);
}
void show_itimerspec64(Printer& p, uint32_t guest) {
  show_timer<abi::ITimerSpec64>(p, guest);
}

void show_utimes(Printer& p, uint32_t guest) {
  abi::TimeVal32 times[2];
  if (!p.fetch(guest, times)) return;
  p.text += "[";
  add_time(p, times[0]);
  add_dated(p, times[0].seconds, times[0].microseconds, 6);
  p.text += ", ";
  add_time(p, times[1]);
  add_dated(p, times[1].seconds, times[1].microseconds, 6);
  p.text += "]";
}

void show_utimbuf(Printer& p, uint32_t guest) {
  int32_t times[2];
  if (!p.fetch(guest, times)) return;
  p.add("{actime=%d", times[0]);
  add_dated(p, times[0], 0, 0);
  p.add(", modtime=%d", times[1]);
  add_dated(p, times[1], 0, 0);
  p.text += "}";
}

void show_utimens(Printer& p, uint32_t guest) {
  show_file_times<abi::TimeSpec32>(p, guest);
}
void show_utimens64(Printer& p, uint32_t guest) {
  show_file_times<abi::TimeSpec64>(p, guest);
}

void show_time(Printer& p, uint32_t guest) {
  int32_t seconds;
  if (!p.fetch(guest, seconds)) return;
  p.add("[%d", seconds);
  add_dated(p, seconds, 0, 0);
  p.text += "]";
}

void note_date(Printer& p) {
  p.note = date(static_cast<int32_t>(p.result.value()));
}

void show_zone(Printer& p, uint32_t guest) {
  abi::TimeZone zone;
  if (p.fetch(guest, zone))
    p.add("{tz_minuteswest=%d, tz_dsttime=%d}", zone.minutes_west, zone.dst_time);
}

void show_tms(Printer& p, uint32_t guest) {
  abi::Tms times;
  if (p.fetch(guest, times))
    p.add("{tms_utime=%d, tms_stime=%d, tms_cutime=%d, tms_cstime=%d}", times.user, times.system,
          times.children_user, times.children_system);
}

void show_sigevent(Printer& p, uint32_t guest) {
  abi::SigEvent event;
  if (!p.fetch(guest, event)) return;
  constexpr int32_t kSignal = 0, kThread = 2, kThreadId = 4;
  const bool sends = event.notify == kSignal || event.notify == kThreadId;
  p.text += "{";
  if (event.value != 0) {
    p.add("sigev_value={sival_int=%d, sival_ptr=", static_cast<int32_t>(event.value));
    p.address(event.value);
    p.text += "}, ";
  }
  p.text += "sigev_signo=";
  sends || event.notify == kThread ? p.signal(static_cast<uint32_t>(event.signo))
                                   : p.add("%d", event.signo);
  p.text += ", sigev_notify=";
  p.value(abi::kSigEvents, static_cast<uint32_t>(event.notify));
  if (event.notify == kThreadId) p.add(", sigev_notify_thread_id=%d", event.tid);
  p.text += "}";
}

void show_number(Printer& p, uint32_t guest) {
  int32_t number;
  if (p.fetch(guest, number)) p.add("[%d]", number);
}

void show_unsigned(Printer& p, uint32_t guest) {
  uint32_t number;
  if (p.fetch(guest, number)) p.add("[%u]", number);
}

namespace {

constexpr int32_t kFutexWait = 0, kFutexWake = 1, kFutexRequeue = 3, kFutexCmpRequeue = 4,
                  kFutexWakeOp = 5, kFutexLockPi = 6, kFutexUnlockPi = 7, kFutexTrylockPi = 8,
                  kFutexWaitBitset = 9, kFutexWakeBitset = 10, kFutexWaitRequeuePi = 11,
                  kFutexCmpRequeuePi = 12, kFutexLockPi2 = 13;
constexpr uint32_t kFutexPrivate = 128, kFutexClockRealtime = 256;

void add_bitset(Printer& p, uint32_t bitset) {
  bitset == UINT32_MAX ? p.add("FUTEX_BITSET_MATCH_ANY") : p.add("%#x", bitset);
}

void add_wake_operation(Printer& p, uint32_t operation) {
  if ((operation >> 28 & 8) != 0) p.text += "FUTEX_OP_OPARG_SHIFT<<28|";
  p.value(abi::kFutexOps, operation >> 28 & 7);
  const uint32_t argument = operation >> 12 & 0xfff;
  p.add(argument == 0 ? "<<28|0<<12|" : "<<28|%#x<<12|", argument);
  p.value(abi::kFutexCompares, operation >> 24 & 15);
  p.add("<<24|%#x", operation & 0xfff);
}

/// `words`: the operation, the value, the timeout or a second value, a second address and a third
/// value.
void add_futex(Printer& p, const uint32_t* words, void (*add_timeout)(Printer&, uint32_t)) {
  const uint32_t value = words[1], timeout = words[2], second = words[3], third = words[4];
  const auto requeue = [&] {
    p.add(", %u, %u, ", value, timeout);
    p.address(second);
  };
  p.value(abi::kFutexOperations, words[0] & ~kFutexClockRealtime);
  if ((words[0] & kFutexClockRealtime) != 0) p.text += "|FUTEX_CLOCK_REALTIME";
  switch (static_cast<int32_t>(words[0] & ~(kFutexPrivate | kFutexClockRealtime))) {
    case kFutexWait:
      p.add(", %u, ", value);
      return add_timeout(p, timeout);
    case kFutexWaitBitset:
      p.add(", %u, ", value);
      add_timeout(p, timeout);
      p.text += ", ";
      return add_bitset(p, third);
    case kFutexWake:
      return p.add(", %u", value);
    case kFutexWakeBitset:
      p.add(", %u, ", value);
      return add_bitset(p, third);
    case kFutexRequeue:
      return requeue();
    case kFutexCmpRequeue:
    case kFutexCmpRequeuePi:
      requeue();
      return p.add(", %u", third);
    case kFutexWakeOp:
      requeue();
      p.text += ", ";
      return add_wake_operation(p, third);
    case kFutexWaitRequeuePi:
      p.add(", %u, ", value);
      add_timeout(p, timeout);
      p.text += ", ";
      return p.address(second);
    case kFutexLockPi:
    case kFutexLockPi2:
      p.text += ", ";
      return add_timeout(p, timeout);
    case kFutexUnlockPi:
    case kFutexTrylockPi:
      return;
    default:
      return p.add(", %u, %#x, %#x, %#x", value, timeout, second, third);
  }
}

}  // namespace

void show_futex(Printer& p, const uint32_t* words) {
  add_futex(p, words, show_timespec);
}
void show_futex64(Printer& p, const uint32_t* words) {
  add_futex(p, words, show_timespec64);
}

namespace {

/// Both forms have fields of the same names, of different widths.
template <typename Timex>
void add_timex(Printer& p, const Timex& timex, long long seconds, long long microseconds) {
  const auto field = [&](const char* name, long long value) { p.add(", %s=%lld", name, value); };
  p.text += "{modes=";
  p.flags(abi::kAdjustModes, timex.modes);
  field("offset", timex.offset);
  field("freq", timex.freq);
  field("maxerror", timex.maxerror);
  field("esterror", timex.esterror);
  p.text += ", status=";
  p.flags(abi::kClockStatus, static_cast<uint32_t>(timex.status));
  field("constant", timex.constant);
  field("precision", timex.precision);
  field("tolerance", timex.tolerance);
  p.add(", time={tv_sec=%lld, tv_usec=%lld}", seconds, microseconds);
  field("tick", timex.tick);
  field("ppsfreq", timex.ppsfreq);
  field("jitter", timex.jitter);
  field("shift", timex.shift);
  field("stabil", timex.stabil);
  field("jitcnt", timex.jitcnt);
  field("calcnt", timex.calcnt);
  field("errcnt", timex.errcnt);
  field("stbcnt", timex.stbcnt);
  field("tai", timex.tai);
  p.text += "}";
}

}  // namespace

void show_timex(Printer& p, uint32_t guest) {
  abi::Timex32 timex;
  if (p.fetch(guest, timex)) add_timex(p, timex, timex.time.seconds, timex.time.microseconds);
}

void show_timex64(Printer& p, uint32_t guest) {
  struct timex host;  // that of a 64-bit host is struct __kernel_timex
  if (p.fetch(guest, host)) add_timex(p, host, host.time.tv_sec, host.time.tv_usec);
}

void note_clock_state(Printer& p) {
  if (p.result.ok()) p.note_shown([&] { p.value(abi::kClockStates, p.result.value()); });
}

}  // namespace ferry::linux::strace
