#include "linux/kernel/signals.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "common/diagnostics.hpp"
#include "guest/memory/memory.hpp"
#include "host_abi.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/foreign_write.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

SignalHooks hooks;

// --- the host's handlers ------------------------------------------------------------------------

/// Blocks everything but faults in the interrupted context: further signals wait in the kernel's
/// queue.
void block_all_in(ucontext_t* context) {
  // The kernel's mask is shorter than libc's sigset_t, and other fields of the frame follow it.
  const HostSignalSet mask = set_to_host(~kFaultSet);
  std::memcpy(&context->uc_sigmask, &mask, sizeof mask);
}

}  // namespace

void requeue_signal(const Thread& thread, const abi::SigInfo& info) {
  siginfo_t host = siginfo_to_host(info);
  host_call(SYS_rt_tgsigqueueinfo, host_call(SYS_getpid), thread.tid, host.si_signo, &host);
}

bool hold_signal(Thread& thread, const abi::SigInfo& info) {
  if (!contains(kFaultSet, info.signo)) return false;
  ThreadSignals& signals = thread.signals;
  signals.held.add(info);
  if (!signals.recorded && contains(signals.mask & ~signals.awaited, info.signo)) {
    signals.blocked_came = true;  // nothing happens before the guest unblocks it
  } else {
    thread.signal_pending = 1;
  }
  return true;
}

namespace {

/// Makes a context inside the safe-syscall window leave it; false for any other context.
bool leave_safe_call(ucontext_t* context) {
  const uintptr_t restart = safe_call_restart(context_pc(context));
  if (restart != 0) set_context_pc(context, restart);
  return restart != 0;
}

/// Async-signal context. Records one signal for the thread.
void record(Thread& thread, const siginfo_t& host_info, ucontext_t* context) {
  const abi::SigInfo info = siginfo_to_guest(host_info);
  if (info.signo == 0) return;
  ThreadSignals& signals = thread.signals;
  if (signals.recorded || contains(signals.mask, info.signo)) {
    // Not blocked on the host, so it cannot wait in the kernel.
    if (hold_signal(thread, info)) {
      if (contains(signals.awaited, info.signo)) leave_safe_call(context);
      return;
    }
  }
  if (signals.recorded) {
    // Ferry changed the host mask while one was recorded: this one goes back to the kernel's queue.
    requeue_signal(thread, info);
  } else {
    signals.record = info;
    signals.recorded = true;
  }
  thread.signal_pending = 1;
  log_printf(LogChannel::signal, "signal %d at host pc %#llx\n", info.signo,
             static_cast<unsigned long long>(context_pc(context)));
  block_all_in(context);
  if (!leave_safe_call(context) && hooks.interrupt != nullptr) hooks.interrupt(thread, context);
}

void report_internal_fault(int signal, const siginfo_t* info, const ucontext_t* context) {
  char what[80];
  std::snprintf(what, sizeof what, "signal %d at address %p", signal, info->si_addr);
  report_internal_error(what, context_pc(context));
}

void handle_fault(Thread& thread, int host_signal, siginfo_t* info, ucontext_t* context) {
  const uintptr_t pc = context_pc(context);
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  AddressSpace& space = *thread.process->space;
  if (host_signal == SIGSEGV && address < guest::kGuestEnd &&
      space.write_watched(static_cast<uint32_t>(address))) {
    if (hooks.fault != nullptr) {
      if (hooks.fault(thread, host_signal, info, context)) return;
    } else {
      space.prepare_kernel_write(static_cast<uint32_t>(address), 1);
      return;
    }
  }
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
  Thread& thread = *current_thread();
  auto* user_context = static_cast<ucontext_t*>(context);
  // Any such SIGTRAP may stand for a message: the kernel drops a message while another SIGTRAP
  // waits.
  if (host_signal == SIGTRAP && info->si_code <= 0) thread.process->space->note_foreign_write();
  if (tells_of_write(*info)) {
    // An interrupted call continues as if no signal had come.
    thread.signal_pending = 1;
    if (hooks.interrupt != nullptr) hooks.interrupt(thread, user_context);
    return;
  }
  const int signal = signal_to_guest(host_signal);
  // A code above 0 comes from the kernel: a real fault, not kill(2).
  if (signal != 0 && contains(kFaultSet, signal) && info->si_code > 0) {
    ++thread.signals.host_faults;
    handle_fault(thread, host_signal, info, user_context);
    return;
  }
  ++thread.signals.host_signals;
  record(thread, *info, user_context);
}

void learn_inherited_action(GuestProcess& process, int signal) {
  HostAction host;
  if (contains(process.known_actions, signal)) return;
  process.known_actions |= signal_bit(signal);
  if (set_host_action(signal_to_host(signal), nullptr, &host) != 0) return;
  if (host.handler == kHostIgnore || contains(process.inherited_ignored & kFaultSet, signal)) {
    process.actions[static_cast<size_t>(signal)].handler = SignalAction::kIgnore;
  }
}

}  // namespace

void apply_action(const Thread& thread, int signal) {
  const SignalAction& action = thread.process->actions[static_cast<size_t>(signal)];
  HostAction host;
  if (contains(kFaultSet, signal) || action.handler > SignalAction::kIgnore) {
    host.handler = reinterpret_cast<uintptr_t>(host_handler);
    host.flags = SA_SIGINFO | SA_RESTART;
  } else {
    host.handler = action.handler == SignalAction::kIgnore ? kHostIgnore : kHostDefault;
  }
  if ((action.flags & abi::kSaNoCldStop) != 0) host.flags |= SA_NOCLDSTOP;
  if ((action.flags & abi::kSaNoCldWait) != 0) host.flags |= SA_NOCLDWAIT;
  set_host_action(signal_to_host(signal), &host, nullptr);
}

void set_signal_hooks(const SignalHooks& new_hooks) {
  hooks = new_hooks;
}

void initialize_signals(Thread& thread) {
  for (const int signal : kFaultSignals) {
    learn_inherited_action(*thread.process, signal);
    apply_action(thread, signal);
  }
  HostSignalSet inherited;
  host_call(SYS_rt_sigprocmask, SIG_SETMASK, nullptr, &inherited, sizeof inherited);
  const SignalSet blocked = set_to_guest(inherited);
  thread.signals.mask = blocked;
  // The ferry before this one blocked SIGTRAP, which the guest need not have done.
  if (thread.process->executed_by_guest())
    thread.signals.mask = (blocked & ~kFaultSet) | (thread.process->inherited_blocked & kFaultSet);
  if ((blocked & kFaultSet) != 0) restore_host_mask(thread);
}

// --- masks --------------------------------------------------------------------------------------

void block_host_signals() {
  set_host_mask(set_to_host(~kFaultSet));
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

void set_signal_mask(Thread& thread, SignalSet mask) {
  mask = without_unblockable(mask);
  if (mask == thread.signals.mask) return;
  thread.signals.mask = mask;
  if ((thread.signals.held.set() & ~mask) != 0) thread.signal_pending = 1;
  // While a signal is recorded everything is blocked; delivery sets the mask.
  if (!thread.signals.recorded) restore_host_mask(thread);
}

SignalSet pending_signals(Thread& thread) {
  HostSignalSet host;
  host_call(SYS_rt_sigpending, &host, sizeof host);
  return set_to_guest(host) | thread.signals.held.set();
}

void reset_signals_in_child(Thread& thread) {
  thread.signals.recorded = false;
  thread.signals.held.drop(kFaultSet);
  // The child has a copy of the memory that was written, and of its translations.
  thread.signal_pending = thread.process->space->foreign_write_noted() ? 1 : 0;
}

void prepare_signals_for_exec(Thread& thread) {
  // Another process's message (foreign_write.hpp) must find a handler. So SIGTRAP is blocked before
  // the handlers go, until the next ferry has its own.
  set_host_mask(set_to_host(thread.signals.mask | signal_bit(abi::kSIGTRAP)));
  for (int signal = 1; signal <= static_cast<int>(kSignalCount); ++signal) {
    const SignalAction& action = thread.process->actions[static_cast<size_t>(signal)];
    if (action.handler <= SignalAction::kIgnore && !contains(kFaultSet, signal)) continue;
    const HostAction host{action.handler == SignalAction::kIgnore ? kHostIgnore : kHostDefault, 0};
    set_host_action(signal_to_host(signal), &host, nullptr);
  }
}

void restore_signals_after_exec(Thread& thread) {
  for (int signal = 1; signal <= static_cast<int>(kSignalCount); ++signal) {
    const SignalAction& action = thread.process->actions[static_cast<size_t>(signal)];
    if (action.handler > SignalAction::kIgnore || contains(kFaultSet, signal))
      apply_action(thread, signal);
  }
  restore_host_mask(thread);
}

Errno change_action(Thread& thread, int signal, const SignalAction* action, SignalAction* old) {
  if (signal < 1 || signal > static_cast<int>(kSignalCount)) return abi::kEINVAL;
  if (action != nullptr && contains(kUnblockable, signal)) return abi::kEINVAL;
  GuestProcess& process = *thread.process;
  learn_inherited_action(process, signal);
  SignalAction& current = process.actions[static_cast<size_t>(signal)];
  if (old != nullptr) *old = current;
  if (action == nullptr) return kOk;
  current = *action;
  current.mask = without_unblockable(current.mask);
  apply_action(thread, signal);
  const bool ignored =
      current.handler == SignalAction::kIgnore ||
      (current.handler == SignalAction::kDefault && contains(kIgnoredByDefault, signal));
  if (ignored) thread.signals.held.drop(signal_bit(signal));
  return kOk;
}

void die_by_signal(int signal) {
  const int host_signal = signal_to_host(signal);
  if (hooks.before_death != nullptr) hooks.before_death(*current_thread());
  // A core dump of the translator would say nothing about the guest.
  const struct { uint64_t soft, hard; } no_core{0, 0};
  host_call(SYS_prlimit64, 0, 4 /* RLIMIT_CORE, the same on every host */, &no_core, nullptr);
  block_host_signals();
  const HostAction action{kHostDefault, 0};
  set_host_action(host_signal, &action, nullptr);
  host_call(SYS_tgkill, host_call(SYS_getpid), host_call(SYS_gettid), host_signal);
  HostSignalSet mask = set_to_host(~SignalSet{0});
  mask.remove(host_signal);
  set_host_mask(mask);
  _exit(128 + signal);
}

void force_signal(Thread& thread, const abi::SigInfo& info) {
  SignalAction& action = thread.process->actions[static_cast<size_t>(info.signo)];
  // force_sig_info_to_task of the kernel: a signal that cannot be handled kills.
  if (action.handler == SignalAction::kIgnore || contains(thread.signals.mask, info.signo)) {
    action.handler = SignalAction::kDefault;
    thread.signals.mask &= ~signal_bit(info.signo);
  }
  thread.signals.forced_info = info;
  thread.signals.forced = true;
  thread.signal_pending = 1;
}

bool only_foreign_write_came(Thread& thread) {
  AddressSpace& space = *thread.process->space;
  if (!space.foreign_write_noted()) return false;
  const ThreadSignals& signals = thread.signals;
  thread.signal_pending = 0;
  space.settle_foreign_write();
  // A signal recorded before signal_pending was cleared shows here; a later one sets signal_pending
  // again.
  if (!signals.recorded && !signals.forced && (signals.held.set() & ~signals.mask) == 0)
    return true;
  thread.signal_pending = 1;
  return false;
}

}  // namespace ferry::linux
