// Locks for the slow paths. They are no std::mutex because glibc's reads a register with `rdhwr`,
// which the kernel emulates on older MIPS processors.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/diagnostics.hpp"

namespace ferry {

/// Whether each lock checks the order of docs/threads.md. Only with sanitizers: it costs accesses
/// to thread-local memory.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kChecksLockOrder = true;
#else
inline constexpr bool kChecksLockOrder = false;
#endif

/// Not recursive. A signal handler must not take it.
class Lock {
 public:
  /// When a thread may take the lock that takes the memory lock too.
  enum class Order : uint8_t { before_memory, after_memory };

  explicit Lock(Order order = Order::after_memory) : order_(order) {}
  /// A copy of an object has a lock of its own, which nobody holds.
  Lock(const Lock& other) : order_(other.order_) {}
  Lock& operator=(const Lock&) = delete;
  ~Lock() = default;

  [[nodiscard]] bool try_acquire() {
    uint32_t free = kFree;
    const bool acquired = state_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                                         std::memory_order_relaxed);
    if (acquired) note(1);
    return acquired;
  }
  void acquire() {
    if (try_acquire()) return;
    while (state_.exchange(kAwaited, std::memory_order_acquire) != kFree) {
      state_.wait(kAwaited, std::memory_order_relaxed);
    }
    note(1);
  }
  void release() {
    note(-1);
    if (state_.exchange(kFree, std::memory_order_release) == kAwaited) state_.notify_one();
  }

  /// Stops ferry if the calling thread holds a lock that is to be taken after the memory lock.
  /// Without kChecksLockOrder nothing is known of that.
  static void check_memory_may_follow() { CHECK(held == 0); }

 private:
  static constexpr uint32_t kFree = 0, kHeld = 1, kAwaited = 2;

  void note(int change) const {
    if constexpr (kChecksLockOrder) held += order_ == Order::after_memory ? change : 0;
  }

  /// How many locks of Order::after_memory the thread holds; with kChecksLockOrder.
  static inline thread_local int held = 0;
  std::atomic<uint32_t> state_{kFree};
  Order order_;
};

/// Holds a Lock for its lifetime.
class LockGuard {
 public:
  explicit LockGuard(Lock& lock) : lock_(lock) { lock_.acquire(); }
  ~LockGuard() { lock_.release(); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;

 private:
  Lock& lock_;
};

/// The lock of engine, translator and address space: one, because each calls the others in either
/// order. The thread that holds it may take it again, and must not wait for another thread
/// (docs/threads.md). A signal handler must not take it.
class MemoryLock {
 public:
  /// From now on the lock is taken. The only thread calls this, before it starts a second one.
  void enable() { enabled_ = true; }
  /// The reverse, in the child of a fork.
  void disable() { enabled_ = false; }
  [[nodiscard]] bool enabled() const { return enabled_; }

  [[nodiscard]] bool try_acquire() {
    if (!held_by_me() && !lock_.try_acquire()) return false;
    enter();
    return true;
  }
  void acquire() {
    if (!held_by_me()) {
      if constexpr (kChecksLockOrder) Lock::check_memory_may_follow();
      lock_.acquire();
    }
    enter();
  }
  void release() {
    if (--depth_ != 0) return;
    owner_.store(nullptr, std::memory_order_relaxed);
    lock_.release();
  }

  /// Whether the calling thread holds it. (So does a vfork child, for its parent.)
  [[nodiscard]] bool held_by_me() const { return owner_.load(std::memory_order_relaxed) == me(); }

 private:
  /// An address that no other thread has.
  static const void* me() {
    static thread_local char own = 0;
    return &own;
  }
  void enter() {
    owner_.store(me(), std::memory_order_relaxed);
    ++depth_;
  }

  bool enabled_ = false;
  Lock lock_{Lock::Order::before_memory};
  std::atomic<const void*> owner_{nullptr};
  unsigned depth_ = 0;  ///< of the owner
};

/// Holds a MemoryLock for its lifetime; does nothing while there is one thread.
class MemoryGuard {
 public:
  explicit MemoryGuard(MemoryLock& lock) : lock_(lock.enabled() ? &lock : nullptr) {
    if (lock_ != nullptr) lock_->acquire();
  }
  ~MemoryGuard() {
    if (lock_ != nullptr) lock_->release();
  }
  MemoryGuard(const MemoryGuard&) = delete;
  MemoryGuard& operator=(const MemoryGuard&) = delete;

 private:
  MemoryLock* const lock_;
};

}  // namespace ferry
