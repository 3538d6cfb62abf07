#include "engine/code_write_tracker.hpp"

#include <algorithm>

namespace ferry::engine {

void CodeWriteTracker::add(Block& block) {
  for (const GuestRange& range : block.ranges) {
    for (uint32_t page = range.begin / kPageBytes; page <= (range.end - 1) / kPageBytes; ++page) {
      auto [entry, fresh] = pages_.try_emplace(page);
      if (fresh) protector_.set_write_watch(page * kPageBytes, true);
      if (entry->second.empty() || entry->second.back() != &block) entry->second.push_back(&block);
    }
  }
}

std::vector<Block*> CodeWriteTracker::take(GuestAddress begin, GuestAddress end) {
  std::vector<Block*> taken;
  if (pages_.empty() || begin >= end) return taken;
  const uint32_t first = begin / kPageBytes;
  const uint32_t last = (end - 1) / kPageBytes;
  const auto take_page = [&](auto entry) {
    taken.insert(taken.end(), entry->second.begin(), entry->second.end());
    protector_.set_write_watch(entry->first * kPageBytes, false);
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
  std::sort(taken.begin(), taken.end());
  taken.erase(std::unique(taken.begin(), taken.end()), taken.end());
  return taken;
}

void CodeWriteTracker::remove_invalid() {
  for (auto entry = pages_.begin(); entry != pages_.end();) {
    std::erase_if(entry->second, [](const Block* block) { return !block->valid; });
    if (!entry->second.empty()) {
      ++entry;
      continue;
    }
    protector_.set_write_watch(entry->first * kPageBytes, false);
    entry = pages_.erase(entry);
  }
}

}  // namespace ferry::engine
