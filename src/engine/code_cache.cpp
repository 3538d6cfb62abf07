#include "engine/code_cache.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

#include "common/diagnostics.hpp"

namespace ferry::engine {

namespace {

/// Maps executable memory at `place`, where nothing may be mapped yet. False on failure.
bool map_code(void* place, size_t bytes) {
  return mmap(place, bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0) == place;
}

}  // namespace

CodeCache::CodeCache(size_t bytes, const CodePlace& place) : place_(place) {
  constexpr size_t kGranule = size_t{64} << 10;
  bytes = std::min((bytes + kGranule - 1) / kGranule * kGranule,
                   place.bytes - kMaxBuffers * kBufferBytes);
  auto* const memory = reinterpret_cast<void*>(place.base);
  if (!map_code(memory, bytes))
    die(126, "code cache: cannot map %zu bytes of executable memory at %p", bytes, memory);
  madvise(memory, bytes, MADV_DONTDUMP);
  // With 16 KB pages a huge page is 32 MB: the first block would cost the whole cache.
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  base_ = next_ = static_cast<uint32_t*>(memory);
  words_ = bytes / sizeof(uint32_t);
  end_ = base_ + words_;
  // From calloc, as most of its pages stay untouched.
  first_in_chunk_ = static_cast<Block**>(std::calloc(bytes >> kChunkShift, sizeof(void*)));
  if (first_in_chunk_ == nullptr) die(126, "code cache: out of memory");
}

CodeCache::~CodeCache() {
  munmap(base_, words_ * sizeof(uint32_t));
  std::free(first_in_chunk_);
}

/// Buffers lie at the end of the place, the first one last.
char* CodeCache::buffer_place(unsigned number) const {
  return reinterpret_cast<char*>(place_.base + place_.bytes - (number + 1) * kBufferBytes);
}

uint32_t* CodeCache::map_buffer() {
  buffer_lock_.acquire();
  unsigned number = 0;
  while (number != kMaxBuffers && buffers_.test(number)) ++number;
  char* const place = buffer_place(number);
  const bool mapped = number != kMaxBuffers && map_code(place, kBufferBytes);
  if (mapped) buffers_.set(number);
  buffer_lock_.release();
  return mapped ? reinterpret_cast<uint32_t*>(place) : nullptr;
}

void CodeCache::unmap_buffer(uint32_t* buffer) {
  munmap(buffer, kBufferBytes);
  const size_t end = place_.base + place_.bytes;
  buffer_lock_.acquire();
  buffers_.reset((end - reinterpret_cast<uintptr_t>(buffer)) / kBufferBytes - 1);
  buffer_lock_.release();
}

void CodeCache::keep_all(uint32_t largest_block) {
  constexpr size_t kChunkWords = (size_t{1} << kChunkShift) / sizeof(uint32_t);
  const size_t first = (static_cast<size_t>(next_ - base_) + kChunkWords - 1) / kChunkWords;
  const size_t chunks = words_ / kChunkWords - first;
  const size_t wanted = chunks * kChunkWords / (2 * size_t{largest_block});
  region_count_ = static_cast<unsigned>(std::clamp<size_t>(wanted, 1, kMaxRegions));
  for (unsigned i = 0; i < region_count_; ++i) {
    regions_[i].begin = base_ + (first + chunks * i / region_count_) * kChunkWords;
    regions_[i].end = base_ + (first + chunks * (i + 1) / region_count_) * kChunkWords;
  }
  begin(0);
}

unsigned CodeCache::oldest() const {
  for (unsigned turn = 1; turn <= region_count_; ++turn) {
    if (!regions_[in_turn(turn)].retired) return in_turn(turn);
  }
  return kMaxRegions;
}

bool CodeCache::any_retired() const {
  return std::any_of(regions_.begin(), regions_.begin() + region_count_,
                     [](const Region& region) { return region.retired; });
}

void CodeCache::retire(unsigned region, Epochs::Epoch epoch) {
  regions_[region].retired = true;
  regions_[region].retired_in = epoch;
}

unsigned CodeCache::reusable(const Epochs& epochs) const {
  for (unsigned turn = 1; turn <= region_count_; ++turn) {
    const Region& region = regions_[in_turn(turn)];
    if (region.retired && epochs.all_past(region.retired_in)) return in_turn(turn);
  }
  return kMaxRegions;
}

void CodeCache::begin(unsigned number) {
  Region& region = regions_[number];
  CHECK(region.retired);
  if (region.last != nullptr) {
    const uint32_t* last_word = region.last->code + region.last->words - 1;
    std::fill(first_in_chunk_ + chunk_of(region.begin), first_in_chunk_ + chunk_of(last_word) + 1,
              nullptr);
  }
  region.first = region.last = nullptr;
  region.retired = false;
  region.blocks.reset();
  region.exits.reset();
  region.notes.reset();
  region_ = number;
  filling_ = &region;
  next_ = region.begin;
  next_chunk_ = chunk_of(region.begin);
  end_ = region.end;
}

uint32_t* CodeCache::commit(uint32_t words) {
  uint32_t* start = next_;
  words = (words + 1) & ~1u;
  CHECK(words <= free_words());
  next_ += words;
  return start;
}

void CodeCache::open(BlockDraft& out) {
  static_assert(sizeof(Block) % alignof(Mark) == 0 && sizeof(Mark) % alignof(Block) == 0);
  static_assert(alignof(Exit) <= 8 && alignof(Block) <= 8);
  Region& region = *filling_;
  out.block =
      static_cast<Block*>(region.blocks.room(sizeof(Block) + BlockDraft::kMaxMarks * sizeof(Mark)));
  out.marks.place(out.block + 1, BlockDraft::kMaxMarks);
  out.exits.place(region.exits.room(BlockDraft::kMaxExits * sizeof(Exit)), BlockDraft::kMaxExits);
  out.notes = out.notes_end = region.notes.room(BlockDraft::kNoteBytes);
}

Block* CodeCache::add(BlockDraft& made) {
  Region& region = *filling_;
  Block& block = *made.block;
  block.code = commit(block.words);
  block.region = static_cast<uint8_t>(region_);
  block.set_valid(true);
  block.exits = made.exits.span();
  block.marks = made.marks.span();
  block.incoming = nullptr;
  block.next = nullptr;
  region.blocks.take_to(made.marks.end());
  region.exits.take_to(made.exits.end());
  region.notes.take_to(made.notes_end);
  CHECK(region.last == nullptr || region.last->code < block.code);
  (region.last == nullptr ? region.first : region.last->next) = &block;
  region.last = &block;
  // Blocks lie one after the other, so earlier chunks have their first block already.
  const size_t last_chunk = chunk_of(block.code + block.words - 1);
  while (next_chunk_ <= last_chunk) first_in_chunk_[next_chunk_++] = &block;
  return &block;
}

Block* CodeCache::find(const void* host_pc) const {
  if (!contains(host_pc)) return nullptr;
  // Goes no farther than the pc, and so never looks at a block that another thread is adding.
  Block* block = first_in_chunk_[chunk_of(host_pc)];
  while (block != nullptr && host_pc >= block->code + block->words) block = block->next;
  return block != nullptr && host_pc >= block->code ? block : nullptr;
}

CodeCache::Arena::~Arena() {
  for (char* chunk : chunks_) std::free(chunk);
}

void CodeCache::Arena::next_chunk() {
  if (used_chunks_ == chunks_.size()) {
    auto* chunk = static_cast<char*>(std::malloc(kChunkBytes));
    if (chunk == nullptr) die(126, "code cache: out of memory for block metadata");
    chunks_.push_back(chunk);
  }
  next_ = chunks_[used_chunks_++];
  end_ = next_ + kChunkBytes;
}

void CodeCache::Arena::reset() {
  used_chunks_ = 0;
  next_ = end_ = nullptr;
}

}  // namespace ferry::engine
