#include "linux/kernel/signals.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "common/diagnostics.hpp"
#include "guest/memory/memory.hpp"
#include "host_abi.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/core_dump.hpp"
#include "linux/kernel/fault_signals.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/messages.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/kernel/thread_exit.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

SignalHooks hooks;

// --- the host's handlers ------------------------------------------------------------------------

/// Blocks everything but faults in the interrupted context: further signals wait in the kernel's
/// queue.
void block_all_in(ucontext_t* context) {
  // The kernel's mask is shorter than libc's sigset_t, and other fields of the frame follow it.
  const HostSignalSet mask = kHostAllButFaults;
  std::memcpy(&context->uc_sigmask, &mask, sizeof mask);
}

}  // namespace

void requeue_signal(const Thread& thread, const abi::SigInfo& info) {
  siginfo_t host = siginfo_to_host(info);
  host_call(SYS_rt_tgsigqueueinfo, host_call(SYS_getpid), thread.tid, host.si_signo, &host);
}

namespace {

/// Makes a context inside the safe-syscall window leave it; false for any other context.
bool leave_safe_call(ucontext_t* context) {
  const uintptr_t restart = safe_call_restart(context_pc(context));
  if (restart != 0) set_context_pc(context, restart);
  return restart != 0;
}

/// Brings the thread, in whose handler this is, to its run loop soon.
void interrupt(Thread& thread, ucontext_t* context) {
  if (!leave_safe_call(context) && hooks.interrupt != nullptr) hooks.interrupt(thread, context);
}

/// Async-signal context. Records one signal for the thread.
void record(Thread& thread, const siginfo_t& host_info, ucontext_t* context) {
  const int number = signal_to_guest(host_info.si_signo);
  if (number == 0) return;
  ThreadSignals& signals = thread.signals;
  if (signals.recorded || must_hold(thread, number)) [[unlikely]] {
    const abi::SigInfo info = siginfo_to_guest(host_info);
    // Not blocked on the host, so it cannot wait in the kernel.
    if (hold_signal(thread, info)) {
      if (thread.signal_pending != 0) interrupt(thread, context);
      return;
    }
    // Ferry changed the host mask while one was recorded: this one goes back to the kernel's queue.
    if (signals.recorded) requeue_signal(thread, info);
  }
  if (!signals.recorded) {
    fill_guest_siginfo(host_info, signals.record);
    signals.recorded = true;
  }
  thread.signal_pending = 1;
  if (log_enabled(LogChannel::signal))
    log_printf(LogChannel::signal, "signal %d at host pc %#llx\n", number,
               static_cast<unsigned long long>(context_pc(context)));
  block_all_in(context);
  interrupt(thread, context);
}

void report_internal_fault(int signal, const siginfo_t* info, const ucontext_t* context) {
  char what[80];
  std::snprintf(what, sizeof what, "signal %d at address %p", signal, info->si_addr);
  report_internal_error(what, context_pc(context));
}

void handle_fault(Thread& thread, int host_signal, siginfo_t* info, ucontext_t* context) {
  const uintptr_t pc = context_pc(context);
  // Translated code comes first: the hook recognises its own faults by one look at the pc.
  if (hooks.fault != nullptr && hooks.fault(thread, host_signal, info, context)) return;
  const uintptr_t landing_pad = guest::fault_landing_pad(pc);
  if (landing_pad != 0) {
    set_context_pc(context, landing_pad);
    return;
  }
  report_internal_fault(host_signal, info, context);
  const HostAction action{kHostDefault, 0};
  set_host_action(host_signal, &action, nullptr);
}

void host_handler(int host_signal, siginfo_t* info, void* context) {
  auto* user_context = static_cast<ucontext_t*>(context);
  const Message message = message_in(*info);
  if (current_thread() == nullptr) {  // the host thread begins or ends
    if (message == Message::none) report_internal_fault(host_signal, info, user_context);
    return;
  }
  Thread& thread = *current_thread();
  // Any SIGTRAP that was sent may stand for a message: the kernel drops one while another waits.
  if (host_signal == SIGTRAP && info->si_code <= 0) thread.process->space->note_foreign_write();
  if (message != Message::none) {
    // An interrupted call continues as if no signal had come, unless the message offers a signal.
    thread.signal_pending = 1;
    if (deliverable_held(thread) != 0 && leave_safe_call(user_context)) return;
    if (hooks.interrupt != nullptr) hooks.interrupt(thread, user_context);
    return;
  }
  const int signal = signal_to_guest(host_signal);
  // A code above 0 comes from the kernel: a real fault, not kill(2).
  if (signal != 0 && contains(kFaultSet, signal) && info->si_code > 0) {
    thread.signals.counts.faults = thread.signals.counts.faults + 1;
    handle_fault(thread, host_signal, info, user_context);
    return;
  }
  thread.signals.counts.others = thread.signals.counts.others + 1;
  record(thread, *info, user_context);
}

/// Signals of which the host's kernel may dump core by default: the guest's, and SIGSTKFLT, which
/// is SIGEMT on MIPS.
constexpr SignalSet kHostMayDump = kCoreByDefault | signal_bit(abi::kSIGSTKFLT);

/// Signals of which a process dies by default and that can be handled. Those of libcs are not among
/// them, nor other real-time signals.
constexpr SignalSet kDeadlyByDefault =
    0x7fffffff & ~(kIgnoredByDefault | kStopByDefault | kUnblockable);

/// Signals whose default action ferry takes itself: the host's kernel would dump ferry, or the log
/// would not tell of them.
SignalSet taken_by_default(const GuestProcess& process) {
  return (process.takes_core_signals ? kHostMayDump : SignalSet{0}) |
         (hooks.delivered != nullptr ? kDeadlyByDefault : SignalSet{0});
}

/// Under the process's lock.
void learn_inherited_action(GuestProcess& process, int signal) {
  HostAction host;
  if (contains(process.known_actions, signal)) return;
  process.known_actions |= signal_bit(signal);
  if (set_host_action(signal_to_host(signal), nullptr, &host) != 0) return;
  if (host.handler == kHostIgnore || contains(process.inherited_ignored & kFaultSet, signal)) {
    process.actions[static_cast<size_t>(signal)].handler = SignalAction::kIgnore;
  }
}

/// Gives the host the disposition that stands for the guest's action for `signal`. Under the
/// process's lock.
void apply_action(GuestProcess& process, int signal) {
  const SignalAction& action = process.actions[static_cast<size_t>(signal)];
  const SignalSet ignored = signal_bit(signal) & kFaultSet;
  process.ignored_faults = action.handler == SignalAction::kIgnore
                               ? process.ignored_faults | ignored
                               : process.ignored_faults & ~ignored;
  HostAction host;
  const bool taken =
      contains(taken_by_default(process), signal) && action.handler == SignalAction::kDefault;
  if (contains(kFaultSet, signal) || taken || action.handler > SignalAction::kIgnore) {
    host.handler = reinterpret_cast<uintptr_t>(host_handler);
    host.flags = SA_SIGINFO | SA_RESTART;
  } else {
    host.handler = action.handler == SignalAction::kIgnore ? kHostIgnore : kHostDefault;
  }
  if ((action.flags & abi::kSaNoCldStop) != 0) host.flags |= SA_NOCLDSTOP;
  if ((action.flags & abi::kSaNoCldWait) != 0) host.flags |= SA_NOCLDWAIT;
  set_host_action(signal_to_host(signal), &host, nullptr);
}

/// Under the process's lock.
void apply_actions(GuestProcess& process, SignalSet signals) {
  for (int signal = 1; signal <= static_cast<int>(kSignalCount); ++signal) {
    if (!contains(signals, signal)) continue;
    learn_inherited_action(process, signal);
    apply_action(process, signal);
  }
}

}  // namespace

void follow_core_limit(Thread& thread) {
  if (host_limit(RLIMIT_CORE).soft == 0) return;
  GuestProcess& process = *thread.process;
  const LockGuard guard(process.lock);
  if (process.takes_core_signals) return;
  process.takes_core_signals = true;
  apply_actions(process, kHostMayDump);
}

void report_delivery(Thread& thread, const abi::SigInfo& info) {
  if (hooks.delivered != nullptr) hooks.delivered(thread, info);
}

void set_signal_hooks(const SignalHooks& new_hooks) {
  hooks = new_hooks;
}

void initialize_signals(Thread& thread) {
  GuestProcess& process = *thread.process;
  for (const int signal : kFaultSignals) {
    learn_inherited_action(process, signal);
    apply_action(process, signal);
  }
  follow_core_limit(thread);
  {
    const LockGuard guard(process.lock);
    apply_actions(process, taken_by_default(process));
  }
  HostSignalSet inherited;
  host_call(SYS_rt_sigprocmask, SIG_SETMASK, nullptr, &inherited, sizeof inherited);
  const SignalSet blocked = set_to_guest(inherited);
  thread.signals.mask = blocked;
  // The ferry before this one blocked messages, which the guest need not have done.
  if (process.executed_by_guest())
    thread.signals.mask = (blocked & ~kFaultSet) | (process.inherited_blocked & kFaultSet);
  if ((blocked & kFaultSet) != 0) restore_host_mask(thread);
}

// --- masks --------------------------------------------------------------------------------------

void block_host_signals() {
  set_host_mask(kHostAllButFaults);
}

HostSignalSet host_signal_mask(const Thread& thread) {
  return set_to_host(thread.signals.mask & ~kFaultSet);
}

void restore_host_mask(const Thread& thread) {
  set_host_mask(host_signal_mask(thread));
}

bool BlockedSignals::interrupted() const {
  return thread_.signal_pending != 0;
}

bool set_signal_mask(Thread& thread, SignalSet mask) {
  if (thread.signal_pending != 0) return false;
  mask = without_unblockable(mask);
  const SignalSet old = thread.signals.mask;
  if (mask == old) return true;
  if ((mask & ~old & ~kFaultSet) != 0) {
    set_host_mask(set_to_host((mask | old) & ~kFaultSet));
    // What came until then was recorded under the old mask, and is delivered under it.
    if (thread.signal_pending != 0) return false;
  }
  thread.signals.mask = mask;
  if ((old & ~mask & kFaultSet) != 0) note_held(thread);
  if ((old & ~mask & ~kFaultSet) != 0) restore_host_mask(thread);
  return true;
}

SignalSet pending_signals(Thread& thread) {
  HostSignalSet host;
  host_call(SYS_rt_sigpending, &host, sizeof host);
  return set_to_guest(host) | thread.signals.held.set() | thread.process->held.set();
}

void reset_signals_in_child(Thread& thread) {
  thread.signals.recorded = false;
  thread.signals.held.drop(kFaultSet);
  thread.process->held.drop(kFaultSet);
  // The child has a copy of the memory that was written, and of its translations.
  thread.signal_pending = thread.process->space->foreign_write_noted() ? 1 : 0;
}

void prepare_signals_for_exec(Thread& thread) {
  // A message (messages.hpp) must find a handler. So messages are blocked before the handlers go,
  // until the next ferry has its own.
  set_host_mask(set_to_host(thread.signals.mask | kMessageSet));
  const GuestProcess& process = *thread.process;
  const LockGuard guard(process.lock);
  // The kernel resets handlers itself, once no other thread needs them any more.
  for (const int signal : kFaultSignals) {
    if (process.actions[static_cast<size_t>(signal)].handler != SignalAction::kIgnore) continue;
    const HostAction ignore{kHostIgnore, 0};
    set_host_action(signal_to_host(signal), &ignore, nullptr);
  }
}

void restore_signals_after_exec(Thread& thread) {
  {
    GuestProcess& process = *thread.process;
    const LockGuard guard(process.lock);
    for (const int signal : kFaultSignals) apply_action(process, signal);
  }
  restore_host_mask(thread);
}

/// The flags that an i386 kernel keeps (UAPI_SA_FLAGS of include/linux/signal_types.h, 6.1). 0x800
/// is SA_EXPOSE_TAGBITS.
constexpr uint32_t kKeptFlags = abi::kSaNoCldStop | abi::kSaNoCldWait | abi::kSaSigInfo |
                                abi::kSaRestorer | abi::kSaOnStack | abi::kSaRestart |
                                abi::kSaNoDefer | abi::kSaResetHand | 0x800;

Errno change_action(Thread& thread, int signal, const SignalAction* action, SignalAction* old) {
  if (signal < 1 || signal > static_cast<int>(kSignalCount)) return abi::kEINVAL;
  if (action != nullptr && contains(kUnblockable, signal)) return abi::kEINVAL;
  GuestProcess& process = *thread.process;
  const LockGuard guard(process.lock);
  learn_inherited_action(process, signal);
  SignalAction& current = process.actions[static_cast<size_t>(signal)];
  if (old != nullptr) *old = current;
  if (action == nullptr) return kOk;
  current = *action;
  current.flags &= kKeptFlags;
  current.mask = without_unblockable(current.mask);
  apply_action(process, signal);
  const bool ignored =
      current.handler == SignalAction::kIgnore ||
      (current.handler == SignalAction::kDefault && contains(kIgnoredByDefault, signal));
  if (ignored) {
    process.held.drop(signal_bit(signal));
    for (Thread* other : process.threads) other->signals.held.drop(signal_bit(signal));
  }
  return kOk;
}

SignalAction take_action(Thread& thread, int signal) {
  GuestProcess& process = *thread.process;
  const LockGuard guard(process.lock);
  SignalAction& current = process.actions[static_cast<size_t>(signal)];
  const SignalAction action = current;
  if (action.handler > SignalAction::kIgnore && (action.flags & abi::kSaResetHand) != 0) {
    current.handler = SignalAction::kDefault;
    apply_action(process, signal);
  }
  return action;
}

void reset_handlers(Thread& thread) {
  GuestProcess& process = *thread.process;
  const LockGuard guard(process.lock);
  for (int signal = 1; signal <= static_cast<int>(kSignalCount); ++signal) {
    SignalAction& action = process.actions[static_cast<size_t>(signal)];
    if (action.handler <= SignalAction::kIgnore) continue;
    action = {};
    apply_action(process, signal);
  }
}

void die_by_signal(const abi::SigInfo& info) {
  const int host_signal = signal_to_host(info.signo);
  Thread& thread = *current_thread();
  announce_end(thread);
  block_host_signals();
  dump_core(thread, info);
  if (hooks.died != nullptr) hooks.died(thread, info.signo);
  const HostAction action{kHostDefault, 0};
  set_host_action(host_signal, &action, nullptr);
  host_call(SYS_tgkill, host_call(SYS_getpid), host_call(SYS_gettid), host_signal);
  HostSignalSet mask = set_to_host(~SignalSet{0});
  mask.remove(host_signal);
  set_host_mask(mask);
  _exit(128 + info.signo);
}

void force_signal(Thread& thread, const abi::SigInfo& info) {
  {
    const LockGuard guard(thread.process->lock);
    SignalAction& action = thread.process->actions[static_cast<size_t>(info.signo)];
    // force_sig_info_to_task of the kernel: a signal that cannot be handled kills.
    if (action.handler == SignalAction::kIgnore || contains(thread.signals.mask, info.signo)) {
      action.handler = SignalAction::kDefault;
      thread.signals.mask = thread.signals.mask & ~signal_bit(info.signo);
    }
  }
  thread.signals.forced_info = info;
  thread.signals.forced = true;
  thread.signal_pending = 1;
}

bool only_message_came(Thread& thread) {
  if (thread.signal_pending == 0) return false;
  const ThreadSignals& signals = thread.signals;
  thread.signal_pending = 0;
  thread.process->space->settle_foreign_write();
  // A signal recorded before signal_pending was cleared shows here; a later one sets signal_pending
  // again.
  if (!claim_held(thread) && !signals.recorded && !signals.forced &&
      deliverable_held(thread) == 0) {
    offer_held(thread);
    return true;
  }
  thread.signal_pending = 1;
  return false;
}

bool ended_for_nothing(Thread& thread) {
  if (only_message_came(thread)) return true;
  return thread.signal_pending == 0 && thread.signals.blocked_came;
}

}  // namespace ferry::linux
