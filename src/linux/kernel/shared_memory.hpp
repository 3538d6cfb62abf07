// Memory that others see the guest write, or that the guest sees others write.
#pragma once

#include "linux/kernel/address_space.hpp"

namespace ferry::linux {

/// Whether a mapping made by `request` may show another process, or a device, in which order the
/// guest accesses memory, or show the guest the order of their writes. A shared mapping of an
/// ordinary file that is open for reading only does not count: libraries map such files (character
/// sets, fonts), and programs that talk to each other through a file map it writable.
[[nodiscard]] bool seen_by_others(const MapRequest& request);

}  // namespace ferry::linux
