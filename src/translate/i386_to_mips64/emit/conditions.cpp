// Host conditions, and how the tracker makes them of the operands it knows.
#include "translate/i386_to_mips64/emit/flags.hpp"

namespace ferry::translate::emit {

using mips64::zero;
namespace ef = i386::eflags;

// --- conditions ----------------------------------------------------------------------------------

uint32_t Condition::branch_word() const {
  using namespace mips64::opcode;
  static constexpr uint32_t kWords[] = {BEQ, BNE, BLTZ, BGEZ, BLEZ, BGTZ};
  CHECK(kind < Kind::always);
  return kWords[static_cast<unsigned>(kind)] | mips64::encode::rs(rs) | mips64::encode::rt(rt);
}

// --- consumers -----------------------------------------------------------------------------------

namespace {

constexpr unsigned kO = 0, kB = 1, kE = 2, kBE = 3, kS = 4, kP = 5, kL = 6;

}  // namespace

Condition FlagTracker::compare(Signedness signedness, const Value& left, const Value& right) {
  const bool is_unsigned = signedness != Signedness::is_signed;
  if (!is_unsigned) {
    if (right == Value::of_constant(0)) return {Condition::Kind::ltz, in_register(left), zero};
    if (left == Value::of_constant(0)) return {Condition::Kind::gtz, in_register(right), zero};
  }
  const Gpr lhs = in_register(left);
  const Gpr answer = b_.scratch();
  if (right.kind == Value::Kind::constant && mips64::fits_simm16(right.constant)) {
    is_unsigned ? b_.as.SLTIU(answer, lhs, right.constant)
                : b_.as.SLTI(answer, lhs, right.constant);
  } else {
    const Gpr rhs = in_register(right);
    is_unsigned ? b_.as.SLTU(answer, lhs, rhs) : b_.as.SLT(answer, lhs, rhs);
  }
  return Condition::of_bool(answer);
}

Condition FlagTracker::subtract_condition(unsigned cc) {
  if (cc >> 1 != kE) return difference_condition(cc);
  const bool known = now_.result.known();
  const Gpr left = in_register(known ? now_.result : now_.a);
  const Condition equal{Condition::Kind::eq, left, known ? zero : in_register(now_.b)};
  return (cc & 1) != 0 ? equal.inverted() : equal;
}

/// Conditions of a subtraction, except equality.
[[gnu::noinline]] Condition FlagTracker::difference_condition(unsigned cc) {
  const unsigned base = cc >> 1;
  Condition condition{};
  if (base == kS || base == kP) {
    return result_condition(cc);
  } else if (base == kO) {
    condition = overflow_condition(Operation::subtract);
  } else {
    const Value a = now_.a.known() ? now_.a : Value::of(a_register());
    const Value b = now_.b;
    const bool is_unsigned = base == kB || base == kBE;
    const auto signedness = is_unsigned ? Signedness::is_unsigned : Signedness::is_signed;
    if (base == kB || base == kL) {
      condition = compare(signedness, a, b);
    } else if (b.kind == Value::Kind::constant && mips64::fits_simm16(int64_t{b.constant} + 1) &&
               !(is_unsigned && b.constant == -1)) {
      if (is_unsigned && b.constant == 0) {
        condition = {Condition::Kind::eq, in_register(a), zero};
      } else if (!is_unsigned && b.constant == 0) {
        condition = {Condition::Kind::lez, in_register(a), zero};
      } else {
        condition = compare(signedness, a, Value::of_constant(b.constant + 1));  // a <= b
      }
    } else {
      condition = compare(signedness, b, a).inverted();  // a <= b means not b < a
    }
  }
  return (cc & 1) != 0 ? condition.inverted() : condition;
}

Condition FlagTracker::add_condition(unsigned cc) {
  const unsigned base = cc >> 1;
  if (base == kE || base == kS || base == kP) return result_condition(cc);
  Condition condition{};
  if (base == kO) {
    condition = overflow_condition(Operation::add);
  } else if (base == kB || base == kBE) {
    condition = Condition::of_bool(carry(b_.scratch()));
    if (base == kBE) {
      const Gpr is_zero = b_.scratch();
      b_.as.SLTIU(is_zero, result_register(), 1);
      b_.as.OR(is_zero, is_zero, condition.rs);
      condition = Condition::of_bool(is_zero);
    }
  } else {
    // SF != OF is the sign of the sum without wrap, and that sum is 0 only if the result is.
    const Gpr sum = b_.scratch();
    const Gpr a = a_register();
    b_.as.DADDU(sum, a, in_register(now_.b));
    condition = {base == kL ? Condition::Kind::ltz : Condition::Kind::lez, sum, zero};
  }
  return (cc & 1) != 0 ? condition.inverted() : condition;
}

/// OF of an addition or subtraction: a word whose bit 31 is the flag.
Condition FlagTracker::overflow_condition(Operation operation) {
  const Gpr a = a_register();
  const Gpr b = in_register(now_.b);
  const Gpr result = result_register();
  const Gpr one = b_.scratch(), two = b_.scratch();
  b_.as.XOR(one, a, result);
  b_.as.XOR(two, operation == Operation::add ? result : a, b);
  b_.as.AND(one, one, two);
  return {Condition::Kind::ltz, one, zero};
}

Condition FlagTracker::parity_condition(Gpr result) {
  // Fold the byte to four bits and look the answer up in the bits of a constant.
  const Gpr fold = b_.scratch(), table = b_.scratch();
  b_.as.SRL(fold, result, 4);
  b_.as.XOR(fold, fold, result);
  b_.as.ANDI(fold, fold, 15);
  b_.as.ORI(table, zero, 0x9669);
  b_.as.SRLV(table, table, fold);
  b_.as.ANDI(table, table, 1);
  return Condition::of_bool(table);
}

/// Conditions of operations with CF = OF = 0 (logic), and ZF, SF, PF of all.
Condition FlagTracker::result_condition(unsigned cc) {
  const unsigned base = cc >> 1;
  Condition condition{};
  if (base == kO || base == kB) {
    condition = {Condition::Kind::never, zero, zero};
  } else {
    const Gpr result = result_register();
    if (base == kE || base == kBE) condition = {Condition::Kind::eq, result, zero};
    if (base == kS || base == kL) condition = {Condition::Kind::ltz, result, zero};
    if (base == kP) condition = parity_condition(result);
    if (base == 7) condition = {Condition::Kind::lez, result, zero};
  }
  return (cc & 1) != 0 ? condition.inverted() : condition;
}

/// Conditions of a sum or difference that t1 holds whole. CF is dead then, so nobody asks for it.
Condition FlagTracker::exact_condition(unsigned cc) {
  const unsigned base = cc >> 1;
  CHECK(base != kB && base != kBE);
  Condition condition{Condition::Kind::ltz, kFlagA, zero};
  // LE is SF != OF or ZF. A result of 0 comes of a whole that is 0 or -2^32, so one comparison with
  // 0 says both.
  if (base == 7) condition.kind = Condition::Kind::lez;
  if (base < kL) {
    const Gpr word = b_.scratch();
    if (base == kO) {  // bits 31 and 32 differ
      b_.as.DSRA32(word, kFlagA, 0);
      b_.as.XOR(word, word, kFlagA);
    }
    b_.as.SLL(word, base == kO ? word : kFlagA, 0);
    condition = {base == kE ? Condition::Kind::eq : Condition::Kind::ltz, word, zero};
    if (base == kP) condition = parity_condition(word);
  }
  return (cc & 1) != 0 ? condition.inverted() : condition;
}

/// A word whose sign is that of a + b or a - b without wrap, a carry in included: SF != OF.
Gpr FlagTracker::sign_without_wrap(Operation operation, Gpr a, Gpr b, Gpr result) {
  const Gpr word = b_.scratch(), other = b_.scratch();
  b_.as.XOR(word, a, result);
  b_.as.XOR(other, operation == Operation::add ? result : a, b);
  b_.as.AND(word, word, other);
  b_.as.XOR(word, word, result);
  b_.release(other);
  return word;
}

/// A word whose sign is CF after ADC or SBB. ADC: the operands' common sign, or the opposite of the
/// result's where theirs differ. SBB: the result's sign, or the second operand's where the
/// operands' signs differ.
Gpr FlagTracker::carry_word() {
  const bool add = is(FlagKind::adc8);
  const Gpr result = result_register(), b = in_register(now_.b);
  const Gpr word = b_.scratch(), differ = b_.scratch();
  b_.as.XOR(differ, in_register(now_.a), b);
  b_.as.XOR(word, result, b);
  if (add) b_.as.NOR(word, word, zero);
  b_.as.AND(word, word, differ);
  b_.as.XOR(word, word, add ? b : result);
  b_.release(differ);
  return word;
}

/// Conditions of ADC and SBB of 32 bits.
Condition FlagTracker::with_carry_condition(unsigned cc) {
  const unsigned base = cc >> 1;
  const auto operation = is(FlagKind::adc8) ? Operation::add : Operation::subtract;
  if (base == kE || base == kS || base == kP) return result_condition(cc);
  Condition condition{};
  if (base == kO) {
    condition = overflow_condition(operation);
  } else {
    const bool below = base == kB || base == kBE;
    const Gpr word = below ? carry_word()
                           : sign_without_wrap(operation, in_register(now_.a), in_register(now_.b),
                                               result_register());
    condition = {Condition::Kind::ltz, word, zero};
    if (base == kBE || base == 7) {
      const Gpr is_zero = b_.scratch();
      b_.as.SLTIU(is_zero, result_register(), 1);
      b_.as.SRL(word, word, 31);
      b_.as.OR(is_zero, is_zero, word);
      condition = Condition::of_bool(is_zero);
    }
  }
  return (cc & 1) != 0 ? condition.inverted() : condition;
}

/// Conditions of a multiplication: CF = OF = whether b is not 0, ZF is 0.
Condition FlagTracker::multiply_condition(unsigned cc) {
  const unsigned base = cc >> 1;
  if (base == kS || base == kP) return result_condition(cc);
  Condition condition{Condition::Kind::never, zero, zero};
  if (base != kE) condition = {Condition::Kind::ne, in_register(now_.b), zero};
  if (base >= kL) {
    const Gpr less = b_.scratch(), overflow = b_.scratch();
    b_.as.SLT(less, result_register(), zero);
    b_.as.SLTU(overflow, zero, condition.rs);
    b_.as.XOR(less, less, overflow);
    condition = Condition::of_bool(less);
  }
  return (cc & 1) != 0 ? condition.inverted() : condition;
}

Condition FlagTracker::packed_condition(unsigned cc) {
  Gpr word = b_.scratch();
  b_.as.LW(word, offset::eflags, kState);
  static constexpr uint32_t kMasks[] = {ef::OF, ef::CF, ef::ZF, ef::CF | ef::ZF, ef::SF, ef::PF};
  const unsigned base = cc >> 1;
  if (base < kL) {
    b_.as.ANDI(word, word, static_cast<int32_t>(kMasks[base]));
  } else {
    const Gpr other = b_.scratch();
    b_.as.SRL(other, word, 4);  // OF (bit 11) beside SF (bit 7)
    b_.as.XOR(other, other, word);
    b_.as.ANDI(other, other, ef::SF);
    if (base == 7) {
      b_.as.ANDI(word, word, ef::ZF);
      b_.as.OR(other, other, word);
    }
    word = other;
  }
  const Condition condition{Condition::Kind::ne, word, zero};
  return (cc & 1) != 0 ? condition.inverted() : condition;
}

/// Flags that another block left in the lazy registers are nearly always those of a comparison
/// (logic is stored as one with 0): that case is tried in line, and all others are packed out of
/// line.
Condition FlagTracker::lazy_condition(unsigned cc) {
  const Gpr answer = b_.scratch();
  // Order and equality of narrow operands are those of their sign-extensions; the sign of the
  // difference is not.
  const bool any_width = cc >> 1 != kS;
  b_.as.ADDIU(answer, kFlagKind,
              -static_cast<int32_t>(any_width ? FlagKind::sub8 : FlagKind::sub32));
  b_.as.SLTIU(answer, answer, any_width ? 3 : 1);
  Label& resume = b_.branch_to_packed_condition(answer, cc);
  switch (cc >> 1) {
    case kE:
      b_.as.XOR(answer, kFlagA, kFlagB);
      b_.as.SLTIU(answer, answer, 1);
      break;
    case kB:
      b_.as.SLTU(answer, kFlagA, kFlagB);
      break;
    case kBE:
      b_.as.SLTU(answer, kFlagB, kFlagA);
      b_.as.XORI(answer, answer, 1);
      break;
    case kL:
      b_.as.SLT(answer, kFlagA, kFlagB);
      break;
    case kS:
      b_.as.SUBU(answer, kFlagA, kFlagB);
      b_.as.SRL(answer, answer, 31);
      break;
    default:
      b_.as.SLT(answer, kFlagB, kFlagA);
      b_.as.XORI(answer, answer, 1);
      break;
  }
  b_.bind_resume(resume);
  const Condition condition = Condition::of_bool(answer);
  return (cc & 1) != 0 ? condition.inverted() : condition;
}

/// The out-of-line part: `answer` = 1 if the condition (without its negation) holds in the packed
/// flags.
void FlagTracker::packed_bool(Gpr answer, unsigned cc) {
  const Condition condition = packed_condition(cc & ~1u);
  b_.as.SLTU(answer, zero, condition.rs);
}

void FlagTracker::long_comparison(Gpr answer, unsigned cc, Label& resume) {
  b_.take_scratch(answer);
  const Gpr result = b_.scratch();
  Label given, other, found;
  const bool less = cc >> 1 == kL;
  b_.as.ADDIU(answer, kFlagKind, -static_cast<int32_t>(FlagKind::given32));
  b_.branch_if_zero(answer, given);
  b_.as.ADDIU(answer, kFlagKind, -static_cast<int32_t>(FlagKind::sbb32));
  b_.branch_if_not_zero(answer, other);
  b_.as.LW(result, offset::lazy_result, kState);
  const Gpr word = sign_without_wrap(Operation::subtract, kFlagA, kFlagB, result);
  b_.branch(mips64::opcode::BEQ, found);
  b_.bind(given);
  mips64::move(b_.as, result, kFlagA);
  b_.as.SLL(word, kFlagB, 31 - static_cast<unsigned>(__builtin_ctz(ef::OF)));
  b_.as.XOR(word, word, result);
  b_.bind(found);
  b_.as.SLT(answer, word, zero);
  if (!less) {
    b_.as.SLTIU(result, result, 1);
    b_.as.OR(answer, answer, result);
  }
  b_.branch(mips64::opcode::BEQ, resume);
  b_.bind(other);
}

Condition FlagTracker::condition(unsigned cc) {
  if (b_.options.passes.compare_fusion) {  // the commonest without calls
    if (is(FlagKind::sub8)) return subtract_condition(cc);
    if (is(FlagKind::logic8)) return result_condition(cc);
  }
  return general_condition(cc);
}

[[gnu::noinline]] Condition FlagTracker::general_condition(unsigned cc) {
  const unsigned base = cc >> 1;
  const bool cheap = base == kE || base == kS || base == kP;
  const bool by_comparison = base != kO && base != kP;
  if (exact()) return exact_condition(cc);
  if (now_.form == Form::lazy_registers && by_comparison && b_.options.passes.compare_fusion) {
    return lazy_condition(cc);
  }
  if (now_.form == Form::carry_apart && base == kB) {
    const Condition below = Condition::of_bool(carry(b_.scratch()));
    return (cc & 1) != 0 ? below.inverted() : below;
  }
  if (in_lazy_registers() || !b_.options.passes.compare_fusion) to_packed();
  if (now_.form == Form::packed) return packed_condition(cc);
  if (is(FlagKind::sub8)) return subtract_condition(cc);
  if (is(FlagKind::add8)) return add_condition(cc);
  if (is(FlagKind::logic8)) return result_condition(cc);
  if (is(FlagKind::multiply8)) return multiply_condition(cc);
  if (with_carry() && width_index() == 2) return with_carry_condition(cc);
  if (cheap && (now_.result.known() || is_shift())) return result_condition(cc);
  if ((is(FlagKind::inc8) || is(FlagKind::dec8)) && base >= kL) {
    // INC and DEC are an addition and a subtraction of 1, except for CF.
    const FlagState saved = now_;
    const bool inc = is(FlagKind::inc8);
    const auto shift = static_cast<uint32_t>(inc ? FlagKind::inc8 : FlagKind::dec8) -
                       static_cast<uint32_t>(inc ? FlagKind::add8 : FlagKind::sub8);
    now_.kind = static_cast<FlagKind>(static_cast<uint32_t>(now_.kind) - shift);
    now_.b = Value::of_constant(1);
    const Condition answer = inc ? add_condition(cc) : subtract_condition(cc);
    now_ = saved;
    return answer;
  }
  if (base == kB) {
    const Condition answer = Condition::of_bool(carry(b_.scratch()));
    return (cc & 1) != 0 ? answer.inverted() : answer;
  }
  if (base == kO && is(FlagKind::given8)) {
    const Gpr overflow = b_.scratch();
    b_.as.ANDI(overflow, in_register(now_.b), ef::OF);
    const Condition answer{Condition::Kind::ne, overflow, zero};
    return (cc & 1) != 0 ? answer.inverted() : answer;
  }
  to_packed();
  return packed_condition(cc);
}

/// CF of a shift by a constant count: the last bit shifted out.
Gpr FlagTracker::shift_carry(Gpr into) {
  const uint32_t bits = 8u << width_index();
  const auto count = static_cast<uint32_t>(now_.b.constant);
  const Gpr a = in_register(now_.a);
  if (is(FlagKind::shl8)) {
    if (count > bits) return zero;
    b_.as.EXT(into, a, bits - count, 1);
    return into;
  }
  if (count > bits) {
    if (is(FlagKind::shr8)) return zero;
    b_.as.EXT(into, a, bits - 1, 1);
    return into;
  }
  b_.as.EXT(into, a, count - 1, 1);
  return into;
}

Gpr FlagTracker::carry(Gpr into) {
  if (now_.form == Form::carry_apart) {
    b_.as.EXT(into, kFlagKind, carry_in_kind::kFirstBit, 1);
    return into;
  }
  if (now_.form == Form::operation) {
    if (is(FlagKind::logic8)) return zero;
    if (is(FlagKind::sub8)) {
      const Condition below = compare(Signedness::is_unsigned,
                                      now_.a.known() ? now_.a : Value::of(a_register()), now_.b);
      return below.rs;
    }
    if (is(FlagKind::add8) && width_index() == 2) {
      const Gpr result = result_register();
      b_.as.SLTU(into, result, in_register(now_.b.known() ? now_.b : now_.a));
      return into;
    }
    if (is(FlagKind::neg8)) {
      b_.as.SLTU(into, zero, result_register());
      return into;
    }
    if (is(FlagKind::inc8) || is(FlagKind::dec8)) return in_register(now_.b);
    if (is(FlagKind::multiply8)) {
      b_.as.SLTU(into, zero, in_register(now_.b));
      return into;
    }
    if (is(FlagKind::given8)) {
      b_.as.ANDI(into, in_register(now_.b), ef::CF);
      return into;
    }
    if (is_shift()) return shift_carry(into);
    if (with_carry() && width_index() == 2) {
      b_.as.SRL(into, carry_word(), 31);
      return into;
    }
    if (is(FlagKind::add8)) {
      // Narrow operands are sign-extended, which keeps their unsigned order: compare as above.
      b_.as.SLTU(into, result_register(), in_register(now_.b));
      return into;
    }
  }
  if (now_.form == Form::lazy_registers && b_.options.passes.compare_fusion)
    return lazy_condition(kB << 1).rs;
  to_packed();
  b_.as.LW(into, offset::eflags, kState);
  b_.as.ANDI(into, into, 1);
  return into;
}

}  // namespace ferry::translate::emit
