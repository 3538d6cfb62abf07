#include "translate/i386_to_mips64/emit/flags.hpp"

namespace ferry::translate::emit {

using mips64::zero;

// --- tracking ------------------------------------------------------------------------------------

void FlagTracker::set_carry_only(Gpr carry) {
  if (carry != kFlagB) mips64::move(b_.as, kFlagB, carry);
  // The flags of INC have CF as their b.
  set(FlagKind::inc8, 4, {}, Value::of(kFlagB), Value::of_constant(0));
}

void FlagTracker::set_if(Gpr condition, FlagKind kind8, unsigned width, Gpr a, Gpr b) {
  CHECK(now_.form == Form::lazy_registers);
  const Gpr kind = b_.scratch();
  mips64::load_immediate(b_.as, kind, static_cast<int32_t>(member(kind8, width)));
  b_.as.MOVN(kFlagKind, kind, condition);
  b_.as.MOVN(kFlagA, a, condition);
  b_.as.MOVN(kFlagB, b, condition);
}

// Logic, steps and given flags have room for a changed CF in b, the lazy registers in t0.

void FlagTracker::prepare_carry_change() {
  const bool beside_result =
      is(FlagKind::logic8) || is(FlagKind::inc8) || is(FlagKind::dec8) || is(FlagKind::given8);
  if (!beside_result && now_.form != Form::packed && !in_lazy_registers()) to_lazy_registers();
}

void FlagTracker::change_carry(Gpr carry) {
  if (now_.form == Form::packed) {
    const Gpr word = b_.scratch();
    b_.as.LW(word, offset::eflags, kState);
    b_.as.INS(word, carry, 0, 1);
    return b_.as.SW(word, offset::eflags, kState);
  }
  if (in_lazy_registers()) {
    const Gpr known = b_.scratch();
    b_.as.ORI(known, carry, carry_in_kind::kKnown >> carry_in_kind::kFirstBit);
    b_.as.INS(kFlagKind, known, carry_in_kind::kFirstBit, 2);
    now_.form = Form::carry_apart;
    return;
  }
  if (is(FlagKind::given8)) {
    move_value(kFlagB, now_.b);
    b_.as.INS(kFlagB, carry, 0, 1);
  } else {
    mips64::move(b_.as, kFlagB, carry);
  }
  if (is(FlagKind::logic8)) {  // AF and OF are 0
    const auto distance =
        static_cast<uint32_t>(FlagKind::given8) - static_cast<uint32_t>(FlagKind::logic8);
    now_.kind = static_cast<FlagKind>(static_cast<uint32_t>(now_.kind) + distance);
  }
  now_.b = Value::of(kFlagB);
  named_ |= kFlagB.bit();
}

void FlagTracker::leave_exact() {
  // OF: whether bits 31 and 32 differ.
  b_.as.DSRA32(kFlagB, kFlagA, 0);
  b_.as.XOR(kFlagB, kFlagB, kFlagA);
  b_.as.DEXT(kFlagB, kFlagB, 31, 1);
  b_.as.SLL(kFlagB, kFlagB, static_cast<unsigned>(__builtin_ctz(i386::eflags::OF)));
  b_.as.SLL(kFlagA, kFlagA, 0);
  set(FlagKind::given8, 4, {}, Value::of(kFlagB), Value::of(kFlagA));
}

bool FlagTracker::is_shift() const {
  return is(FlagKind::shl8) || is(FlagKind::shr8) || is(FlagKind::sar8);
}

bool FlagTracker::result_in_a() const {
  return is(FlagKind::logic8) || is(FlagKind::neg8) || is(FlagKind::inc8) || is(FlagKind::dec8) ||
         is(FlagKind::multiply8) || is(FlagKind::given8);
}

/// Moves the operands for which `moving` holds to their homes.
template <typename Moving>
void FlagTracker::move_home(Moving moving) {
  if (now_.form != Form::operation) return;
  if (moving(now_.b)) {
    move_value(kFlagB, now_.b);
    now_.b = Value::of(kFlagB);
  }
  if (moving(now_.a)) {
    const bool same = now_.a == now_.result;
    move_value(kFlagA, now_.a);
    now_.a = Value::of(kFlagA);
    if (same) now_.result = now_.a;
  }
  if (!moving(now_.result)) return;
  if (now_.a.in(kFlagA)) {
    // Shifts can be redone from a and b; an addition with carry cannot, so its result waits in
    // memory.
    if (with_carry()) b_.as.SW(in_register(now_.result), offset::lazy_result, kState);
    now_.result = {};
    return;
  }
  move_value(kFlagA, now_.result);
  now_.result = Value::of(kFlagA);
}

void FlagTracker::preserve(Gpr reg) {
  move_home([=](const Value& value) { return value.in(reg); });
}

void FlagTracker::settle() {
  if (exact()) leave_exact();
  move_home(
      [](const Value& value) { return value.kind == Value::Kind::reg && is_guest_gpr(value.reg); });
}

void FlagTracker::rebase_esp(int32_t bytes) {
  if (now_.form != Form::operation) return;
  const Gpr esp = host_gpr(i386::ESP);
  for (Value* value : {&now_.a, &now_.b, &now_.result}) {
    if (value->in(esp)) value->constant -= bytes;
  }
}

void FlagTracker::move_value(Gpr into, const Value& value) {
  if (value.kind == Value::Kind::constant)
    return mips64::load_immediate(b_.as, into, value.constant);
  CHECK(value.known());
  if (value.constant != 0) return b_.as.ADDIU(into, value.reg, value.constant);
  if (value.reg != into) mips64::move(b_.as, into, value.reg);
}

[[gnu::noinline]] Gpr FlagTracker::moved_to_scratch(const Value& value) {
  const Gpr reg = b_.scratch();
  move_value(reg, value);
  return reg;
}

void FlagTracker::narrow(Gpr reg) {
  if (width_index() == 0) b_.as.SEB(reg, reg);
  if (width_index() == 1) b_.as.SEH(reg, reg);
}

/// answer = left + right or left - right, sign-extended from the flags' width. Returns `answer`.
Gpr FlagTracker::sum(Operation operation, Gpr answer, Gpr left, const Value& right) {
  const bool add = operation == Operation::add;
  if (right.kind == Value::Kind::constant && mips64::fits_simm16(right.constant) &&
      right.constant != -32768) {
    b_.as.ADDIU(answer, left, add ? right.constant : -right.constant);
  } else {
    const Gpr other = in_register(right);
    add ? b_.as.ADDU(answer, left, other) : b_.as.SUBU(answer, left, other);
  }
  narrow(answer);
  return answer;
}

/// Operand a. If it was not kept it is computed from the result, in `into` or, if `into` is zero,
/// in a scratch register.
Gpr FlagTracker::a_register(Gpr into) {
  if (now_.a.known()) return in_register(now_.a);
  if (into == zero) into = b_.scratch();
  const bool step = is(FlagKind::inc8) || is(FlagKind::dec8);
  CHECK(is(FlagKind::add8) || is(FlagKind::sub8) || step);
  const bool up = is(FlagKind::add8) || is(FlagKind::inc8);
  const Value right = step ? Value::of_constant(1) : now_.b;
  if (width_index() == 2 && right.kind == Value::Kind::constant) {
    // The result may be a register plus a constant itself (esp).
    const int64_t away =
        int64_t{now_.result.constant} + (up ? -int64_t{right.constant} : int64_t{right.constant});
    if (now_.result.kind == Value::Kind::reg && mips64::fits_simm16(away)) {
      if (away == 0) return now_.result.reg;
      b_.as.ADDIU(into, now_.result.reg, static_cast<int32_t>(away));
      return into;
    }
  }
  return sum(up ? Operation::subtract : Operation::add, into, in_register(now_.result), right);
}

/// The result, computed from the operands where it was not kept.
Gpr FlagTracker::result_register() {
  if (now_.result.known()) return in_register(now_.result);
  if (result_in_a()) return in_register(now_.a);
  if (is_shift()) return shift_result();
  if (with_carry()) {
    const Gpr result = b_.scratch();
    b_.as.LW(result, offset::lazy_result, kState);
    return result;
  }
  CHECK(is(FlagKind::add8) || is(FlagKind::sub8));
  const auto operation = is(FlagKind::add8) ? Operation::add : Operation::subtract;
  return sum(operation, b_.scratch(), in_register(now_.a), now_.b);
}

/// A shift by a constant count done again, sign-extended from its width.
Gpr FlagTracker::shift_result() {
  const unsigned bits = 8u << width_index();
  const auto count = static_cast<unsigned>(now_.b.constant);
  const Gpr a = in_register(now_.a);
  const Gpr answer = b_.scratch();
  if (is(FlagKind::shr8)) {
    if (count >= bits) return zero;
    b_.as.EXT(answer, a, count, bits - count);
  } else if (is(FlagKind::sar8)) {
    b_.as.SRA(answer, a, count);
  } else {
    b_.as.SLL(answer, a, count);
    narrow(answer);
  }
  return answer;
}

// --- between blocks ------------------------------------------------------------------------------

void FlagTracker::to_lazy_registers() {
  if (in_lazy_registers()) {
    now_.form = Form::lazy_registers;
    return;
  }
  if (now_.form == Form::packed) {
    mips64::move(b_.as, kFlagKind, zero);
    now_ = {.form = Form::lazy_registers};
    return;
  }
  if (exact()) leave_exact();
  // What is stored: a and b (add, sub, shifts; logic as the result minus 0), the result in a (neg),
  // the result in a and the flags it does not say in b (inc, dec, multiply, given), and all three
  // with the result in memory (adc, sbb).
  if (with_carry() && now_.result.known())
    b_.as.SW(in_register(now_.result), offset::lazy_result, kState);
  const bool wide = now_.b.kind == Value::Kind::constant && !mips64::fits_simm16(now_.b.constant);
  if (wide && !now_.a.known() && !result_in_a()) {  // it is needed twice
    move_value(kFlagB, now_.b);
    now_.b = Value::of(kFlagB);
  }
  const Gpr a = result_in_a() ? result_register() : a_register(kFlagA);
  // A logic operation sets the flags of a comparison of its result with 0 (AF is undefined).
  if (is(FlagKind::logic8)) {
    const auto distance =
        static_cast<uint32_t>(FlagKind::logic8) - static_cast<uint32_t>(FlagKind::sub8);
    now_.kind = static_cast<FlagKind>(static_cast<uint32_t>(now_.kind) - distance);
    now_.b = Value::of_constant(0);
  }
  const Value b = now_.b;
  if (a != kFlagA) {
    CHECK(!b.in(kFlagA));
    mips64::move(b_.as, kFlagA, a);
  }
  if (b.known() && !(b.in(kFlagB) && b.constant == 0)) move_value(kFlagB, b);
  mips64::load_immediate(b_.as, kFlagKind, static_cast<int32_t>(now_.kind));
  now_ = {.form = Form::lazy_registers};
  b_.add_mark();  // a fault of this instruction from here on finds them there
}

void FlagTracker::save_for_call() {
  const auto survives = [](const Value& value) {
    return value.kind != Value::Kind::reg || is_guest_gpr(value.reg);
  };
  const bool in_place =
      now_.form == Form::packed || (now_.form == Form::operation && survives(now_.a) &&
                                    survives(now_.b) && survives(now_.result));
  saved_ = !in_place;
  if (in_place) return;
  to_lazy_registers();
  b_.as.SW(kFlagKind, offset::lazy_kind, kState);
  b_.as.SW(kFlagA, offset::lazy_a, kState);
  b_.as.SW(kFlagB, offset::lazy_b, kState);
}

void FlagTracker::restore_after_call() {
  if (!saved_) return;
  saved_ = false;
  b_.as.LW(kFlagKind, offset::lazy_kind, kState);
  b_.as.LW(kFlagA, offset::lazy_a, kState);
  b_.as.LW(kFlagB, offset::lazy_b, kState);
}

bool FlagTracker::uses_homes() const {
  const auto home = [](const Value& value) { return value.in(kFlagA) || value.in(kFlagB); };
  return in_lazy_registers() || exact() ||
         (now_.form == Form::operation && (home(now_.a) || home(now_.b) || home(now_.result)));
}

void FlagTracker::to_packed() {
  if (now_.form == Form::packed) return;
  to_lazy_registers();
  b_.materialise_flags();
  set_packed();
  b_.add_mark();  // a fault of this instruction from here on finds them there
}

}  // namespace ferry::translate::emit
