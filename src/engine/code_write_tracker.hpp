// Self-modifying code: knows which blocks were made from which guest pages, keeps those pages
// write-protected, and tells which blocks die when one is written. A page that is written again and
// again is left writable: its blocks check themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/block.hpp"

namespace ferry::engine {

/// Write protection of guest pages; implemented by the address space.
class PageProtector {
 public:
  /// While on, writes to the guest page at `page` fault even where the guest may write.
  virtual void set_write_watch(GuestAddress page, bool on) = 0;

 protected:
  ~PageProtector() = default;
};

/// Every function is called with the engine's lock held.
class CodeWriteTracker {
 public:
  static constexpr uint32_t kPageBytes = 4096;
  /// A page written more often than this, with blocks made from it each time, is protected no
  /// more.
  static constexpr uint8_t kMostWrites = 8;

  struct Taken {
    std::vector<Block*> blocks;       ///< each once; some may be invalid already
    std::vector<GuestAddress> pages;  ///< they were made from
  };

  /// `guest_end`: no block depends on bytes from there on; a multiple of kPageBytes.
  CodeWriteTracker(PageProtector& protector, GuestAddress guest_end);
  ~CodeWriteTracker();
  CodeWriteTracker(const CodeWriteTracker&) = delete;
  CodeWriteTracker& operator=(const CodeWriteTracker&) = delete;

  /// Registers `block` with every page of `ranges`, none empty and all below `guest_end`, and
  /// protects those that are not self-checking. Stops ferry if memory is exhausted. True if one of
  /// the pages had no block, so that a write to it before this call went unseen.
  bool add(Block& block, std::span<const GuestRange> ranges);
  /// Drops protection of the pages of [begin, end) and hands over the blocks made from them.
  [[nodiscard]] Taken take(GuestAddress begin, GuestAddress end);
  /// Counts a write to the page at `page`, whose blocks have been taken. True if the page becomes
  /// self-checking by that.
  [[nodiscard]] bool count_write(GuestAddress page);
  /// As if the page at `page`, which has no block, had been written often enough.
  void expect_writes(GuestAddress page) { writes_[page / kPageBytes] = kMostWrites + 1; }
  /// The pages of [begin, end) hold something new: their writes count from 0. Returns those that
  /// were self-checking.
  [[nodiscard]] std::vector<GuestAddress> forget_writes(GuestAddress begin, GuestAddress end);
  /// Forgets the blocks that are no longer valid: their memory is to be reused.
  void remove_invalid();

 private:
  /// A block in the list of a page it was made from.
  struct Link {
    Block* block;
    Link* next;
  };
  static constexpr uint32_t kGroupPages = 512;
  static constexpr unsigned kSlabLinks = 256;

  [[nodiscard]] bool self_checking(uint32_t page) const {
    if (writes_.empty()) return false;
    const auto entry = writes_.find(page);
    return entry != writes_.end() && entry->second > kMostWrites;
  }
  void set_watch(uint32_t page, bool on) {
    if (!self_checking(page)) protector_.set_write_watch(page * kPageBytes, on);
  }
  /// The page has a block now where it had none, or none any more.
  void begin_page(uint32_t page);
  void end_page(uint32_t page);
  [[nodiscard]] Link* new_link() {
    if (unused_ != unused_end_) [[likely]]
      return unused_++;
    return recycled_link();
  }
  [[nodiscard]] Link* recycled_link();
  void release(Link* link) {
    link->next = free_;
    free_ = link;
  }
  /// Calls `visit` with each page of [first, last] that has blocks.
  template <typename Visit>
  void for_each_page(uint32_t first, uint32_t last, Visit visit);

  PageProtector& protector_;
  const uint32_t pages_;
  // By page number; from calloc, as most of its own pages stay untouched.
  Link** first_;
  std::vector<uint16_t> used_;  ///< pages with blocks, by group of pages
  // Links of the newest slab that were never used, then those that were given back.
  Link* unused_ = nullptr;
  Link* unused_end_ = nullptr;
  Link* free_ = nullptr;
  std::vector<std::unique_ptr<Link[]>> slabs_;
  std::unordered_map<uint32_t, uint8_t> writes_;  ///< by page number
};

}  // namespace ferry::engine
