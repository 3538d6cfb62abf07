// System calls: the entry from the run loop.
#pragma once

#include <cstdint>

namespace ferry::linux {

struct Thread;

enum class SyscallAction : uint8_t {
  resume,        ///< go on at cpu.eip; look at Thread::signal_pending first, as always
  exit_process,  ///< the guest ended: exit with Thread::exit_status
};

/// int 0x80 and __kernel_vsyscall: number in eax, arguments in ebx ecx edx esi edi ebp; cpu.eip is
/// past the two bytes of int 0x80. Sets eax.
[[nodiscard]] SyscallAction handle_syscall(Thread& thread);

}  // namespace ferry::linux
