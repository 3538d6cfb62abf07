// Positions in directories.
#pragma once

#include <cstdint>

namespace ferry::linux {

struct Thread;

/// The host's position for one that getdents gave the guest; other offsets stay as they are.
[[nodiscard]] int64_t host_directory_position(const Thread& thread, int descriptor, int64_t guest);

}  // namespace ferry::linux
