// The log of what runs: blocks as they are entered and the guest's registers there (-d exec,cpu).
#pragma once

#include <string>

#include "common/address_filter.hpp"
#include "guest/i386/cpu_state.hpp"

namespace ferry::emulator {

/// Whether entries are logged. Then blocks must not be linked, or most entries would pass unseen.
[[nodiscard]] bool entries_are_logged();

/// Logs that the guest goes on at cpu.eip, if the channels for it are on and `filter` covers it.
/// Flags that no later instruction reads are not kept by translated code and appear as they were
/// last packed.
void log_entry(const i386::CpuState& cpu, const AddressFilter& filter);

/// The general registers, eip and eflags, in three lines.
[[nodiscard]] std::string register_lines(const i386::CpuState& cpu);

}  // namespace ferry::emulator
