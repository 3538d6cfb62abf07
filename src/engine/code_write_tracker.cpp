#include "engine/code_write_tracker.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "common/diagnostics.hpp"

namespace ferry::engine {

CodeWriteTracker::CodeWriteTracker(PageProtector& protector, GuestAddress guest_end)
    : protector_(protector),
      pages_(guest_end / kGuestPageSize),
      // NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is what is wanted.
      first_(static_cast<Link**>(std::calloc(pages_ + pages_ / kGroupPages + 1, sizeof(Link*)))),
      used_(reinterpret_cast<uint64_t*>(first_ + pages_)) {
  static_assert(sizeof(void*) == sizeof(uint64_t));
  if (first_ == nullptr) die(126, "code write tracker: out of memory");
}

CodeWriteTracker::~CodeWriteTracker() {
  std::free(first_);
}

bool CodeWriteTracker::add(Block& block, std::span<const GuestRange> ranges) {
  bool new_page = false;
  for (const GuestRange& range : ranges) {
    const uint32_t last = (range.end - 1) / kGuestPageSize;
    CHECK(last < pages_);
    for (uint32_t page = range.begin / kGuestPageSize; page <= last; ++page) {
      Link*& first = first_[page];
      if (first == nullptr) [[unlikely]] {
        begin_page(page);
        new_page = true;
      } else if (first->block == &block) {
        continue;
      }
      Link* const link = new_link();
      *link = {&block, first};
      first = link;
    }
  }
  return new_page;
}

[[gnu::noinline]] void CodeWriteTracker::begin_page(uint32_t page) {
  used_[page / kGroupPages] |= uint64_t{1} << page % kGroupPages;
  const GuestAddress address = page * kGuestPageSize;
  if (!self_checking(address) && !protector_.begin_watch(address)) unwatched_.push_back(address);
}

void CodeWriteTracker::end_page(uint32_t page) {
  used_[page / kGroupPages] &= ~(uint64_t{1} << page % kGroupPages);
  const GuestAddress address = page * kGuestPageSize;
  if (!self_checking(address)) protector_.end_watch(address);
}

[[gnu::noinline]] CodeWriteTracker::Link* CodeWriteTracker::recycled_link() {
  if (Link* const link = free_; link != nullptr) {
    free_ = link->next;
    return link;
  }
  slabs_.push_back(std::make_unique_for_overwrite<Link[]>(kSlabLinks));
  unused_ = slabs_.back().get();
  unused_end_ = unused_ + kSlabLinks;
  return unused_++;
}

uint64_t CodeWriteTracker::used_in_group(uint32_t first, uint32_t last) const {
  const uint32_t group_last = first | (kGroupPages - 1);
  uint64_t used = used_[first / kGroupPages] & ~uint64_t{0} << first % kGroupPages;
  if (last < group_last) used &= ~uint64_t{0} >> (group_last - last);
  return used;
}

template <typename Visit>
void CodeWriteTracker::for_each_page(uint32_t first, uint32_t last, Visit visit) {
  for (uint32_t page = first; page <= last; page = (page | (kGroupPages - 1)) + 1) {
    const uint32_t group = page & ~(kGroupPages - 1);
    for (uint64_t used = used_in_group(page, last); used != 0; used &= used - 1)
      visit(group + static_cast<uint32_t>(std::countr_zero(used)));
  }
}

bool CodeWriteTracker::concerned(GuestAddress begin, GuestAddress end) const {
  if (begin >= end) return false;
  if (!writes_.empty()) return true;
  const uint32_t last = std::min((end - 1) / kGuestPageSize, pages_ - 1);
  uint32_t page = begin / kGuestPageSize;
  for (; page <= last; page = (page | (kGroupPages - 1)) + 1) {
    if (used_in_group(page, last) != 0) return true;
  }
  return false;
}

CodeWriteTracker::Taken CodeWriteTracker::take(GuestAddress begin, GuestAddress end) {
  Taken taken;
  if (begin >= end) return taken;
  const uint32_t last = std::min((end - 1) / kGuestPageSize, pages_ - 1);
  for_each_page(begin / kGuestPageSize, last, [&](uint32_t page) {
    taken.pages.push_back(page * kGuestPageSize);
    while (Link* const link = first_[page]) {
      taken.blocks.push_back(link->block);
      first_[page] = link->next;
      recycle(link);
    }
  });
  std::vector<Block*>& blocks = taken.blocks;
  std::sort(blocks.begin(), blocks.end());
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  return taken;
}

void CodeWriteTracker::release(const std::vector<GuestAddress>& pages) {
  for (const GuestAddress page : pages) end_page(page / kGuestPageSize);
}

bool CodeWriteTracker::count_write(GuestAddress page) {
  uint8_t& writes = writes_[page / kGuestPageSize];
  if (writes > kMostWrites) return false;
  return ++writes > kMostWrites;
}

std::vector<GuestAddress> CodeWriteTracker::forget_writes(GuestAddress begin, GuestAddress end) {
  std::vector<GuestAddress> were_checking;
  std::erase_if(writes_, [&](const auto& entry) {
    const GuestAddress page = entry.first * kGuestPageSize;
    if (page + (kGuestPageSize - 1) < begin || page >= end) return false;
    if (entry.second > kMostWrites) were_checking.push_back(page);
    return true;
  });
  return were_checking;
}

void CodeWriteTracker::remove_invalid() {
  for_each_page(0, pages_ - 1, [this](uint32_t page) {
    for (Link** place = &first_[page]; *place != nullptr;) {
      Link* const link = *place;
      if (link->block->valid()) {
        place = &link->next;
        continue;
      }
      *place = link->next;
      recycle(link);
    }
    if (first_[page] == nullptr) end_page(page);
  });
}

}  // namespace ferry::engine
