// A call that replaces the signal mask while it waits: sigsuspend, pselect, ppoll, epoll_pwait.
#pragma once

#include "linux/kernel/fault_signals.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/syscalls/calls.hpp"

namespace ferry::linux {

/// For its lifetime the thread's mask is `mask` (null: nothing changes). The host call gets
/// host_mask() and swaps masks atomically. When a signal ended the call, the mask stays: its
/// handler runs under it and its frame restores the old one (set_restore_sigmask of the kernel).
class SignalWait {
 public:
  SignalWait(Thread& thread, const SignalSet* mask) : thread_(thread), active_(mask != nullptr) {
    if (!active_) return;
    ThreadSignals& signals = thread.signals;
    signals.saved_mask = signals.mask;
    signals.mask = without_unblockable(*mask);
    note_held(thread);
  }
  SignalWait(const SignalWait&) = delete;
  SignalWait& operator=(const SignalWait&) = delete;

  [[nodiscard]] HostSignalSet host_mask() const { return host_signal_mask(thread_); }

  /// Passes the call's result through.
  [[nodiscard]] CallResult finish(CallResult result) {
    if (!active_) return result;
    ThreadSignals& signals = thread_.signals;
    // The host knows nothing of such a signal, so the call did not begin.
    if (result == kErestartNoIntr && !signals.recorded && claim_held(thread_)) result = abi::kEINTR;
    if (result == abi::kEINTR && thread_.signal_pending != 0) {
      signals.restore_saved_mask = true;
    } else {
      signals.mask = signals.saved_mask;
    }
    return result;
  }

 private:
  Thread& thread_;
  bool active_;
};

}  // namespace ferry::linux
