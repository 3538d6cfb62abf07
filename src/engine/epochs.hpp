// Epochs: when the memory of code that is no longer published may be reused.
//
// Each thread has a slot. While the thread runs translated code, or holds pointers to blocks, the
// slot says in which epoch the thread last looked at the epoch's number; elsewhere (in a system
// call, the interpreter, a signal's delivery) the slot says that the thread is quiescent. A thread
// that takes code back first makes the code unreachable, then ends the epoch with `advance`, and
// reuses the memory once `all_past` says that every thread has looked again, or has been quiescent,
// since then.
//
// Memory order. Two things must never be overlooked:
//   - A thread that found the code before it became unreachable. `enter` stores the slot; a full
//     fence follows before the thread looks anything up. `all_past` has a full fence after the code
//     was made unreachable and before it reads the slots. So either `all_past` sees the slot, or
//     the thread sees that the code is unreachable.
//   - What a thread did with the code before it went on. `leave` and `renew` store with release,
//     `all_past` loads with acquire.
// `renew` needs no fence: it reads the new epoch with acquire, so code that was unreachable before
// that epoch began is unreachable to the thread. In the common case, when no epoch has ended, it
// costs two loads and a comparison; a slot that is out of date only makes `all_past` answer no for
// longer.
#pragma once

#include <atomic>
#include <cstdint>

namespace ferry::engine {

class Epochs {
 public:
  using Epoch = uint64_t;  ///< counts up from 1; never wraps

  /// One thread's place. It has a cache line of its own, because each thread writes its slot often.
  class alignas(64) Slot {
    friend class Epochs;
    std::atomic<Epoch> epoch_{kQuiescent};
    std::atomic<bool> taken_{true};
    Slot* next_ = nullptr;
  };

  Epochs() = default;
  ~Epochs();
  Epochs(const Epochs&) = delete;
  Epochs& operator=(const Epochs&) = delete;

  /// A slot for the calling thread, quiescent. Lock-free; allocates where no slot is free.
  [[nodiscard]] Slot& join();
  /// The thread of `slot` ends: the slot may go to another.
  void part(Slot& slot);

  /// From here on the thread may find code and run it. This function and the next four are
  /// signal-safe.
  void enter(Slot& slot) {
    slot.epoch_.store(now_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  /// The thread is not in translated code, and forgets what it knows of blocks.
  static void leave(Slot& slot) { slot.epoch_.store(kQuiescent, std::memory_order_release); }
  /// Called between `enter` and `leave`, outside translated code. Returns whether an epoch has
  /// ended since the thread last looked. If so, the thread must forget its pointers to blocks,
  /// whose memory may now be reused.
  bool renew(Slot& slot) {
    const Epoch known = slot.epoch_.load(std::memory_order_relaxed);
    if (known == now_.load(std::memory_order_relaxed)) return false;
    slot.epoch_.store(now_.load(std::memory_order_acquire), std::memory_order_release);
    return true;
  }
  /// Ends the present epoch and returns it. Code that the caller made unreachable before is found
  /// by no thread in the next epoch.
  Epoch advance() { return now_.fetch_add(1, std::memory_order_acq_rel); }
  /// Whether the thread of `slot` may still be inside code that became unreachable in the epoch
  /// before the present one.
  [[nodiscard]] bool lags(const Slot& slot) const {
    return slot.epoch_.load(std::memory_order_acquire) < now_.load(std::memory_order_relaxed);
  }
  /// Whether no thread can still be inside code that became unreachable in `epoch` or earlier.
  [[nodiscard]] bool all_past(Epoch epoch) const;

 private:
  static constexpr Epoch kQuiescent = ~Epoch{0};  // later than every epoch
  static_assert(std::atomic<Epoch>::is_always_lock_free);

  std::atomic<Epoch> now_{1};
  std::atomic<Slot*> first_{nullptr};  ///< slots are added in front and stay until the end
};

}  // namespace ferry::engine
