#include "linux/kernel/signal_delivery.hpp"

#include "common/diagnostics.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/call_result.hpp"
#include "linux/kernel/fault_signals.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/i386/signal_frame.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

/// Takes the next signal that may be delivered; null if there is none. What it returns may lie in
/// `room`, or stays as it is while host signals are blocked, as they are here.
const abi::SigInfo* take_next(Thread& thread, abi::SigInfo& room) {
  ThreadSignals& signals = thread.signals;
  if (signals.forced) {
    signals.forced = false;
    room = signals.forced_info;
    return &room;
  }
  if (signals.recorded) {
    signals.recorded = false;
    if (!contains(signals.mask, signals.record.signo)) return &signals.record;
    // The guest blocked it in the meantime.
    if (!hold_signal(thread, signals.record)) requeue_signal(thread, signals.record);
  }
  return take_held(thread, ~signals.mask, room) ? &room : nullptr;
}

/// Makes the interrupted call start again, or return -EINTR.
void finish_call(Thread& thread, bool restart) {
  i386::CpuState& cpu = thread.cpu;
  if (restart) {
    cpu.gpr[i386::EAX] = thread.syscall_number;
    cpu.eip -= 2;  // int 0x80
  } else {
    cpu.gpr[i386::EAX] = CallResult(abi::kEINTR).eax();
  }
  thread.signals.restart = Restart::none;
}

/// Returns true if a handler was entered.
bool deliver_one(Thread& thread, const abi::SigInfo& info) {
  const int signal = info.signo;
  const SignalAction action = take_action(thread, signal);
  if (log_enabled(LogChannel::int_))
    log_printf(LogChannel::int_, "signal %d code %d at %08x, handler %08x\n", signal, info.code,
               thread.cpu.eip, action.handler);
  report_delivery(thread, info);
  if (action.handler == SignalAction::kIgnore) return false;
  if (action.handler == SignalAction::kDefault) {
    if (contains(kIgnoredByDefault, signal)) return false;
    if (!contains(kStopByDefault, signal)) die_by_signal(info);
    host_call(SYS_tgkill, host_call(SYS_getpid), thread.tid, SIGSTOP);
    return false;
  }
  ThreadSignals& signals = thread.signals;
  if (signals.restart != Restart::none) {
    finish_call(thread,
                signals.restart == Restart::always || (action.flags & abi::kSaRestart) != 0);
  }
  const SignalSet saved_mask = signals.restore_saved_mask ? signals.saved_mask : signals.mask.get();
  if (!build_signal_frame(thread, info, action, saved_mask)) {
    abi::SigInfo fault{};
    fault.signo = abi::kSIGSEGV;
    fault.code = SI_KERNEL;
    if (signal == abi::kSIGSEGV) die_by_signal(fault);
    force_signal(thread, fault);
    return false;
  }
  signals.restore_saved_mask = false;
  SignalSet mask = signals.mask | action.mask;
  if ((action.flags & abi::kSaNoDefer) == 0) mask |= signal_bit(signal);
  signals.mask = without_unblockable(mask);
  return true;
}

}  // namespace

bool deliver_pending_signals(Thread& thread) {
  bool entered = false;
  abi::SigInfo room;
  block_host_signals();
  thread.signal_pending = 0;
  thread.process->space->settle_foreign_write();
  while (const abi::SigInfo* const info = take_next(thread, room))
    entered = deliver_one(thread, *info) || entered;
  if (thread.signals.restart != Restart::none) finish_call(thread, true);
  if (thread.signals.restore_saved_mask) {
    thread.signals.restore_saved_mask = false;
    thread.signals.mask = thread.signals.saved_mask;
    note_held(thread);
  }
  offer_held(thread);
  restore_host_mask(thread);
  return entered;
}

}  // namespace ferry::linux
