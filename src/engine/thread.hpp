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

class Engine;
class Guest;
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
  /// In the child of a fork, where `survivor` is the only thread: whatever others were doing is
  /// over.
  void keep_only(Thread& survivor);
  /// Calls `nudge` with the number of each thread that has not looked at the present epoch.
  void nudge_lagging(void (*nudge)(int32_t thread));

 private:
  friend class Engine;
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

  /// The number by which EngineOptions::nudge knows the thread. To be set before it runs.
  void set_number(int32_t number) { number_.store(number, std::memory_order_relaxed); }

  /// The engine whose run loop the thread is in.
  [[nodiscard]] Engine& engine() const { return *engine_; }

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

  Threads& threads_;
  // Between the slot's `enter` and `leave` blocks that the thread has found stay in memory;
  // elsewhere the thread holds no pointer to one.
  Epochs::Slot& slot_;
  std::atomic<int32_t> number_{0};
  Engine* engine_ = nullptr;  ///< set by the run loop, as `guest_` and `discards_seen_` are
  Guest* guest_ = nullptr;
  uint64_t discards_seen_ = 0;  ///< Engine::discards_ before the thread looked for its block
  Exit* link_from_ = nullptr;   ///< the exit the thread left by, to be linked to its next block
  Counters counters_;
  std::array<GuestAddress, 16> entered_{};
  unsigned entries_ = 0;
  Thread* next_ = nullptr;  ///< in Threads
};

}  // namespace ferry::engine
