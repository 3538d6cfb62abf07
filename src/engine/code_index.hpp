// Guest address -> code, as the engine sees it. Translated code looks into the same index for the
// targets of indirect jumps, without a lock: how it is laid out is the translator's.
#pragma once

#include <cstdint>

#include "common/guest_range.hpp"

namespace ferry::engine {

/// Every function is called with the engine's lock held.
class CodeIndex {
 public:
  /// The code of `address`, or null.
  [[nodiscard]] virtual const uint32_t* get(GuestAddress address) const = 0;
  /// Publishes `code` for `address`: complete for every thread that finds it.
  virtual void set(GuestAddress address, const uint32_t* code) = 0;
  /// From now on nothing is found at `address`.
  virtual void clear(GuestAddress address) = 0;
  /// Translated code jumped to `address`, where nothing is.
  virtual void missed(GuestAddress address) = 0;
  /// The memory around the entry of `address`, which was cleared, may be given back.
  virtual void release(GuestAddress address) = 0;

 protected:
  ~CodeIndex() = default;
};

}  // namespace ferry::engine
