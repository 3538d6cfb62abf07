// What every group of handlers shares: passing on, blocking, buffers.
#pragma once

#include <sys/uio.h>

#include <array>

#include "linux/errno_map.hpp"
#include "linux/host_syscall.hpp"
#include "linux/syscalls/dispatch.hpp"

namespace ferry {

namespace abi = i386::abi;

/// A call that the kernel restarts with SA_RESTART (ERESTARTSYS): read, wait4, flock, ...
template <typename... Words>
[[nodiscard]] int32_t blocking_call(Thread& thread, long number, Words... words) {
  const long result = safe_call(thread.signal_pending, number, words...);
  if (result == kSafeCallNotBegun) return -kErestartNoIntr;
  return result == kSafeCallInterrupted ? -kErestartSys : guest_result(result);
}

/// A call that a handler always ends with EINTR (ERESTARTNOHAND): poll, nanosleep, pause, ... So if
/// it was left through the restart exit, it had not begun, and begins again.
template <typename... Words>
[[nodiscard]] int32_t sleeping_call(Thread& thread, long number, Words... words) {
  const long result = safe_call(thread.signal_pending, number, words...);
  const bool not_begun = result == kSafeCallNotBegun || result == kSafeCallInterrupted;
  return not_begun ? -kErestartNoIntr : guest_result(result);
}

/// The host's call of the same meaning with the same integers (sign-extended).
template <long Number>
[[nodiscard]] int32_t pass(Thread&, const Arguments& a) {
  return guest_result(host_call(Number, a.signed_at(0), a.signed_at(1), a.signed_at(2),
                                a.signed_at(3), a.signed_at(4), a.signed_at(5)));
}

/// A buffer the kernel is to write: host pointer, watches dropped.
[[nodiscard]] inline void* writable_buffer(Thread& thread, uint32_t guest, uint32_t length) {
  thread.process->space->prepare_kernel_write(guest, length);
  return i386::host_pointer(guest);
}

/// A guest's iovec array as the host's.
struct HostVectors {
  static constexpr uint32_t kMax = 1024;  // UIO_MAXIOV
  struct iovec entries[kMax];
  int32_t error = 0;
  uint32_t count = 0;

  /// `kernel_writes`: readv and its like.
  void load(Thread& thread, uint32_t guest, uint32_t guest_count, bool kernel_writes);
};

}  // namespace ferry
