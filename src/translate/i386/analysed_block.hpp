// A block before any code is emitted: its instructions, and which flags are live where.
#pragma once

#include <array>
#include <cstdint>

#include "common/guest_range.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "translate/i386/row_traits.hpp"

namespace ferry::translate {

inline constexpr uint32_t kMaxBlockInstructions = 64;
/// Of a self-checking block, counted from the aligned word that its first instruction begins in.
inline constexpr uint32_t kMostCheckedBytes = 32;

/// One instruction of a block with what liveness found.
struct AnalysedInstruction {
  i386::Instruction instruction;
  const RowTraits* traits;
  // Arithmetic flags, bits of EFLAGS. Those that are stored together do not stand next to each
  // other: the compiler would merge such stores, at the cost of more instructions.
  uint16_t killed;          ///< it sets them or leaves them undefined
  uint16_t live_at_target;  ///< of conditional, jump and call; meaningless for others
  uint16_t live_before;
  /// A jump, call or return that goes to the next instruction of the block, or what needs no code
  /// of its own (a block pass).
  bool followed;
  uint16_t live_after;
};

struct AnalysedBlock {
  std::array<AnalysedInstruction, kMaxBlockInstructions> instructions;
  uint32_t count = 0;
  GuestAddress next = 0;  ///< where control goes on if the last instruction falls through
  uint32_t live_at_next = 0;
  bool has_leaf = false;  ///< it goes on in a called function
  /// Compares the bytes from its first instruction to `next` with what it was made from, on entry.
  bool self_checking = false;
  /// Of a self-checking block: what it was decoded from, from `first_checked_word()` on.
  std::array<uint8_t, kMostCheckedBytes> checked_bytes;

  [[nodiscard]] GuestAddress first_checked_word() const {
    return instructions[0].instruction.address & ~3u;
  }
};

}  // namespace ferry::translate
