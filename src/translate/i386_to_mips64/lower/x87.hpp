// Operations of the x87 unit as callees of translated code.
#pragma once

#include "guest/i386/x87/operations.hpp"

namespace ferry::translate {

/// The slot of CpuState::host_area that holds the address of `operation`: given out at first use,
/// and the same in every state.
[[nodiscard]] unsigned slot_of_operation(i386::X87Helper operation);

/// Fills the slots given out so far into `cpu`.
void install_operations(i386::CpuState& cpu);
/// How many operations there are; a state whose kSlotOperationsKnown says less lacks some.
[[nodiscard]] uint64_t operation_count();

}  // namespace ferry::translate
