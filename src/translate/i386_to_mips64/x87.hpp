// Operations of the x87 unit as callees of translated code.
#pragma once

#include "guest/i386/x87_operations.hpp"

namespace ferry::translate {

/// The slot of CpuState::host_area that holds the address of `operation`: given out at first use,
/// and the same in every state (install_helpers fills new ones).
[[nodiscard]] unsigned slot_of_operation(i386::X87Helper operation);

}  // namespace ferry::translate
