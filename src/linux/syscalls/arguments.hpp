// What a system call's handler gets and gives.
#pragma once

#include <cstdint>

#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/kernel/user_memory.hpp"

namespace ferry::linux {

/// The six argument registers.
struct Arguments {
  uint32_t a[6];
  [[nodiscard]] uint32_t operator[](unsigned i) const { return a[i]; }
  [[nodiscard]] int32_t signed_at(unsigned i) const { return static_cast<int32_t>(a[i]); }
  /// A 64-bit argument in two registers, low word first.
  [[nodiscard]] uint64_t wide(unsigned low) const {
    return a[low] | (static_cast<uint64_t>(a[low + 1]) << 32);
  }
};

/// Result of a handler: 0 or positive, or -errno of the i386 ABI.
using SyscallHandler = int32_t (*)(Thread&, const Arguments&);

// Values a handler may return beside -errno, -kErestartSys and -kErestartNoIntr; the guest never
// sees them.

/// The handler set eax and all else itself (sigreturn).
inline constexpr int32_t kRegistersSet = -600;
/// The process is to end with Thread::exit_status.
inline constexpr int32_t kExitProcess = -601;

}  // namespace ferry::linux
