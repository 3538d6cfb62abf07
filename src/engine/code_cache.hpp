// Memory for translated code and its metadata, and the blocks in it.
//
// Code is bump-allocated, so blocks lie in the order they were made: `find` looks along them from
// the first of the pc's chunk. When it is full everything is flushed at once. The memory is reused
// only when every thread has passed the run loop since (epochs), because a thread may still be
// running, or have been suspended in, old code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/backend.hpp"

namespace ferry::engine {

class CodeCache {
 public:
  /// Where the cache lies: between the end of guest memory (2 GB, whose displacements carry 64 KB
  /// at most) and 4 GB, so that address-table entries are 32 bits and one 256 MB segment holds all
  /// of it.
  static constexpr uintptr_t kBase = 0x9000'0000;
  static constexpr size_t kMaxBytes = size_t{256} << 20;

  /// Maps `bytes` (rounded up to 64 KB, at most kMaxBytes) of executable memory; stops ferry with a
  /// clear message if the system refuses.
  explicit CodeCache(size_t bytes);
  ~CodeCache();
  CodeCache(const CodeCache&) = delete;
  CodeCache& operator=(const CodeCache&) = delete;

  /// Words still free. The translator writes at `next()` and then calls `commit`.
  [[nodiscard]] uint32_t* next() const { return next_; }
  [[nodiscard]] uint32_t free_words() const { return static_cast<uint32_t>(end_ - next_); }
  /// Takes `words` words at next(), 8-byte aligned. Returns their start.
  uint32_t* commit(uint32_t words);
  /// Words committed so far survive every flush (thunks).
  void keep_all() { first_ = next_; }

  /// Adds a block whose code was committed at `code`. The returned block lives until the flush.
  Block* add(const Translation& translation, uint32_t* code);
  /// The block whose code contains `host_pc`, or null. Signal-safe: reads only.
  [[nodiscard]] Block* find(const void* host_pc) const;
  /// Whether `host_pc` is anywhere in the cache, thunks included. Signal-safe.
  [[nodiscard]] bool contains(const void* host_pc) const {
    return host_pc >= base_ && host_pc < end_;
  }

  [[nodiscard]] const std::vector<Block*>& blocks() const { return blocks_; }
  [[nodiscard]] size_t block_count() const { return blocks_.size(); }
  /// Drops all blocks and their code. Callers unpublish them first; no thread may be inside.
  void flush();

 private:
  /// Metadata in chunks that are kept across flushes: no allocation per block.
  class Arena {
   public:
    ~Arena();
    void* allocate(size_t bytes);
    void reset();

   private:
    static constexpr size_t kChunkBytes = size_t{256} << 10;
    std::vector<char*> chunks_;
    size_t chunk_ = 0;
    size_t used_ = kChunkBytes;
  };
  /// `find` begins at the first block of a chunk of code.
  static constexpr unsigned kChunkShift = 9;
  [[nodiscard]] size_t chunk_of(const void* host_pc) const {
    return (reinterpret_cast<uintptr_t>(host_pc) - kBase) >> kChunkShift;
  }

  uint32_t* base_;
  uint32_t* first_;
  uint32_t* next_;
  uint32_t* end_;
  std::vector<Block*> blocks_;
  std::vector<uint32_t>
      first_in_chunk_;  ///< of blocks_: the last that begins at or before the chunk
  Arena arena_;
};

}  // namespace ferry::engine
