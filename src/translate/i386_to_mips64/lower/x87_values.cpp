#include "translate/i386_to_mips64/lower/x87_values.hpp"

#include <bit>
#include <utility>

namespace ferry::translate::lower {

using namespace x87_registers;

namespace {

int32_t spill_offset(unsigned place, unsigned word) {
  return offset::host_area(offset::kSlotX87Spill + 2 * place + word);
}

}  // namespace

X87Values::Id X87Values::new_value(In in, unsigned place) {
  for (unsigned id = 0; id < kValues; ++id) {
    if (values_[id].in != In::nowhere) continue;
    values_[id] = {in, static_cast<uint8_t>(place), 1, kNone};
    return static_cast<Id>(id);
  }
  UNREACHABLE();
}

void X87Values::add_from_state(unsigned reg) {
  stack_[reg] = new_value(In::state, reg);
  values_[stack_[reg]].home = static_cast<uint8_t>(reg);
}

void X87Values::enter(unsigned reg, Id value) {
  stack_[reg] = value;
  ++values_[value].uses;
}

void X87Values::leave(unsigned reg) {
  drop(stack_[reg]);
  stack_[reg] = kNone;
}

bool X87Values::is_clean(Id id) const {
  const Value& value = values_[id];
  return value.home != kNone && value.uses == 1 && stack_[value.home] == id;
}

void X87Values::exchange(unsigned one, unsigned other) {
  std::swap(stack_[one], stack_[other]);
}

X87Values::Id X87Values::make() {
  const unsigned number = take_pair();
  const Id id = new_value(In::pair, number);
  owner_[number] = id;
  pinned_ |= static_cast<uint8_t>(1u << number);
  return id;
}

void X87Values::drop(Id id) {
  Value& value = values_[id];
  if (--value.uses != 0) return;
  if (value.in == In::pair) owner_[value.place] = kNone;
  if (value.in == In::spilled) spilled_ &= static_cast<uint8_t>(~(1u << value.place));
  value.in = In::nowhere;
}

/// A pair without an owner. Numbers that the state has too give theirs up first: that takes no
/// words.
unsigned X87Values::take_pair() {
  unsigned chosen = kPairs;
  bool chosen_is_clean = false;
  for (unsigned number = 0; number < kPairs; ++number) {
    if ((pinned_ >> number & 1) != 0) continue;
    if (owner_[number] == kNone) return number;
    const bool clean = is_clean(owner_[number]);
    if (chosen == kPairs || (clean && !chosen_is_clean)) {
      chosen = number;
      chosen_is_clean = clean;
    }
  }
  CHECK(chosen != kPairs);
  spill(chosen);
  return chosen;
}

void X87Values::spill(unsigned number) {
  const bool clean = is_clean(owner_[number]);
  Value& value = values_[owner_[number]];
  owner_[number] = kNone;
  if (clean) {
    value.in = In::state;
    value.place = value.home;
    return;
  }
  const auto place = static_cast<unsigned>(std::countr_one(spilled_));
  CHECK(place < 8);
  spilled_ |= static_cast<uint8_t>(1u << place);
  as_.SD(kPair[number].significand, spill_offset(place, 0), kState);
  as_.SD(kPair[number].exponent, spill_offset(place, 1), kState);
  value.in = In::spilled;
  value.place = static_cast<uint8_t>(place);
}

/// Emits words that put the number into a pair. One from the state may be any.
void X87Values::load(Value& value) {
  const unsigned number = take_pair();
  const Pair into = kPair[number];
  if (value.in == In::spilled) {
    as_.LD(into.significand, spill_offset(value.place, 0), kState);
    as_.LD(into.exponent, spill_offset(value.place, 1), kState);
    spilled_ &= static_cast<uint8_t>(~(1u << value.place));
  } else {
    CHECK(value.in == In::state);
    as_.LHU(into.exponent, offset::x87_sign_exponent(value.place), kState);
    as_.LD(into.significand, offset::x87_significand(value.place), kState);
    as_.ADDIU(into.exponent, into.exponent, kExponentOfExtended);
    Label normal;
    const Gpr wrong = kTemp[0];
    as_.ANDI(wrong, into.exponent, kOutOfRange);
    b_.branch(mips64::opcode::BLTZ | mips64::encode::rs(into.significand), normal);
    b_.branch_if_not_zero(into.significand, *slow_);
    as_.ADDIU(wrong, into.exponent, -kExponentOfExtended);
    as_.ANDI(wrong, wrong, kExponentBits);
    b_.bind(normal);
    b_.branch_if_not_zero(wrong, *slow_);
  }
  value.in = In::pair;
  value.place = static_cast<uint8_t>(number);
}

X87Values::Pair X87Values::pair(Id id) {
  Value& value = values_[id];
  CHECK(value.in != In::nowhere);
  if (value.in != In::pair) {
    load(value);
    owner_[value.place] = id;
  }
  pinned_ |= static_cast<uint8_t>(1u << value.place);
  return kPair[value.place];
}

X87Values::Pair X87Values::overwrite(Id id) {
  CHECK(is_single(id));
  const Pair result = pair(id);
  values_[id].home = kNone;
  return result;
}

void X87Values::store(unsigned reg, const Value& value) {
  const int32_t significand = offset::x87_significand(reg);
  const int32_t sign_exponent = offset::x87_sign_exponent(reg);
  Pair from = {kTemp[0], kTemp[1]};
  if (value.in == In::spilled) {
    as_.LD(from.significand, spill_offset(value.place, 0), kState);
    as_.LD(from.exponent, spill_offset(value.place, 1), kState);
  } else {
    CHECK(value.in == In::pair);
    from = kPair[value.place];
  }
  as_.SD(from.significand, significand, kState);
  as_.ADDIU(kTemp[1], from.exponent, -kExponentOfExtended);
  as_.SH(kTemp[1], sign_exponent, kState);
}

void X87Values::store_all(uint8_t empty) {
  for (unsigned reg = 0; reg < 8; ++reg) {
    if ((empty >> reg & 1) != 0) continue;
    const Value& value = values_[stack_[reg]];
    if (value.home != reg) store(reg, value);
  }
}

}  // namespace ferry::translate::lower
