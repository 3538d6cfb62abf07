// execve(2) of the host: the process becomes a ferry that runs another program.
#pragma once

#include <string>
#include <vector>

#include "linux/kernel/call_result.hpp"
#include "linux/load/program.hpp"

namespace ferry::linux {

struct Thread;

/// Replaces the process by a ferry running `program`, which the guest named `name`. Returns an
/// error, or kErestartNoIntr if a signal must be delivered first.
[[nodiscard]] CallResult replace_process(Thread& thread, const Program& program,
                                         const ProgramName& name,
                                         std::vector<std::string> environment);

}  // namespace ferry::linux
