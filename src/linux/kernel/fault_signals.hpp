// What ferry does instead of the kernel for signals that faults raise, when they are sent by
// kill(2) and its like and the guest blocks or ignores them (held_signals.hpp). The host's kernel
// gives a process's signal to any thread, as none blocks it there. So the thread that finds it
// blocked puts it into the process's queue and brings a thread that takes it to its run loop.
#pragma once

#include "linux/kernel/signal_set.hpp"

namespace ferry::linux {

struct Thread;

/// Whether the guest blocks or ignores the signal, one of those that faults raise. Signal-safe.
[[nodiscard]] bool must_hold(const Thread& thread, int signal);
/// Keeps a signal that came to the thread, if it is one of those that faults raise, in the thread's
/// queue or the process's until a mask lets it through. False: it is another signal. Signal-safe.
[[nodiscard]] bool hold_signal(Thread& thread, const abi::SigInfo& info);

/// The signals in both queues that the thread may take now, or waits for. Signal-safe.
[[nodiscard]] SignalSet deliverable_held(const Thread& thread);
/// Takes one of `wanted` out of the thread's queue or the process's.
[[nodiscard]] bool take_held(Thread& thread, SignalSet wanted, abi::SigInfo& info);
/// After the thread's mask, or the set that it waits for, let more through: makes the thread go to
/// its run loop if such a signal waits.
void note_held(Thread& thread);
/// Makes signals of the process that the thread may take its own, so that no other takes them.
/// Returns whether the thread has any that it may take.
[[nodiscard]] bool claim_held(Thread& thread);
/// Brings other threads to their run loops that may take what waits for the process. Takes the
/// process's lock.
void offer_held(Thread& thread);

}  // namespace ferry::linux
