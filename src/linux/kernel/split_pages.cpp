#include "linux/kernel/split_pages.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "common/diagnostics.hpp"
#include "guest/memory/memory.hpp"
#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

namespace {

constexpr uint64_t kAboveGuest = uint64_t{1} << 32;

uint8_t* pointer(long address) {
  return reinterpret_cast<uint8_t*>(address);
}

/// A host mapping at an address of the host's choice, which is never the guest's.
long map_elsewhere(uint32_t bytes, int protection, int flags, int descriptor, uint64_t offset) {
  const long address = host_call(SYS_mmap, nullptr, bytes, protection, flags, descriptor, offset);
  CHECK(address < 0 || static_cast<uint64_t>(address) >= kAboveGuest);
  return address;
}

}  // namespace

uint32_t SplitPages::next(uint32_t address) const {
  const auto found = pages_.lower_bound(address);
  return found == pages_.end() ? UINT32_MAX : found->first;
}

uint8_t* SplitPages::place(uint32_t address) const {
  const auto found = pages_.find(floor(address));
  if (found == pages_.end()) return nullptr;
  uint8_t* const page = found->second.places[(address & (size_ - 1)) / guest::kPageSize];
  return page != nullptr ? page + address % guest::kPageSize : nullptr;
}

uint8_t* SplitPages::backing(uint32_t address) const {
  const auto found = pages_.find(floor(address));
  if (found == pages_.end()) return static_cast<uint8_t*>(guest::host_pointer(floor(address)));
  const uint8_t* const byte = place(address);
  for (const Backing& backing : found->second.backings) {
    if (byte >= backing.base && byte < backing.base + size_) return backing.base;
  }
  return nullptr;
}

long SplitPages::split(uint32_t host_page, uint32_t mapped, bool anonymous) {
  Page page;
  if (mapped != 0) {
    const long base =
        map_elsewhere(size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base < 0) return base;
    const long moved = host_call(SYS_mremap, guest::host_pointer(host_page), size_, size_,
                                 MREMAP_MAYMOVE | MREMAP_FIXED, base);
    if (moved < 0) {
      host_call(SYS_munmap, base, size_);
      return moved;
    }
    page.backings.push_back({pointer(base), anonymous});
    for (uint32_t i = 0; i < size_ / guest::kPageSize; ++i) {
      if ((mapped >> i & 1) != 0) page.places[i] = pointer(base) + i * guest::kPageSize;
    }
  }
  const long reserved = host_call(SYS_mmap, guest::host_pointer(host_page), size_, PROT_NONE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  CHECK(reserved >= 0);
  pages_[host_page] = std::move(page);
  states_.split(host_page, host_page + size_, true);
  return 0;
}

void SplitPages::release_unused(Page& page) const {
  std::erase_if(page.backings, [&](const Backing& backing) {
    const bool used =
        std::any_of(page.places.begin(), page.places.end(), [&](const uint8_t* place) {
          return place >= backing.base && place < backing.base + size_;
        });
    if (!used) host_call(SYS_munmap, backing.base, size_);
    return !used;
  });
}

void SplitPages::set_place(Page& page, uint32_t address, uint8_t* place) {
  page.places[(address & (size_ - 1)) / guest::kPageSize] = place;
  release_unused(page);
}

long SplitPages::place_private(uint32_t address) {
  Page& page = pages_.at(floor(address));
  auto own = std::find_if(page.backings.begin(), page.backings.end(),
                          [](const Backing& backing) { return backing.anonymous; });
  if (own == page.backings.end()) {
    const long base =
        map_elsewhere(size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base < 0) return base;
    own = page.backings.insert(page.backings.end(), {pointer(base), true});
  }
  uint8_t* const place = own->base + (address & (size_ - 1));
  host_call(SYS_mprotect, own->base, size_, PROT_READ | PROT_WRITE);
  std::memset(place, 0, guest::kPageSize);
  set_place(page, address, place);
  return 0;
}

long SplitPages::place_shared(uint32_t address, int descriptor, uint64_t offset,
                              int host_protection) {
  const uint32_t within = static_cast<uint32_t>(offset) & (size_ - 1);
  const int flags = descriptor < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  const long base = map_elsewhere(size_, host_protection, flags, descriptor, offset - within);
  if (base < 0) return base;
  Page& page = pages_.at(floor(address));
  page.backings.push_back({pointer(base), false});
  set_place(page, address, pointer(base) + within);
  return 0;
}

long SplitPages::place_duplicate(uint32_t address, uint8_t* backing, uint64_t distance,
                                 uint32_t within, int host_protection) {
  // An mremap of length 0 makes a second mapping of shared pages, from this page on in the file.
  long base = host_call(SYS_mremap, backing, 0, distance + size_, MREMAP_MAYMOVE);
  if (base < 0) return base;
  if (distance != 0) host_call(SYS_munmap, base, distance);
  base += static_cast<long>(distance);
  host_call(SYS_mprotect, base, size_, host_protection);
  Page& page = pages_.at(floor(address));
  page.backings.push_back({pointer(base), false});
  set_place(page, address, pointer(base) + within);
  return 0;
}

void SplitPages::adopt(uint32_t host_page, uint32_t end, uint8_t* backing) {
  Page& page = pages_.at(host_page);
  page.backings.push_back({backing, false});
  for (uint32_t at = 0; host_page + at < end; at += guest::kPageSize)
    page.places[at / guest::kPageSize] = backing + at;
  release_unused(page);
}

void SplitPages::remove(uint32_t address) {
  set_place(pages_.at(floor(address)), address, nullptr);
}

long SplitPages::protect(uint32_t host_page,
                         const std::array<int, kMostGuestPages>& protections) const {
  const Page& page = pages_.at(host_page);
  for (const Backing& backing : page.backings) {
    int bits = PROT_NONE;
    for (uint32_t i = 0; i < kMostGuestPages; ++i) {
      const uint8_t* const place = page.places[i];
      if (place >= backing.base && place < backing.base + size_) bits |= protections[i];
    }
    const long result = host_call(SYS_mprotect, backing.base, size_, bits);
    if (result < 0) return result;
  }
  return 0;
}

bool SplitPages::join(uint32_t host_page) {
  const auto found = pages_.find(host_page);
  const Page& page = found->second;
  if (page.backings.size() != 1) return false;
  uint8_t* const base = page.backings.front().base;
  for (uint32_t i = 0; i < kMostGuestPages; ++i) {
    if (page.places[i] != nullptr && page.places[i] != base + i * guest::kPageSize) return false;
  }
  const long moved = host_call(SYS_mremap, base, size_, size_, MREMAP_MAYMOVE | MREMAP_FIXED,
                               guest::host_pointer(host_page));
  if (moved < 0) return false;
  pages_.erase(found);
  states_.split(host_page, host_page + size_, false);
  return true;
}

void SplitPages::forget(uint32_t host_page) {
  const auto found = pages_.find(host_page);
  if (found == pages_.end()) return;
  for (const Backing& backing : found->second.backings) host_call(SYS_munmap, backing.base, size_);
  pages_.erase(found);
  states_.split(host_page, host_page + size_, false);
}

}  // namespace ferry::linux
