// Self-modifying code: knows which blocks were made from which guest pages, keeps those pages
// write-protected, and tells which blocks die when one is written. A page that is written again and
// again is left writable: its blocks check themselves.
#pragma once

#include <cstdint>
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

  explicit CodeWriteTracker(PageProtector& protector) : protector_(protector) {}

  /// Registers `block` with every page of its ranges and protects those that are not self-checking.
  void add(Block& block);
  /// Drops protection of the pages of [begin, end) and hands over the blocks made from them.
  [[nodiscard]] Taken take(GuestAddress begin, GuestAddress end);
  /// Counts a write to the page at `page`, whose blocks have been taken. True if the page becomes
  /// self-checking by that.
  [[nodiscard]] bool count_write(GuestAddress page);
  /// The pages of [begin, end) hold something new: their writes count from 0. Returns those that
  /// were self-checking.
  [[nodiscard]] std::vector<GuestAddress> forget_writes(GuestAddress begin, GuestAddress end);
  /// Forgets the blocks that are no longer valid: their memory is to be reused.
  void remove_invalid();

 private:
  [[nodiscard]] bool self_checking(uint32_t page) const {
    if (writes_.empty()) return false;
    const auto entry = writes_.find(page);
    return entry != writes_.end() && entry->second > kMostWrites;
  }
  void watch(uint32_t page, bool on) {
    if (!self_checking(page)) protector_.set_write_watch(page * kPageBytes, on);
  }

  PageProtector& protector_;
  // By page number.
  std::unordered_map<uint32_t, std::vector<Block*>> pages_;
  std::unordered_map<uint32_t, uint8_t> writes_;
};

}  // namespace ferry::engine
