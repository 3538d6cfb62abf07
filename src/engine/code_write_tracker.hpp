// Self-modifying code: knows which blocks were made from which guest pages, keeps those pages
// write-protected, and tells which blocks die when one is written.
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
  /// Returns false if the page never can be written by the guest (no watch needed).
  virtual void set_write_watch(GuestAddress page, bool on) = 0;

 protected:
  ~PageProtector() = default;
};

class CodeWriteTracker {
 public:
  static constexpr uint32_t kPageBytes = 4096;

  explicit CodeWriteTracker(PageProtector& protector) : protector_(protector) {}

  /// Registers `block` with every page of its ranges and protects those pages.
  void add(Block& block);
  /// Whether `page` holds code of a block.
  [[nodiscard]] bool watched(GuestAddress address) const {
    return pages_.contains(address / kPageBytes);
  }
  /// Drops protection of the pages of [begin, end) and hands over the blocks made from them (each
  /// once; some may be invalid already).
  [[nodiscard]] std::vector<Block*> take(GuestAddress begin, GuestAddress end);
  /// Forgets the blocks that are no longer valid: their memory is to be reused.
  void remove_invalid();

 private:
  PageProtector& protector_;
  std::unordered_map<uint32_t, std::vector<Block*>> pages_;
};

}  // namespace ferry::engine
