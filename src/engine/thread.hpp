// All that one thread owns of the engine. The object lies on the stack of the thread's run loop;
// only the run loop, and C++ that translated code calls with its state, can find it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "common/lock.hpp"
#include "engine/block.hpp"
#include "engine/epochs.hpp"

namespace ferry::engine {

/// Counters for --stats. Host instructions are counted by the bench's plugin, not here.
struct Statistics {
#define STATISTIC(name) uint64_t name = 0;
#include "engine/statistics.inc"
#undef STATISTIC
};

/// A counter that one thread at a time changes and any may read.
class Counter {
 public:
  void operator++() { *this += 1; }
  void operator+=(uint64_t more) {
    count_.store(count_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  [[nodiscard]] uint64_t get() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> count_{0};
};

struct Counters {
#define STATISTIC(name) Counter name;
#include "engine/statistics.inc"
#undef STATISTIC
  void add_to(Statistics& sum) const;
};

class Thread;

/// The threads of one engine.
class Threads {
 public:
  Threads() = default;
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  /// Where threads that run translated code register.
  [[nodiscard]] Epochs& epochs() { return epochs_; }
  /// Adds the counts of every thread to `sum`, those of ended threads included. Any thread may
  /// call.
  void add_to(Statistics& sum);

 private:
  friend class Thread;
  void join(Thread& thread);
  void part(Thread& thread);

  Epochs epochs_;
  Lock lock_;  ///< guards the members below; no thread waits for the engine's lock while it has it
  Thread* first_ = nullptr;
  Statistics ended_;
};

class Thread {
 public:
  explicit Thread(Threads& threads) : threads_(threads), slot_(threads.epochs().join()) {
    threads.join(*this);
  }
  ~Thread() {
    threads_.part(*this);
    threads_.epochs().part(slot_);
  }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  /// Calls `visit` with the addresses of the last blocks entered from the run loop, the last one
  /// first. Signal-safe.
  template <typename Visit>
  void for_each_entered(Visit visit) const {
    for (unsigned back = 1; back <= std::min<size_t>(entries_, entered_.size()); ++back)
      visit(entered_[(entries_ - back) % entered_.size()]);
  }

 private:
  friend class Engine;
  friend class Threads;

  void note_entry(GuestAddress address) { entered_[entries_++ % entered_.size()] = address; }
  [[nodiscard]] uint8_t& runs_of(GuestAddress address) {
    return cold_runs_[(address ^ address >> 12) % cold_runs_.size()];
  }

  Threads& threads_;
  // Between the slot's `enter` and `leave` blocks that the thread has found stay in memory;
  // elsewhere the thread holds no pointer to one.
  Epochs::Slot& slot_;
  Exit* link_from_ = nullptr;  ///< the exit the thread left by, to be linked to its next block
  Counters counters_;
  std::array<uint8_t, 4096> cold_runs_{};  ///< runs of untranslated code, by the address's hash
  std::array<GuestAddress, 16> entered_{};
  unsigned entries_ = 0;
  Thread* next_ = nullptr;  ///< in Threads
};

}  // namespace ferry::engine
