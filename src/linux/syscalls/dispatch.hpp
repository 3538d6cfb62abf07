// System calls: the entry from the run loop.
#pragma once

#include <cstdint>

namespace ferry::linux {

struct Thread;

enum class SyscallAction : uint8_t {
  go_on,  ///< only eax has changed, unless Thread::signal_pending is set: look at that, as always
  look,   ///< anything of the processor's state may have changed
  end_thread,  ///< the thread ended, as Thread::exit_status and ends_process say
};

/// int 0x80 and __kernel_vsyscall: number in eax, arguments in ebx ecx edx esi edi ebp; cpu.eip is
/// past the two bytes of int 0x80. Sets eax.
[[nodiscard]] SyscallAction handle_syscall(Thread& thread);

}  // namespace ferry::linux
