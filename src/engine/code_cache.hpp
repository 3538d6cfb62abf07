// Memory for translated code and its metadata, and the blocks in it.
//
// The memory is divided into regions that are filled in turn. Code and metadata of a region are
// bump-allocated, so the blocks of a region lie in the order in which they were made; `find` walks
// along them from the first block of the pc's chunk. A region is given up as a whole: it is retired
// once its code is unreachable, and begun again once no thread can be inside any more (epochs.hpp).
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/lock.hpp"
#include "engine/backend.hpp"
#include "engine/epochs.hpp"

namespace ferry::engine {

/// Where a host's code can lie, so that every place in it can jump to every other.
struct CodePlace {
  uintptr_t base;
  size_t bytes;
};

class CodeCache {
 public:
  static constexpr unsigned kMaxRegions = 4;
  static constexpr unsigned kMaxBuffers = 1024;  ///< one for each thread
  static constexpr size_t kBufferBytes = size_t{64} << 10;

  /// Maps `bytes` of executable memory at the beginning of `place`: rounded up to 64 KB, and at
  /// most what the buffers leave of `place`. Stops ferry with a message if the system refuses.
  CodeCache(size_t bytes, const CodePlace& place);
  ~CodeCache();
  CodeCache(const CodeCache&) = delete;
  CodeCache& operator=(const CodeCache&) = delete;

  /// Words still free in the region being filled. The translator writes at `next()` and then calls
  /// `commit`.
  [[nodiscard]] uint32_t* next() const { return next_; }
  [[nodiscard]] uint32_t free_words() const { return static_cast<uint32_t>(end_ - next_); }
  /// Takes `words` words at next(), 8-byte aligned. Returns their start.
  uint32_t* commit(uint32_t words);
  /// Keeps the words committed so far (thunks) for ever, and makes regions of the rest: as many as
  /// hold two blocks of `largest_block` words each, at least one. To be called once, before the
  /// first block is made.
  void keep_all(uint32_t largest_block);

  /// Gives `out` memory of the region being filled for its block, exits, marks and notes. Unless
  /// `add` is called, the next `open` gives the same memory again.
  void open(BlockDraft& out);
  /// Commits the words of the block in `made` at next(), and adds the block to its region. The
  /// block lives until the region begins again.
  Block* add(BlockDraft& made);
  /// The block whose code contains `host_pc`, or null. Signal-safe. Takes no lock: a thread may ask
  /// about a block that it is in, or could be in.
  [[nodiscard]] Block* find(const void* host_pc) const;
  /// Whether `host_pc` is anywhere in the cache, thunks included. Signal-safe.
  [[nodiscard]] bool contains(const void* host_pc) const {
    return host_pc >= base_ && host_pc < base_ + words_;
  }

  /// Maps kBufferBytes of executable memory within reach of the cache's code, but no part of the
  /// cache: a thread's place for a copy of a block. Touches no page of it. Null if there is no
  /// place or no memory left.
  [[nodiscard]] uint32_t* map_buffer();
  void unmap_buffer(uint32_t* buffer);
  void hold_for_fork() { buffer_lock_.acquire(); }
  void release_after_fork() { buffer_lock_.release(); }

  [[nodiscard]] unsigned region_count() const { return region_count_; }
  /// The region being filled.
  [[nodiscard]] unsigned region() const { return region_; }
  /// The first block of a region, or null. Block::next leads to the others.
  [[nodiscard]] Block* first_block(unsigned region) const { return regions_[region].first; }
  /// The region to give up next: of those that are not retired, the one that was begun first.
  /// kMaxRegions if all are retired.
  [[nodiscard]] unsigned oldest() const;
  /// Whether a region is retired, so that there will be room once the threads are out of it.
  [[nodiscard]] bool any_retired() const;
  /// Notes that the code of `region` was made unreachable in `epoch`. Blocks and code stay as they
  /// are.
  void retire(unsigned region, Epochs::Epoch epoch);
  /// A region in which no thread can be: one that was never used, or that was retired in an epoch
  /// that is past. kMaxRegions if there is none.
  [[nodiscard]] unsigned reusable(const Epochs& epochs) const;
  /// Drops all blocks of `region`, which is reusable, and fills it from now on.
  void begin(unsigned region);

 private:
  /// Memory for metadata, in chunks that are kept for the region's next turn.
  class Arena {
   public:
    ~Arena();
    /// Memory for at least `bytes` bytes, 8-byte aligned. The same again until some of it is taken.
    void* room(size_t bytes) {
      if (static_cast<size_t>(end_ - next_) < bytes) [[unlikely]]
        next_chunk();
      return next_;
    }
    /// Keeps what lies before `end` in the room that was given last.
    void take_to(void* end) { next_ = static_cast<char*>(end); }
    void reset();

   private:
    static constexpr size_t kChunkBytes = size_t{256} << 10;
    void next_chunk();
    std::vector<char*> chunks_;
    size_t used_chunks_ = 0;
    char* next_ = nullptr;
    char* end_ = nullptr;
  };
  struct Region {
    uint32_t* begin = nullptr;
    uint32_t* end = nullptr;
    Block* first = nullptr;
    Block* last = nullptr;
    bool retired = true;
    Epochs::Epoch retired_in = 0;  ///< 0: never used
    Arena blocks;                  ///< each block with its marks
    Arena exits;
    Arena notes;
  };

  /// `find` begins with the first block that has words in the pc's chunk of code. Each region
  /// begins with a new chunk.
  static constexpr unsigned kChunkShift = 8;
  [[nodiscard]] size_t chunk_of(const void* host_pc) const {
    return static_cast<size_t>(static_cast<const char*>(host_pc) -
                               reinterpret_cast<const char*>(base_)) >>
           kChunkShift;
  }
  /// Counts on from the region being filled, which comes last.
  [[nodiscard]] unsigned in_turn(unsigned turn) const { return (region_ + turn) % region_count_; }

  [[nodiscard]] char* buffer_place(unsigned number) const;

  const CodePlace place_;
  Lock buffer_lock_;
  std::bitset<kMaxBuffers> buffers_;  ///< that are in use
  uint32_t* base_;
  size_t words_;
  uint32_t* next_;
  uint32_t* end_;  ///< of the region being filled
  Block** first_in_chunk_;
  size_t next_chunk_ = 0;  ///< of the region being filled: the first without a block
  std::array<Region, kMaxRegions> regions_;
  unsigned region_count_ = 0;
  unsigned region_ = 0;  ///< being filled
  Region* filling_ = &regions_[0];
};

}  // namespace ferry::engine
