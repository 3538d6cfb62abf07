// Core dumps: what the parent is told of one, and the file that --core asks for.
#pragma once

#include "linux/abi/i386/abi_types.hpp"

namespace ferry::linux {

struct Thread;

/// To be called when `info`'s signal is about to kill the process, whose end was announced
/// (thread_exit.hpp), by its thread `dying`. Where an i386 kernel would dump core, writes the core
/// file if --core was given, and lets the host's kernel dump so that the wait status says so, but
/// into a place that vanishes with the process; elsewhere forbids the dump. May stop the other
/// threads for good, and change the current directory and RLIMIT_CORE. Not for signal handlers, nor
/// with a lock held.
void dump_core(Thread& dying, const abi::SigInfo& info);

}  // namespace ferry::linux
