// What the kernel keeps of signals for a process and for a thread.
#pragma once

#include <array>
#include <cstdint>

#include "common/relaxed.hpp"
#include "linux/abi/i386/abi_types.hpp"
#include "linux/kernel/held_signals.hpp"
#include "linux/kernel/signal_set.hpp"

namespace ferry::linux {

/// A guest's sigaction.
struct SignalAction {
  static constexpr uint32_t kDefault = 0, kIgnore = 1;  // SIG_DFL, SIG_IGN
  uint32_t handler = kDefault;                          ///< or one of the above
  uint32_t flags = 0;                                   ///< i386 SA_*
  uint32_t restorer = 0;
  SignalSet mask = 0;
};

struct AltStack {
  uint32_t base = 0;
  uint32_t size = 0;
  uint32_t flags = 2;  ///< as given to sigaltstack; SS_DISABLE
};

/// How an interrupted system call goes on once the signals are delivered.
enum class Restart : uint8_t {
  none,
  if_handler_allows,  ///< ERESTARTSYS: restarts unless a handler without SA_RESTART ran (then
                      ///< EINTR)
  always,             ///< ERESTARTNOINTR: the call had not begun
};

/// Runs of the host's handlers (statistics).
struct SignalCounts {
  Relaxed<uint64_t> faults = 0;  ///< for synchronous faults
  Relaxed<uint64_t> others = 0;  ///< for all other signals

  void operator+=(const SignalCounts& more) {
    faults = faults + more.faults;
    others = others + more.others;
  }
};

struct ThreadSignals {
  /// Written by the thread alone; others ask who takes a signal of the process.
  Relaxed<SignalSet> mask = 0;
  /// While sigsuspend, ppoll, pselect or epoll_pwait replaced the mask: what the frame must
  /// restore.
  SignalSet saved_mask = 0;
  bool restore_saved_mask = false;
  AltStack alt_stack;
  Restart restart = Restart::none;

  // Written by the host handler, read by delivery with host signals blocked.
  bool recorded = false;  ///< `record` holds an asynchronous signal
  abi::SigInfo record{};
  HeldSignals held;
  /// Fault signals that a sigtimedwait of this thread waits for, although they are blocked.
  Relaxed<SignalSet> awaited = 0;
  /// A signal came that the guest blocks or ignores. The host call it interrupted is made again.
  bool blocked_came = false;
  SignalCounts counts;

  // Set by handle_exception: delivered before anything else.
  bool forced = false;
  abi::SigInfo forced_info{};
  // From the last exception, for the frames: sigcontext's trapno, err and cr2.
  uint32_t trap_number = 0;
  uint32_t error_code = 0;
  uint32_t fault_address = 0;
};

}  // namespace ferry::linux
