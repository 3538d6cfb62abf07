// What the guest may do with each of its pages, a byte for each: for those who can take no lock,
// such as signal handlers, and for quick answers to everyone else. The list of mappings
// (address_space.hpp) says all the rest.
//
// Only the address space writes here, one writer at a time. Readers see each page's state before a
// change or after it.
#pragma once

#include <atomic>
#include <cstdint>

#include "guest/memory/address.hpp"

namespace ferry::linux {

/// Guest protection bits; PROT_READ/WRITE/EXEC have these values on i386 and on every host.
inline constexpr uint8_t kProtRead = 1, kProtWrite = 2, kProtExec = 4;

class PageStates {
  static constexpr uint32_t kPagesPerWord = 8;

 public:
  static constexpr uint32_t kPlainReach = kPagesPerWord * guest::kPageSize;  ///< in bytes

  /// Maps the bytes, of which untouched ones take no memory. Stops ferry if memory is exhausted.
  /// `host_page`: the size of the host's pages.
  explicit PageStates(uint32_t host_page);
  ~PageStates();
  PageStates(const PageStates&) = delete;
  PageStates& operator=(const PageStates&) = delete;

  // Questions; all are signal-safe. Ranges are whole guest pages.

  /// kProt* bits of the page that holds `address`; -1 where nothing is mapped.
  [[nodiscard]] int protection(uint32_t address) const {
    if (address >= guest::kGuestEnd) return -1;
    const uint32_t page = address / guest::kPageSize;
    const uint64_t state = word(page / kPagesPerWord) >> (page % kPagesPerWord * 8);
    return (state & kMapped) != 0 ? static_cast<int>(state & kProtection) : -1;
  }
  [[nodiscard]] bool any_watch() const { return watched_.load(std::memory_order_relaxed) != 0; }
  [[nodiscard]] bool any_watch_in(uint32_t begin, uint32_t end) const {
    return any_watch() && any_in(begin, end, kWatched);
  }
  [[nodiscard]] bool any_split_in(uint32_t begin, uint32_t end) const {
    return ever_split_.load(std::memory_order_relaxed) && any_in(begin, end, kSplit);
  }
  /// A quick look at [first_byte, last_byte] and the host pages it touches: whether no page there
  /// is watched or split. No: one may be.
  [[nodiscard]] bool plain_around(uint32_t first_byte, uint32_t last_byte) const {
    if (last_byte >= guest::kGuestEnd || first_byte > last_byte) return false;
    const uint32_t first = first_byte / kPlainReach, last = last_byte / kPlainReach;
    return last - first <= 1 && ((word(first) | word(last)) & not_plain_) == 0;
  }
  /// End of the run of executable pages that begins at `address`, which may be given early in a
  /// long run; `address` itself if its page is not executable. `direct`: the run ends before a page
  /// of a split host page.
  enum class Run : uint8_t { any, direct };
  [[nodiscard]] uint32_t executable_until(uint32_t address, Run run) const;

  // Changes. Ranges are whole guest pages, cut where the guest ends.

  void map(uint32_t begin, uint32_t end, uint8_t protection) {
    update(begin, end, kMapped | kProtection, kMapped | protection);
  }
  void unmap(uint32_t begin, uint32_t end) { update(begin, end, kMapped | kProtection, 0); }
  void watch(uint32_t begin, uint32_t end, bool on);
  void split(uint32_t begin, uint32_t end, bool on) {
    if (on) ever_split_.store(true, std::memory_order_relaxed);
    update(begin, end, kSplit, on ? kSplit : 0);
  }

 private:
  static constexpr uint8_t kProtection = kProtRead | kProtWrite | kProtExec;
  static constexpr uint8_t kMapped = 8;    ///< also with protection 0
  static constexpr uint8_t kWatched = 16;  ///< by the engine, for writes
  static constexpr uint8_t kSplit = 32;    ///< its host page is split (split_pages.hpp)
  static constexpr uint64_t kEachByte = 0x0101'0101'0101'0101;
  static constexpr uint32_t kPages = guest::kGuestEnd / guest::kPageSize;

  /// Bytes of a word: `state` in those of the pages [begin, end) that the word at `index` has, at
  /// least one.
  [[nodiscard]] static uint64_t in_word(uint32_t index, uint32_t begin, uint32_t end,
                                        uint8_t state);
  [[nodiscard]] uint64_t word(uint32_t index) const { return load(words_ + index); }
  [[nodiscard]] static uint64_t load(uint64_t* word) {
    return std::atomic_ref<uint64_t>(*word).load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool any_in(uint32_t begin, uint32_t end, uint8_t state) const;
  void update(uint32_t begin, uint32_t end, uint8_t clear, uint8_t set);

  uint64_t* words_;
  /// The bits of pages that are not plain; all bits where a host page is larger than a word covers.
  /// Not a constant, which MIPS takes six instructions to make.
  const uint64_t not_plain_;
  std::atomic<uint32_t> watched_ = 0;     ///< pages
  std::atomic<bool> ever_split_ = false;  ///< never on hosts whose pages are the guest's
};

}  // namespace ferry::linux
