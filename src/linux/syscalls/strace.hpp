// The log of system calls: one line each, formatted by the types of its arguments. Where another
// thread's call comes in between, "<unfinished ...>" ends the line, and the result has one of its
// own, as with strace -f.
#pragma once

#include "linux/syscalls/call_traits.hpp"

namespace ferry::linux {

/// "PID name(arguments)" before the call, " = result" after it.
void trace_call(const Thread& thread, uint32_t number, const Arguments& arguments);
void trace_result(const Thread& thread, CallResult result);

}  // namespace ferry::linux
