// This process, as its files in /proc must show it.
#pragma once

#include "linux/kernel/process_view.hpp"

namespace ferry::linux {

struct Thread;

/// The process of `thread`, which calls.
[[nodiscard]] ProcessView own_view(Thread& thread);

}  // namespace ferry::linux
