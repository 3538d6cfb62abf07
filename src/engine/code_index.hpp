// Guest address -> code, as the engine sees it. Translated code looks up the targets of indirect
// jumps in the same index, without a lock; so the translator decides how the index is laid out.
#pragma once

#include <cstdint>

#include "common/guest_range.hpp"

namespace ferry::engine {

/// Every function is called with the engine's lock held.
class CodeIndex {
 public:
  /// The code of `address`, or null.
  [[nodiscard]] virtual const uint32_t* get(GuestAddress address) const = 0;
  /// Publishes `code` for `address`. Every thread that finds it sees all of its words.
  virtual void set(GuestAddress address, const uint32_t* code) = 0;
  /// From now on nothing is found at `address`.
  virtual void clear(GuestAddress address) = 0;
  /// Hears that translated code jumped to `address`, for which there is no code.
  virtual void missed(GuestAddress address) = 0;
  /// The memory around the entry of `address`, which was cleared, may be given back.
  virtual void release(GuestAddress address) = 0;

 protected:
  ~CodeIndex() = default;
};

}  // namespace ferry::engine
