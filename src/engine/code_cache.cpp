#include "engine/code_cache.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <span>

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

namespace {

/// Copies `items` to `place` and moves it behind them.
template <typename T>
std::span<T> put(char*& place, std::span<const T> items) {
  auto* first = reinterpret_cast<T*>(place);
  for (size_t i = 0; i < items.size(); ++i) first[i] = items[i];
  place += items.size_bytes();
  return {first, items.size()};
}

}  // namespace

Block* CodeCache::add(const Translation& from, uint32_t* code) {
  const std::span<const Exit> exits = from.exits.span();
  const std::span<const Mark> marks = from.marks.span();
  const std::span<const GuestRange> ranges = from.ranges.span();
  static_assert(sizeof(Block) % alignof(Exit) == 0 && sizeof(Exit) % alignof(Mark) == 0 &&
                sizeof(Mark) % alignof(GuestRange) == 0);
  auto* place = static_cast<char*>(arena_.allocate(sizeof(Block) + exits.size_bytes() +
                                                   marks.size_bytes() + ranges.size_bytes()));
  auto* block =
      new (place) Block{.address = from.address,
                        .code = code,
                        .words = from.words,
                        .direct_entry = from.direct_entry,
                        .indirect_entry = from.indirect_entry,
                        .guest_instructions = static_cast<uint16_t>(from.guest_instructions),
                        .valid = true,
                        .exits = {},
                        .marks = {},
                        .ranges = {},
                        .incoming = nullptr};
  place += sizeof(Block);
  block->exits = put(place, exits);
  block->marks = put(place, marks);
  block->ranges = put(place, ranges);
  for (Exit& exit : block->exits) exit.owner = block;
  CHECK(blocks_.empty() || blocks_.back()->code < code);
  // Chunks that begin in the block before belong to it.
  while (first_in_chunk_.size() <= chunk_of(code)) {
    first_in_chunk_.push_back(blocks_.empty() ? 0 : static_cast<uint32_t>(blocks_.size() - 1));
  }
  blocks_.push_back(block);
  return block;
}

Block* CodeCache::find(const void* host_pc) const {
  if (!contains(host_pc)) return nullptr;
  const size_t chunk = chunk_of(host_pc);
  // Behind the last chunk a block begins in there is only that block's rest.
  size_t at = chunk < first_in_chunk_.size() ? first_in_chunk_[chunk] : blocks_.size() - 1;
  if (at >= blocks_.size()) return nullptr;
  while (at + 1 < blocks_.size() && host_pc >= blocks_[at + 1]->code) ++at;
  return blocks_[at]->contains(host_pc) ? blocks_[at] : nullptr;
}

void CodeCache::flush() {
  blocks_.clear();
  first_in_chunk_.clear();
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
