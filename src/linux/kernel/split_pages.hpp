// Host pages whose guest pages do not all lie at the guest's own addresses.
//
// A host page may hold several guest pages. Where one host mapping cannot show all of them (a page
// of a shared file beside one of anonymous memory; pages of anonymous memory with different
// protections), the host page is split: it becomes inaccessible, and each of its guest pages has a
// place of its own elsewhere, above the guest. The guest's accesses fault then, and are carried out
// at those places, one at a time, with the protection of each guest page.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "linux/kernel/page_states.hpp"

namespace ferry::linux {

class SplitPages {
 public:
  static constexpr uint32_t kMostGuestPages = 16;  // host pages are at most 64 KB

  /// `states`: told which guest pages are in split host pages.
  SplitPages(uint32_t host_page_size, PageStates& states)
      : size_(host_page_size), states_(states) {}

  [[nodiscard]] bool empty() const { return pages_.empty(); }
  [[nodiscard]] bool contains(uint32_t address) const {
    return !pages_.empty() && pages_.contains(floor(address));
  }
  /// The first split host page at or above `address`, or UINT32_MAX.
  [[nodiscard]] uint32_t next(uint32_t address) const;
  /// Where the byte at `address` lies; null if its host page is not split or holds nothing there.
  [[nodiscard]] uint8_t* place(uint32_t address) const;
  /// Address of the host page that holds the mapped guest page at `address`: its own place if the
  /// host page there is split.
  [[nodiscard]] uint8_t* backing(uint32_t address) const;

  // Errors are the host's: 0 or -errno.

  /// Splits `host_page`. Bit i of `mapped`: its guest page i is mapped, and keeps its contents.
  /// `anonymous`: the host page is private anonymous memory, which can hold other guest pages too.
  [[nodiscard]] long split(uint32_t host_page, uint32_t mapped, bool anonymous);
  /// The guest page at `address`, in a split host page, becomes a page of zeroes that is its own.
  [[nodiscard]] long place_private(uint32_t address);
  /// The guest page becomes the page at `offset` of `descriptor`, or (-1) of new anonymous memory,
  /// shared.
  [[nodiscard]] long place_shared(uint32_t address, int descriptor, uint64_t offset,
                                  int host_protection);
  /// The guest page becomes another mapping of the file that the host page `backing` shares,
  /// `distance` bytes further on in that file, at `within` in its host page.
  [[nodiscard]] long place_duplicate(uint32_t address, uint8_t* backing, uint64_t distance,
                                     uint32_t within, int host_protection);
  /// The guest pages of `host_page` below `end` become those of `backing`, a host page of shared
  /// memory, in their order. It belongs to the split page from then on.
  void adopt(uint32_t host_page, uint32_t end, uint8_t* backing);
  /// The guest page holds nothing any more.
  void remove(uint32_t address);
  /// Gives the places of `host_page` protections: of place i `protections[i]` at least.
  [[nodiscard]] long protect(uint32_t host_page,
                             const std::array<int, kMostGuestPages>& protections) const;
  /// Moves the remaining guest pages back to the guest's addresses, if one host mapping holds them
  /// all, each in its position.
  [[nodiscard]] bool join(uint32_t host_page);
  /// Forgets a host page that was unmapped or mapped again.
  void forget(uint32_t host_page);

 private:
  struct Backing {
    uint8_t* base;
    bool anonymous;  ///< private anonymous memory: position i belongs to guest page i
  };
  struct Page {
    std::array<uint8_t*, kMostGuestPages> places{};
    std::vector<Backing> backings;
  };

  [[nodiscard]] uint32_t floor(uint32_t address) const { return address & ~(size_ - 1); }
  void set_place(Page& page, uint32_t address, uint8_t* place);
  void release_unused(Page& page) const;

  uint32_t size_;
  PageStates& states_;
  std::map<uint32_t, Page> pages_;  ///< by the host page's address
};

}  // namespace ferry::linux
