#include "linux/kernel/fault_signals.hpp"

#include <signal.h>

#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/messages.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

/// Signals that the thread neither takes nor waits for.
SignalSet refused(const Thread& thread) {
  return thread.signals.mask & ~thread.signals.awaited;
}

/// One side writes a queue and then reads masks, the other writes its mask and then reads the
/// queue. One of them must see the other's write.
void order_queue_and_mask() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace

bool must_hold(const Thread& thread, int signal) {
  return contains(kFaultSet & (thread.signals.mask | thread.process->ignored_faults), signal);
}

bool hold_signal(Thread& thread, const abi::SigInfo& info) {
  if (!contains(kFaultSet, info.signo)) return false;
  ThreadSignals& signals = thread.signals;
  GuestProcess& process = *thread.process;
  // kernel/signal.c, sig_ignored: what is blocked waits, even if it is ignored now.
  if (!contains(signals.mask, info.signo) && contains(process.ignored_faults, info.signo)) {
    signals.blocked_came = true;
    return true;
  }
  // What rt_tgsigqueueinfo sends to a thread cannot be told from sigqueue(3).
  const bool for_thread = info.code == SI_TKILL;
  (for_thread ? signals.held : process.held).add(info);
  const bool others_may_take = !for_thread && process.threaded();
  if (!signals.recorded && contains(refused(thread), info.signo) && !others_may_take) {
    signals.blocked_came = true;  // nothing happens before the guest unblocks it
  } else {
    thread.signal_pending = 1;
  }
  return true;
}

SignalSet deliverable_held(const Thread& thread) {
  return (thread.signals.held.set() | thread.process->held.set()) & ~refused(thread);
}

bool take_held(Thread& thread, SignalSet wanted, abi::SigInfo& info) {
  return thread.signals.held.take(wanted, info) || thread.process->held.take(wanted, info);
}

void note_held(Thread& thread) {
  order_queue_and_mask();
  if (deliverable_held(thread) != 0) thread.signal_pending = 1;
}

bool claim_held(Thread& thread) {
  HeldSignals& own = thread.signals.held;
  SignalSet wanted = ~(thread.signals.mask | own.set());
  abi::SigInfo info;
  while (thread.process->held.take(wanted, info)) {
    own.add(info);
    wanted &= ~signal_bit(info.signo);
  }
  return (own.set() & ~thread.signals.mask) != 0;
}

void offer_held(Thread& thread) {
  GuestProcess& process = *thread.process;
  if (!process.threaded()) return;
  SignalSet left = process.held.set();
  if (left == 0) return;
  order_queue_and_mask();
  const LockGuard guard(process.lock);
  for (const Thread* other : process.threads) {
    const SignalSet takes = left & ~refused(*other);
    // A thread that is about to begin looks by itself.
    if (other == &thread || takes == 0 || other->tid == 0) continue;
    nudge(other->tid);
    left &= ~takes;
  }
}

}  // namespace ferry::linux
