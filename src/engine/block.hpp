// A translated block: guest address, host entry, exits. Nothing here knows either instruction set.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "common/guest_range.hpp"

namespace ferry::engine {

struct Block;

/// Where control leaves a block. An unlinked exit leads to the run loop, a linked one to another
/// block. Of the first five members the engine reads `kind` alone: the host's emitter writes them
/// for the host's patcher.
struct Exit {
  enum class Kind : uint8_t {
    branch,    ///< conditional branch at `site`, unlinked to the stub at `stub`
    jump,      ///< unconditional; `stub` == `site`
    indirect,  ///< through the code index; never linked
  };
  Kind kind;
  uint16_t live;        ///< the translator's: which flags a direct exit's target may read
  uint32_t site;        ///< word offset in the block of the patchable word
  uint32_t stub;        ///< word offset of the word that leaves to the run loop
  uint32_t unlinked;    ///< the word at `site` while unlinked
  GuestAddress target;  ///< without meaning for indirect exits
  uint32_t recipe;      ///< the translator's: how to find the flags that are live here
  Block* owner;
  Block* linked;        ///< null while unlinked
  Exit* next_incoming;  ///< list of exits linked to the same block
};

/// A run of host words that belongs to one guest instruction.
struct Mark {
  uint32_t word;         ///< first word offset
  GuestAddress address;  ///< guest instruction
  int32_t data;          ///< the translator's: what the handler of a fault here must undo
  uint32_t recipe;       ///< the translator's: how to find the flags that are live here
};

struct Block {
  GuestAddress address;  ///< entry
  uint32_t* code;        ///< first word; the code, stubs included, is contiguous
  uint32_t words;
  uint32_t direct_entry;    ///< word offset where linked exits enter
  uint32_t indirect_entry;  ///< word offset where the code index enters
  uint16_t guest_instructions;
  uint8_t region;  ///< of the code cache
  std::atomic<bool> is_valid;
  std::span<Exit> exits;
  std::span<const Mark> marks;
  const void* notes;  ///< the translator's, in the memory of the block's region
  Exit* incoming;     ///< exits of other blocks linked here
  Block* next;        ///< the next of its region, after it in memory

  /// False once the block is invalidated: nothing links to it or finds it again. The answer cannot
  /// change while the caller holds the engine's lock.
  [[nodiscard]] bool valid() const { return is_valid.load(std::memory_order_relaxed); }
  void set_valid(bool to) { is_valid.store(to, std::memory_order_relaxed); }
  [[nodiscard]] bool contains(const void* host_pc) const {
    return host_pc >= code && host_pc < code + words;
  }
  /// The mark covering word offset `word`, or null before the first.
  [[nodiscard]] const Mark* mark_at(uint32_t word) const;
};

}  // namespace ferry::engine
