#include "emulator/exclusive_gate.hpp"

#include <sched.h>

namespace ferry::emulator {

namespace {

thread_local ExclusiveGate::Participant* own = nullptr;

}  // namespace

ExclusiveGate::Participant& ExclusiveGate::mine() {
  return *own;
}

void ExclusiveGate::join(Participant& participant, int32_t number) {
  own = &participant;
  participant.number_ = number;
  const LockGuard guard(list_lock_);
  participant.next_ = first_;
  first_ = &participant;
}

void ExclusiveGate::part(Participant& participant) {
  const LockGuard guard(list_lock_);
  Participant** place = &first_;
  while (*place != &participant) place = &(*place)->next_;
  *place = participant.next_;
}

void ExclusiveGate::abandon(int32_t number) {
  const LockGuard guard(list_lock_);
  for (Participant** place = &first_; *place != nullptr; place = &(*place)->next_) {
    if ((*place)->number_ != number) continue;
    *place = (*place)->next_;
    return;
  }
}

void ExclusiveGate::keep_only_mine(int32_t number) {
  own->number_ = number;
  own->next_ = nullptr;
  first_ = own;
}

void ExclusiveGate::await_opening(Participant& participant) {
  do {
    leave(participant);
    closed_.wait(1, std::memory_order_relaxed);
    participant.in_guest_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  } while (closed_.load(std::memory_order_relaxed) != 0);
}

/// Whether no other thread is in the guest. `nudge`: those that are, are nudged.
bool ExclusiveGate::alone(const Participant& self, bool nudge) {
  bool result = true;
  const LockGuard guard(list_lock_);
  for (Participant* each = first_; each != nullptr; each = each->next_) {
    if (each == &self || !each->in_guest_.load(std::memory_order_acquire)) continue;
    result = false;
    if (nudge) nudge_(each->number_);
  }
  return result;
}

void ExclusiveGate::begin() {
  // While this thread waits for its turn, it counts as stopped: the one whose turn it is may go on.
  leave(mine());
  turn_.acquire();
  closed_.store(1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // A nudge may be lost (messages.hpp), so it is repeated now and then.
  constexpr unsigned kLooksToNudge = 1000;
  for (unsigned looks = 0; !alone(mine(), looks % kLooksToNudge == 0); ++looks) sched_yield();
  mine().in_guest_.store(true, std::memory_order_relaxed);
}

void ExclusiveGate::end() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  closed_.store(0, std::memory_order_relaxed);
  closed_.notify_all();
  turn_.release();
}

}  // namespace ferry::emulator
