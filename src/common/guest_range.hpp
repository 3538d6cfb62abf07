// Guest addresses, and the runs of guest bytes that a translated block depends on.
#pragma once

#include <cstdint>

#include "common/bounded_vector.hpp"

namespace ferry {

using GuestAddress = uint32_t;

/// A run of guest bytes that a block was made from, or whose bytes its flag look-ahead relied on.
struct GuestRange {
  GuestAddress begin;
  GuestAddress end;  ///< exclusive
};

/// All that one block depends on.
using GuestRanges = BoundedVector<GuestRange, 192>;

}  // namespace ferry
