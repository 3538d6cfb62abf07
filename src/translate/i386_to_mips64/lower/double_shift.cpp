// SHLD SHRD.
#include "translate/i386_to_mips64/lower/destination.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"
#include "translate/i386_to_mips64/lower/shift_rotate.hpp"

namespace ferry::translate::lower {

using mips64::zero;
namespace ef = i386::eflags;

namespace {

struct DoubleShift {
  Direction direction;
  Gpr old, source;
  Count count;  ///< 1..31 if constant

  [[nodiscard]] bool left() const { return direction == Direction::left; }
};

/// 32 bits by a constant; `carry` gets the last bit shifted out if it is not zero.
void shift_by_constant(BlockBuilder& b, const DoubleShift& shift, Gpr result, Gpr carry) {
  const unsigned count = shift.count.value;
  const Gpr filler = b.scratch(), kept = b.scratch();
  const bool left = shift.left();
  left ? b.as.SRL(filler, shift.source, 32 - count) : b.as.SLL(filler, shift.source, 32 - count);
  left ? b.as.SLL(kept, shift.old, count) : b.as.SRL(kept, shift.old, count);
  if (carry != zero) b.as.EXT(carry, shift.old, left ? 32 - count : count - 1, 1);
  b.as.OR(result, kept, filler);
}

/// The same by CL: operand and source as one value of 64 bits, rotated.
void shift_by_register(BlockBuilder& b, const DoubleShift& shift, Gpr result, Gpr carry) {
  const Gpr pair = b.scratch(), low = b.scratch();
  b.as.DSLL32(pair, shift.left() ? shift.old : shift.source, 0);
  b.as.DEXT(low, shift.left() ? shift.source : shift.old, 0, 32);
  b.as.OR(pair, pair, low);
  Gpr right = shift.count.reg;
  if (shift.left()) {
    right = low;
    b.as.SUBU(right, zero, shift.count.reg);
  }
  b.as.DROTRV(pair, pair, right);
  if (carry != zero) shift.left() ? b.as.ANDI(carry, pair, 1) : b.as.DSRL32(carry, pair, 31);
  shift.left() ? b.as.DSRA32(result, pair, 0) : b.as.SLL(result, pair, 0);
}

/// 16 bits: both as one value of 32 bits, rotated. A count above 16 shifts the operand in again.
void shift_narrow(BlockBuilder& b, const DoubleShift& shift, Gpr result, Gpr carry) {
  const Gpr pair = b.scratch();
  mips64::move(b.as, pair, shift.left() ? shift.source : shift.old);
  b.as.INS(pair, shift.left() ? shift.old : shift.source, 16, 16);
  if (shift.count.constant) {
    b.as.ROTR(pair, pair, shift.left() ? 32 - shift.count.value : shift.count.value);
  } else {
    Gpr right = shift.count.reg;
    if (shift.left()) {
      right = b.scratch();
      b.as.SUBU(right, zero, shift.count.reg);
    }
    b.as.ROTRV(pair, pair, right);
  }
  if (carry != zero) shift.left() ? b.as.ANDI(carry, pair, 1) : b.as.SRL(carry, pair, 31);
  shift.left() ? b.as.SRA(result, pair, 16) : b.as.SEH(result, pair);
}

/// Puts OF (whether the last place changed the sign) beside CF in `carry`, as in EFLAGS. `result`
/// is sign-extended.
void add_overflow(BlockBuilder& b, Gpr carry, Direction direction, Gpr result, unsigned width) {
  if ((b.live() & ef::OF) == 0) return;
  const Gpr overflow = b.scratch();
  if (direction == Direction::left) {
    b.as.SRL(overflow, result, 31);
    b.as.XOR(overflow, overflow, carry);
  } else {
    b.as.SLL(overflow, result, 1);
    b.as.XOR(overflow, overflow, result);
    b.as.EXT(overflow, overflow, 8 * width - 1, 1);
  }
  b.as.SLL(overflow, overflow, 11);
  b.as.OR(carry, carry, overflow);
}

void double_shift(BlockBuilder& b, const Instruction& in, Direction direction) {
  const Operand& operand = in.operands[0];
  const unsigned width = operand.width;
  const bool constant = in.operands[2].kind == i386::OperandKind::immediate;
  if (constant && (in.immediate & 31) == 0) return touch(b, operand);
  const bool flags = b.live() != 0;
  if (flags && !constant) b.flags.to_lazy_registers();
  const Count count = Count::of(b, in.operands[2], CountBits::masked);
  const Gpr source = b.read_gpr(in.operands[1].reg);
  Destination destination(b, operand);
  const DoubleShift shift{direction, destination.read(Extend::any), source, count};
  const bool carry_wanted = (b.live() & (ef::CF | ef::OF)) != 0;
  Gpr result = zero, carry = zero;
  if (carry_wanted) carry = constant ? kFlagB : b.scratch();
  if (constant && flags) {
    result = kFlagA;  // no old flag is wanted, even if the store faults
  } else if (!flags && BlockBuilder::is_full_register(operand)) {
    result = b.begin_write(operand.reg);  // each form writes it last
  } else {
    result = b.scratch();
  }
  if (width == 2) {
    shift_narrow(b, shift, result, carry);
  } else {
    constant ? shift_by_constant(b, shift, result, carry)
             : shift_by_register(b, shift, result, carry);
  }
  if (carry_wanted) add_overflow(b, carry, direction, result, width);
  if (flags || !BlockBuilder::is_full_register(operand)) destination.write(result);
  if (!flags) return;
  if (!constant) return b.flags.set_if(count.reg, FlagKind::given8, width, result, carry);
  b.flags.set(carry_wanted ? FlagKind::given8 : FlagKind::logic8, width, {}, Value::of(carry),
              Value::of(result));
}

}  // namespace

void SHLD(BlockBuilder& b, const Instruction& in) {
  double_shift(b, in, Direction::left);
}
void SHRD(BlockBuilder& b, const Instruction& in) {
  double_shift(b, in, Direction::right);
}

}  // namespace ferry::translate::lower
