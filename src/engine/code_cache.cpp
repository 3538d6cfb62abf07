#include "engine/code_cache.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "common/diagnostics.hpp"

namespace ferry::engine {

CodeCache::CodeCache(size_t bytes) {
  constexpr size_t kGranule = size_t{64} << 10;
  bytes = std::min((bytes + kGranule - 1) / kGranule * kGranule, kMaxBytes);
  void* memory = mmap(reinterpret_cast<void*>(kBase), bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
  if (memory != reinterpret_cast<void*>(kBase)) {
    die(126, "code cache: cannot map %zu bytes of executable memory at 0x%zx", bytes,
        static_cast<size_t>(kBase));
  }
  madvise(memory, bytes, MADV_DONTDUMP);
  // With 16 KB pages a huge page is 32 MB: the first block would cost the whole cache.
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  base_ = first_ = next_ = static_cast<uint32_t*>(memory);
  end_ = base_ + bytes / sizeof(uint32_t);
}

CodeCache::~CodeCache() {
  munmap(base_, static_cast<size_t>(end_ - base_) * sizeof(uint32_t));
}

uint32_t* CodeCache::commit(uint32_t words) {
  uint32_t* start = next_;
  words = (words + 1) & ~1u;
  CHECK(words <= free_words());
  next_ += words;
  return start;
}

template <typename T>
std::span<T> CodeCache::copy_in(std::span<const T> items) {
  auto* place = static_cast<T*>(arena_.allocate(items.size_bytes()));
  if (!items.empty()) std::memcpy(static_cast<void*>(place), items.data(), items.size_bytes());
  return {place, items.size()};
}

Block* CodeCache::add(const Block& block, std::span<const Exit> exits, std::span<const Mark> marks,
                      std::span<const GuestRange> ranges) {
  auto* stored = new (arena_.allocate(sizeof(Block))) Block(block);
  stored->exits = copy_in(exits);
  for (Exit& exit : stored->exits) exit.owner = stored;
  stored->marks = copy_in(marks);
  stored->ranges = copy_in(ranges);
  CHECK(blocks_.empty() || blocks_.back()->code < stored->code);
  blocks_.push_back(stored);
  return stored;
}

Block* CodeCache::find(const void* host_pc) const {
  const auto after =
      std::upper_bound(blocks_.begin(), blocks_.end(), host_pc,
                       [](const void* pc, const Block* block) { return pc < block->code; });
  if (after == blocks_.begin()) return nullptr;
  Block* block = *(after - 1);
  return block->contains(host_pc) ? block : nullptr;
}

void CodeCache::flush() {
  blocks_.clear();
  arena_.reset();
  next_ = first_;
}

CodeCache::Arena::~Arena() {
  for (char* chunk : chunks_) std::free(chunk);
}

void* CodeCache::Arena::allocate(size_t bytes) {
  bytes = (bytes + 15) & ~size_t{15};
  CHECK(bytes <= kChunkBytes);
  if (used_ + bytes > kChunkBytes) {
    if (!chunks_.empty()) ++chunk_;
    if (chunk_ >= chunks_.size()) {
      chunk_ = chunks_.size();
      auto* chunk = static_cast<char*>(std::malloc(kChunkBytes));
      if (chunk == nullptr) die(126, "code cache: out of memory for block metadata");
      chunks_.push_back(chunk);
    }
    used_ = 0;
  }
  void* place = chunks_[chunk_] + used_;
  used_ += bytes;
  return place;
}

void CodeCache::Arena::reset() {
  chunk_ = 0;
  used_ = chunks_.empty() ? kChunkBytes : 0;
}

}  // namespace ferry::engine
