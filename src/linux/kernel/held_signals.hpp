// Signals that faults raise, sent by kill(2) and its like while the guest blocks them. Ferry never
// blocks these on the host, so they cannot wait in the host kernel's queue: they wait here.
#pragma once

#include <array>
#include <atomic>
#include <bit>

#include "linux/kernel/signal_set.hpp"

namespace ferry::linux {

/// The queue of a thread, or of a process. Any thread may use it at any time, signal handlers too.
class HeldSignals {
 public:
  HeldSignals() = default;
  /// Children and new threads inherit no signals that wait.
  HeldSignals(const HeldSignals&) {}
  HeldSignals& operator=(const HeldSignals&) {
    drop(kFaultSet);
    return *this;
  }
  ~HeldSignals() = default;

  [[nodiscard]] SignalSet set() const {
    SignalSet waiting = 0;
    if (full_.load(std::memory_order_relaxed) == 0) return waiting;
    for (const int signal : kFaultSignals) {
      const uint32_t state = slots_[fault_index(signal)].state.load(std::memory_order_relaxed);
      if ((state & kStateBits) == kFull) waiting |= signal_bit(signal);
    }
    return waiting;
  }
  /// Of each number one waits: a second is dropped, as by the kernel (kernel/signal.c,
  /// legacy_queue).
  void add(const abi::SigInfo& info) {
    Slot& slot = slots_[fault_index(info.signo)];
    uint32_t state = slot.state.load(std::memory_order_relaxed);
    if ((state & kStateBits) != kEmpty) return;
    if (!slot.state.compare_exchange_strong(state, state + kWriting, std::memory_order_acquire))
      return;
    const Words words = std::bit_cast<Words>(info);
    for (size_t i = 0; i < words.size(); ++i)
      slot.words[i].store(words[i], std::memory_order_relaxed);
    slot.state.store(state + kFull, std::memory_order_release);
    full_.fetch_add(1, std::memory_order_release);
  }
  /// Takes one of `wanted`, the lowest number first; false if there is none.
  [[nodiscard]] bool take(SignalSet wanted, abi::SigInfo& info) {
    if (full_.load(std::memory_order_relaxed) == 0) return false;
    for (const int signal : kFaultSignals) {
      if (!contains(wanted, signal)) continue;
      Slot& slot = slots_[fault_index(signal)];
      uint32_t state = slot.state.load(std::memory_order_acquire);
      if ((state & kStateBits) != kFull) continue;
      Words words;
      for (size_t i = 0; i < words.size(); ++i)
        words[i] = slot.words[i].load(std::memory_order_relaxed);
      // If another took it meanwhile, the words may be those of two signals.
      if (!slot.state.compare_exchange_strong(state, state + kEmptied, std::memory_order_acq_rel))
        continue;
      full_.fetch_sub(1, std::memory_order_relaxed);
      info = std::bit_cast<abi::SigInfo>(words);
      return true;
    }
    return false;
  }
  void drop(SignalSet which) {
    abi::SigInfo info;
    while (take(which, info)) {
    }
  }

 private:
  /// A slot's state in its lowest two bits; above them, how often it was emptied.
  static constexpr uint32_t kEmpty = 0, kWriting = 1, kFull = 2, kStateBits = 3;
  static constexpr uint32_t kEmptied = 4 - kFull;  ///< added to a full slot's state
  using Words = std::array<uint32_t, sizeof(abi::SigInfo) / 4>;
  struct Slot {
    std::atomic<uint32_t> state{kEmpty};
    std::array<std::atomic<uint32_t>, std::tuple_size_v<Words>> words{};
  };
  std::array<Slot, kFaultSignals.size()> slots_{};  ///< by fault_index
  /// How many slots are full: nearly always none. Counts a signal a moment after its slot is full,
  /// before `add` returns.
  std::atomic<uint32_t> full_{0};
};

}  // namespace ferry::linux
