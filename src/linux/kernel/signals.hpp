// Signals: dispositions, masks, and the host handlers that record signals.
//
// Principles:
//   - A guest signal is the host signal of the same meaning. The host is given the dispositions
//     SIG_DFL and SIG_IGN, so default actions (death, stop, continue) and their effect on wait(2)
//     are the kernel's own.
//   - The host handler records one signal, blocks all others in the interrupted context, and sets
//     Thread::signal_pending. Everything else stays queued in the kernel, which keeps order,
//     siginfo and limits.
//   - Only deliver_pending_signals (signal_delivery.hpp) delivers. The run loop calls it; it ends
//     by setting the host mask to the guest's, minus the signals that faults raise.
#pragma once

#include <signal.h>
#include <ucontext.h>

#include <cstdint>

#include "linux/host/host_signals.hpp"
#include "linux/kernel/signal_state.hpp"

namespace ferry::linux {

struct Thread;

/// How the engine takes part in the handling of host signals. Null members are skipped.
struct SignalHooks {
  /// An asynchronous signal was recorded (Thread::signal_pending is set). If the context is in
  /// translated code, make it leave soon. Runs in the handler.
  void (*interrupt)(Thread& thread, ucontext_t* context) = nullptr;
  /// A synchronous SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP. True: handled, the context was
  /// changed. False: not in translated code.
  bool (*fault)(Thread& thread, int host_signal, siginfo_t* info, ucontext_t* context) = nullptr;
  /// The thread is about to get a guest signal, or to die of one: for the log. Not in a handler.
  void (*delivered)(Thread& thread, const abi::SigInfo& info) = nullptr;
  void (*died)(Thread& thread, int signal) = nullptr;
};
void set_signal_hooks(const SignalHooks& hooks);
/// Calls the hook `delivered`.
void report_delivery(Thread& thread, const abi::SigInfo& info);

/// Installs the fault handlers and takes over dispositions and the mask inherited from exec.
void initialize_signals(Thread& thread);
/// To be called when RLIMIT_CORE may have changed: unless it is 0, signals that dump core by
/// default get a host handler, so that ferry decides what is dumped (core_dump.hpp).
void follow_core_limit(Thread& thread);

/// force_sig of the kernel: a signal with this info that cannot be blocked or ignored.
void force_signal(Thread& thread, const abi::SigInfo& info);

/// After the host ended a call with EINTR: whether only a message (messages.hpp) was the reason.
/// The message is then dealt with, and the caller makes the call again.
[[nodiscard]] bool only_message_came(Thread& thread);
/// The same, or a signal that the guest blocks (ThreadSignals::blocked_came).
[[nodiscard]] bool ended_for_nothing(Thread& thread);

// --- used by the system calls --------------------------------------------------------------------
/// rt_sigaction; null pointers as in the kernel.
[[nodiscard]] Errno change_action(Thread& thread, int signal, const SignalAction* action,
                                  SignalAction* old);
/// Sets the guest's mask and the host's with it. False, and nothing is changed: a signal came
/// before, which belongs to the time before the call; it is to be delivered, and the call made
/// again.
[[nodiscard]] bool set_signal_mask(Thread& thread, SignalSet mask);
/// Guest signals that are blocked and wait: sigpending(2).
[[nodiscard]] SignalSet pending_signals(Thread& thread);
/// The host mask that stands for the thread's: without the signals that faults raise.
[[nodiscard]] HostSignalSet host_signal_mask(const Thread& thread);
/// Sets the host's mask to host_signal_mask().
void restore_host_mask(const Thread& thread);
/// Blocks every host signal but those that faults raise.
void block_host_signals();

/// Blocks host signals during its lifetime: around fork and exec. A signal recorded before belongs
/// to the time before the call: if interrupted(), the call returns kErestartNoIntr.
class BlockedSignals {
 public:
  explicit BlockedSignals(const Thread& thread) : thread_(thread) { block_host_signals(); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { restore_host_mask(thread_); }

  [[nodiscard]] bool interrupted() const;

 private:
  const Thread& thread_;
};

/// The action for a signal that is delivered now. With SA_RESETHAND the default takes its place, so
/// that no other thread finds the handler too.
[[nodiscard]] SignalAction take_action(Thread& thread, int signal);
/// Gives a recorded signal that cannot be delivered now back to the kernel's queue.
void requeue_signal(const Thread& thread, const abi::SigInfo& info);

/// CLONE_CLEAR_SIGHAND: actions that are handlers become the default.
void reset_handlers(Thread& thread);

/// Before execve replaces the process: the host ignores what the guest ignores, and the host mask
/// becomes the guest's and that of messages.
void prepare_signals_for_exec(Thread& thread);
/// For when that execve has failed.
void restore_signals_after_exec(Thread& thread);
/// In a fork child: what was recorded belongs to the parent.
void reset_signals_in_child(Thread& thread);
/// Lets the process die by the signal of `info` as if it had the default action: core dump
/// included.
[[noreturn]] void die_by_signal(const abi::SigInfo& info);

}  // namespace ferry::linux
