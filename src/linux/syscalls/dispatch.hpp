// System calls: the entry from the run loop.
#pragma once

#include <cstdint>

namespace ferry::linux {

struct Thread;

enum class SyscallAction : uint8_t {
  resume,      ///< go on at cpu.eip; look at Thread::signal_pending first, as always
  end_thread,  ///< the thread ended, as Thread::exit_status and ends_process say
};

/// int 0x80 and __kernel_vsyscall: number in eax, arguments in ebx ecx edx esi edi ebp; cpu.eip is
/// past the two bytes of int 0x80. Sets eax.
[[nodiscard]] SyscallAction handle_syscall(Thread& thread);

}  // namespace ferry::linux
