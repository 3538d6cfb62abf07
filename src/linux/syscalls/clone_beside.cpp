// A child process that shares its parent's memory and runs beside it: CLONE_VM without CLONE_VFORK
// and CLONE_THREAD, as LinuxThreads makes what it calls threads.
//
// The child is a process of the host that shares ferry's memory, so it needs a libc state of its
// own (the memory that the thread pointer names). A thread of its parent, the keeper, lends it: the
// keeper makes the child and sleeps until the child has ended or has executed another program. Then
// it takes back what the child was given, wherever the child was when it ended.
//
// Handlers of signals and ferry's own tables of descriptors are copied, also where the kernel would
// share them (CLONE_SIGHAND, CLONE_FILES): what one process changes later, the other does not see.
#include <linux/futex.h>
#include <sched.h>

#include <atomic>
#include <memory>
#include <new>
#include <optional>

#include "common/diagnostics.hpp"
#include "linux/kernel/executor.hpp"
#include "linux/kernel/thread_exit.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/clone_child.hpp"

namespace ferry::linux {

namespace {

struct ChildBeside : ChildProcess {
  using ChildProcess::ChildProcess;
  std::unique_ptr<std::byte[]> stack;
  /// The host's kernel clears the word and wakes who waits for that when the child gives up the
  /// memory (set_tid_address).
  std::atomic<uint32_t> has_memory{1};
};

/// What the parent hands to the keeper. It lies on the parent's stack, which waits for `pid`.
struct Birth {
  std::unique_ptr<ChildBeside> child;
  std::atomic<int64_t> pid{0};  ///< the child's number or the host's -errno, once it is known
};

void child_entry(void* argument) {
  auto& child = *static_cast<ChildBeside*>(argument);
  host_call(SYS_set_tid_address, &child.has_memory);
  set_current_thread(&child.thread);
  set_up_child(child.thread, child.request);
  restore_host_mask(child.thread);
  child.process.executor->run(child.thread);
  finish_thread(child.thread);
}

void await_end(ChildBeside& child) {
  while (const uint32_t word = child.has_memory.load(std::memory_order_acquire))
    host_call(SYS_futex, &child.has_memory, FUTEX_WAIT, word, nullptr, nullptr, 0);
  // A child that was killed in the middle of a change of the shared memory leaves it unusable. The
  // lock knows threads by their libc state, so the child's is the keeper's.
  CHECK(!child.process.space->lock().held_by_me());
  set_current_thread(nullptr);
  child.process.executor->abandon(child.thread);
}

/// Runs with all host signals blocked: it has no guest.
void* keeper_entry(void* argument) {
  auto& birth = *static_cast<Birth*>(argument);
  const std::unique_ptr<ChildBeside> child = std::move(birth.child);
  constexpr long kShared = CLONE_VM;
  const long pid =
      clone_on_stack((host_clone_flags(child->request) & ~long{CLONE_SIGHAND}) | kShared,
                     child->stack.get() + kBirthStack, child_entry, child.get());
  birth.pid.store(pid, std::memory_order_release);
  birth.pid.notify_one();  // uses the address alone
  if (pid >= 0) {
    await_end(*child);
  } else {
    child->process.executor->discard(child->thread);
  }
  return nullptr;
}

std::unique_ptr<ChildBeside> make_child(const Thread& t, const CloneRequest& request) {
  std::unique_ptr<std::byte[]> stack(new (std::nothrow) std::byte[kBirthStack]);
  if (stack == nullptr) return nullptr;
  auto child = make_child_process<ChildBeside>(t, request);
  child->stack = std::move(stack);
  return t.process->executor->prepare(child->thread) ? std::move(child) : nullptr;
}

}  // namespace

CallResult start_beside(Thread& t, const CloneRequest& request) {
  const BlockedSignals blocked(t);
  if (blocked.interrupted()) return kErestartNoIntr;
  std::optional<LibcSignal> libc_signal;
  if (!t.process->threaded()) libc_signal.emplace(t);
  expect_threads(t);
  Birth birth{make_child(t, request)};
  if (birth.child == nullptr) return abi::kENOMEM;
  block_every_host_signal();
  if (start_host_thread(keeper_entry, &birth) != 0) {
    t.process->executor->discard(birth.child->thread);
    return abi::kEAGAIN;
  }
  libc_signal.reset();
  birth.pid.wait(0, std::memory_order_acquire);
  return finish_parent(t, request, birth.pid.load(std::memory_order_relaxed));
}

}  // namespace ferry::linux
