// One guest thread: its processor, its signal state, and what the kernel keeps per task.
#pragma once

#include <atomic>
#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "linux/kernel/signal_state.hpp"

namespace ferry::linux {

class GuestProcess;

struct Thread {
  explicit Thread(GuestProcess& owner) : process(&owner) {}

  i386::CpuState cpu;  ///< First: translated code and the engine may rely on it.

  /// Not 0: something waits for deliver_pending_signals. Set by the host's signal handler, read by
  /// the run loop before each entry and by the safe-syscall routine.
  std::atomic<uint32_t> signal_pending{0};

  GuestProcess* process;
  int32_t tid = 0;
  uint32_t clear_child_tid = 0;
  uint32_t robust_list_head = 0;
  int exit_status = 0;  ///< valid once handle_syscall says exit_process
  ThreadSignals signals;
  /// Number of the call being made or restarted; what strace and restarts use.
  uint32_t syscall_number = 0;
};

/// The guest thread that the calling host thread runs. For signal handlers; others are given it. A
/// vfork child shares the variable with its parent, which waits.
[[nodiscard]] Thread* current_thread();
void set_current_thread(Thread* thread);

/// Loads `selector` into a segment register; an invalid one becomes the null selector, as when the
/// kernel restores a context.
void restore_segment(Thread& thread, i386::SegmentRegister segment, uint16_t selector);

}  // namespace ferry::linux
