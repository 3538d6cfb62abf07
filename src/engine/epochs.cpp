#include "engine/epochs.hpp"

namespace ferry::engine {

Epochs::~Epochs() {
  for (Slot* slot = first_.load(std::memory_order_acquire); slot != nullptr;) {
    Slot* const next = slot->next_;
    delete slot;
    slot = next;
  }
}

Epochs::Slot& Epochs::join() {
  Slot* slot = first_.load(std::memory_order_acquire);
  for (; slot != nullptr; slot = slot->next_) {
    if (!slot->taken_.load(std::memory_order_relaxed) &&
        !slot->taken_.exchange(true, std::memory_order_acquire)) {
      return *slot;
    }
  }
  slot = new Slot;
  slot->next_ = first_.load(std::memory_order_relaxed);
  // A thread that sees the slot in the list sees all of it; a slot that `all_past` misses belongs
  // to a thread that has not entered yet.
  while (!first_.compare_exchange_weak(slot->next_, slot, std::memory_order_seq_cst,
                                       std::memory_order_relaxed)) {
  }
  return *slot;
}

void Epochs::part(Slot& slot) {
  leave(slot);
  slot.taken_.store(false, std::memory_order_release);
}

bool Epochs::all_past(Epoch epoch) const {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (const Slot* slot = first_.load(std::memory_order_acquire); slot != nullptr;
       slot = slot->next_) {
    if (slot->epoch_.load(std::memory_order_acquire) <= epoch) return false;
  }
  return true;
}

}  // namespace ferry::engine
