// Signals: actions, masks, sending, waiting.
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>

#include "linux/kernel/fault_signals.hpp"
#include "linux/kernel/i386/signal_frame.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/signal_wait.hpp"

namespace ferry::linux {

namespace {

/// `Action`: abi::SigAction, or abi::OldSigAction with a mask of 32 signals.
template <typename Action>
CallResult set_action(Thread& t, SignalNumber signal, GuestPointer action_pointer,
                      GuestPointer old_pointer) {
  Action guest;
  SignalAction action;
  SignalAction old;
  if (action_pointer != 0) {
    if (!copy_in(action_pointer, guest)) return abi::kEFAULT;
    action = {guest.handler, guest.flags, guest.restorer, guest.mask};
  }
  const Errno result = change_action(t, signal, action_pointer != 0 ? &action : nullptr, &old);
  if (result != kOk || old_pointer == 0) return result;
  guest.handler = old.handler;
  guest.flags = old.flags;
  guest.restorer = old.restorer;
  guest.mask = static_cast<decltype(guest.mask)>(old.mask);
  return copy_out(t, old_pointer, guest) ? kOk : abi::kEFAULT;
}

}  // namespace

CallResult sys_rt_sigaction(Thread& t, SignalNumber signal, GuestPointer action, GuestPointer old,
                            uint32_t set_size) {
  if (set_size != sizeof(SignalSet)) return abi::kEINVAL;
  return set_action<abi::SigAction>(t, signal, action, old);
}

CallResult sys_sigaction(Thread& t, SignalNumber signal, GuestPointer action, GuestPointer old) {
  return set_action<abi::OldSigAction>(t, signal, action, old);
}

CallResult sys_signal(Thread& t, SignalNumber signal, GuestPointer handler) {
  const SignalAction action{handler, abi::kSaResetHand | abi::kSaNoDefer, 0, 0};
  SignalAction old;
  const Errno error = change_action(t, signal, &action, &old);
  if (error != kOk) return error;
  return old.handler;
}

namespace {

constexpr uint32_t kBlock = 0, kUnblock = 1, kSetMask = 2;

/// Applies SIG_BLOCK and so on to the thread's mask; `keep` are bits the call's narrower set cannot
/// name.
CallResult change_mask(Thread& t, uint32_t how, SignalSet set, SignalSet keep) {
  SignalSet mask = t.signals.mask;
  switch (how) {
    case kBlock:
      mask |= set;
      break;
    case kUnblock:
      mask &= ~set;
      break;
    case kSetMask:
      mask = (mask & keep) | set;
      break;
    default:
      return abi::kEINVAL;
  }
  return set_signal_mask(t, mask) ? CallResult(kOk) : kErestartNoIntr;
}

}  // namespace

CallResult sys_rt_sigprocmask(Thread& t, int32_t how, GuestPointer set_pointer,
                              GuestPointer old_pointer, uint32_t set_size) {
  if (set_size != sizeof(SignalSet)) return abi::kEINVAL;
  const SignalSet old = t.signals.mask;
  if (set_pointer != 0) {
    SignalSet set;
    if (!copy_in(set_pointer, set)) return abi::kEFAULT;
    if (const CallResult result = change_mask(t, how, set, 0); !result.ok()) return result;
  }
  return old_pointer == 0 || copy_out(t, old_pointer, old) ? kOk : abi::kEFAULT;
}

CallResult sys_sigprocmask(Thread& t, int32_t how, GuestPointer set_pointer,
                           GuestPointer old_pointer) {
  const auto old = static_cast<uint32_t>(t.signals.mask);
  if (set_pointer != 0) {
    uint32_t set;
    if (!copy_in(set_pointer, set)) return abi::kEFAULT;
    if (const CallResult result = change_mask(t, how, set, ~SignalSet{UINT32_MAX}); !result.ok())
      return result;
  }
  return old_pointer == 0 || copy_out(t, old_pointer, old) ? kOk : abi::kEFAULT;
}

CallResult sys_sgetmask(Thread& t) {
  return static_cast<uint32_t>(t.signals.mask);
}
CallResult sys_ssetmask(Thread& t, Word mask) {
  const auto old = static_cast<uint32_t>(t.signals.mask);
  return set_signal_mask(t, mask) ? CallResult(old) : kErestartNoIntr;
}

CallResult sys_rt_sigpending(Thread& t, GuestPointer set, uint32_t set_size) {
  if (set_size > sizeof(SignalSet)) return abi::kEINVAL;
  const SignalSet pending = pending_signals(t) & t.signals.mask;
  return copy_out_bytes(t, set, &pending, set_size) ? kOk : abi::kEFAULT;
}
CallResult sys_sigpending(Thread& t, GuestPointer set) {
  const auto pending = static_cast<uint32_t>(pending_signals(t) & t.signals.mask);
  return copy_out(t, set, pending) ? kOk : abi::kEFAULT;
}

namespace {

CallResult suspend(Thread& t, SignalSet mask) {
  SignalWait wait(t, &mask);
  const HostSignalSet host_mask = wait.host_mask();
  return wait.finish(sleeping_call(t, SYS_rt_sigsuspend, &host_mask, sizeof host_mask));
}

}  // namespace

CallResult sys_rt_sigsuspend(Thread& t, GuestPointer set, uint32_t set_size) {
  SignalSet mask;
  if (set_size != sizeof mask) return abi::kEINVAL;
  return copy_in(set, mask) ? suspend(t, mask) : abi::kEFAULT;
}
CallResult sys_sigsuspend(Thread& t, int32_t, int32_t, Word mask) {
  return suspend(t, mask);
}
CallResult sys_pause(Thread& t) {
  return sleeping_call(t, SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
}

CallResult sys_sigaltstack(Thread& t, GuestPointer stack_pointer, GuestPointer old_pointer) {
  AltStack& alt = t.signals.alt_stack;
  const uint32_t state = alt_stack_state(alt, t.cpu.gpr[i386::ESP]);
  const abi::StackT old{alt.base, state | (alt.flags & abi::kSsAutoDisarm), alt.size};
  if (stack_pointer != 0) {
    abi::StackT stack;
    if (!copy_in(stack_pointer, stack)) return abi::kEFAULT;
    if (state == abi::kSsOnStack) return abi::kEPERM;
    const uint32_t mode = stack.flags & ~abi::kSsAutoDisarm;
    if (mode != abi::kSsDisable && mode != abi::kSsOnStack && mode != 0) return abi::kEINVAL;
    const bool same = stack.base == alt.base && stack.size == alt.size && stack.flags == alt.flags;
    if (mode == abi::kSsDisable) {
      alt = {0, 0, stack.flags};
    } else if (!same) {  // what is so already is not judged
      if (stack.size < abi::kMinSigStackSize) return abi::kENOMEM;
      alt = {stack.base, stack.size, stack.flags};
    }
  }
  return old_pointer == 0 || copy_out(t, old_pointer, old) ? kOk : abi::kEFAULT;
}

namespace {

CallResult signal_return(Thread& t, bool real_time) {
  switch (return_from_signal(t, real_time)) {
    case SignalReturn::done:
      break;
    case SignalReturn::interrupted:
      return kErestartNoIntr;
    case SignalReturn::bad_frame: {
      abi::SigInfo fault{};
      fault.signo = abi::kSIGSEGV;
      fault.code = 0x80;  // SI_KERNEL
      force_signal(t, fault);
      break;
    }
  }
  return kRegistersSet;
}

/// The host's number of a signal; for one that the guest's kernel does not know, one that the
/// host's does not know either: it finds the target before it looks at the number.
int number_for_host(int signal) {
  const int host = signal_to_host(signal);
  return signal != 0 && host == 0 ? -1 : host;
}

/// kill and its like with the guest's `signal` as the last argument. Sending to oneself must be
/// seen before the next guest instruction, as if the kernel had delivered it on the way out of the
/// call: the host's handler has run by then.
template <typename... Targets>
CallResult send(long number, SignalNumber signal, Targets... targets) {
  return guest_result(host_call(number, targets..., number_for_host(signal)));
}

CallResult queue(Thread& t, uint32_t info_pointer, int signal, long number, int pid, int tid) {
  abi::SigInfo info;
  if (!copy_in(info_pointer, info)) return abi::kEFAULT;
  info.signo = signal;
  const int host_signal = number_for_host(signal);
  // Ferry's handler would take a signal with a fault's code for a real fault.
  const bool to_self =
      number == SYS_rt_sigqueueinfo ? pid == t.tid : tid == t.tid && pid == host_call(SYS_getpid);
  if (info.code > 0 && to_self && hold_signal(t, info)) return kOk;
  siginfo_t host = siginfo_to_host(info);
  return guest_result(number == SYS_rt_sigqueueinfo
                          ? host_call(number, pid, host_signal, &host)
                          : host_call(number, pid, tid, host_signal, &host));
}

}  // namespace

CallResult sys_sigreturn(Thread& t) {
  return signal_return(t, false);
}
CallResult sys_rt_sigreturn(Thread& t) {
  return signal_return(t, true);
}
CallResult sys_kill(Thread&, Pid pid, SignalNumber signal) {
  return send(SYS_kill, signal, pid);
}
CallResult sys_tkill(Thread&, Pid tid, SignalNumber signal) {
  return send(SYS_tkill, signal, tid);
}
CallResult sys_tgkill(Thread&, Pid pid, Pid tid, SignalNumber signal) {
  return send(SYS_tgkill, signal, pid, tid);
}
CallResult sys_rt_sigqueueinfo(Thread& t, Pid pid, SignalNumber signal, GuestPointer info) {
  return queue(t, info, signal, SYS_rt_sigqueueinfo, pid, 0);
}
CallResult sys_pidfd_send_signal(Thread&, Fd fd, SignalNumber signal, GuestPointer info_pointer,
                                 Flags flags) {
  abi::SigInfo info{};
  siginfo_t host{};
  void* host_pointer = nullptr;
  if (info_pointer != 0) {
    host_pointer = copy_in(info_pointer, info) ? static_cast<void*>(&host) : nowhere();
    host = siginfo_to_host(info);
    // The host finds another number, after what comes before (kernel/signal.c).
    const int number = number_for_host(signal);
    host.si_signo = info.signo == signal ? number : ~number;
  }
  return guest_result(
      host_call(SYS_pidfd_send_signal, fd, number_for_host(signal), host_pointer, flags));
}
CallResult sys_rt_tgsigqueueinfo(Thread& t, Pid pid, Pid tid, SignalNumber signal,
                                 GuestPointer info) {
  return queue(t, info, signal, SYS_rt_tgsigqueueinfo, pid, tid);
}

namespace {

/// Waits for a signal of `set`: in the kernel's queue, or among those that ferry holds.
CallResult wait_for_signal(Thread& t, SignalSet set, const struct timespec* timeout,
                           abi::SigInfo& info) {
  ThreadSignals& signals = t.signals;
  // From here on a signal that is held wakes the thread, so none is missed before the call.
  signals.awaited = set & kFaultSet;
  note_held(t);
  siginfo_t host_info;
  // Not those that are held: the host's kernel would hand out ferry's messages too (messages.hpp).
  const HostSignalSet host_set = set_to_host(set & ~kFaultSet);
  CallResult result = kOk;
  bool taken = take_held(t, signals.awaited, info);
  // Another thread may take the signal for which this one was woken.
  while (!taken) {
    result = sleeping_call(t, SYS_rt_sigtimedwait, &host_set, &host_info, timeout, sizeof host_set);
    taken = !result.ok() && take_held(t, signals.awaited, info);
    if (result != abi::kEINTR || !only_message_came(t)) break;
  }
  signals.awaited = 0;
  if (taken) return kOk;
  if (result.ok()) info = siginfo_to_guest(host_info);
  return result;
}

CallResult timed_wait(Thread& t, GuestPointer set_pointer, GuestPointer info_pointer,
                      GuestPointer timeout, uint32_t set_size, TimeWidth width) {
  SignalSet set;
  struct timespec time;
  if (set_size != sizeof set) return abi::kEINVAL;
  if (!copy_in(set_pointer, set)) return abi::kEFAULT;
  if (timeout != 0 && !copy_in_time(timeout, width, time)) return abi::kEFAULT;
  abi::SigInfo info;
  const CallResult result =
      wait_for_signal(t, without_unblockable(set), timeout != 0 ? &time : nullptr, info);
  if (!result.ok()) return result;
  if (info_pointer != 0 && !copy_out(t, info_pointer, info)) return abi::kEFAULT;
  return static_cast<uint32_t>(info.signo);
}

NewFd make_signalfd(Thread& t, Fd fd, GuestPointer set_pointer, uint32_t set_size, uint32_t flags) {
  SignalSet set;
  if (set_size != sizeof set) return abi::kEINVAL;
  if (!copy_in(set_pointer, set)) return abi::kEFAULT;
  const HostSignalSet host_set = set_to_host(without_unblockable(set) & ~kFaultSet);
  t.process->special_files.set_bits(GuestProcess::kSignalfd);
  return guest_result(
      host_call(SYS_signalfd4, fd, &host_set, sizeof host_set, creation_flags_to_host(flags)));
}

}  // namespace

CallResult sys_rt_sigtimedwait(Thread& t, GuestPointer set, GuestPointer info, GuestPointer timeout,
                               uint32_t set_size) {
  return timed_wait(t, set, info, timeout, set_size, TimeWidth::time32);
}
CallResult sys_rt_sigtimedwait_time64(Thread& t, GuestPointer set, GuestPointer info,
                                      GuestPointer timeout, uint32_t set_size) {
  return timed_wait(t, set, info, timeout, set_size, TimeWidth::time64);
}
NewFd sys_signalfd(Thread& t, Fd fd, GuestPointer set, uint32_t set_size) {
  return make_signalfd(t, fd, set, set_size, 0);
}
NewFd sys_signalfd4(Thread& t, Fd fd, GuestPointer set, uint32_t set_size, Flags flags) {
  return make_signalfd(t, fd, set, set_size, flags);
}

}  // namespace ferry::linux
