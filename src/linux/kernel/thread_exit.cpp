#include "linux/kernel/thread_exit.hpp"

#include <linux/futex.h>
#include <unistd.h>

#include <vector>

#include "guest/memory/memory.hpp"
#include "linux/host/host_signals.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/executor.hpp"
#include "linux/kernel/fault_signals.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/kernel/user_memory.hpp"

namespace ferry::linux {

namespace {

void wake_one(Thread& thread, uint32_t address) {
  host_call(SYS_futex, thread.process->reach(address, true), FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

/// An entry of a robust list. Bit 0 says that the futex inherits priorities.
struct RobustEntry {
  uint32_t address = 0;
  bool inherits = false;

  /// False where the link cannot be read.
  [[nodiscard]] bool fetch(uint32_t link) {
    uint32_t word;
    if (!copy_in(link, word)) return false;
    address = word & ~1u;
    inherits = (word & 1) != 0;
    return true;
  }
};

/// kernel/futex/core.c (6.1), handle_futex_death: marks the futex if `owner` is its owner, and
/// wakes one that waits for it. False: the futex cannot be reached.
bool mark_owner_died(Thread& thread, int32_t owner, uint32_t address, bool inherits, bool pending) {
  uint32_t word;
  if ((address & 3) != 0 || !copy_in(address, word)) return false;
  for (;;) {
    // An unlock that was interrupted has cleared the word and has still to wake.
    if (pending && !inherits && word == 0) {
      wake_one(thread, address);
      return true;
    }
    if ((word & FUTEX_TID_MASK) != static_cast<uint32_t>(owner)) return true;
    const uint32_t known = word;
    bool exchanged = false;
    thread.process->space->prepare_kernel_write(address, 4);
    if (!guest::compare_exchange(address, word, (known & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                                 exchanged)) {
      return false;
    }
    if (!exchanged) continue;
    if (!inherits && (known & FUTEX_WAITERS) != 0) wake_one(thread, address);
    return true;
  }
}

/// A thread's number, and the head of its robust list or 0.
struct RobustList {
  int32_t owner;
  uint32_t head;
};

/// compat_exit_robust_list of the same file, in `thread`'s process. The list is the guest's: it may
/// be damaged, or endless.
void release_robust_futexes(Thread& thread, const RobustList& list) {
  constexpr unsigned kMostEntries = 2048;  // ROBUST_LIST_LIMIT
  const auto [owner, head] = list;
  RobustEntry entry;
  RobustEntry pending;
  uint32_t offset;
  if (head == 0 || !entry.fetch(head) || !copy_in(head + 4, offset) || !pending.fetch(head + 8))
    return;
  for (unsigned left = kMostEntries; entry.address != head && left > 0; --left) {
    RobustEntry next;
    const bool more = next.fetch(entry.address);
    if (entry.address != pending.address &&
        !mark_owner_died(thread, owner, entry.address + offset, entry.inherits, false)) {
      return;
    }
    if (!more) return;
    entry = next;
  }
  if (pending.address != 0)
    static_cast<void>(
        mark_owner_died(thread, owner, pending.address + offset, pending.inherits, true));
}

/// The same for all threads of a process that ends. The others run on for a moment: in the kernel
/// each gives up its own list, at about that time.
void release_all_robust_futexes(Thread& ending) {
  std::vector<RobustList> lists;
  {
    const LockGuard guard(ending.process->lock);
    for (const Thread* const thread : ending.process->threads)
      lists.push_back({thread->tid, thread->robust_list_head});
  }
  for (const RobustList& list : lists) release_robust_futexes(ending, list);
}

/// kernel/fork.c, mm_release.
void clear_child_tid(Thread& thread) {
  const uint32_t address = thread.clear_child_tid;
  if (address == 0) return;
  if (copy_out(thread, address, uint32_t{0})) wake_one(thread, address);
}

}  // namespace

void announce_end(Thread& thread) {
  if (!thread.process->begin_end()) {
    for (;;) host_call(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
  }
  thread.process->executor->process_ends();
}

void finish_thread(Thread& thread) {
  GuestProcess& process = *thread.process;
  if (thread.ends_process) {
    announce_end(thread);
    release_all_robust_futexes(thread);
    ::_exit(thread.exit_status);
  }
  release_robust_futexes(thread, {thread.tid, thread.robust_list_head});
  const bool last = process.remove(thread);
  offer_held(thread);
  if (last && !process.shares_memory) {
    announce_end(thread);
    // Not exit_group: the process's status is that of its first thread.
    for (;;) host_call(SYS_exit, thread.exit_status);
  }
  // The last thread of a process that shares memory is discarded by who made the process.
  if (!last) process.executor->discard(thread);
  clear_child_tid(thread);
  if (last) {
    announce_end(thread);
    ::_exit(thread.exit_status);
  }
  block_every_host_signal();
  set_current_thread(nullptr);
}

}  // namespace ferry::linux
