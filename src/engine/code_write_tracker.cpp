#include "engine/code_write_tracker.hpp"

#include <algorithm>

namespace ferry::engine {

void CodeWriteTracker::add(Block& block) {
  for (const GuestRange& range : block.ranges) {
    for (uint32_t page = range.begin / kPageBytes; page <= (range.end - 1) / kPageBytes; ++page) {
      auto [entry, fresh] = pages_.try_emplace(page);
      if (fresh) watch(page, true);
      if (entry->second.empty() || entry->second.back() != &block) entry->second.push_back(&block);
    }
  }
}

CodeWriteTracker::Taken CodeWriteTracker::take(GuestAddress begin, GuestAddress end) {
  Taken taken;
  if (pages_.empty() || begin >= end) return taken;
  const uint32_t first = begin / kPageBytes;
  const uint32_t last = (end - 1) / kPageBytes;
  const auto take_page = [&](auto entry) {
    taken.blocks.insert(taken.blocks.end(), entry->second.begin(), entry->second.end());
    taken.pages.push_back(entry->first * kPageBytes);
    watch(entry->first, false);
    return pages_.erase(entry);
  };
  if (last - first < pages_.size()) {
    for (uint32_t page = first; page <= last; ++page) {
      if (const auto entry = pages_.find(page); entry != pages_.end()) take_page(entry);
    }
  } else {
    for (auto entry = pages_.begin(); entry != pages_.end();) {
      entry = entry->first >= first && entry->first <= last ? take_page(entry) : std::next(entry);
    }
  }
  std::vector<Block*>& blocks = taken.blocks;
  std::sort(blocks.begin(), blocks.end());
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  return taken;
}

bool CodeWriteTracker::count_write(GuestAddress page) {
  uint8_t& writes = writes_[page / kPageBytes];
  if (writes > kMostWrites) return false;
  return ++writes > kMostWrites;
}

std::vector<GuestAddress> CodeWriteTracker::forget_writes(GuestAddress begin, GuestAddress end) {
  std::vector<GuestAddress> were_checking;
  std::erase_if(writes_, [&](const auto& entry) {
    const GuestAddress page = entry.first * kPageBytes;
    if (page + (kPageBytes - 1) < begin || page >= end) return false;
    if (entry.second > kMostWrites) were_checking.push_back(page);
    return true;
  });
  return were_checking;
}

void CodeWriteTracker::remove_invalid() {
  for (auto entry = pages_.begin(); entry != pages_.end();) {
    std::erase_if(entry->second, [](const Block* block) { return !block->valid; });
    if (!entry->second.empty()) {
      ++entry;
      continue;
    }
    watch(entry->first, false);
    entry = pages_.erase(entry);
  }
}

}  // namespace ferry::engine
