// Processor exceptions as the i386 kernel reports them (arch/x86/kernel/traps.c,
// arch/x86/mm/fault.c).
#pragma once

#include "guest/i386/cpu_state.hpp"

namespace ferry::linux {

struct Thread;

/// Turns a guest exception into a guest signal (SIGSEGV, SIGFPE, ...) that deliver_pending_signals
/// delivers. False: there is no signal; the instruction is to be executed again, because only
/// another thread's change of the address space, or its watch, made it fault.
[[nodiscard]] bool handle_exception(Thread& thread, const i386::Exception& exception);

}  // namespace ferry::linux
