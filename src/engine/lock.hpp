// The engine's lock. Not std::mutex: glibc's reads a register with `rdhwr` on MIPS, which the
// kernel emulates, and this one costs nothing while a process has one thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace ferry::engine {

/// Not recursive. Not to be taken in a signal handler, nor by a thread that is inside translated
/// code or holds pointers to blocks (docs/threads.md): others may wait for it to let go of them.
class Lock {
 public:
  [[nodiscard]] bool try_acquire() {
    uint32_t free = kFree;
    return state_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  void acquire() {
    if (try_acquire()) return;
    while (state_.exchange(kAwaited, std::memory_order_acquire) != kFree) {
      state_.wait(kAwaited, std::memory_order_relaxed);
    }
  }
  void release() {
    if (state_.exchange(kFree, std::memory_order_release) == kAwaited) state_.notify_one();
  }

 private:
  static constexpr uint32_t kFree = 0, kHeld = 1, kAwaited = 2;
  std::atomic<uint32_t> state_{kFree};
};

}  // namespace ferry::engine
