// One guest thread: its processor, its signal state, and what the kernel keeps per task.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "linux/i386/abi_types.hpp"
#include "linux/signals.hpp"

namespace ferry {

class GuestProcess;

/// GDT slots an i386 kernel gives to set_thread_area (GDT_ENTRY_TLS_MIN in
/// arch/x86/include/asm/segment.h).
inline constexpr uint32_t kFirstTlsEntry = 6;
inline constexpr uint32_t kTlsEntries = 3;

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
  int exit_status = 0;     ///< valid once handle_syscall says exit_process
  void* engine = nullptr;  ///< the engine's own per-thread data
  ThreadSignals signals;
  std::array<i386::abi::UserDesc, kTlsEntries> tls{};
  /// Number of the call being made or restarted; what strace and restarts use.
  uint32_t syscall_number = 0;
};

/// The thread the calling host thread runs. One per process for now.
[[nodiscard]] Thread* current_thread();
void set_current_thread(Thread* thread);

/// Loads `selector` into a segment register as the processor would: finds the base among the
/// thread's TLS entries and the flat segments. False: #GP(selector).
[[nodiscard]] bool segment_base(const Thread& thread, uint16_t selector, uint32_t& base);

}  // namespace ferry
