// The start of a program.
#pragma once

#include "linux/load/stack.hpp"

namespace ferry::linux {

/// Loads `request.program` (scripts through their interpreter) and sets up stack and registers of
/// `thread`, which becomes the current one. Does not return on failure: one line on stderr, status
/// 127 (not found) or 126; after an exec the process dies by SIGSEGV where the kernel's would.
void launch(GuestProcess& process, Thread& thread, const LaunchRequest& request);

}  // namespace ferry::linux
