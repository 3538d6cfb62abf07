// ADD ADC SUB SBB CMP INC DEC NEG.
#include "translate/i386_to_mips64/lower/destination.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

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

/// The source operand, extended. A narrow one that live flags may need later goes to its home (t2)
/// unless its register holds it as it is.
Value source(BlockBuilder& b, const Instruction& in, const Operand& operand, Extend how) {
  if (operand.kind == i386::OperandKind::immediate) {
    return Value::of_constant(extended_immediate(in, in.operands[0].width, how));
  }
  if (b.live() == 0 || b.in_place(operand) ||
      (how == Extend::zero && b.zero_extended_in_place(operand))) {
    return Value::of(b.read(operand, how));
  }
  b.read_into(kFlagB, operand, how);
  return Value::of(kFlagB);
}

void emit_sum(BlockBuilder& b, Operation operation, Gpr rd, Gpr rs, const Value& value) {
  const bool add = operation == Operation::add;
  if (value.kind == Value::Kind::constant) {
    // 0 - INT32_MIN wraps to itself, so the negation is safe in 32 bits.
    const auto constant =
        static_cast<int32_t>(add ? value.constant : -static_cast<uint32_t>(value.constant));
    return add_constant(b, rd, rs, constant);
  }
  add ? b.as.ADDU(rd, rs, value.reg) : b.as.SUBU(rd, rs, value.reg);
}

/// Whether a change of esp by `bytes` may be folded: larger ones would be committed at once.
bool in_esp_range(int32_t bytes) {
  return bytes > -20000 && bytes < 20000;
}

/// ADD and SUB with a register destination of 32 bits.
[[gnu::noinline]] void sum_to_register(BlockBuilder& b, const Instruction& in,
                                       Operation operation) {
  const bool add = operation == Operation::add;
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
    if (in_esp_range(change)) {
      b.adjust_esp(change);
      if (flags) {
        const Value result = Value::of(host_gpr(i386::ESP), b.esp_bias());
        b.flags.set(kind, 4, {}, Value::of_constant(constant), result);
      }
      return;
    }
  }
  const Value value = source(b, in, second, Extend::sign);
  const Gpr first = b.read_gpr(destination.reg);
  Value kept = value;
  if (flags && same) {
    mips64::move(b.as, kFlagB, first);
    kept = Value::of(kFlagB);
  }
  const Gpr rd = b.begin_write(destination.reg);
  emit_sum(b, operation, rd, first, value);
  if (flags) b.flags.set(kind, 4, {}, kept, Value::of(rd));
}

/// ADD and SUB in all other forms: memory or narrow destinations.
void sum_general(BlockBuilder& b, const Instruction& in, Operation operation) {
  const Operand& destination = in.operands[0];
  const unsigned width = destination.width;
  const bool flags = b.live() != 0;
  const Value value = source(b, in, in.operands[1], Extend::sign);
  Value amount = value;
  if (in.lock && value.kind == Value::Kind::constant && !fits_simm16(-int64_t{value.constant})) {
    amount = Value::of(b.scratch());  // loaded before the loop, not in it
    mips64::load_immediate(b.as, amount.reg, value.constant);
  }
  const auto compute = [&](Gpr into, Gpr old) { emit_sum(b, operation, into, old, amount); };
  Gpr result = flags ? kFlagA : zero;
  if (BlockBuilder::is_memory(destination)) {
    modify_memory(b, in, Extend::sign, result, compute);
  } else {
    if (!flags) result = b.scratch();
    compute(result, b.read(destination, Extend::any));
    b.write_register(destination, result);
  }
  if (!flags) return;
  if (width != 4) extend(b, result, result, width, Extend::sign);
  const FlagKind kind = operation == Operation::add ? FlagKind::add8 : FlagKind::sub8;
  b.flags.set(kind, width, {}, value, Value::of(result));
}

/// The second operand of ADC and SBB in a register: zero-extended, so that the carry out of a
/// narrow sum is the bit above it.
Gpr second_addend(BlockBuilder& b, const Instruction& in) {
  const unsigned width = in.operands[0].width;
  const Operand& operand = in.operands[1];
  if (operand.kind != i386::OperandKind::immediate) return b.read(operand, Extend::zero);
  const uint32_t mask = width == 4 ? ~0u : (1u << 8 * width) - 1;
  const auto constant = static_cast<int32_t>(in.immediate & mask);
  if (constant == 0) return zero;
  const Gpr value = b.scratch();
  mips64::load_immediate(b.as, value, constant);
  return value;
}

/// first + second + carry_in, or the difference; `half` is the first step.
struct CarryChain {
  Gpr first, second, carry_in, half, result;
};
/// kFlagB = the carry or borrow out of `sum`: 0 or 1.
void carry_out(BlockBuilder& b, Operation operation, unsigned width, const CarryChain& sum) {
  const bool add = operation == Operation::add;
  if (width != 4) {
    add ? b.as.EXT(kFlagB, sum.result, 8 * width, 1) : b.as.SRL(kFlagB, sum.result, 31);
    return;
  }
  // The carry of either step: at most one of them has one.
  const Gpr other = b.scratch();
  add ? b.as.SLTU(other, sum.half, sum.second) : b.as.SLTU(other, sum.first, sum.second);
  add ? b.as.SLTU(kFlagB, sum.result, sum.half) : b.as.SLTU(kFlagB, sum.half, sum.carry_in);
  b.as.OR(kFlagB, kFlagB, other);
}

void emit_sum(BlockBuilder& b, Operation operation, Gpr rd, Gpr rs, Gpr rt) {
  operation == Operation::add ? b.as.ADDU(rd, rs, rt) : b.as.SUBU(rd, rs, rt);
}

/// ADC and SBB with a register destination of 32 bits, where more than CF is wanted, or nothing.
void sum_with_carry_to_register(BlockBuilder& b, const Instruction& in, Operation operation) {
  const bool add = operation == Operation::add;
  const unsigned reg = in.operands[0].reg;
  const Operand& source = in.operands[1];
  const uint32_t live = b.live();
  const Gpr carry = carry_in(b);
  const Gpr second = second_addend(b, in);
  const Gpr first = b.read_gpr(reg);
  if (live != 0 && (live & (ef::CF | ef::AF)) == 0 && b.options.passes.compare_fusion) {
    // 64 bits, so that the sum of the sign-extended operands has its own sign.
    add ? b.as.DADDU(kFlagA, first, second) : b.as.DSUBU(kFlagA, first, second);
    add ? b.as.DADDU(kFlagA, kFlagA, carry) : b.as.DSUBU(kFlagA, kFlagA, carry);
    b.as.SLL(b.begin_write(reg), kFlagA, 0);
    return b.flags.set_exact();
  }
  const Gpr half = second == zero ? first : b.scratch();
  if (second != zero) emit_sum(b, operation, half, first, second);
  if (live != 0) mips64::move(b.as, kFlagA, first);
  const bool constant = source.kind == i386::OperandKind::immediate;
  const bool same = source.kind == i386::OperandKind::gpr && source.reg == reg;
  const bool stays = constant || same || b.in_place(source);
  const Gpr rd = b.begin_write(reg);
  emit_sum(b, operation, rd, half, carry);
  if (live == 0) return;
  Value addend = Value::of(kFlagB);
  if (!stays) mips64::move(b.as, kFlagB, second);
  if (constant) addend = Value::of_constant(static_cast<int32_t>(in.immediate));
  if (same) addend = Value::of(kFlagA);
  if (stays && !constant && !same) addend = Value::of(second);
  b.flags.set(add ? FlagKind::adc8 : FlagKind::sbb8, 4, Value::of(kFlagA), addend, Value::of(rd));
}

/// ADC and SBB. The carry out is computed at once if no other flag is wanted.
void sum_with_carry(BlockBuilder& b, const Instruction& in, Operation operation) {
  const bool add = operation == Operation::add;
  const Operand& destination = in.operands[0];
  const unsigned width = destination.width;
  const uint32_t live = b.live();
  if (BlockBuilder::is_full_register(destination) && live != ef::CF) {
    return sum_with_carry_to_register(b, in, operation);
  }
  CarryChain sum{zero, zero, carry_in(b), zero, zero};
  sum.second = second_addend(b, in);
  const bool memory = BlockBuilder::is_memory(destination);
  if (!memory) sum.first = b.read(destination, Extend::zero);
  sum.half = b.scratch();
  sum.result = b.scratch();
  const auto compute = [&](Gpr into, Gpr old) {
    emit_sum(b, operation, sum.half, old, sum.second);
    emit_sum(b, operation, into, sum.half, sum.carry_in);
  };
  if (memory) {
    const Gpr wanted = in.lock && live == 0 ? zero : sum.result;
    sum.first = modify_memory(b, in, Extend::zero, wanted, compute);
  } else {
    compute(sum.result, sum.first);
  }
  const bool only_carry = live == ef::CF;
  if (only_carry) {
    carry_out(b, operation, width, sum);
  } else if (live != 0) {
    mips64::move(b.as, kFlagB, sum.second);
    mips64::move(b.as, kFlagA, sum.first);
    b.as.SW(sum.result, offset::lazy_result, kState);
  }
  if (!memory) b.write_register(destination, sum.result);
  if (live == 0) return;
  if (only_carry) return b.flags.set_carry_only(kFlagB);
  b.flags.set(add ? FlagKind::adc8 : FlagKind::sbb8, width, Value::of(kFlagA), Value::of(kFlagB),
              {});
}

/// INC and DEC, which add and subtract 1, keep CF: where it is live it is taken out of the old
/// flags first.
void step(BlockBuilder& b, const Instruction& in, Operation operation) {
  const bool up = operation == Operation::add;
  const Operand& operand = in.operands[0];
  const unsigned width = operand.width;
  const uint32_t live = b.live();
  // Until the operand was accessed, the carry waits in a scratch register and the result stays out
  // of the homes: a fault of the access still needs the old flags.
  const bool keep_carry = (live & ef::CF) != 0;
  const Gpr carry = keep_carry ? carry_in(b) : zero;
  const auto set_flags = [&](unsigned of_width, Gpr result) {
    if (carry != zero) mips64::move(b.as, kFlagB, carry);
    const Value kept = carry == zero ? Value::of_constant(0) : Value::of(kFlagB);
    b.flags.set(up ? FlagKind::inc8 : FlagKind::dec8, of_width, {}, kept, Value::of(result));
  };
  const int32_t one = up ? 1 : -1;
  if (BlockBuilder::is_full_register(operand)) {
    const Gpr old = b.read_gpr(operand.reg);
    b.flags.set_packed();
    const Gpr rd = b.begin_write(operand.reg);
    b.as.ADDIU(rd, old, one);
    if (live != 0) set_flags(4, rd);
    return;
  }
  Gpr result = live != 0 ? kFlagA : zero;
  if (BlockBuilder::is_memory(operand)) {
    if (keep_carry && b.flags.uses_homes()) result = b.scratch();
    modify_memory(b, in, Extend::sign, result,
                  [&](Gpr into, Gpr old) { b.as.ADDIU(into, old, one); });
  } else {
    if (live == 0) result = b.scratch();
    b.flags.set_packed();
    b.as.ADDIU(result, b.read(operand, Extend::any), one);
    b.write_register(operand, result);
  }
  if (live == 0) return;
  if (width != 4 || result != kFlagA) extend(b, kFlagA, result, width, Extend::sign);
  set_flags(width, kFlagA);
}

/// How CMP best reads narrow operands. Both extensions keep equality and unsigned order. Where no
/// flag of signed order is wanted, zero extension costs nothing for an operand that is
/// zero-extended already.
Extend comparison_extension(const BlockBuilder& b, const Instruction& in) {
  const Operand& first = in.operands[0];
  const Operand& second = in.operands[1];
  if ((b.live() & (ef::SF | ef::OF)) != 0) return Extend::sign;
  if (b.zero_extended_in_place(first) || first.high_byte) return Extend::zero;
  if (second.kind == i386::OperandKind::immediate) return Extend::sign;
  const bool better = b.zero_extended_in_place(second) || second.high_byte;
  return better ? Extend::zero : Extend::sign;
}

[[gnu::noinline]] void compare_general(BlockBuilder& b, const Instruction& in) {
  const Operand& first = in.operands[0];
  const Operand& second = in.operands[1];
  if (b.live() == 0) {  // only the access remains
    if (BlockBuilder::is_memory(first) || BlockBuilder::is_memory(second)) {
      b.load(b.scratch(), first.width, b.address(), Extend::sign);
    }
    return;
  }
  // The first operand is read before the second goes to its home: the homes may hold what it needs.
  const Extend how = first.width == 4 ? Extend::sign : comparison_extension(b, in);
  const Value b_value = source(b, in, second, how);
  Value a_value;
  if (BlockBuilder::is_full_register(first)) {
    a_value = first.reg == i386::ESP ? Value::of(host_gpr(i386::ESP), b.esp_bias())
                                     : Value::of(host_gpr(first.reg));
  } else if (how == Extend::zero && b.zero_extended_in_place(first)) {
    a_value = Value::of(host_gpr(first.reg));
  } else {
    b.read_into(kFlagA, first, how);
    a_value = Value::of(kFlagA);
  }
  b.flags.set(FlagKind::sub8, first.width, a_value, b_value, {});
}

void add_or_subtract(BlockBuilder& b, const Instruction& in, Operation operation) {
  if (!BlockBuilder::is_full_register(in.operands[0])) return sum_general(b, in, operation);
  if (b.live() != 0 || in.operands[1].kind != i386::OperandKind::immediate) {
    return sum_to_register(b, in, operation);
  }
  // A constant and no flags, as for the stack pointer: without calls.
  const unsigned reg = in.operands[0].reg;
  const bool add = operation == Operation::add;
  const auto change = static_cast<int32_t>(add ? in.immediate : -in.immediate);
  if (reg == i386::ESP && in_esp_range(change)) return b.adjust_esp(change);
  if (reg == i386::ESP || !fits_simm16(change) || b.referred_to(reg)) {
    return sum_to_register(b, in, operation);
  }
  const Gpr rd = b.begin_write(reg);
  b.as.ADDIU(rd, rd, change);
}

}  // namespace

void ADD(BlockBuilder& b, const Instruction& in) {
  add_or_subtract(b, in, Operation::add);
}
void SUB(BlockBuilder& b, const Instruction& in) {
  add_or_subtract(b, in, Operation::subtract);
}
void ADC(BlockBuilder& b, const Instruction& in) {
  sum_with_carry(b, in, Operation::add);
}
void SBB(BlockBuilder& b, const Instruction& in) {
  sum_with_carry(b, in, Operation::subtract);
}
void INC(BlockBuilder& b, const Instruction& in) {
  step(b, in, Operation::add);
}
void DEC(BlockBuilder& b, const Instruction& in) {
  step(b, in, Operation::subtract);
}

void CMP(BlockBuilder& b, const Instruction& in) {
  const Operand& first = in.operands[0];
  const Operand& second = in.operands[1];
  if (b.live() != 0 && b.in_place(first)) {  // no word, without calls
    const Value left = Value::of(host_gpr(first.reg));
    if (second.kind == i386::OperandKind::immediate) {
      const auto constant = static_cast<int32_t>(in.immediate);
      return b.flags.set(FlagKind::sub8, 4, left, Value::of_constant(constant), {});
    }
    if (b.in_place(second)) {
      return b.flags.set(FlagKind::sub8, 4, left, Value::of(host_gpr(second.reg)), {});
    }
  }
  compare_general(b, in);
}

void NEG(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  const bool flags = b.live() != 0;
  if (BlockBuilder::is_full_register(operand)) {
    const Gpr old = b.read_gpr(operand.reg);
    const Gpr rd = b.begin_write(operand.reg);
    b.as.SUBU(rd, zero, old);
    if (flags) b.flags.set(FlagKind::neg8, 4, {}, {}, Value::of(rd));
    return;
  }
  Gpr result = flags ? kFlagA : zero;
  if (BlockBuilder::is_memory(operand)) {
    modify_memory(b, in, Extend::sign, result,
                  [&](Gpr into, Gpr old) { b.as.SUBU(into, zero, old); });
  } else {
    if (!flags) result = b.scratch();
    b.as.SUBU(result, zero, b.read(operand, Extend::any));
    b.write_register(operand, result);
  }
  if (!flags) return;
  if (operand.width != 4) extend(b, result, result, operand.width, Extend::sign);
  b.flags.set(FlagKind::neg8, operand.width, {}, {}, Value::of(result));
}

}  // namespace ferry::translate::lower
