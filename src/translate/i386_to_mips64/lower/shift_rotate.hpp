// What shifts, rotates and double shifts share: their counts, and the flags of instructions that
// change CF and OF alone or, with a count of 0, none.
#pragma once

#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

enum class Direction : uint8_t { left, right };

/// Whether bits of CL above the low five, which the host's shifts ignore, are cleared.
enum class CountBits : uint8_t { as_they_are, masked };

/// A shift count: a constant of 0..31, or a register of which the host looks at the low five bits.
struct Count {
  bool constant;
  unsigned value;
  Gpr reg;

  /// Of the operand that says it: an immediate or CL. A masked one is in a scratch register.
  [[nodiscard]] static Count of(BlockBuilder& b, const Operand& operand, CountBits bits);
  [[nodiscard]] Value as_value() const { return Value::of_constant(static_cast<int32_t>(value)); }
};

/// Reads a memory operand and writes it back: what remains of a count of 0.
void touch(BlockBuilder& b, const Operand& operand);

/// 0 or 1 each. `overflow` is used only if OF is live.
struct CarryAndOverflow {
  Gpr carry, overflow;
};

/// Before an instruction that changes CF and OF alone: packs the flags if others are live or
/// `count` is CL, which may be 0. May call C++.
void keep_other_flags(BlockBuilder& b, const Operand& count);

/// After that instruction: CF and OF become `flags`, unless `changed`, the count, is 0 at run time.
void set_carry_and_overflow(BlockBuilder& b, const CarryAndOverflow& flags, const Count& changed);

}  // namespace ferry::translate::lower
