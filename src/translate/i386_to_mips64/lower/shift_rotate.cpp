// SHL SHR SAR ROL ROR. The host masks counts to five bits, as the guest does.
//
// A count in CL may be 0, which keeps all flags: the old ones are put into the lazy registers, or
// packed, and replaced where the count is not 0.
#include "translate/i386_to_mips64/lower/shift_rotate.hpp"

#include <array>

#include "translate/i386_to_mips64/lower/destination.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using i386::ECX;
using mips64::zero;
namespace ef = i386::eflags;

namespace {

constexpr uint32_t kCarryAndOverflow = ef::CF | ef::OF;

enum class Shift : uint8_t { shl, shr, sar, ror, rol };

/// How a shift is done. ROL is ROR by the negated count.
struct ShiftWords {
  void (Assembler::*by_constant)(Gpr, Gpr, unsigned);
  void (Assembler::*by_register)(Gpr, Gpr, Gpr);
  FlagKind flags;
  Extend operand;  ///< how a narrow one is extended for a 32-bit shift to give the narrow result
};

constexpr std::array<ShiftWords, 5> kShiftWords = {{
    {&Assembler::SLL, &Assembler::SLLV, FlagKind::shl8, Extend::any},
    {&Assembler::SRL, &Assembler::SRLV, FlagKind::shr8, Extend::zero},
    {&Assembler::SRA, &Assembler::SRAV, FlagKind::sar8, Extend::sign},
    {&Assembler::ROTR, &Assembler::ROTRV, FlagKind::packed, Extend::any},
    {&Assembler::ROTR, &Assembler::ROTRV, FlagKind::packed, Extend::any},
}};

const ShiftWords& words_of(Shift shift) {
  return kShiftWords[static_cast<size_t>(shift)];
}

void emit_shift(BlockBuilder& b, Shift shift, Gpr rd, Gpr rs, const Count& count) {
  const ShiftWords& words = words_of(shift);
  if (count.constant) {
    const unsigned places = shift == Shift::rol ? 32 - count.value : count.value;
    return (b.as.*words.by_constant)(rd, rs, places & 31);
  }
  Gpr places = count.reg;
  if (shift == Shift::rol) {
    places = b.scratch();
    b.as.SUBU(places, zero, count.reg);
  }
  (b.as.*words.by_register)(rd, rs, places);
}

/// A constant count of a 32-bit register: one word, flags from operand and result.
void shift_register(BlockBuilder& b, Shift shift, const Operand& operand, const Count& count) {
  const unsigned known = b.known_width(operand.reg);
  const Gpr old = b.read_gpr(operand.reg);
  // CF and OF come from the operand, ZF SF PF from the result.
  const bool operand_needed = (b.live() & kCarryAndOverflow) != 0;
  if (operand_needed) mips64::move(b.as, kFlagA, old);
  const Gpr rd = b.begin_write(operand.reg);
  emit_shift(b, shift, rd, old, count);
  if (shift == Shift::shr) {
    const unsigned left = known > count.value ? known - count.value : 0;
    b.set_known_width(operand.reg, left <= 8 ? 8 : left <= 16 ? 16 : 32);
  }
  if (b.live() == 0) return;
  if (operand_needed) {
    b.flags.set(words_of(shift).flags, 4, Value::of(kFlagA), count.as_value(), Value::of(rd));
  } else {  // CF and OF are not read: the flags of the result suffice
    b.flags.set(FlagKind::logic8, 4, {}, {}, Value::of(rd));
  }
}

/// A constant count of a narrow or memory operand.
void shift_general(BlockBuilder& b, Shift shift, const Operand& operand, const Count& count) {
  const bool flags = b.live() != 0;
  const bool operand_needed = (b.live() & kCarryAndOverflow) != 0;
  Destination destination(b, operand);
  const Gpr old = destination.read(words_of(shift).operand, operand_needed ? kFlagA : zero);
  const Gpr result = flags && !operand_needed ? kFlagA : b.scratch();
  emit_shift(b, shift, result, old, count);
  destination.write(result, shift == Shift::shr ? Extend::zero : Extend::any);
  if (!flags) return;
  if (operand_needed) {
    return b.flags.set(words_of(shift).flags, operand.width, Value::of(old), count.as_value(), {});
  }
  extend(b, result, result, operand.width, Extend::sign);
  b.flags.set(FlagKind::logic8, operand.width, {}, {}, Value::of(result));
}

/// A count in CL.
void shift_by_cl(BlockBuilder& b, Shift shift, const Operand& operand, const Operand& amount) {
  const bool flags = b.live() != 0;
  if (flags) b.flags.to_lazy_registers();
  const Count count = Count::of(b, amount, flags ? CountBits::masked : CountBits::as_they_are);
  const auto set_flags = [&](Gpr old) {
    if (flags) b.flags.set_if(count.reg, words_of(shift).flags, operand.width, old, count.reg);
  };
  if (BlockBuilder::is_full_register(operand)) {
    const Gpr old = b.read_gpr(operand.reg);
    set_flags(old);
    return emit_shift(b, shift, b.begin_write(operand.reg), old, count);
  }
  Destination destination(b, operand);
  const Gpr old = destination.read(words_of(shift).operand);
  const Gpr result = b.scratch();
  emit_shift(b, shift, result, old, count);
  // A store may fault, and a register to be written may be what `old` is.
  if (!BlockBuilder::is_memory(operand)) set_flags(old);
  destination.write(result, shift == Shift::shr ? Extend::zero : Extend::any);
  if (BlockBuilder::is_memory(operand)) set_flags(old);
}

void shift(BlockBuilder& b, const Instruction& in, Shift shift) {
  const Operand& operand = in.operands[0];
  const Operand& amount = in.operands[1];
  if (amount.kind != i386::OperandKind::immediate) return shift_by_cl(b, shift, operand, amount);
  const Count count = Count::of(b, amount, CountBits::as_they_are);
  if (count.value == 0) return touch(b, operand);
  BlockBuilder::is_full_register(operand) ? shift_register(b, shift, operand, count)
                                          : shift_general(b, shift, operand, count);
}

/// Rotates `value` in place. A narrow one is doubled, which makes it a shift, or repeated until it
/// fills the word.
void rotate_narrow(BlockBuilder& b, Shift shift, Gpr value, unsigned width, const Count& count) {
  const unsigned bits = 8 * width;
  b.as.INS(value, value, bits, bits);
  if (count.constant) {
    const unsigned right = shift == Shift::rol ? bits - count.value : count.value;
    return b.as.SRL(value, value, right & (bits - 1));
  }
  if (width == 1) b.as.INS(value, value, 16, 16);
  emit_shift(b, shift, value, value, count);
}

/// CF and OF of a rotated value: the bit that went round, and whether the two top bits (ROR), or
/// the top bit and CF (ROL), differ.
CarryAndOverflow rotate_flags(BlockBuilder& b, Shift shift, Gpr result, unsigned width) {
  const unsigned top = 8 * width - 1;
  const CarryAndOverflow flags{b.scratch(), b.scratch()};
  const bool left = shift == Shift::rol;
  b.as.EXT(flags.carry, result, left ? 0 : top, 1);
  if ((b.live() & ef::OF) == 0) return flags;
  b.as.EXT(flags.overflow, result, left ? top : top - 1, 1);
  b.as.XOR(flags.overflow, flags.overflow, flags.carry);
  return flags;
}

void rotate(BlockBuilder& b, const Instruction& in, Shift shift) {
  const Operand& operand = in.operands[0];
  const bool constant = in.operands[1].kind == i386::OperandKind::immediate;
  if (constant && (in.immediate & 31) == 0) return touch(b, operand);
  const bool flags = (b.live() & kCarryAndOverflow) != 0;
  if (flags) keep_other_flags(b, in.operands[1]);
  const Count count =
      Count::of(b, in.operands[1], flags ? CountBits::masked : CountBits::as_they_are);
  Gpr result = zero;
  if (BlockBuilder::is_full_register(operand)) {
    const Gpr old = b.read_gpr(operand.reg);
    result = b.begin_write(operand.reg);
    emit_shift(b, shift, result, old, count);
  } else {
    Destination destination(b, operand);
    result = destination.read(Extend::zero, b.scratch());
    operand.width == 4 ? emit_shift(b, shift, result, result, count)
                       : rotate_narrow(b, shift, result, operand.width, count);
    destination.write(result);
  }
  if (flags) set_carry_and_overflow(b, rotate_flags(b, shift, result, operand.width), count);
}

/// Whether flags that rotates keep are live.
bool others_live(const BlockBuilder& b) {
  return (b.live() & ~kCarryAndOverflow) != 0;
}

}  // namespace

Count Count::of(BlockBuilder& b, const Operand& operand, CountBits bits) {
  if (operand.kind == i386::OperandKind::immediate) {
    return {true, b.instruction().immediate & 31, zero};
  }
  if (bits == CountBits::as_they_are) return {false, 0, host_gpr(ECX)};
  const Gpr count = b.scratch();
  b.as.ANDI(count, host_gpr(ECX), 31);
  return {false, 0, count};
}

void touch(BlockBuilder& b, const Operand& operand) {
  if (!BlockBuilder::is_memory(operand)) return;
  Destination destination(b, operand);
  destination.write(destination.read(Extend::any));
}

void keep_other_flags(BlockBuilder& b, const Operand& count) {
  const bool may_be_zero = count.kind != i386::OperandKind::immediate;
  if (may_be_zero || others_live(b)) b.flags.to_packed();
}

void set_carry_and_overflow(BlockBuilder& b, const CarryAndOverflow& flags, const Count& changed) {
  const bool overflow = (b.live() & ef::OF) != 0;
  if (changed.constant && !others_live(b)) {
    if (!overflow) return b.flags.set_carry_only(flags.carry);
    b.as.SLL(kFlagB, flags.overflow, 11);
    b.as.OR(kFlagB, kFlagB, flags.carry);
    return b.flags.set(FlagKind::given8, 4, {}, Value::of(kFlagB), Value::of_constant(0));
  }
  const Gpr old = b.scratch();
  b.as.LW(old, offset::eflags, kState);
  Gpr word = old;
  if (!changed.constant) {
    word = b.scratch();
    mips64::move(b.as, word, old);
  }
  b.as.INS(word, flags.carry, 0, 1);
  if (overflow) b.as.INS(word, flags.overflow, 11, 1);
  if (!changed.constant) b.as.MOVZ(word, old, changed.reg);
  b.as.SW(word, offset::eflags, kState);
}

void SHL(BlockBuilder& b, const Instruction& in) {
  shift(b, in, Shift::shl);
}
void SHR(BlockBuilder& b, const Instruction& in) {
  shift(b, in, Shift::shr);
}
void SAR(BlockBuilder& b, const Instruction& in) {
  shift(b, in, Shift::sar);
}
void ROL(BlockBuilder& b, const Instruction& in) {
  rotate(b, in, Shift::rol);
}
void ROR(BlockBuilder& b, const Instruction& in) {
  rotate(b, in, Shift::ror);
}

}  // namespace ferry::translate::lower
