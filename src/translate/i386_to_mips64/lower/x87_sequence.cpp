#include "translate/i386_to_mips64/lower/x87_sequence.hpp"

#include "guest/i386/x87/float80.hpp"

namespace ferry::translate::lower {

using namespace x87_registers;
using mips64::zero;

namespace {

constexpr uint16_t key_of(unsigned top, uint8_t empty) {
  return static_cast<uint16_t>(top | unsigned{empty} << 8);
}

}  // namespace

X87Sequence::X87Sequence(BlockBuilder& b)
    : b_(b), as_(b.as), values_(b), top_(b.x87.top), empty_(b.x87.empty) {}

/// Whether the registers that the instruction names are as it needs them.
bool X87Sequence::takes_operands(const X87Form& form) const {
  // FADDP ST(0) and its kind leave their result in a register that is empty then.
  if (form.to_sti && form.sti == 0 && form.pops != 0) return false;
  switch (form.kind) {
    case Kind::load:
      return is_empty(7) && (form.width != 0 || !is_empty(form.sti));
    case Kind::load_integer:
    case Kind::load_one:
    case Kind::load_zero:
      return is_empty(7);
    case Kind::store:
    case Kind::store_integer:
    case Kind::change_sign:
    case Kind::absolute:
    case Kind::square_root:
      return !is_empty(0);
    case Kind::exchange:
    case Kind::compare:
    case Kind::compare_to_flags:
    case Kind::add:
    case Kind::multiply:
    case Kind::subtract:
    case Kind::subtract_reversed:
    case Kind::divide:
    case Kind::divide_reversed:
      return !is_empty(0) && (form.width != 0 || !is_empty(form.sti));
    case Kind::store_status:
      return compared_;
    case Kind::other:
      return false;
  }
  UNREACHABLE();
}

bool X87Sequence::takes(const Instruction& in, const X87Form& form) const {
  if (!is_escape(in) || !takes_operands(form)) return false;
  return !compared_ || form.kind == Kind::store_status;
}

bool X87Sequence::translate() {
  if (!b_.x87.possible) return false;
  for (unsigned reg = 0; reg < 8; ++reg) {
    if ((empty_ >> reg & 1) == 0) values_.add_from_state(reg);
  }
  const AnalysedInstruction* entry = &b_.current();
  X87Form form = x87_form(entry->instruction);
  if (!takes(entry->instruction, form)) return false;
  begin();
  for (;;) {
    lower(form);
    values_.end_operation();
    for (const Gpr reg : kTemp) b_.release(reg);
    entry = b_.following();
    if (ended_ || entry == nullptr) break;
    form = x87_form(entry->instruction);
    if (!takes(entry->instruction, form)) break;
    b_.extend_sequence(*entry);
  }
  finish();
  return true;
}

void X87Sequence::begin() {
  slow_ = &b_.begin_sequence();
  values_.set_slow(*slow_);
  for (const Pair& pair : kPair) {
    b_.take_scratch(pair.significand);
    b_.take_scratch(pair.exponent);
  }
  if (!b_.x87.checked) check_key();
  if (!b_.x87.inexact) mips64::move(as_, kInexact, zero);
}

/// Leaves unless the unit is as expected: the control word and the stack always, #P where the code
/// takes it for set. Condition codes and the other sticky flags do not matter; with all exceptions
/// masked none is pending.
void X87Sequence::check_key() {
  using namespace i386::x87_status;
  static_assert(PE == 1u << 5 && SF == 1u << 6);
  constexpr unsigned kStatusBit = 16, kConditionsBit = 24;
  const Gpr found = kTemp[0];
  const Gpr expected = kTemp[1];
  as_.LD(found, offset::x87_key, kState);
  as_.LD(expected, offset::host_area(offset::kSlotX87Key + (b_.x87.inexact ? 0 : 1)), kState);
  const int32_t difference = key_of(top_, empty_) ^ key_of(0, 0xff);
  if (difference != 0) {
    as_.ORI(kTemp[2], zero, difference);
    as_.DSLL32(kTemp[2], kTemp[2], 0);
    as_.XOR(expected, expected, kTemp[2]);
  }
  as_.DINS(found, zero, kStatusBit, b_.x87.inexact ? 5 : 6);
  as_.DINS(found, zero, kConditionsBit, 8);
  b_.leave_if({Condition::Kind::ne, found, expected}, b_.instruction().address,
              engine::LeaveReason::other_state);
}

void X87Sequence::lower(const X87Form& form) {
  const AnalysedInstruction& entry = b_.current();
  if (form.kind == Kind::compare_to_flags && recorded_ == nullptr) load_rounded_up();
  if (form.kind != Kind::store_status) recorded_ = &entry;
  if (form.width != 0) accessing_ = &entry;
  if (form.kind != Kind::compare_to_flags) rounded_up_ = zero;
  switch (form.kind) {
    case Kind::load:
    case Kind::load_integer:
    case Kind::load_one:
    case Kind::load_zero:
      return load(form);
    case Kind::store:
      return store(form);
    case Kind::store_integer:
      return store_integer(form);
    case Kind::exchange:
      return exchange(form);
    case Kind::change_sign:
    case Kind::absolute:
    case Kind::square_root:
      return change(form);
    case Kind::add:
    case Kind::multiply:
    case Kind::subtract:
    case Kind::subtract_reversed:
    case Kind::divide:
    case Kind::divide_reversed:
      return arithmetic(form);
    case Kind::compare:
    case Kind::compare_to_flags:
      return compare(form);
    case Kind::store_status:
      stores_status_ = true;
      ended_ = true;
      return;
    case Kind::other:
      break;
  }
  UNREACHABLE();
}

/// FCOMI leaves C1 as it was. If it is the first of a sequence, C1 is in the status word, or where
/// an earlier sequence has left it (x87_last).
void X87Sequence::load_rounded_up() {
  static_assert(i386::x87_status::C1 == 1u << 9 && kX87LastRoundedDownBit == 32);
  const Gpr last = kTemp[0];
  rounded_up_ = mips64::ra;
  as_.LD(last, offset::host_area(offset::kSlotX87Last), kState);
  as_.LHU(kTemp[1], offset::x87_status, kState);
  as_.DSRL32(rounded_up_, last, 0);
  as_.SLT(last, last, zero);
  as_.XORI(rounded_up_, rounded_up_, 1);
  as_.EXT(kTemp[1], kTemp[1], 9, 1);
  as_.MOVZ(rounded_up_, kTemp[1], last);
  as_.ANDI(rounded_up_, rounded_up_, 1);
}

/// The state becomes what the sequence has made of it. No word here can fault.
void X87Sequence::finish() {
  values_.store_all(empty_);
  if (key_of(top_, empty_) != key_of(b_.x87.top, b_.x87.empty)) {
    as_.ORI(kTemp[0], zero, key_of(top_, empty_));
    as_.SH(kTemp[0], offset::x87_top, kState);
  }
  if (rounds_ && !b_.x87.inexact) {
    static_assert(i386::x87_status::PE == 1u << 5);
    as_.LBU(kTemp[0], offset::x87_status, kState);
    as_.SLTU(kTemp[1], zero, kInexact);
    as_.SLL(kTemp[1], kTemp[1], 5);
    as_.OR(kTemp[0], kTemp[0], kTemp[1]);
    as_.SB(kTemp[0], offset::x87_status, kState);
  }
  store_pointers();
  store_conditions_and_ax();
  b_.x87.top = static_cast<uint8_t>(top_);
  b_.x87.empty = empty_;
  b_.x87.checked = true;
  b_.end_sequence();
}

void X87Sequence::store_pointers() {
  if (accessing_ != nullptr) {
    const Address place = b_.address_of(*accessing_);
    Gpr address = place.base;
    if (place.offset != 0) {
      address = kTemp[2];
      as_.ADDIU(address, place.base, place.offset);
    }
    as_.SD(address, offset::x87_data_operand, kState);
    for (const Gpr reg : kTemp) b_.release(reg);
  }
  if (recorded_ == nullptr) return;
  const Gpr last = kTemp[0];
  mips64::load_immediate(as_, last, x87_last(recorded_->instruction.address));
  if (rounded_up_ != zero) {
    static_assert(kX87LastRoundedDownBit == 32);
    as_.DSLL32(kTemp[1], rounded_up_, 0);
    as_.XOR(last, last, kTemp[1]);
  }
  as_.SD(last, offset::host_area(offset::kSlotX87Last), kState);
}

/// After a comparison, the status word's upper byte, and AX if FNSTSW follows: kRoundedUp holds C0
/// and C3 as that byte has them; C1 and C2 are 0.
void X87Sequence::store_conditions_and_ax() {
  if (!compared_) return;
  as_.SB(kRoundedUp, offset::x87_status + 1, kState);
  if (!stores_status_) return;
  const Gpr status = kTemp[0];
  as_.LHU(status, offset::x87_status, kState);
  if (top_ != 0) {
    as_.ORI(status, status, static_cast<int32_t>(top_ << i386::x87_status::kTopShift));
  }
  as_.INS(b_.begin_write(i386::EAX), status, 0, 16);
}

}  // namespace ferry::translate::lower
