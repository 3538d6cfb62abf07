// The table of system calls: abi/i386/syscalls.inc with the handlers.
#pragma once

#include "linux/syscalls/call_traits.hpp"

namespace ferry::linux {

/// Support levels of syscalls.inc.
enum class Support : uint8_t { full, partial, enosys };

struct SyscallRow {
  const char* name = nullptr;  ///< null: no kernel has the number
  Call call;                   ///< without a handler: enosys
  Support support = Support::enosys;
  const char* note = "";
};

/// One past the highest number.
inline constexpr uint32_t kCallCount = 463;

/// The handler of `number`, or null.
[[nodiscard]] SyscallHandler syscall_handler(uint32_t number);
/// Row of `number`, or null.
[[nodiscard]] const SyscallRow* syscall_row(uint32_t number);

}  // namespace ferry::linux
