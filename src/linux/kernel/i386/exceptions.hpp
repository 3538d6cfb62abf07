// Processor exceptions as the i386 kernel reports them (arch/x86/kernel/traps.c,
// arch/x86/mm/fault.c).
#pragma once

#include "guest/i386/cpu_state.hpp"

namespace ferry::linux {

struct Thread;

/// Turns a guest exception into a guest signal (SIGSEGV, SIGFPE, ...) that deliver_pending_signals
/// delivers.
void handle_exception(Thread& thread, const i386::Exception& exception);

/// For a page fault: the protections of which any one allows the access.
[[nodiscard]] uint8_t allowing_protection(const i386::Exception& exception);

}  // namespace ferry::linux
