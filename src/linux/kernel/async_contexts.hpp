// What io_setup makes: the contexts of asynchronous I/O, and their results that nobody has fetched.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "common/lock.hpp"
#include "linux/abi/i386/abi_types.hpp"

namespace ferry::linux {

struct AsyncEvent {  // struct io_event, the same everywhere
  abi::U64 data, control;
  abi::S64 result, second_result;
};

/// One context. All but `changes` under AsyncContexts::lock.
struct AsyncContext {
  uint32_t id = 0;         ///< the address of its ring
  uint32_t requested = 0;  ///< as many requests at once as io_setup was asked for
  uint32_t room = 0;       ///< for events
  bool ended = false;      ///< by io_destroy
  std::deque<AsyncEvent> events;
  /// Counts events, and the end. A futex word of the host.
  std::atomic<uint32_t> changes{0};
};

/// The contexts of a process. A child of a fork has none.
struct AsyncContexts {
  /// Nothing is waited for, and no other lock taken, while it is held.
  mutable Lock lock;
  std::vector<std::shared_ptr<AsyncContext>> list;

  /// The context that the guest calls `id`, or null. Takes the lock.
  [[nodiscard]] std::shared_ptr<AsyncContext> find(uint32_t id) const {
    const LockGuard guard(lock);
    for (const auto& context : list) {
      if (context->id == id) return context;
    }
    return nullptr;
  }
};

}  // namespace ferry::linux
