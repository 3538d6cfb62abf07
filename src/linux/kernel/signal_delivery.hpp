// Delivery of waiting signals to the guest.
#pragma once

namespace ferry::linux {

struct Thread;

/// Delivers everything that waits: builds frames, or lets the process die by the signal. Restarts
/// system calls. The run loop calls it when Thread::signal_pending is set, before it enters guest
/// code. Returns true if a guest handler was entered. Not signal-safe.
bool deliver_pending_signals(Thread& thread);

}  // namespace ferry::linux
