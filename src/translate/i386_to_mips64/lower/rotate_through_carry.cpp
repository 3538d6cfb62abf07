// RCL RCR: the operand with CF above it is a value of one bit more, which is rotated.
#include "translate/i386_to_mips64/lower/destination.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"
#include "translate/i386_to_mips64/lower/shift_rotate.hpp"

namespace ferry::translate::lower {

using mips64::zero;
namespace ef = i386::eflags;

namespace {

/// The rotated value, and the bit above it (zero: not wanted).
struct Rotated {
  Gpr value, carry;
};

/// Rotates to the left by the constant `places`: 1..`bits`, or more for all the way round. `old` is
/// zero-extended.
void rotate_by_constant(BlockBuilder& b, const Rotated& rotated, Gpr old, Gpr carry_in,
                        unsigned bits, unsigned places) {
  if (places > bits) {
    if (rotated.value != old) mips64::move(b.as, rotated.value, old);
    if (rotated.carry != zero) mips64::move(b.as, rotated.carry, carry_in);
    return;
  }
  if (rotated.carry != zero) b.as.EXT(rotated.carry, old, bits - places, 1);
  if (places == 32) {
    b.as.SRL(rotated.value, old, 1);
  } else {
    const Gpr low = b.scratch();
    if (places > 1) b.as.SRL(low, old, bits + 1 - places);
    b.as.SLL(rotated.value, old, places);
    if (places > 1) b.as.OR(rotated.value, rotated.value, low);
    b.release(low);
  }
  b.as.INS(rotated.value, carry_in, places - 1, 1);
}

/// Rotates by `count`, which is at most `bits`.
void rotate_by_register(BlockBuilder& b, const Rotated& rotated, Gpr old, Gpr carry_in,
                        unsigned bits, Direction direction, Gpr count) {
  const bool left = direction == Direction::left;
  const Gpr wide = b.scratch(), opposite = b.scratch();
  b.as.ADDIU(opposite, zero, static_cast<int32_t>(bits + 1));
  b.as.SUBU(opposite, opposite, count);
  const Gpr places = left ? count : opposite, rest = left ? opposite : count;
  if (bits < 32) {
    mips64::move(b.as, wide, old);
    b.as.INS(wide, carry_in, bits, 1);
    b.as.SLLV(rotated.value, wide, places);
    b.as.SRLV(wide, wide, rest);
    b.as.OR(rotated.value, rotated.value, wide);
    if (rotated.carry != zero) b.as.EXT(rotated.carry, rotated.value, bits, 1);
    b.release(wide);
    return b.release(opposite);
  }
  b.as.DEXT(wide, old, 0, 32);
  const Gpr high = b.scratch();
  b.as.DSLL32(high, carry_in, 0);
  b.as.OR(wide, wide, high);
  b.as.DSLLV(high, wide, places);
  b.as.DSRLV(wide, wide, rest);
  b.as.OR(wide, wide, high);
  b.as.SLL(rotated.value, wide, 0);
  if (rotated.carry != zero) {
    b.as.DSRL32(rotated.carry, wide, 0);
    b.as.ANDI(rotated.carry, rotated.carry, 1);
  }
  for (const Gpr reg : {wide, opposite, high}) b.release(reg);
}

/// count mod (bits + 1) of a count of 0..31, without a division: 18 and then 9 (8 bits), or 17 (16
/// bits), are subtracted where the count is not below them.
Gpr reduced(BlockBuilder& b, Gpr count, unsigned bits) {
  if (bits == 32) return count;
  const Gpr places = b.scratch(), below = b.scratch(), less = b.scratch();
  mips64::move(b.as, places, count);
  for (auto period = static_cast<int32_t>(bits == 8 ? 18 : 17); period > static_cast<int32_t>(bits);
       period /= 2) {
    b.as.SLTIU(below, places, period);
    b.as.ADDIU(less, places, -period);
    b.as.MOVZ(places, less, below);
  }
  b.release(below);
  b.release(less);
  return places;
}

/// OF: whether the two top bits (RCR), or the top bit and CF (RCL), differ.
Gpr rotate_overflow(BlockBuilder& b, const Rotated& rotated, unsigned bits, Direction direction) {
  const Gpr overflow = b.scratch();
  if (direction == Direction::left) {
    b.as.EXT(overflow, rotated.value, bits - 1, 1);
    b.as.XOR(overflow, overflow, rotated.carry);
  } else {
    b.as.SLL(overflow, rotated.value, 1);
    b.as.XOR(overflow, overflow, rotated.value);
    b.as.EXT(overflow, overflow, bits - 1, 1);
  }
  return overflow;
}

void rotate_through_carry(BlockBuilder& b, const Instruction& in, Direction direction) {
  const Operand& operand = in.operands[0];
  const unsigned bits = operand.width * 8u;
  const bool constant = in.operands[1].kind == i386::OperandKind::immediate;
  if (constant && (in.immediate & 31) == 0) return touch(b, operand);
  const bool flags = (b.live() & (ef::CF | ef::OF)) != 0;
  if (flags) keep_other_flags(b, in.operands[1]);
  const Gpr carry = carry_in(b);
  const Count count = Count::of(b, in.operands[1], CountBits::masked);
  Destination destination(b, operand);
  const Gpr old = destination.read(Extend::zero);
  const bool full = BlockBuilder::is_full_register(operand);
  const Gpr value = full ? b.begin_write(operand.reg) : b.scratch();  // may be `old`
  const Rotated rotated{value, flags ? b.scratch() : zero};
  if (constant) {
    const unsigned places = (in.immediate & 31) % (bits + 1);
    const bool as_said = direction == Direction::left && places != 0;
    rotate_by_constant(b, rotated, old, carry, bits, as_said ? places : bits + 1 - places);
  } else {
    const Gpr places = reduced(b, count.reg, bits);
    rotate_by_register(b, rotated, old, carry, bits, direction, places);
  }
  if (!full) destination.write(value);
  if (!flags) return;
  Gpr overflow = zero;
  if ((b.live() & ef::OF) != 0) overflow = rotate_overflow(b, rotated, bits, direction);
  set_carry_and_overflow(b, {rotated.carry, overflow}, count);
}

}  // namespace

void RCL(BlockBuilder& b, const Instruction& in) {
  rotate_through_carry(b, in, Direction::left);
}
void RCR(BlockBuilder& b, const Instruction& in) {
  rotate_through_carry(b, in, Direction::right);
}

}  // namespace ferry::translate::lower
