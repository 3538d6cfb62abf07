// The engine's lock. It is no std::mutex because glibc's reads a register with `rdhwr`, which the
// kernel emulates on older MIPS processors.
#pragma once

#include <atomic>
#include <cstdint>

namespace ferry::engine {

/// Not recursive. A signal handler must not take it. A thread that holds pointers to blocks must
/// not wait for it (docs/threads.md), as the holder may be waiting for the thread to let go of
/// them.
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
