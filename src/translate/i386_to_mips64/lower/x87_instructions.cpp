// The instructions of a sequence, by kind. Everything but numbers as x87_values.hpp describes them
// goes the slow way, which begins the sequence again in the interpreter.
#include "translate/i386_to_mips64/lower/x87_sequence.hpp"

namespace ferry::translate::lower {

using namespace x87_registers;
using mips64::zero;

namespace {

/// Where the fields of a real number in memory are.
struct RealFormat {
  unsigned fraction;      ///< bits
  unsigned exponent;      ///< bits
  int32_t exponent_word;  ///< what to add to the biased exponent for a pair
};
constexpr RealFormat real_format(unsigned width) {
  return width == 4 ? RealFormat{23, 8, kExponentOfSingle} : RealFormat{52, 11, kExponentOfDouble};
}

}  // namespace

// --- what they share -----------------------------------------------------------------------------

void X87Sequence::push(Id value) {
  top_ = (top_ - 1) & 7;
  empty_ &= static_cast<uint8_t>(~(1u << top_));
  values_.enter(top_, value);
}

void X87Sequence::pop(unsigned count) {
  for (; count != 0; --count) {
    values_.leave(top_);
    empty_ |= static_cast<uint8_t>(1u << top_);
    top_ = (top_ + 1) & 7;
  }
}

X87Sequence::Id X87Sequence::in_pair(unsigned i) {
  const Id value = values_.at(physical(i));
  static_cast<void>(values_.pair(value));
  return value;
}

void X87Sequence::need_top_bit() {
  if (top_bit_ready_) return;
  top_bit_ready_ = true;
  as_.ADDIU(kTopBit, zero, 1);
  as_.DSLL32(kTopBit, kTopBit, 31);
}

/// The address of the current instruction's memory operand, which is accessed once.
Address X87Sequence::operand_address(uint8_t kind) {
  Address place = b_.address();
  if (b_.unaligned() && !mips64::fits_simm16(place.offset + 7)) {
    const Gpr sum = b_.scratch();
    as_.ADDIU(sum, place.base, place.offset);
    place = {sum, 0};
  }
  b_.order_access(kind, place.base);
  return place;
}

/// into = the memory operand, sign-extended.
void X87Sequence::load_bits(Gpr into, unsigned width) {
  if (width < 8) return b_.load(into, width, b_.address(), Extend::sign);
  const Address place = operand_address(access::kLoad);
  if (!b_.unaligned()) return as_.LD(into, place.offset, place.base);
  as_.LDL(into, place.offset + 7, place.base);
  as_.LDR(into, place.offset, place.base);
}

void X87Sequence::store_bits(Gpr bits, unsigned width) {
  if (width < 8) return b_.store(bits, width, b_.address());
  const Address place = operand_address(access::kStore);
  if (!b_.unaligned()) return as_.SD(bits, place.offset, place.base);
  as_.SDL(bits, place.offset + 7, place.base);
  as_.SDR(bits, place.offset, place.base);
}

void X87Sequence::note_inexact(Gpr rest) {
  rounds_ = true;
  if (!b_.x87.inexact) as_.OR(kInexact, kInexact, rest);
}

/// Rounds to nearest, ties to even: `rest` is what comes after `significand`. A carry out of it
/// leaves 0. Sets kRoundedUp; takes kTemp[0].
void X87Sequence::round(Gpr significand, Gpr rest) {
  const Gpr tie = kTemp[0];
  as_.ANDI(tie, significand, 1);
  as_.DSUBU(tie, kTopBit, tie);
  as_.SLTU(kRoundedUp, tie, rest);
  as_.DADDU(significand, significand, kRoundedUp);
  note_inexact(rest);
  rounded_up_ = kRoundedUp;
}

// --- loads ---------------------------------------------------------------------------------------

/// A real number from memory, of 4 or 8 bytes.
X87Sequence::Id X87Sequence::load_real(unsigned width) {
  const RealFormat format = real_format(width);
  need_top_bit();
  const Id value = values_.make();
  const Pair into = values_.pair(value);
  load_bits(into.significand, width);
  const Gpr upper = kTemp[1];
  const Gpr check = kTemp[0];
  if (width == 4) {
    as_.SRL(upper, into.significand, format.fraction);
  } else {
    as_.DSRL32(upper, into.significand, format.fraction - 32);
  }
  as_.ANDI(into.exponent, upper, (1 << format.exponent) - 1);
  as_.ADDIU(check, into.exponent, -1);
  as_.SLTIU(check, check, (1 << format.exponent) - 2);
  as_.SRL(upper, upper, format.exponent);
  Label normal;
  Label done;
  b_.branch_if_not_zero(check, normal);
  if (width == 4) {
    as_.SLL(check, into.significand, 1);
  } else {
    as_.DSLL(check, into.significand, 1);
  }
  branch_slow_if_not_zero(check);
  as_.SLL(into.exponent, upper, kSignPosition);
  as_.ADDIU(into.exponent, into.exponent, kExponentOfExtended);
  mips64::move(as_, into.significand, zero);
  b_.branch(mips64::opcode::BEQ, done);
  b_.bind(normal);
  as_.ADDIU(into.exponent, into.exponent, format.exponent_word);
  as_.INS(into.exponent, upper, kSignPosition, 1);
  if (width == 4) {
    as_.DSLL32(into.significand, into.significand, 63 - 32 - format.fraction);
  } else {
    as_.DSLL(into.significand, into.significand, 63 - format.fraction);
  }
  as_.OR(into.significand, into.significand, kTopBit);
  b_.bind(done);
  return value;
}

X87Sequence::Id X87Sequence::load_integer(unsigned width) {
  const Id value = values_.make();
  const Pair into = values_.pair(value);
  load_bits(into.significand, width);
  const Gpr sign = kTemp[0];
  const Gpr shift = kTemp[1];
  Label done;
  as_.ADDIU(into.exponent, zero, kExponentOfExtended);
  b_.branch_if_zero(into.significand, done);
  as_.DSRA32(sign, into.significand, 31);
  as_.XOR(into.significand, into.significand, sign);
  as_.DSUBU(into.significand, into.significand, sign);
  as_.DCLZ(shift, into.significand);
  as_.ADDIU(into.exponent, zero, kExponentOfOne + 63);
  as_.SUBU(into.exponent, into.exponent, shift);
  as_.DSLLV(into.significand, into.significand, shift);
  as_.INS(into.exponent, sign, kSignPosition, 1);
  b_.bind(done);
  return value;
}

void X87Sequence::load(const X87Form& form) {
  if (form.kind == Kind::load && form.width == 0) {
    return push(in_pair(form.sti));
  }
  const AnalysedInstruction* const next = b_.following();
  if (form.kind == Kind::load && next != nullptr) {
    const X87Form after = x87_form(next->instruction);
    const bool copies = after.kind == Kind::store && after.width == form.width && after.pops == 1;
    if (copies && is_escape(next->instruction)) return copy_memory(*next, form.width);
  }
  Id value;
  if (form.kind == Kind::load) {
    value = load_real(form.width);
  } else if (form.kind == Kind::load_integer) {
    value = load_integer(form.width);
  } else {
    const bool one = form.kind == Kind::load_one;
    if (one) need_top_bit();
    value = values_.make();
    const Pair into = values_.pair(value);
    mips64::move(as_, into.significand, one ? kTopBit : zero);
    as_.ADDIU(into.exponent, zero, one ? kExponentOfOne : kExponentOfExtended);
  }
  push(value);
  values_.drop(value);
}

/// FLD and FSTP of one number of the same width. Normal numbers and zeros are copied as they are.
void X87Sequence::copy_memory(const AnalysedInstruction& store, unsigned width) {
  const RealFormat format = real_format(width);
  const Id value = values_.make();
  const Gpr bits = values_.pair(value).significand;
  load_bits(bits, width);
  const Gpr check = kTemp[0];
  Label normal;
  if (width == 4) {
    as_.SRL(check, bits, format.fraction);
  } else {
    as_.DSRL32(check, bits, format.fraction - 32);
  }
  as_.ANDI(check, check, (1 << format.exponent) - 1);
  as_.ADDIU(check, check, -1);
  as_.SLTIU(check, check, (1 << format.exponent) - 2);
  b_.branch_if_not_zero(check, normal);
  if (width == 4) {
    as_.SLL(check, bits, 1);
  } else {
    as_.DSLL(check, bits, 1);
  }
  branch_slow_if_not_zero(check);
  b_.bind(normal);
  b_.extend_sequence(store);
  for (const Gpr reg : kTemp) b_.release(reg);
  store_bits(bits, width);
  values_.drop(value);
  recorded_ = accessing_ = &store;
  ended_ = true;
}

// --- stores --------------------------------------------------------------------------------------

void X87Sequence::store(const X87Form& form) {
  const Id value = in_pair(0);
  if (form.width == 0) {
    const unsigned reg = physical(form.sti);
    if (form.sti != 0) {
      if ((empty_ >> reg & 1) == 0) values_.leave(reg);
      empty_ &= static_cast<uint8_t>(~(1u << reg));
      values_.enter(reg, value);
    }
    return pop(form.pops);
  }
  store_rounded(value, form.width);
  pop(form.pops);
  ended_ = true;
}

/// Stores the number, rounded to the width. Near the ends of the format's range it goes the slow
/// way.
void X87Sequence::store_rounded(Id value, unsigned width) {
  const RealFormat format = real_format(width);
  need_top_bit();
  const Pair from = values_.pair(value);
  const Gpr bits = kTemp[1];
  const Gpr rest = kTemp[2];
  const unsigned dropped = 63 - format.fraction;
  if (width == 4) {
    as_.DSRL32(bits, from.significand, dropped - 32);
    as_.DSLL(rest, from.significand, 64 - dropped);
  } else {
    as_.DSRL(bits, from.significand, dropped);
    as_.DSLL32(rest, from.significand, 64 - dropped - 32);
  }
  round(bits, rest);
  const Gpr exponent = kTemp[2];
  const Gpr other = kTemp[0];
  // One less than the biased exponent: the significand's highest bit adds one, a carry another.
  as_.ANDI(exponent, from.exponent, kExponentBits);
  as_.ADDIU(exponent, exponent, -format.exponent_word - 1);
  as_.SLTIU(other, exponent, (1 << format.exponent) - 3);
  Label in_range;
  Label has_sign;
  b_.branch_if_not_zero(other, in_range);
  Label is_zero;
  b_.branch_if_zero(from.significand, is_zero);
  // The largest exponent, unless rounding carries into it.
  as_.XORI(other, exponent, (1 << format.exponent) - 3);
  branch_slow_if_not_zero(other);
  if (width == 4) {
    as_.SRL(other, bits, format.fraction + 1);
  } else {
    as_.DSRL32(other, bits, format.fraction + 1 - 32);
  }
  b_.branch_if_zero(other, in_range);
  b_.branch(mips64::opcode::BEQ, *slow_);
  b_.bind(is_zero);
  as_.XORI(other, from.exponent, kSign);  // a zero's word has the opposite sign
  as_.SRL(other, other, kSignPosition);
  mips64::move(as_, exponent, zero);
  b_.branch(mips64::opcode::BEQ, has_sign);
  b_.bind(in_range);
  as_.SRL(other, from.exponent, kSignPosition);
  b_.bind(has_sign);
  as_.INS(exponent, other, format.exponent, 1);
  if (width == 4) {
    as_.SLL(exponent, exponent, format.fraction);
    as_.ADDU(bits, bits, exponent);
  } else {
    as_.DSLL32(exponent, exponent, format.fraction - 32);
    as_.DADDU(bits, bits, exponent);
  }
  b_.take_scratch(bits);
  store_bits(bits, width);
}

/// FIST, rounding to nearest, of zero and numbers from 1 up.
void X87Sequence::store_integer(const X87Form& form) {
  const unsigned magnitude_bits = form.width * 8u - 1;
  need_top_bit();
  const Pair from = values_.pair(in_pair(0));
  const Gpr exponent = kTemp[2];
  const Gpr other = kTemp[0];
  const Gpr integer = kTemp[1];
  as_.ANDI(exponent, from.exponent, kExponentBits);
  as_.ADDIU(exponent, exponent, -kExponentOfOne);
  as_.SLTIU(other, exponent, static_cast<int32_t>(magnitude_bits));
  Label in_range;
  Label done;
  mips64::move(as_, integer, zero);
  mips64::move(as_, kRoundedUp, zero);
  b_.branch_if_not_zero(other, in_range);
  b_.branch_if_zero(from.significand, done);
  b_.branch(mips64::opcode::BEQ, *slow_);
  b_.bind(in_range);
  as_.NOR(other, exponent, zero);  // 63 less the exponent, in the bits that shifts look at
  as_.DSRLV(integer, from.significand, other);
  const Gpr rest = exponent;
  as_.DSLLV(rest, from.significand, exponent);
  as_.DSLL(rest, rest, 1);
  round(integer, rest);
  if (magnitude_bits >= 32) {
    as_.DSRL32(other, integer, magnitude_bits - 32);
  } else {
    as_.DSRL(other, integer, magnitude_bits);
  }
  branch_slow_if_not_zero(other);
  as_.ANDI(other, from.exponent, kSign);
  as_.DSUBU(rest, zero, integer);
  as_.MOVN(integer, rest, other);
  b_.bind(done);
  b_.take_scratch(integer);
  store_bits(integer, form.width);
  pop(form.pops);
  ended_ = true;
}

// --- moves and signs -----------------------------------------------------------------------------

void X87Sequence::exchange(const X87Form& form) {
  static_cast<void>(in_pair(0));
  static_cast<void>(in_pair(form.sti));
  values_.exchange(top_, physical(form.sti));
}

/// A copy of the number, which the caller has.
X87Sequence::Id X87Sequence::copy_of(Id value) {
  const Pair from = values_.pair(value);
  const Id copy = values_.make();
  const Pair into = values_.pair(copy);
  mips64::move(as_, into.significand, from.significand);
  mips64::move(as_, into.exponent, from.exponent);
  return copy;
}

/// The number itself if it may be overwritten, or a copy.
X87Sequence::Id X87Sequence::destination_of(Id value) {
  if (!values_.is_single(value)) return copy_of(value);
  static_cast<void>(values_.overwrite(value));
  return value;
}

/// FCHS, FABS and FSQRT: ST(0) becomes something else.
void X87Sequence::change(const X87Form& form) {
  const Id old = in_pair(0);
  const Id value = destination_of(old);
  const Gpr exponent = values_.pair(value).exponent;
  if (form.kind == Kind::square_root) {
    need_top_bit();
    call(b_.ways_out.x87_root[values_.pair_number(value)]);
  } else if (form.kind == Kind::absolute) {
    // As the state has it: a zero's word here has the opposite sign.
    as_.ADDIU(exponent, exponent, -kExponentOfExtended);
    as_.INS(exponent, zero, kSignPosition, 1);
    as_.ADDIU(exponent, exponent, kExponentOfExtended);
  } else {
    as_.XORI(exponent, exponent, kSign);
  }
  if (value == old) return;
  values_.leave(top_);
  values_.enter(top_, value);
  values_.drop(value);
}

// --- arithmetic ----------------------------------------------------------------------------------

void X87Sequence::arithmetic(const X87Form& form) {
  need_top_bit();
  const unsigned destination = form.to_sti ? physical(form.sti) : top_;
  const Id left = in_pair(form.to_sti ? form.sti : 0);
  const Id right = form.width != 0 ? load_real(form.width) : in_pair(form.to_sti ? 0 : form.sti);
  static_cast<void>(values_.pair(left));
  Id result = left;
  if (form.kind == Kind::multiply) {
    const Pair one = values_.pair(left);
    const bool in_place = values_.is_single(left);
    result = in_place ? left : values_.make();
    multiply(in_place ? values_.overwrite(left) : values_.pair(result), one, values_.pair(right));
  } else {
    // The routines change the first pair, and are for two different ones.
    const bool divides = form.kind == Kind::divide || form.kind == Kind::divide_reversed;
    const Id first = form.kind == Kind::divide_reversed ? right : left;
    const Id second = first == left ? right : left;
    const bool stays = first == right && form.width == 0 && form.pops == 0;
    const bool copies = left == right || stays || !values_.is_single(first);
    result = copies ? copy_of(first) : first;
    static_cast<void>(values_.overwrite(result));
    if (divides) {
      call(b_.ways_out.x87_divide[values_.pair_number(result)][values_.pair_number(second)]);
    } else {
      add(result, second, form.kind == Kind::subtract_reversed, form.kind == Kind::subtract);
    }
  }
  finish_arithmetic(form, destination, left, right, result);
}

/// Enters `result`, of an operation on `left`, which is `destination`, and `right`.
void X87Sequence::finish_arithmetic(const X87Form& form, unsigned destination, Id left, Id right,
                                    Id result) {
  if (result != left) {
    values_.leave(destination);
    values_.enter(destination, result);
    // A copy was the caller's; so was a number from memory, and one in a register is there still.
    if (result != right) values_.drop(result);
  }
  if (form.width != 0) values_.drop(right);
  pop(form.pops);
}

/// result = one * other. `result` may be one of them.
void X87Sequence::multiply(Pair result, Pair one, Pair other) {
  const Gpr sum = kTemp[1];
  const Gpr rest = kTemp[2];
  const Gpr carry = kTemp[0];
  Label normalised;
  as_.DMULTU(one.significand, other.significand);
  as_.ADDU(sum, one.exponent, other.exponent);
  as_.MFHI(result.significand);
  as_.MFLO(rest);
  as_.ADDIU(result.exponent, sum, 1 - kExponentOfOne);
  b_.branch(mips64::opcode::BLTZ | mips64::encode::rs(result.significand), normalised);
  as_.DSRL32(carry, rest, 31);
  as_.DSLL(result.significand, result.significand, 1);
  as_.OR(result.significand, result.significand, carry);
  as_.DSLL(rest, rest, 1);
  as_.ADDIU(result.exponent, result.exponent, -1);
  b_.bind(normalised);
  round(result.significand, rest);
  as_.ANDI(carry, result.exponent, kOutOfRange);
  as_.MOVZ(carry, kTopBit, result.significand);
  branch_slow_if_not_zero(carry);
}

/// destination = ±destination + ±source.
void X87Sequence::add(Id destination, Id source, bool negate_destination, bool negate_source) {
  const Gpr into = values_.pair(destination).exponent;
  const Gpr from = values_.pair(source).exponent;
  if (negate_destination) as_.XORI(into, into, kSign);
  if (negate_source) as_.XORI(from, from, kSign);
  call(b_.ways_out.x87_add[values_.pair_number(destination)][values_.pair_number(source)]);
  if (negate_source) as_.XORI(from, from, kSign);
}

/// Calls a routine, which returns to the branch after the call what it cannot do.
void X87Sequence::call(const uint32_t* routine) {
  b_.control(Assembler::jump_word(mips64::opcode::JAL, routine));
  b_.branch(mips64::opcode::BEQ, *slow_);
  rounds_ = true;
  rounded_up_ = kRoundedUp;
}

// --- comparison ----------------------------------------------------------------------------------

void X87Sequence::compare(const X87Form& form) {
  const Id left = in_pair(0);
  const Id right = form.width != 0 ? load_real(form.width) : in_pair(form.sti);
  if (rounded_up_ == kRoundedUp) {
    mips64::move(as_, mips64::ra, rounded_up_);
    rounded_up_ = mips64::ra;
  }
  compare_numbers(values_.pair(left), values_.pair(right));
  if (form.width != 0) values_.drop(right);
  pop(form.pops);
  if (form.kind == Kind::compare_to_flags) {
    flags_from_relation();
    ended_ = true;
  } else {
    compared_ = true;
  }
}

/// kRoundedUp = bit 0: one is less; bit 6: they are equal. These are the places of CF and ZF, and
/// of C0 and C3 in the status word's upper byte.
void X87Sequence::compare_numbers(Pair one, Pair other) {
  const Gpr left = kTemp[0];
  const Gpr right = kTemp[1];
  const Gpr temporary = kTemp[2];
  constexpr unsigned kEqualPosition = 6;
  constexpr int32_t kEqual = 1 << kEqualPosition;
  Label exponents_differ;
  Label done;
  as_.ADDIU(left, one.exponent, -kExponentOfExtended);
  as_.ADDIU(right, other.exponent, -kExponentOfExtended);
  as_.SEH(left, left);
  as_.SEH(right, right);
  as_.SLTU(kRoundedUp, one.significand, other.significand);
  b_.branch_if_not_equal(left, right, exponents_differ);
  as_.SLTU(temporary, other.significand, one.significand);
  as_.OR(right, kRoundedUp, temporary);
  as_.SLT(left, left, zero);
  as_.MOVN(kRoundedUp, temporary, left);
  as_.XORI(right, right, 1);
  as_.SLL(right, right, kEqualPosition);
  as_.OR(kRoundedUp, kRoundedUp, right);
  b_.branch(mips64::opcode::BEQ, done);
  b_.bind(exponents_differ);
  as_.OR(temporary, one.significand, other.significand);
  as_.ADDIU(kRoundedUp, zero, kEqual);
  b_.branch_if_zero(temporary, done);  // +0 and -0
  // Negative numbers are in the order of their words if all bits but the sign are inverted.
  for (const Gpr word : {left, right}) {
    as_.SRA(temporary, word, 31);
    as_.ANDI(temporary, temporary, kExponentBits);
    as_.XOR(word, word, temporary);
  }
  as_.SLT(kRoundedUp, left, right);
  b_.bind(done);
}

/// EFLAGS as FCOMI leaves them: CF and ZF are in kRoundedUp, the other arithmetic flags are 0.
void X87Sequence::flags_from_relation() {
  const Gpr flags = kTemp[0];
  const Gpr mask = kTemp[1];
  as_.LW(flags, offset::eflags, kState);
  as_.ADDIU(mask, zero, ~static_cast<int32_t>(i386::eflags::kArithmetic));
  as_.AND(flags, flags, mask);
  as_.OR(flags, flags, kRoundedUp);
  as_.SW(flags, offset::eflags, kState);
  b_.flags.set_packed();
}

}  // namespace ferry::translate::lower
