// Host errno to i386 errno. They agree up to 34; MIPS has its own numbers above.
#pragma once

#include <cstdint>

#include "linux/abi/i386/errno.hpp"
#include "linux/kernel/call_result.hpp"

namespace ferry::linux {

/// i386 number of host errno `host` (positive).
[[nodiscard]] int32_t errno_to_guest(int host);

/// Host errno of i386 number `guest`; 0 if i386 has no such error.
[[nodiscard]] int errno_to_host(int32_t guest);

/// The error of a negative result of host_call.
[[nodiscard]] inline Errno errno_from_host(long negative_result) {
  return Errno{errno_to_guest(static_cast<int>(-negative_result))};
}

/// Result of host_call as a handler returns it.
[[nodiscard]] inline CallResult guest_result(long host_result) {
  if (host_result >= 0 || host_result < -4095) return static_cast<uint32_t>(host_result);
  return errno_from_host(host_result);
}

/// Name of an i386 errno ("ENOENT") for strace, or null.
[[nodiscard]] const char* guest_errno_name(Errno guest);
/// Text of an i386 errno, for messages.
[[nodiscard]] const char* guest_errno_text(Errno guest);

}  // namespace ferry::linux
