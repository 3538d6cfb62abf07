// SHL SHR SAR ROL ROR RCL RCR SHLD SHRD.
#include "translate/i386_to_mips64/handlers.hpp"

namespace ferry::translate::handlers {

using i386::ECX;
using i386::OperandKind;
using mips64::zero;

namespace {

enum class Shift : uint8_t { shl, shr, sar, rol, ror };

FlagKind kind_of(Shift shift) {
  return shift == Shift::shl   ? FlagKind::shl8
         : shift == Shift::shr ? FlagKind::shr8
                               : FlagKind::sar8;
}

/// How the operand has to be extended so that a 32-bit shift gives the narrow result.
Extend operand_extension(Shift shift) {
  return shift == Shift::sar ? Extend::sign : shift == Shift::shr ? Extend::zero : Extend::any;
}

void shift_by_constant(BlockBuilder& b, Shift shift, Gpr rd, Gpr rs, unsigned count) {
  switch (shift) {
    case Shift::shl:
      return b.as.SLL(rd, rs, count);
    case Shift::shr:
      return b.as.SRL(rd, rs, count);
    case Shift::sar:
      return b.as.SRA(rd, rs, count);
    case Shift::ror:
      return b.as.ROTR(rd, rs, count);
    case Shift::rol:
      return b.as.ROTR(rd, rs, (32 - count) & 31);
  }
}

/// The host masks counts to five bits, as the guest does.
void shift_by_register(BlockBuilder& b, Shift shift, Gpr rd, Gpr rs, Gpr count) {
  switch (shift) {
    case Shift::shl:
      return b.as.SLLV(rd, rs, count);
    case Shift::shr:
      return b.as.SRLV(rd, rs, count);
    case Shift::sar:
      return b.as.SRAV(rd, rs, count);
    case Shift::ror:
      return b.as.ROTRV(rd, rs, count);
    case Shift::rol: {
      const Gpr negated = b.scratch();
      b.as.SUBU(negated, zero, count);
      return b.as.ROTRV(rd, rs, negated);
    }
  }
}

/// A constant count of a 32-bit register: one word, flags from operand and result.
void constant_shift(BlockBuilder& b, Shift shift, const Operand& operand, unsigned count) {
  const bool rotate = shift == Shift::rol || shift == Shift::ror;
  const bool flags =
      !rotate && b.live() != 0;  // a rotate comes here only if CF and OF, all it changes, are dead
  const unsigned known = b.known_width(operand.reg);
  const Gpr old = b.read_gpr(operand.reg);
  // CF and OF come from the operand, ZF SF PF from the result.
  const bool operand_needed = flags && (b.live() & (i386::eflags::CF | i386::eflags::OF)) != 0;
  if (operand_needed) mips64::move(b.as, kFlagA, old);
  const Gpr rd = b.begin_write(operand.reg);
  shift_by_constant(b, shift, rd, old, count);
  if (shift == Shift::shr) {
    const unsigned left = known > count ? known - count : 0;
    b.set_known_width(operand.reg, left <= 8 ? 8 : left <= 16 ? 16 : 32);
  }
  if (!flags) return;
  if (operand_needed) {
    b.flags.set(kind_of(shift), 4, Value::of(kFlagA),
                Value::of_constant(static_cast<int32_t>(count)), Value::of(rd));
  } else {  // CF and OF are not read: the flags of the result do
    b.flags.set(FlagKind::logic8, 4, {}, {}, Value::of(rd));
  }
}

/// Narrow or memory operands with a constant or CL count, flags not wanted.
void general_shift(BlockBuilder& b, const Instruction& in, Shift shift) {
  const Operand& operand = in.operands[0];
  const Operand& amount = in.operands[1];
  const Extend extend = operand_extension(shift);
  const bool memory = BlockBuilder::is_memory(operand);
  const Address place = memory ? b.address() : Address{zero, 0};
  Gpr old = zero;
  if (memory) {
    old = b.scratch();
    b.load(old, operand.width, place, extend);
  } else {
    old = b.read(operand, extend);
  }
  const Gpr result = b.scratch();
  if (amount.kind == OperandKind::immediate) {
    shift_by_constant(b, shift, result, old, in.immediate & 31);
  } else {
    shift_by_register(b, shift, result, old, host_gpr(ECX));
  }
  if (memory) return b.store(result, operand.width, place);
  b.write_register(operand, result, shift == Shift::shr);
}

/// Narrow rotation by a constant: the value doubled makes it a shift.
void narrow_rotate(BlockBuilder& b, const Instruction& in, Shift shift) {
  const Operand& operand = in.operands[0];
  const unsigned bits = operand.width * 8u;
  unsigned count = in.immediate & 31 & (bits - 1);
  if (shift == Shift::rol) count = (bits - count) & (bits - 1);
  const bool memory = BlockBuilder::is_memory(operand);
  const Address place = memory ? b.address() : Address{zero, 0};
  const Gpr doubled = b.scratch();
  if (memory) {
    b.load(doubled, operand.width, place, Extend::zero);
  } else {
    b.read_into(doubled, operand, Extend::zero);
  }
  b.as.INS(doubled, doubled, bits, bits);
  b.as.SRL(doubled, doubled, count);
  memory ? b.store(doubled, operand.width, place) : b.write_register(operand, doubled);
}

void shift(BlockBuilder& b, const Instruction& in, Shift shift) {
  const Operand& operand = in.operands[0];
  const bool constant = in.operands[1].kind == OperandKind::immediate;
  const bool rotate = shift == Shift::rol || shift == Shift::ror;
  const unsigned count = in.immediate & 31;
  if (constant && count == 0) {  // no flags, but memory is read and written
    if (BlockBuilder::is_memory(operand)) interpret(b, in);
    return;
  }
  // A count in CL that may be 0 keeps the old flags; rotates change CF and OF alone.
  const uint32_t changed = rotate ? i386::eflags::CF | i386::eflags::OF : i386::eflags::kArithmetic;
  const bool flags = (b.live() & changed) != 0;
  if (flags && (!constant || rotate)) return interpret(b, in);
  if (BlockBuilder::is_full_register(operand)) {
    if (constant) return constant_shift(b, shift, operand, count);
    const Gpr old = b.read_gpr(operand.reg);
    const Gpr rd = b.begin_write(operand.reg);
    return shift_by_register(b, shift, rd, old, host_gpr(ECX));
  }
  if (flags) return interpret(b, in);
  if (rotate && operand.width != 4) {
    return constant ? narrow_rotate(b, in, shift) : interpret(b, in);
  }
  general_shift(b, in, shift);
}

/// SHLD and SHRD of 32-bit registers by a constant, flags not wanted.
void double_shift(BlockBuilder& b, const Instruction& in, bool left) {
  const Operand& destination = in.operands[0];
  const Operand& amount = in.operands[2];
  const unsigned count = in.immediate & 31;
  if (!BlockBuilder::is_full_register(destination) || amount.kind != OperandKind::immediate ||
      b.live() != 0) {
    return interpret(b, in);
  }
  if (count == 0) return;
  const Gpr filler = b.scratch(), kept = b.scratch();
  const Gpr source = b.read_gpr(in.operands[1].reg);
  const Gpr old = b.read_gpr(destination.reg);
  left ? b.as.SRL(filler, source, 32 - count) : b.as.SLL(filler, source, 32 - count);
  left ? b.as.SLL(kept, old, count) : b.as.SRL(kept, old, count);
  b.as.OR(b.begin_write(destination.reg), kept, filler);
}

}  // namespace

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
  shift(b, in, Shift::rol);
}
void ROR(BlockBuilder& b, const Instruction& in) {
  shift(b, in, Shift::ror);
}
void SHLD(BlockBuilder& b, const Instruction& in) {
  double_shift(b, in, true);
}
void SHRD(BlockBuilder& b, const Instruction& in) {
  double_shift(b, in, false);
}

// Rotation through the carry is rare in compiled code.
void RCL(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}
void RCR(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}

}  // namespace ferry::translate::handlers
