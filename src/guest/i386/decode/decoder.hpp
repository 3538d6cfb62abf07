// Bytes to Instruction, driven by opcodes.inc.
#pragma once

#include <cstdint>

#include "guest/i386/decode/instruction.hpp"
#include "guest/i386/decode/rows.hpp"
#include "guest/i386/feature.hpp"

namespace ferry::i386 {

enum class DecodeStatus : uint8_t {
  ok,
  truncated,  ///< the instruction goes on past `size` bytes (which were fewer than 15)
  illegal,    ///< #UD: for instance no row, or a LOCK where none is allowed
  too_long,   ///< #GP: more than 15 bytes
};

/// Decodes the instruction at guest `address` whose bytes are at `bytes`. Reads at most
/// min(size, 15) bytes and nothing else; never asserts on what they are. On anything but ok,
/// `instruction` holds no meaning. Signal-safe; no state but what refuse_features() did.
[[nodiscard]] DecodeStatus decode(const uint8_t* bytes, uint32_t size, uint32_t address,
                                  Instruction& instruction);

/// Takes out the rows that need one of `features`: their encodings become illegal, or fall to the
/// rows they had precedence over. To be called before the first block is made.
void refuse_features(FeatureSet features);

/// GPRs (bit = Gpr, whole registers: AL counts as EAX) the instruction reads and writes, address
/// registers included; a partial write (8/16 bit) counts as read too. cmov and conditional writes
/// count as read and written.
[[nodiscard]] uint8_t gprs_read(const Instruction& instruction);
[[nodiscard]] uint8_t gprs_written(const Instruction& instruction);

/// EFLAGS bits the instruction may read, surely writes with a defined result, and may leave
/// undefined. They refine the row: Jcc/SETcc/CMOVcc by condition, shifts by an immediate count (0 =
/// no flags).
[[nodiscard]] uint32_t flags_read(const Instruction& instruction);
[[nodiscard]] uint32_t flags_written(const Instruction& instruction);
[[nodiscard]] uint32_t flags_undefined(const Instruction& instruction);

namespace detail {
inline constexpr uint16_t kConditionFlags[] = {
    eflags::OF,
    eflags::CF,
    eflags::ZF,
    eflags::CF | eflags::ZF,
    eflags::SF,
    eflags::PF,
    eflags::SF | eflags::OF,
    eflags::ZF | eflags::SF | eflags::OF,
};
}
/// The flags a condition (the low four bits of jcc, setcc, cmovcc) reads: SDM vol. 1, table B-1.
[[nodiscard]] constexpr uint32_t condition_flags(unsigned condition) {
  return detail::kConditionFlags[condition >> 1 & 7];
}

}  // namespace ferry::i386
