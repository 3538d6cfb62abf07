// Which accesses to guest memory need a SYNC between them: x86 keeps the order of any two but a
// store and a load after it (SDM vol. 3, 8.2.2), a MIPS of none (MIPS64 vol. II, SYNC).
//
// A SYNC stands before the access that needs it, as late as possible. A block does not know how its
// predecessors ended, so it begins as if a load and a store were still to be ordered. The other
// way, a SYNC at every exit with accesses in front of it, takes more words, since a block has one
// entry but several exits, and many exits have their last access far in front of them.
#pragma once

#include <cstdint>

namespace ferry::translate::emit {

/// Kinds of accesses, as a set.
namespace access {
inline constexpr uint8_t kLoad = 1, kStore = 2, kBoth = 3;
}

/// What the words emitted so far have accessed since the last SYNC.
class AccessOrder {
 public:
  /// Notes that accesses of the kinds `next` come now. Returns whether a SYNC must stand in front
  /// of them. Two kinds at once are not ordered among themselves.
  [[nodiscard]] bool add(uint8_t next) {
    const bool sync = (next & access::kStore) != 0 ? open_ != 0 : (open_ & access::kLoad) != 0;
    open_ = sync ? next : open_ | next;
    return sync;
  }
  /// A SYNC was emitted for another reason.
  void fence() { open_ = 0; }
  /// Control may come from elsewhere: anything may have been accessed.
  void join() { open_ = access::kBoth; }

 private:
  uint8_t open_ = access::kBoth;  ///< not yet ordered with what comes
};

}  // namespace ferry::translate::emit
