// The table of system calls: abi/i386/syscalls.inc with the handlers.
#pragma once

#include "linux/syscalls/arguments.hpp"

namespace ferry::linux {

/// Support levels of syscalls.inc.
enum class Support : uint8_t { full, partial, enosys };

struct SyscallRow {
  const char* name;
  SyscallHandler handler;
  const char* signature;
  Support support;
  const char* note;
  /// Bit i: argument i is a descriptor the call uses. And kGivesDescriptor.
  uint8_t descriptors;
  /// The result is a new descriptor.
  static constexpr uint8_t kGivesDescriptor = 1u << 7;
};
/// Row of `number`, or null.
[[nodiscard]] const SyscallRow* syscall_row(uint32_t number);

}  // namespace ferry::linux
