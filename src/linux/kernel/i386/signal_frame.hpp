// The frames the i386 kernel puts on a guest's stack for a handler, and the way back.
#pragma once

#include <cstdint>

#include "linux/kernel/signal_state.hpp"

namespace ferry::linux {

struct Thread;

/// The most bytes that a frame takes on a stack, alignment included: AT_MINSIGSTKSZ.
inline constexpr uint32_t kLargestSignalFrame =
    (sizeof(abi::RtSigFrame) + sizeof(abi::FpState) + 64 + 16 + 15) & ~15u;

/// Builds the sigframe (or rt_sigframe with SA_SIGINFO) for `signal` and makes the thread enter the
/// handler. `saved_mask` is what sigreturn restores. False: the stack cannot take the frame.
[[nodiscard]] bool build_signal_frame(Thread& thread, const abi::SigInfo& info,
                                      const SignalAction& action, SignalSet saved_mask);

enum class SignalReturn : uint8_t {
  done,
  bad_frame,    ///< SIGSEGV
  interrupted,  ///< nothing was changed: a signal is to be delivered first (set_signal_mask)
};
/// sigreturn(2) and rt_sigreturn(2): restore registers and mask.
[[nodiscard]] SignalReturn return_from_signal(Thread& thread, bool real_time);

/// SS_ONSTACK or SS_DISABLE or 0 for stack pointer `esp` (sas_ss_flags of the kernel).
[[nodiscard]] uint32_t alt_stack_state(const AltStack& stack, uint32_t esp);

}  // namespace ferry::linux
