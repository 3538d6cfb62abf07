// Signals that faults raise, sent by kill(2) and its like while the guest blocks them. Ferry never
// blocks these on the host, so they cannot wait in the host kernel's queue: they wait here.
#pragma once

#include <array>
#include <atomic>

#include "linux/kernel/signal_set.hpp"

namespace ferry::linux {

/// Of one thread. `add` runs in the thread's signal handlers, everything else outside of them.
class HeldSignals {
 public:
  HeldSignals() = default;
  HeldSignals(const HeldSignals& other) : set_(other.set()), infos_(other.infos_) {}
  HeldSignals& operator=(const HeldSignals& other) {
    set_ = other.set();
    infos_ = other.infos_;
    return *this;
  }
  ~HeldSignals() = default;

  [[nodiscard]] SignalSet set() const { return set_.load(std::memory_order_relaxed); }
  /// Of each number one waits: a second is dropped, as by the kernel (kernel/signal.c,
  /// legacy_queue). Signal-safe.
  void add(const abi::SigInfo& info) {
    if (contains(set(), info.signo)) return;
    infos_[fault_index(info.signo)] = info;
    set_.fetch_or(signal_bit(info.signo), std::memory_order_release);
  }
  /// Takes one of `wanted`, the lowest number first; false if there is none.
  [[nodiscard]] bool take(SignalSet wanted, abi::SigInfo& info) {
    for (const int signal : kFaultSignals) {
      if (!contains(set() & wanted, signal)) continue;
      info = infos_[fault_index(signal)];
      drop(signal_bit(signal));
      return true;
    }
    return false;
  }
  void drop(SignalSet which) { set_.fetch_and(~which, std::memory_order_relaxed); }

 private:
  std::atomic<SignalSet> set_ = 0;
  std::array<abi::SigInfo, kFaultSignals.size()> infos_{};  ///< by fault_index
};

}  // namespace ferry::linux
