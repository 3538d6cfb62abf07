// One guest thread: its processor, its signal state, and what the kernel keeps per task.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/diagnostics.hpp"
#include "common/relaxed.hpp"
#include "guest/i386/cpu_state.hpp"
#include "linux/kernel/kernel_writes.hpp"
#include "linux/kernel/seccomp_filter.hpp"
#include "linux/kernel/signal_state.hpp"

namespace ferry::linux {

class GuestProcess;

/// SECCOMP_MODE_*.
enum class SeccompMode : uint8_t { none, strict, filter };

struct Thread {
  explicit Thread(GuestProcess& owner) : process(&owner) {}
  /// With a copy of `state`.
  Thread(GuestProcess& owner, const i386::CpuState& state) : cpu(state), process(&owner) {}
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  i386::CpuState cpu;  ///< First: translated code and the engine may rely on it.

  /// Not 0: something waits for deliver_pending_signals. Set by the host's signal handler, read by
  /// the run loop before each entry and by the safe-syscall routine.
  std::atomic<uint32_t> signal_pending{0};
  /// More than eax has changed in a system call that gives a result: the thread, which may be in
  /// the middle of a block, must come to its run loop before it goes on.
  void leave_block() { signal_pending = 1; }

  GuestProcess* process;
  int32_t tid = 0;
  uint32_t clear_child_tid = 0;
  uint32_t robust_list_head = 0;
  /// Both valid once handle_syscall says end_thread.
  int exit_status = 0;
  bool ends_process = false;  ///< with all its threads (exit_group)
  ThreadSignals signals;
  uint32_t changes_known = 0;  ///< for AddressSpace::judge
  KernelWrites kernel_writes;  ///< known to the address space from GuestProcess::add on
  /// Number of the call being made or restarted; what strace and restarts use.
  uint32_t syscall_number = 0;
  /// Name of the call in the log that has no result yet, or null. Other threads read it.
  std::atomic<const char*> traced_call{nullptr};
  /// Whether something looks at every call before it is made: the log, or seccomp(2).
  Relaxed<bool> watches_calls = log_enabled(LogChannel::strace);
  /// Other threads of the process may set these two, under its lock (SECCOMP_FILTER_FLAG_TSYNC).
  Relaxed<SeccompMode> seccomp_mode = SeccompMode::none;
  std::atomic<const SeccompFilter*> seccomp_filter{nullptr};  ///< the newest

  /// Has `filter` and those before it from now on.
  void put_filter(const SeccompFilter* filter) {
    seccomp_filter.store(filter, std::memory_order_release);
    seccomp_mode = SeccompMode::filter;
    watches_calls = true;
  }
  /// Has the filters of `other` from now on, as a child has its parent's.
  void inherit_seccomp(const Thread& other) {
    seccomp_filter = other.seccomp_filter.load();
    seccomp_mode = other.seccomp_mode;
    watches_calls = other.watches_calls;
  }
};

/// The guest thread that the calling host thread runs, or null before it begins and after it has
/// ended. For signal handlers; others are given it. A vfork child shares the variable with its
/// parent, which waits.
[[nodiscard]] Thread* current_thread();
void set_current_thread(Thread* thread);

}  // namespace ferry::linux
