// MUL IMUL DIV IDIV.
#include "translate/i386_to_mips64/lower/destination.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using i386::EAX;
using i386::EDX;
using i386::OperandKind;
using mips64::zero;

namespace {

/// The flags of a product of 32 bits, whose low half is in `low`: CF = OF = whether `overflow` is
/// not 0.
void set_flags(BlockBuilder& b, Gpr low, Gpr overflow) {
  b.flags.set(FlagKind::multiply8, 4, {}, Value::of(overflow), Value::of(low));
}

/// The flags of a narrow product in scratch register `product`: a signed one overflows where its
/// low half is not all of it, an unsigned one where its high half is not 0.
void set_narrow_flags(BlockBuilder& b, Gpr product, unsigned width, Signedness signedness) {
  extend(b, kFlagA, product, width, Extend::sign);
  signedness == Signedness::is_signed ? b.as.XOR(kFlagB, kFlagA, product)
                                      : b.as.SRL(kFlagB, product, 8 * width);
  b.flags.set(FlagKind::multiply8, width, {}, Value::of(kFlagB), Value::of(kFlagA));
}

/// How narrow factors, dividends and divisors are read.
Extend extension(Signedness signedness) {
  return signedness == Signedness::is_signed ? Extend::sign : Extend::zero;
}

/// One-operand MUL and IMUL of 8 and 16 bits: ax, and dx:ax.
void narrow_multiply(BlockBuilder& b, const Instruction& in, Signedness signedness) {
  const unsigned width = in.operands[0].width;
  const Extend how = extension(signedness);
  const Gpr factor = b.read(in.operands[0], how);
  const Gpr product = b.scratch();
  b.as.MUL(product, b.read(low_part(EAX, width), how), factor);
  b.write_register(low_part(EAX, 2), product, width == 1 ? how : Extend::any);
  if (width == 2) {
    const Gpr high = b.scratch();
    b.as.SRL(high, product, 8 * width);
    b.write_register(low_part(EDX, 2), high, Extend::zero);
  }
  if (b.live() != 0) set_narrow_flags(b, product, width, signedness);
}

/// One-operand MUL and IMUL.
void wide_multiply(BlockBuilder& b, const Instruction& in, Signedness signedness) {
  const Operand& operand = in.operands[0];
  if (operand.width != 4) return narrow_multiply(b, in, signedness);
  const bool is_signed = signedness == Signedness::is_signed;
  const bool flags = b.live() != 0;
  const Gpr factor = b.read(operand, Extend::sign);
  is_signed ? b.as.MULT(host_gpr(EAX), factor) : b.as.MULTU(host_gpr(EAX), factor);
  const Gpr low = b.begin_write(EAX), high = b.begin_write(EDX);
  b.as.MFLO(low);
  b.as.MFHI(high);
  if (!flags) return;
  if (!is_signed) return set_flags(b, low, high);
  b.as.SRA(kFlagB, low, 31);
  b.as.XOR(kFlagB, kFlagB, high);
  set_flags(b, low, kFlagB);
}

/// IMUL with a 16-bit destination register.
void truncated_multiply(BlockBuilder& b, const Operand& destination, Gpr left, Gpr right) {
  const Gpr product = b.scratch();
  b.as.MUL(product, left, right);
  b.write_register(destination, product);
  if (b.live() != 0) set_narrow_flags(b, product, destination.width, Signedness::is_signed);
}

/// 16-by-8 and 32-by-16-bit division. What does not fit, and division by zero, is left to the
/// interpreter (#DE).
void narrow_divide(BlockBuilder& b, const Instruction& in, Signedness signedness) {
  const unsigned width = in.operands[0].width, bits = 8 * width;
  const Extend how = extension(signedness);
  const Gpr divisor = b.read(in.operands[0], how);
  Label& error = b.interpret_instead();
  const Gpr dividend = b.scratch(), check = b.scratch();
  const Gpr quotient = b.scratch(), rest = b.scratch();
  if (width == 1) {
    b.read_into(dividend, low_part(EAX, 2), how);
  } else {
    mips64::move(b.as, dividend, host_gpr(EAX));
    b.as.INS(dividend, host_gpr(EDX), 16, 16);
  }
  if (signedness == Signedness::is_signed) {
    b.branch_if_zero(divisor, error);
    b.as.DDIV(dividend, divisor);
    b.as.MFLO(quotient);
    extend(b, check, quotient, width, Extend::sign);
    b.branch_if_not_equal(check, quotient, error);
  } else {  // the quotient fits exactly if the high half is below the divisor
    b.as.SRL(check, dividend, bits);
    b.as.SLTU(check, check, divisor);
    b.branch_if_zero(check, error);
    b.as.DIVU(dividend, divisor);
    b.as.MFLO(quotient);
  }
  b.as.MFHI(rest);
  if (width == 1) {
    b.as.INS(quotient, rest, 8, 8);
  } else {
    b.write_register(low_part(EDX, 2), rest, how);
  }
  b.write_register(low_part(EAX, 2), quotient, how);
}

/// 64-by-32-bit division.
void divide(BlockBuilder& b, const Instruction& in, Signedness signedness) {
  const Operand& operand = in.operands[0];
  if (operand.width != 4) return narrow_divide(b, in, signedness);
  const bool is_signed = signedness == Signedness::is_signed;
  const Gpr divisor = b.read(operand, Extend::sign);
  Label& error = b.interpret_instead();
  const Gpr dividend = b.scratch(), low = b.scratch(), by = is_signed ? divisor : b.scratch();
  b.branch_if_zero(divisor, error);
  b.as.DSLL32(dividend, host_gpr(EDX), 0);
  b.as.DEXT(low, host_gpr(EAX), 0, 32);
  b.as.OR(dividend, dividend, low);
  if (!is_signed) b.as.DEXT(by, divisor, 0, 32);
  is_signed ? b.as.DDIV(dividend, by) : b.as.DDIVU(dividend, by);
  const Gpr quotient = b.scratch(), check = b.scratch();
  b.as.MFLO(quotient);
  if (is_signed) {
    b.as.SLL(check, quotient, 0);
    b.branch_if_not_equal(check, quotient, error);
  } else {
    b.as.DSRL32(check, quotient, 0);
    b.branch_if_not_zero(check, error);
  }
  b.as.MFHI(low);
  b.as.SLL(b.begin_write(EAX), quotient, 0);
  b.as.SLL(b.begin_write(EDX), low, 0);
}

}  // namespace

void MUL(BlockBuilder& b, const Instruction& in) {
  wide_multiply(b, in, Signedness::is_unsigned);
}

void IMUL(BlockBuilder& b, const Instruction& in) {
  if (in.operands[1].kind == OperandKind::none) {
    return wide_multiply(b, in, Signedness::is_signed);
  }
  const Operand& destination = in.operands[0];
  const bool three = in.operands[2].kind != OperandKind::none;
  const Gpr left = b.read(in.operands[three ? 1 : 0], Extend::sign);
  Gpr right = zero;
  if (three) {
    right = b.scratch();
    mips64::load_immediate(b.as, right, signed_immediate(in, destination.width));
  } else {
    right = b.read(in.operands[1], Extend::sign);
  }
  if (destination.width != 4) return truncated_multiply(b, destination, left, right);
  if (b.live() == 0) return b.as.MUL(b.begin_write(destination.reg), left, right);
  b.as.MULT(left, right);
  const Gpr rd = b.begin_write(destination.reg);
  const Gpr sign = b.scratch();
  b.as.MFLO(rd);
  b.as.MFHI(kFlagB);
  b.as.SRA(sign, rd, 31);
  b.as.XOR(kFlagB, kFlagB, sign);
  set_flags(b, rd, kFlagB);
}

void DIV(BlockBuilder& b, const Instruction& in) {
  divide(b, in, Signedness::is_unsigned);
}
void IDIV(BlockBuilder& b, const Instruction& in) {
  divide(b, in, Signedness::is_signed);
}

}  // namespace ferry::translate::lower
