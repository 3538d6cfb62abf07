// DAA DAS AAA AAS AAM AAD.
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using i386::EAX;
using mips64::zero;

namespace {

constexpr Operand kAl = low_part(EAX, 1);
constexpr Operand kAx = low_part(EAX, 2);

/// Whether the low digit of al needs adjustment: 0 or 1 in a scratch register. `eflags` holds the
/// flags.
Gpr low_digit_adjust(BlockBuilder& b, Gpr eflags) {
  const Gpr adjust = b.scratch(), carry = b.scratch();
  b.as.ANDI(adjust, host_gpr(EAX), 15);
  b.as.SLTIU(adjust, adjust, 10);
  b.as.XORI(adjust, adjust, 1);
  b.as.EXT(carry, eflags, 4, 1);  // AF
  b.as.OR(adjust, adjust, carry);
  b.release(carry);
  return adjust;
}

/// EFLAGS in a scratch register.
Gpr packed_flags(BlockBuilder& b) {
  b.flags.to_packed();
  const Gpr eflags = b.scratch();
  b.as.LW(eflags, offset::eflags, kState);
  return eflags;
}

/// rd = `value` where `condition` (0 or 1) holds, else 0. Not in place.
void value_if(BlockBuilder& b, Gpr rd, Gpr condition, int32_t value) {
  b.as.SUBU(rd, zero, condition);
  b.as.ANDI(rd, rd, value);
}

/// DAA, after an addition, and DAS, after a subtraction.
void decimal_adjust(BlockBuilder& b, Operation operation) {
  const Gpr eflags = packed_flags(b);
  const Gpr low = low_digit_adjust(b, eflags);
  const Gpr al = b.scratch(), high = b.scratch(), amount = b.scratch(), part = b.scratch();
  b.as.ANDI(al, host_gpr(EAX), 0xff);
  b.as.SLTIU(high, al, 0x9a);
  b.as.XORI(high, high, 1);
  b.as.ANDI(eflags, eflags, i386::eflags::CF);
  b.as.OR(high, high, eflags);
  value_if(b, amount, low, 6);
  value_if(b, part, high, 0x60);
  b.as.OR(amount, amount, part);
  if (operation == Operation::subtract) {  // the low adjustment of a value below 6 borrows too
    b.as.SLTIU(part, al, 6);
    b.as.AND(part, part, low);
    b.as.OR(high, high, part);
  }
  operation == Operation::add ? b.as.ADDU(al, al, amount) : b.as.SUBU(al, al, amount);
  b.write_register(kAl, al);
  if (b.live() == 0) return;
  b.as.SEB(kFlagA, al);
  b.as.SLL(kFlagB, low, 4);
  b.as.OR(kFlagB, kFlagB, high);
  b.flags.set(FlagKind::given8, 1, {}, Value::of(kFlagB), Value::of(kFlagA));
}

/// AAA, after an addition, and AAS, after a subtraction.
void ascii_adjust(BlockBuilder& b, Operation operation) {
  const Gpr adjust = low_digit_adjust(b, packed_flags(b));
  const Gpr ax = b.scratch();
  value_if(b, ax, adjust, 0x106);
  operation == Operation::add ? b.as.ADDU(ax, host_gpr(EAX), ax) : b.as.SUBU(ax, host_gpr(EAX), ax);
  b.as.INS(ax, zero, 4, 4);
  b.write_register(kAx, ax);
  if (b.live() == 0) return;
  b.as.ANDI(kFlagA, ax, 15);
  b.as.SLL(kFlagB, adjust, 4);
  b.as.OR(kFlagB, kFlagB, adjust);
  b.flags.set(FlagKind::given8, 1, {}, Value::of(kFlagB), Value::of(kFlagA));
}

}  // namespace

void DAA(BlockBuilder& b, const Instruction&) {
  decimal_adjust(b, Operation::add);
}
void DAS(BlockBuilder& b, const Instruction&) {
  decimal_adjust(b, Operation::subtract);
}
void AAA(BlockBuilder& b, const Instruction&) {
  ascii_adjust(b, Operation::add);
}
void AAS(BlockBuilder& b, const Instruction&) {
  ascii_adjust(b, Operation::subtract);
}

void AAM(BlockBuilder& b, const Instruction& in) {
  if (in.immediate == 0) return interpret(b, in);  // #DE
  const Gpr al = b.scratch(), base = b.scratch(), quotient = b.scratch();
  b.as.ANDI(al, host_gpr(EAX), 0xff);
  mips64::load_immediate(b.as, base, static_cast<int32_t>(in.immediate));
  b.as.DIVU(al, base);
  b.as.MFHI(al);
  b.as.MFLO(quotient);
  b.as.INS(al, quotient, 8, 8);
  b.write_register(kAx, al, Extend::zero);
  if (b.live() == 0) return;
  b.as.SEB(kFlagA, al);
  b.flags.set(FlagKind::logic8, 1, {}, {}, Value::of(kFlagA));
}

void AAD(BlockBuilder& b, const Instruction& in) {
  const Gpr ah = b.scratch(), base = b.scratch();
  b.as.EXT(ah, host_gpr(EAX), 8, 8);
  mips64::load_immediate(b.as, base, static_cast<int32_t>(in.immediate));
  b.as.MUL(ah, ah, base);
  if (b.live() != 0) {
    b.as.SEB(kFlagA, host_gpr(EAX));
    b.as.SEB(kFlagB, ah);
    b.flags.set(FlagKind::add8, 1, Value::of(kFlagA), Value::of(kFlagB), {});
  }
  b.as.ADDU(ah, ah, host_gpr(EAX));
  b.as.ANDI(ah, ah, 0xff);
  b.write_register(kAx, ah, Extend::zero);
}

}  // namespace ferry::translate::lower
