// Epochs: when the memory of code that is no longer published may be reused.
//
// Each thread has a slot. While it runs translated code, or holds pointers to blocks, the slot
// says in which epoch it last looked; elsewhere (a system call, the interpreter, a signal's
// delivery) it says that the thread is quiescent. Who takes code back first makes it unreachable,
// then ends the epoch with `advance`, and reuses the memory once `all_past` says that every thread
// has looked anew, or been quiescent, since.
//
// Memory order. Two things must never be overlooked:
//   - A thread that found the code before it became unreachable. `enter` stores the slot and then
//     has a full fence before the thread looks anything up; `all_past` has one between the making
//     unreachable and the reading of the slots. So either the slot is seen, or the thread sees that
//     the code is unreachable.
//   - What a thread did with the code before it went on. `leave` and `renew` store with release,
//     `all_past` loads with acquire.
// `renew` needs no fence: it takes up an epoch with acquire, so what was unreachable before that
// epoch began is unreachable to the thread. In the common case, no new epoch, it costs two loads
// and a comparison; a slot that is out of date only makes `all_past` answer no for longer.
#pragma once

#include <atomic>
#include <cstdint>

namespace ferry::engine {

class Epochs {
 public:
  using Epoch = uint64_t;  ///< counts up from 1; never wraps

  /// One thread's place. On a cache line of its own: the others write theirs all the time.
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

  /// From here on the thread may find code and be inside it. Signal-safe, as are the next four.
  void enter(Slot& slot) {
    slot.epoch_.store(now_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  /// The thread is not in translated code, and forgets what it knows of blocks.
  void leave(Slot& slot) { slot.epoch_.store(kQuiescent, std::memory_order_release); }
  /// Between `enter` and `leave`, outside translated code: whether an epoch ended since the thread
  /// last looked. If so, what the thread knew of blocks must be forgotten: it holds them up no
  /// longer.
  bool renew(Slot& slot) {
    const Epoch known = slot.epoch_.load(std::memory_order_relaxed);
    if (known == now_.load(std::memory_order_relaxed)) return false;
    slot.epoch_.store(now_.load(std::memory_order_acquire), std::memory_order_release);
    return true;
  }
  /// Ends the present epoch and returns it. What the caller made unreachable before is what nobody
  /// finds in the next.
  Epoch advance() { return now_.fetch_add(1, std::memory_order_acq_rel); }
  /// Whether no thread can still be inside code that became unreachable in `epoch` or earlier.
  [[nodiscard]] bool all_past(Epoch epoch) const;

  /// In the child of a fork, where `survivor`'s thread is the only one: the other slots become
  /// free, whatever their threads were doing in the parent.
  void reset_to(const Slot& survivor);

 private:
  static constexpr Epoch kQuiescent = ~Epoch{0};  // later than every epoch
  static_assert(std::atomic<Epoch>::is_always_lock_free);

  std::atomic<Epoch> now_{1};
  std::atomic<Slot*> first_{nullptr};  ///< slots are added in front and stay until the end
};

}  // namespace ferry::engine
