// Guest addresses and pages, and the runs of guest bytes that a translated block depends on.
#pragma once

#include <cstdint>

#include "common/bounded_vector.hpp"

namespace ferry {

using GuestAddress = uint32_t;

/// What protections, mappings and write watches of guest memory go by, in bytes.
inline constexpr uint32_t kGuestPageSize = 4096;

/// A run of guest bytes that a block was made from, or that its flag look-ahead relied on.
struct GuestRange {
  GuestAddress begin;
  GuestAddress end;  ///< exclusive
};

/// All that one block depends on.
using GuestRanges = BoundedVector<GuestRange, 192>;

}  // namespace ferry
