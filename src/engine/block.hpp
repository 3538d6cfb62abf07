// A translated block: guest address, host entry, exits. Nothing here knows either instruction set.
#pragma once

#include <cstdint>
#include <span>

namespace ferry::engine {

using GuestAddress = uint32_t;

struct Block;

/// Where control leaves a block. Unlinked, it ends in the run loop; linked, in another block.
struct Exit {
  enum class Kind : uint8_t {
    branch,    ///< conditional branch at `site`, unlinked to the stub at `stub`
    jump,      ///< unconditional; `stub` == `site`
    indirect,  ///< through the address table; never linked
  };
  Kind kind;
  uint16_t live;        ///< the translator's: which flags a direct exit's target may read
  uint32_t site;        ///< word offset in the block of the patchable word
  uint32_t stub;        ///< word offset of the word that calls the leave thunk
  uint32_t unlinked;    ///< the word at `site` while unlinked
  GuestAddress target;  ///< unused for indirect exits
  uint32_t recipe;      ///< the translator's: how to find the flags that are live here
  Block* owner;
  Block* linked;        ///< null while unlinked
  Exit* next_incoming;  ///< list of exits linked to the same block
};

/// A run of host words that belongs to one guest instruction.
struct Mark {
  uint32_t word;         ///< first word offset
  GuestAddress address;  ///< guest instruction
  int32_t data;          ///< the translator's: what a fault here must undo
  uint32_t recipe;       ///< the translator's: how to find the flags that are live here
};

/// A range of guest bytes a block was made from (or whose bytes its flag look-ahead relied on).
struct GuestRange {
  GuestAddress begin;
  GuestAddress end;  ///< exclusive
};

struct Block {
  GuestAddress address;  ///< entry
  uint32_t* code;        ///< first word; the code, stubs included, is contiguous
  uint32_t words;
  uint32_t direct_entry;    ///< word offset where linked exits enter
  uint32_t indirect_entry;  ///< word offset where the address table enters
  uint16_t guest_instructions;
  uint8_t region;  ///< of the code cache
  bool valid;      ///< false once invalidated: never linked or looked up again
  std::span<Exit> exits;
  std::span<const Mark> marks;
  Exit* incoming;  ///< exits of other blocks linked here
  Block* next;     ///< the next of its region, behind it in memory

  [[nodiscard]] bool contains(const void* host_pc) const {
    return host_pc >= code && host_pc < code + words;
  }
  /// The mark covering word offset `word`, or null before the first.
  [[nodiscard]] const Mark* mark_at(uint32_t word) const;
  /// The exit whose leave thunk call returns to `host_pc` (the word behind its delay slot).
  [[nodiscard]] Exit* exit_leaving_at(const void* host_pc) const;
};

}  // namespace ferry::engine
