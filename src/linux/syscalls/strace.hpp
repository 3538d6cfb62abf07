// What the log shows of a system call: the bridge between the table of calls and the room
// linux/strace.
#pragma once

#include "linux/strace/call_formats.hpp"
#include "linux/syscalls/call_traits.hpp"

namespace ferry::linux {

/// The format of call `number`, and its argument words, which may be in memory. A call without a
/// row in strace/call_formats.inc is shown by the types of its handler's arguments.
[[nodiscard]] strace::ShownCall shown_call(uint32_t number, Arguments registers);

}  // namespace ferry::linux
