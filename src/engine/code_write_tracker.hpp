// Self-modifying code: knows which blocks were made from which guest pages, keeps those pages
// write-protected, and tells which blocks become invalid when a page is written. A page that is
// written again and again stays writable, and its blocks check themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/block.hpp"

namespace ferry::engine {

/// Write protection of guest pages; implemented by the address space.
class PageProtector {
 public:
  /// From now on writes to the guest page at `page` fault even where the guest may write. False:
  /// nothing is watched, since writes are under way there that must not fail.
  [[nodiscard]] virtual bool begin_watch(GuestAddress page) = 0;
  virtual void end_watch(GuestAddress page) = 0;

 protected:
  ~PageProtector() = default;
};

/// Every function is called with the engine's lock held.
class CodeWriteTracker {
 public:
  /// A page that was written more often than this, each time with blocks made from it, is no longer
  /// protected.
  static constexpr uint8_t kMostWrites = 8;

  struct Taken {
    std::vector<Block*> blocks;       ///< each once; some may be invalid already
    std::vector<GuestAddress> pages;  ///< that the blocks were made from
  };

  /// `guest_end`: no block depends on bytes from there on; a multiple of kGuestPageSize.
  CodeWriteTracker(PageProtector& protector, GuestAddress guest_end);
  ~CodeWriteTracker();
  CodeWriteTracker(const CodeWriteTracker&) = delete;
  CodeWriteTracker& operator=(const CodeWriteTracker&) = delete;

  /// Registers `block` with every page of `ranges`, and watches the pages that are not
  /// self-checking, as far as that can be (take_unwatched). No range may be empty or reach beyond
  /// `guest_end`. Stops ferry if memory is exhausted. Returns whether one of the pages had no block
  /// before, so that nobody saw writes to it until now.
  bool add(Block& block, std::span<const GuestRange> ranges);
  /// Hands over the blocks made from the pages of [begin, end). The pages stay protected until
  /// `release`: another thread that writes must not find its own old code still reachable.
  [[nodiscard]] Taken take(GuestAddress begin, GuestAddress end);
  /// False if `take` would find nothing in [begin, end), and no writes are counted anywhere.
  [[nodiscard]] bool concerned(GuestAddress begin, GuestAddress end) const;
  /// Ends the protection of `pages`, whose blocks were taken and are unreachable.
  void release(const std::vector<GuestAddress>& pages);
  /// Counts a write to the page at `page`, whose blocks have been taken. Returns whether this write
  /// makes the page self-checking.
  [[nodiscard]] bool count_write(GuestAddress page);
  [[nodiscard]] bool self_checking(GuestAddress page) const {
    if (writes_.empty()) return false;
    const auto entry = writes_.find(page / kGuestPageSize);
    return entry != writes_.end() && entry->second > kMostWrites;
  }
  /// The pages of the blocks added since the last call that could not be watched.
  [[nodiscard]] std::vector<GuestAddress> take_unwatched() { return std::exchange(unwatched_, {}); }
  /// Makes the page at `page`, which has no block, self-checking at once.
  void expect_writes(GuestAddress page) { writes_[page / kGuestPageSize] = kMostWrites + 1; }
  /// Counts writes to the pages of [begin, end), whose mapping changes, from 0 again. Returns the
  /// pages that were self-checking.
  [[nodiscard]] std::vector<GuestAddress> forget_writes(GuestAddress begin, GuestAddress end);
  /// Forgets the blocks that are no longer valid, because their memory will be reused.
  void remove_invalid();

 private:
  /// A block in the list of a page it was made from.
  struct Link {
    Block* block;
    Link* next;
  };
  static constexpr uint32_t kGroupPages = 64;
  static constexpr unsigned kSlabLinks = 256;

  /// The page got its first block, or lost its last one.
  void begin_page(uint32_t page);
  void end_page(uint32_t page);
  [[nodiscard]] Link* new_link() {
    if (unused_ != unused_end_) [[likely]]
      return unused_++;
    return recycled_link();
  }
  [[nodiscard]] Link* recycled_link();
  void recycle(Link* link) {
    link->next = free_;
    free_ = link;
  }
  /// The pages of [first, last] with blocks among those of the group of `first`, as bits.
  [[nodiscard]] uint64_t used_in_group(uint32_t first, uint32_t last) const;
  /// Calls `visit` with each page of [first, last] that has blocks.
  template <typename Visit>
  void for_each_page(uint32_t first, uint32_t last, Visit visit);

  PageProtector& protector_;
  const uint32_t pages_;
  // By page number. From calloc, since most of the array is never touched.
  Link** first_;
  uint64_t* used_;  ///< a bit for each page that has blocks; in the same memory
  // New links are taken from the unused rest of the newest slab, then from the released ones.
  Link* unused_ = nullptr;
  Link* unused_end_ = nullptr;
  Link* free_ = nullptr;
  std::vector<std::unique_ptr<Link[]>> slabs_;
  std::vector<GuestAddress> unwatched_;
  std::unordered_map<uint32_t, uint8_t> writes_;  ///< by page number
};

}  // namespace ferry::engine
