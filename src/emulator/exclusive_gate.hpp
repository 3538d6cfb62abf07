// Stops the other guest threads for an operation that no host instruction does: a locked access
// that crosses a doubleword.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/lock.hpp"
#include "guest/memory/memory.hpp"

namespace ferry::emulator {

/// Each thread says whether it may touch guest memory for the guest ('in the guest': translated
/// code, its helpers, the interpreter) or not (in a system call, in the delivery of a signal). Who
/// wants to be alone closes the gate, nudges the threads that are in the guest, and waits until
/// none is. What system calls and the host's kernel write meanwhile is not stopped.
class ExclusiveGate final : public guest::ExclusiveAccess {
 public:
  class Participant {
    friend class ExclusiveGate;
    std::atomic<bool> in_guest_{false};
    int32_t number_ = 0;
    Participant* next_ = nullptr;
  };

  /// `nudge` brings the thread with that number out of the guest soon.
  explicit ExclusiveGate(void (*nudge)(int32_t thread)) : nudge_(nudge) {}

  /// The calling host thread becomes `participant`, outside of the guest.
  void join(Participant& participant, int32_t number);
  void part(Participant& participant);
  /// The thread with that number, if it takes part, has gone without a word.
  void abandon(int32_t number);
  /// The calling thread's own. A vfork child has its parent's, which waits.
  [[nodiscard]] static Participant& mine();

  /// Returns once the gate is open.
  void enter(Participant& participant) {
    participant.in_guest_.store(true, std::memory_order_relaxed);
    // Either this thread sees that the gate is closed, or the one who closed it sees this thread.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (closed_.load(std::memory_order_relaxed) != 0) [[unlikely]]
      await_opening(participant);
  }
  static void leave(Participant& participant) {
    participant.in_guest_.store(false, std::memory_order_release);
  }

  /// From here to `end` the calling thread is alone in the guest. Neither may be called by a signal
  /// handler, nor with a lock held.
  void begin() override;
  void end() override;

  /// Around a fork: nobody is alone.
  void hold_for_fork() { turn_.acquire(); }
  void release_after_fork() { turn_.release(); }
  /// In the child: the calling thread is the only one.
  void keep_only_mine(int32_t number);

 private:
  [[gnu::noinline, gnu::cold]] void await_opening(Participant& participant);
  [[nodiscard]] bool alone(const Participant& self, bool nudge);

  void (*nudge_)(int32_t thread);
  Lock turn_{Lock::Order::before_memory};  ///< of the one that is alone, or wants to be
  std::atomic<uint32_t> closed_{0};
  Lock list_lock_;
  Participant* first_ = nullptr;
};

}  // namespace ferry::emulator
