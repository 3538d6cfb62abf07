// Signals: what the guest installed, what waits, and the host handlers that record it.
//
// Principles:
//   - A guest signal is the host signal of the same meaning; dispositions SIG_DFL and SIG_IGN are
//   given to
//     the host, so default actions (death, stop, continue) and their effect on wait(2) are the
//     kernel's own.
//   - The host handler records one signal, blocks all others in the interrupted context, and sets
//     Thread::signal_pending. Everything else stays queued in the kernel, which keeps order,
//     siginfo and limits.
//   - Delivery happens in deliver_pending_signals only, called by the run loop; it ends by setting
//   the host
//     mask to the guest's, minus the signals that faults raise.
#pragma once

#include <signal.h>
#include <ucontext.h>

#include <array>
#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "linux/abi/i386/abi_types.hpp"

namespace ferry {

struct Thread;
class GuestProcess;

inline constexpr unsigned kSignalCount = 64;  ///< i386 signals are 1..64

/// A guest signal set: bit (signal - 1).
using SignalSet = uint64_t;
[[nodiscard]] constexpr SignalSet signal_bit(int signal) {
  return SignalSet{1} << (signal - 1);
}

/// A guest's sigaction.
struct SignalAction {
  uint32_t handler = 0;  ///< 0 SIG_DFL, 1 SIG_IGN
  uint32_t flags = 0;    ///< i386 SA_*
  uint32_t restorer = 0;
  SignalSet mask = 0;
};

struct AltStack {
  uint32_t base = 0;
  uint32_t size = 0;
  uint32_t flags = 2;  ///< as given to sigaltstack; SS_DISABLE
};

/// How an interrupted system call goes on once the signals are delivered.
enum class Restart : uint8_t {
  none,
  if_handler_allows,  ///< ERESTARTSYS: restarts unless a handler without SA_RESTART ran (then
                      ///< EINTR)
  always,             ///< ERESTARTNOINTR: the call had not begun
};

struct ThreadSignals {
  SignalSet mask = 0;
  /// While sigsuspend, ppoll, pselect or epoll_pwait replaced the mask: what the frame must
  /// restore.
  SignalSet saved_mask = 0;
  bool restore_saved_mask = false;
  AltStack alt_stack;
  Restart restart = Restart::none;

  // Written by the host handler, read by delivery with host signals blocked.
  bool recorded = false;  ///< `record` holds an asynchronous signal
  i386::abi::SigInfo record{};
  SignalSet held = 0;  ///< fault signals sent by kill() while the guest blocks them
  std::array<i386::abi::SigInfo, 5> held_info{};
  uint64_t host_faults = 0;   ///< handler runs for synchronous faults (statistics)
  uint64_t host_signals = 0;  ///< handler runs for all other signals (statistics)

  // Set by handle_exception: delivered before anything else.
  bool forced = false;
  i386::abi::SigInfo forced_info{};
  uint32_t trap_number =
      0;  ///< of the last exception; frames show them (sigcontext.trapno, err, cr2)
  uint32_t error_code = 0;
  uint32_t fault_address = 0;
};

/// What the engine wants to know of host signals. Null members are skipped.
struct SignalHooks {
  /// An asynchronous signal was recorded (Thread::signal_pending is set). If the context is in
  /// translated code, make it leave soon. Runs in the handler.
  void (*interrupt)(Thread& thread, ucontext_t* context) = nullptr;
  /// A synchronous SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP. True: handled, the context was
  /// changed. Called first for write faults on write-watched pages, whatever the pc; for other
  /// faults only when the pc is not a guest memory access of C++ code (i386::fault_landing_pad).
  bool (*fault)(Thread& thread, int host_signal, siginfo_t* info, ucontext_t* context) = nullptr;
  /// The process is about to die by a signal: last chance to write statistics.
  void (*before_death)(Thread& thread) = nullptr;
};
void set_signal_hooks(const SignalHooks& hooks);

/// Installs the fault handlers and takes over dispositions and the mask inherited from exec.
void initialize_signals(Thread& thread);

/// Turns a guest exception into a guest signal (SIGSEGV, SIGFPE, ...) that deliver_pending_signals
/// delivers.
void handle_exception(Thread& thread, const i386::Exception& exception);
/// force_sig of the kernel: a signal with this info that cannot be blocked or ignored.
void force_signal(Thread& thread, const i386::abi::SigInfo& info);

/// Keeps a signal of those that faults raise, sent by the thread to itself, until the guest's mask
/// lets it be delivered. False: another signal.
[[nodiscard]] bool hold_signal(Thread& thread, const i386::abi::SigInfo& info);

/// Delivers everything that waits: builds frames, or lets the process die by the signal. Applies
/// system call restarts. Called by the run loop when Thread::signal_pending is set, before it
/// enters guest code. Returns true if a guest handler was entered.
bool deliver_pending_signals(Thread& thread);

// --- used by the system calls --------------------------------------------------------------------
/// rt_sigaction; null pointers as in the kernel. Returns 0 or -errno.
[[nodiscard]] int32_t change_action(Thread& thread, int signal, const SignalAction* action,
                                    SignalAction* old);
[[nodiscard]] constexpr SignalSet without_unblockable(SignalSet set) {
  return set & ~(signal_bit(i386::abi::kSIGKILL) | signal_bit(i386::abi::kSIGSTOP));
}
/// Sets the guest's mask and the host's with it.
void set_signal_mask(Thread& thread, SignalSet mask);
/// Guest signals that wait, blocked: sigpending(2).
[[nodiscard]] SignalSet pending_signals(Thread& thread);
/// Blocks every host signal / goes back to the guest's mask: around fork and exec.
void block_host_signals();
void restore_host_mask(const Thread& thread);
/// Before execve replaces the process: handlers become SIG_DFL, the host mask the guest's.
void prepare_signals_for_exec(Thread& thread);
/// If that execve failed after all.
void restore_signals_after_exec(Thread& thread);
/// In a fork child: what was recorded belongs to the parent.
void reset_signals_in_child(Thread& thread);
/// Lets the process die by guest signal `signal` as if it had the default action.
[[noreturn]] void die_by_signal(int signal);

}  // namespace ferry
