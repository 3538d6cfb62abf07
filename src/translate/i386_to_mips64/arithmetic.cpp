// ADD ADC SUB SBB CMP INC DEC NEG MUL IMUL DIV IDIV and the decimal adjusts.
#include "translate/i386_to_mips64/atomic.hpp"
#include "translate/i386_to_mips64/handlers.hpp"

namespace ferry::translate::handlers {

using i386::EAX;
using i386::EDX;
using mips64::fits_simm16;
using mips64::zero;
namespace ef = i386::eflags;

namespace {

/// rd = rs + constant, with 32-bit wrap.
void add_constant(BlockBuilder& b, Gpr rd, Gpr rs, int32_t constant) {
  if (fits_simm16(constant)) return b.as.ADDIU(rd, rs, constant);
  const Gpr value = b.scratch();
  mips64::load_immediate(b.as, value, constant);
  b.as.ADDU(rd, rs, value);
  b.release(value);
}

/// Sign-extends an 8- or 16-bit result; nothing for 32 bits.
void narrow(BlockBuilder& b, Gpr rd, Gpr rs, unsigned width) {
  if (width == 1) b.as.SEB(rd, rs);
  if (width == 2) b.as.SEH(rd, rs);
}

/// The source operand, sign-extended. A narrow one that flags may need later goes to its home (t2).
Value source(BlockBuilder& b, const Instruction& in, const Operand& operand, bool home) {
  if (operand.kind == i386::OperandKind::immediate) {
    return Value::of_constant(signed_immediate(in, in.operands[0].width));
  }
  const bool in_place =
      BlockBuilder::is_full_register(operand) && (operand.reg != i386::ESP || b.esp_bias() == 0);
  if (in_place || !home) return Value::of(b.read(operand, Extend::sign));
  b.read_into(kFlagB, operand, Extend::sign);
  return Value::of(kFlagB);
}

void emit_sum(BlockBuilder& b, bool add, Gpr rd, Gpr rs, const Value& value) {
  if (value.kind == Value::Kind::constant) {
    // 0 - INT32_MIN wraps to itself, so the negation is safe in 32 bits.
    const auto constant =
        static_cast<int32_t>(add ? value.constant : -static_cast<uint32_t>(value.constant));
    return add_constant(b, rd, rs, constant);
  }
  add ? b.as.ADDU(rd, rs, value.reg) : b.as.SUBU(rd, rs, value.reg);
}

/// ADD and SUB with a register destination of 32 bits.
void sum_to_register(BlockBuilder& b, const Instruction& in, bool add) {
  const Operand& destination = in.operands[0];
  const FlagKind kind = add ? FlagKind::add8 : FlagKind::sub8;
  const bool flags = b.live() != 0;
  const Operand& second = in.operands[1];
  const bool same = second.kind == i386::OperandKind::gpr && second.reg == destination.reg;
  if (same && !add) {  // sub r,r is the idiom for zero
    const Gpr rd = b.begin_write(destination.reg);
    mips64::move(b.as, rd, zero);
    b.set_known_width(destination.reg, 8);
    if (flags) b.flags.set(FlagKind::logic8, 4, {}, {}, Value::of_constant(0));
    return;
  }
  if (destination.reg == i386::ESP && second.kind == i386::OperandKind::immediate) {
    const auto constant = static_cast<int32_t>(in.immediate);
    const int32_t change = add ? constant : -constant;
    if (change > -20000 && change < 20000) {
      b.adjust_esp(change);
      if (flags) {
        const Value result = Value::of(host_gpr(i386::ESP), b.esp_bias());
        b.flags.set(kind, 4, {}, Value::of_constant(constant), result);
      }
      return;
    }
  }
  const Value value = source(b, in, second, flags);
  const Gpr first = b.read_gpr(destination.reg);
  Value kept = value;
  if (flags && same) {
    mips64::move(b.as, kFlagB, first);
    kept = Value::of(kFlagB);
  }
  const Gpr rd = b.begin_write(destination.reg);
  emit_sum(b, add, rd, first, value);
  if (flags) b.flags.set(kind, 4, {}, kept, Value::of(rd));
}

/// ADD and SUB in all other forms: memory or narrow destinations.
void sum_general(BlockBuilder& b, const Instruction& in, bool add) {
  const Operand& destination = in.operands[0];
  const unsigned width = destination.width;
  const bool flags = b.live() != 0;
  const Value value = source(b, in, in.operands[1], flags);
  const bool memory = BlockBuilder::is_memory(destination);
  const Gpr result = flags ? kFlagA : b.scratch();
  if (memory) {
    const Address place = b.address();
    const Gpr old = b.scratch();
    b.load(old, width, place, Extend::sign);
    emit_sum(b, add, result, old, value);
    b.store(result, width, place);
  } else {
    const Gpr old = b.read(destination, Extend::any);
    emit_sum(b, add, result, old, value);
    b.write_register(destination, result);
  }
  if (!flags) return;
  narrow(b, result, result, width);
  b.flags.set(add ? FlagKind::add8 : FlagKind::sub8, width, {}, value, Value::of(result));
}

/// ADC and SBB: carry in, and the carry out computed at once if only that is wanted.
void sum_with_carry(BlockBuilder& b, const Instruction& in, bool add) {
  const Operand& destination = in.operands[0];
  const unsigned width = destination.width;
  if (in.lock || width != 4) return interpret(b, in);
  const uint32_t live = b.live();
  const Gpr carry_in = b.flags.carry(b.scratch());
  const Value value = source(b, in, in.operands[1], false);
  Gpr second = zero;
  if (value.kind == Value::Kind::constant) {
    if (value.constant != 0) {
      second = b.scratch();
      mips64::load_immediate(b.as, second, value.constant);
    }
  } else {
    second = value.reg;
  }
  const bool memory = BlockBuilder::is_memory(destination);
  const Address place = memory ? b.address() : Address{zero, 0};
  Gpr first = zero;
  if (memory) {
    first = b.scratch();
    b.load(first, 4, place, Extend::sign);
  } else {
    first = b.read_gpr(destination.reg);
  }
  const Gpr half = b.scratch();
  const Gpr result = b.scratch();
  add ? b.as.ADDU(half, first, second) : b.as.SUBU(half, first, second);
  add ? b.as.ADDU(result, half, carry_in) : b.as.SUBU(result, half, carry_in);
  if (memory) b.store(result, 4, place);
  const bool only_carry = (live & ~ef::CF) == 0;
  if (live != 0 && only_carry) {
    // Carry out of either step; at most one of them has one.
    const Gpr other = b.scratch();
    add ? b.as.SLTU(other, half, second) : b.as.SLTU(other, first, second);
    add ? b.as.SLTU(kFlagB, result, half) : b.as.SLTU(kFlagB, half, carry_in);
    b.as.OR(kFlagB, kFlagB, other);
  } else if (live != 0) {
    mips64::move(b.as, kFlagB, second);
    mips64::move(b.as, kFlagA, first);
    b.as.SW(result, offset::lazy_result, kState);
  }
  if (!memory) mips64::move(b.as, b.begin_write(destination.reg), result);
  if (live == 0) return;
  if (only_carry) {  // an increment keeps CF in its b; nothing else is read
    b.flags.set(FlagKind::inc8, 4, {}, Value::of(kFlagB), Value::of_constant(0));
  } else {
    b.flags.set(add ? FlagKind::adc8 : FlagKind::sbb8, 4, Value::of(kFlagA), Value::of(kFlagB), {});
  }
}

/// CF = OF = (`overflow` is not 0) in the form of an addition: 2^31 + 2^31 has both, 0 + 0 neither.
void set_overflow(BlockBuilder& b, Gpr overflow) {
  b.as.SLTU(kFlagB, zero, overflow);
  b.as.SLL(kFlagB, kFlagB, 31);
  b.flags.set(FlagKind::add8, 4, Value::of(kFlagB), Value::of(kFlagB), Value::of_constant(0));
}

/// One-operand MUL and IMUL of 32 bits: edx:eax.
void wide_multiply(BlockBuilder& b, const Instruction& in, bool is_signed) {
  const Operand& operand = in.operands[0];
  if (operand.width != 4) return interpret(b, in);
  const bool flags = b.live() != 0;
  const Gpr factor = b.read(operand, Extend::sign);
  is_signed ? b.as.MULT(host_gpr(EAX), factor) : b.as.MULTU(host_gpr(EAX), factor);
  const Gpr low = b.begin_write(EAX), high = b.begin_write(EDX);
  b.as.MFLO(low);
  b.as.MFHI(high);
  if (!flags) return;
  if (!is_signed) return set_overflow(b, high);
  const Gpr overflow = b.scratch();
  b.as.SRA(overflow, low, 31);
  b.as.XOR(overflow, overflow, high);
  set_overflow(b, overflow);
}

/// 64-by-32-bit division. What does not fit, and division by zero, is left to the interpreter
/// (#DE).
void divide(BlockBuilder& b, const Instruction& in, bool is_signed) {
  const Operand& operand = in.operands[0];
  if (operand.width != 4) return interpret(b, in);
  const Gpr divisor = b.read(operand, Extend::sign);
  Label& error = b.interpret_instead();
  const Gpr dividend = b.scratch(), low = b.scratch(), by = is_signed ? divisor : b.scratch();
  b.branch(mips64::encode::rs_rt(mips64::opcode::BEQ, divisor, zero), error);
  b.as.DSLL32(dividend, host_gpr(EDX), 0);
  b.as.DEXT(low, host_gpr(EAX), 0, 32);
  b.as.OR(dividend, dividend, low);
  if (!is_signed) b.as.DEXT(by, divisor, 0, 32);
  is_signed ? b.as.DDIV(dividend, by) : b.as.DDIVU(dividend, by);
  const Gpr quotient = b.scratch(), check = b.scratch();
  b.as.MFLO(quotient);
  if (is_signed) {
    b.as.SLL(check, quotient, 0);
    b.branch(mips64::encode::rs_rt(mips64::opcode::BNE, check, quotient), error);
  } else {
    b.as.DSRL32(check, quotient, 0);
    b.branch(mips64::encode::rs_rt(mips64::opcode::BNE, check, zero), error);
  }
  b.as.MFHI(low);
  b.as.SLL(b.begin_write(EAX), quotient, 0);
  b.as.SLL(b.begin_write(EDX), low, 0);
}

/// LOCK ADD, SUB, INC and DEC with what they add as `value`. Flags from the new value.
void locked_sum(BlockBuilder& b, bool add, const Value& value, FlagKind kind) {
  const Address place = b.address();
  const Gpr old = b.scratch();
  const Gpr result = b.live() != 0 ? kFlagA : b.scratch();
  Value amount = value;
  if (amount.kind == Value::Kind::constant && !fits_simm16(-int64_t{amount.constant})) {
    const Gpr reg = b.scratch();
    mips64::load_immediate(b.as, reg, amount.constant);
    amount = Value::of(reg);
  }
  locked_update(b, place, old, [&](Gpr sum) { emit_sum(b, add, sum, old, amount); });
  if (b.live() == 0) return;
  emit_sum(b, add, result, old, amount);
  b.flags.set(kind, 4, {}, value, Value::of(result));
}

/// INC and DEC keep CF: where it is live it is taken out of the old flags first.
void step(BlockBuilder& b, const Instruction& in, bool up) {
  if (in.lock) {
    // With CF not wanted it is an addition of 1.
    if (!locked_in_line(b, in.operands[0]) || (b.live() & ef::CF) != 0) return interpret(b, in);
    return locked_sum(b, up, Value::of_constant(1), up ? FlagKind::add8 : FlagKind::sub8);
  }
  const Operand& operand = in.operands[0];
  const unsigned width = operand.width;
  const uint32_t live = b.live();
  // The carry waits in scratch until the operand was accessed: a fault there still needs the old
  // flags.
  const bool keep_carry = (live & ef::CF) != 0;
  const Gpr carry_in = keep_carry ? b.flags.carry(b.scratch()) : zero;
  const auto set_flags = [&](FlagKind kind, unsigned of_width, Gpr result) {
    if (keep_carry && carry_in != zero) mips64::move(b.as, kFlagB, carry_in);
    const Value carry = carry_in == zero ? Value::of_constant(0) : Value::of(kFlagB);
    if (live != 0) b.flags.set(kind, of_width, {}, carry, Value::of(result));
  };
  const FlagKind kind = up ? FlagKind::inc8 : FlagKind::dec8;
  const int32_t one = up ? 1 : -1;
  if (BlockBuilder::is_full_register(operand)) {
    const Gpr old = b.read_gpr(operand.reg);
    b.flags.set_packed();
    const Gpr rd = b.begin_write(operand.reg);
    b.as.ADDIU(rd, old, one);
    return set_flags(kind, 4, rd);
  }
  const Gpr result = live != 0 ? kFlagA : b.scratch();
  if (BlockBuilder::is_memory(operand)) {
    const Address place = b.address();
    const Gpr old = b.scratch();
    b.load(old, width, place, Extend::sign);
    b.as.ADDIU(result, old, one);
    b.store(result, width, place);
  } else {
    b.flags.set_packed();
    b.as.ADDIU(result, b.read(operand, Extend::any), one);
    b.write_register(operand, result);
  }
  if (live == 0) return;
  narrow(b, result, result, width);
  set_flags(kind, width, result);
}

void add_or_subtract(BlockBuilder& b, const Instruction& in, bool add) {
  if (in.lock) {
    if (!locked_in_line(b, in.operands[0])) return interpret(b, in);
    const Value value = source(b, in, in.operands[1], b.live() != 0);
    return locked_sum(b, add, value, add ? FlagKind::add8 : FlagKind::sub8);
  }
  if (BlockBuilder::is_full_register(in.operands[0])) return sum_to_register(b, in, add);
  sum_general(b, in, add);
}

}  // namespace

void ADD(BlockBuilder& b, const Instruction& in) {
  add_or_subtract(b, in, true);
}
void SUB(BlockBuilder& b, const Instruction& in) {
  add_or_subtract(b, in, false);
}
void ADC(BlockBuilder& b, const Instruction& in) {
  sum_with_carry(b, in, true);
}
void SBB(BlockBuilder& b, const Instruction& in) {
  sum_with_carry(b, in, false);
}
void INC(BlockBuilder& b, const Instruction& in) {
  step(b, in, true);
}
void DEC(BlockBuilder& b, const Instruction& in) {
  step(b, in, false);
}

void CMP(BlockBuilder& b, const Instruction& in) {
  const Operand& first = in.operands[0];
  if (b.live() == 0) {  // only the access remains
    if (BlockBuilder::is_memory(first) || BlockBuilder::is_memory(in.operands[1])) {
      b.load(b.scratch(), first.width, b.address(), Extend::sign);
    }
    return;
  }
  // The first operand is read before the second goes to its home: the homes may hold what it needs.
  const bool full = BlockBuilder::is_full_register(first);
  const Value b_value = source(b, in, in.operands[1], true);
  Value a_value;
  if (full) {
    a_value = first.reg == i386::ESP ? Value::of(host_gpr(i386::ESP), b.esp_bias())
                                     : Value::of(host_gpr(first.reg));
  } else {
    b.read_into(kFlagA, first, Extend::sign);
    a_value = Value::of(kFlagA);
  }
  b.flags.set(FlagKind::sub8, first.width, a_value, b_value, {});
}

void NEG(BlockBuilder& b, const Instruction& in) {
  if (in.lock) return interpret(b, in);
  const Operand& operand = in.operands[0];
  const bool flags = b.live() != 0;
  if (BlockBuilder::is_full_register(operand)) {
    const Gpr old = b.read_gpr(operand.reg);
    const Gpr rd = b.begin_write(operand.reg);
    b.as.SUBU(rd, zero, old);
    if (flags) b.flags.set(FlagKind::neg8, 4, {}, {}, Value::of(rd));
    return;
  }
  const Gpr result = flags ? kFlagA : b.scratch();
  if (BlockBuilder::is_memory(operand)) {
    const Address place = b.address();
    const Gpr old = b.scratch();
    b.load(old, operand.width, place, Extend::sign);
    b.as.SUBU(result, zero, old);
    b.store(result, operand.width, place);
  } else {
    b.as.SUBU(result, zero, b.read(operand, Extend::any));
    b.write_register(operand, result);
  }
  if (!flags) return;
  narrow(b, result, result, operand.width);
  b.flags.set(FlagKind::neg8, operand.width, {}, {}, Value::of(result));
}

void MUL(BlockBuilder& b, const Instruction& in) {
  wide_multiply(b, in, false);
}

void IMUL(BlockBuilder& b, const Instruction& in) {
  if (in.operands[1].kind == i386::OperandKind::none) return wide_multiply(b, in, true);
  const Operand& destination = in.operands[0];
  if (destination.width != 4) return interpret(b, in);
  const bool three = in.operands[2].kind != i386::OperandKind::none;
  const Gpr left = three ? b.read(in.operands[1], Extend::sign) : b.read_gpr(destination.reg);
  const Gpr right = b.read(three ? in.operands[2] : in.operands[1], Extend::sign);
  if (b.live() == 0) return b.as.MUL(b.begin_write(destination.reg), left, right);
  b.as.MULT(left, right);
  const Gpr rd = b.begin_write(destination.reg);
  const Gpr high = b.scratch(), sign = b.scratch();
  b.as.MFLO(rd);
  b.as.MFHI(high);
  b.as.SRA(sign, rd, 31);
  b.as.XOR(high, high, sign);
  set_overflow(b, high);
}

void DIV(BlockBuilder& b, const Instruction& in) {
  divide(b, in, false);
}
void IDIV(BlockBuilder& b, const Instruction& in) {
  divide(b, in, true);
}

// The decimal adjusts are rare and need every flag: the interpreter does them.
void AAA(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}
void AAS(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}
void DAA(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}
void DAS(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}
void AAM(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}
void AAD(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}

}  // namespace ferry::translate::handlers
