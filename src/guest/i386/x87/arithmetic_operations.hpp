// Arithmetic and comparison of operations.hpp. Included by x87/operations.cpp alone.
#pragma once

#include "guest/i386/x87/transfer_operations.hpp"

namespace ferry::i386::x87_fast {

// Arithmetic.

using Operation = Float80Bits (*)(Context&, const Float80Bits&, const Float80Bits&);
using FastOperation = bool (*)(uint64_t, uint32_t, uint64_t, uint32_t, x87_fast::Outcome&);

/// destination = destination op source, or the other way round.
template <Operation kSlow, FastOperation kFast, bool kReversed>
struct Arithmetic {
  [[nodiscard]] static Float80Bits compute(Context& context, const Float80Bits& destination,
                                           const Float80Bits& source) {
    return kReversed ? kSlow(context, source, destination) : kSlow(context, destination, source);
  }
  [[nodiscard, gnu::always_inline]] static inline bool fast(const Float80Bits& destination,
                                                            uint64_t significand,
                                                            uint32_t sign_exponent,
                                                            x87_fast::Outcome& outcome) {
    return kReversed ? kFast(significand, sign_exponent, destination.significand,
                             destination.sign_exponent, outcome)
                     : kFast(destination.significand, destination.sign_exponent, significand,
                             sign_exponent, outcome);
  }
};

using Add = Arithmetic<float80::add, x87_fast::add, false>;
using Subtract = Arithmetic<float80::subtract, x87_fast::subtract, false>;
using SubtractReversed = Arithmetic<float80::subtract, x87_fast::subtract, true>;
using Multiply = Arithmetic<float80::multiply, x87_fast::multiply, false>;
using Divide = Arithmetic<float80::divide, x87_fast::divide, false>;
using DivideReversed = Arithmetic<float80::divide, x87_fast::divide, true>;

using Compute = Float80Bits (*)(Context&, const Float80Bits&, const Float80Bits&);

[[gnu::noinline, gnu::cold]] inline uint64_t compute_slowly(CpuState* cpu, Context& context,
                                                            Compute compute, unsigned destination,
                                                            const Float80Bits& source, Pop pop) {
  X87State& x87 = cpu->x87;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, destination)) return kInterpret;
  const Float80Bits result = compute(context, x87.registers[destination], source);
  if (!all_masked(context)) return kInterpret;
  x87.registers[destination] = result;
  enter_status(x87, context);
  finish_pop(x87, x87.top, pop);
  return kDone;
}

template <typename T>
[[gnu::noinline, gnu::cold]] inline uint64_t compute_real_slowly(CpuState* cpu, uint32_t address,
                                                                 Compute compute, T bits) {
  Context context{.control = cpu->x87.control};
  const Float80Bits source = float80::widen(context, bits);
  const uint64_t outcome = compute_slowly(cpu, context, compute, cpu->x87.top, source, Pop::no);
  if (outcome == kDone) note_operand(cpu->x87, address);
  return outcome;
}

template <typename T>
[[gnu::noinline, gnu::cold]] inline uint64_t compute_integer_slowly(CpuState* cpu, uint32_t address,
                                                                    Compute compute, T bits) {
  Context context{.control = cpu->x87.control};
  const Float80Bits source = float80::from_integer(static_cast<std::make_signed_t<T>>(bits));
  const uint64_t outcome = compute_slowly(cpu, context, compute, cpu->x87.top, source, Pop::no);
  if (outcome == kDone) note_operand(cpu->x87, address);
  return outcome;
}

/// Whether an operation on registers `a` and `b` may go the fast way as far as the unit is
/// concerned: no exception pending, rounding to nearest and 64 bits, #P masked, neither empty.
[[nodiscard]] inline bool ready(const X87State& x87, unsigned a, unsigned b) {
  // One load for both words.
  static_assert(offsetof(X87State, status) == offsetof(X87State, control) + 2 &&
                offsetof(CpuState, x87) % 4 == 0 && offsetof(X87State, control) % 4 == 0);
  uint32_t words;
  __builtin_memcpy(&words, __builtin_assume_aligned(&x87.control, 4), sizeof words);
  constexpr uint32_t kRelevant = uint32_t{kExceptionPending} << 16 | kRelevantModes;
  const uint32_t empty = x87.empty;
  return (words & kRelevant) == kUsualModes && ((empty >> a | empty >> b) & 1) == 0;
}

inline void store_outcome(X87State& x87, unsigned destination, const x87_fast::Outcome& outcome) {
  x87.registers[destination].significand = outcome.significand;
  x87.registers[destination].sign_exponent = static_cast<uint16_t>(outcome.sign_exponent);
  x87.status = static_cast<uint16_t>((x87.status & ~uint32_t{C1}) | outcome.raised);
}

/// ST(0) and a real memory operand.
template <typename Op, typename T>
uint64_t arithmetic_real(CpuState* cpu, uint32_t address) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  uint64_t bits = 0;
  if (!guest::load_inline<T>(address, bits)) return kInterpret;
  uint64_t significand = 0;
  uint32_t sign_exponent = 0;
  x87_fast::Outcome outcome;
  if (!ready(x87, top, top) || !x87_fast::widen<T>(bits, significand, sign_exponent) ||
      !Op::fast(x87.registers[top], significand, sign_exponent, outcome)) {
    return compute_real_slowly<T>(cpu, address, Op::compute, static_cast<T>(bits));
  }
  store_outcome(x87, top, outcome);
  note_operand(x87, address);
  return kDone;
}

/// ST(0) and an integer memory operand.
template <typename Op, typename T>
uint64_t arithmetic_integer(CpuState* cpu, uint32_t address) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  uint64_t bits = 0;
  if (!guest::load_inline<T>(address, bits)) return kInterpret;
  const Float80Bits source =
      float80::from_integer(static_cast<std::make_signed_t<T>>(static_cast<T>(bits)));
  x87_fast::Outcome outcome;
  if (!ready(x87, top, top) ||
      !Op::fast(x87.registers[top], source.significand, source.sign_exponent, outcome)) {
    return compute_integer_slowly<T>(cpu, address, Op::compute, static_cast<T>(bits));
  }
  store_outcome(x87, top, outcome);
  note_operand(x87, address);
  return kDone;
}

[[gnu::noinline, gnu::cold]] inline uint64_t compute_registers_slowly(CpuState* cpu,
                                                                      Compute compute,
                                                                      unsigned destination,
                                                                      unsigned source, Pop pop) {
  Context context{.control = cpu->x87.control};
  if (is_empty(cpu->x87, source)) return kInterpret;
  const Float80Bits value = cpu->x87.registers[source];
  return compute_slowly(cpu, context, compute, destination, value, pop);
}

enum class Destination : uint8_t { st0, sti };

template <typename Op, Destination kDestination, Pop kPop>
uint64_t arithmetic_registers(CpuState* cpu, uint32_t i) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  const unsigned other = physical(x87, i);
  const unsigned destination = kDestination == Destination::st0 ? top : other;
  const unsigned source = kDestination == Destination::st0 ? other : top;
  const Float80Bits& value = x87.registers[source];
  x87_fast::Outcome outcome;
  if (!ready(x87, destination, source) ||
      !Op::fast(x87.registers[destination], value.significand, value.sign_exponent, outcome)) {
    return compute_registers_slowly(cpu, Op::compute, destination, source, kPop);
  }
  store_outcome(x87, destination, outcome);
  finish_pop(x87, top, kPop);
  return kDone;
}

/// FCHS and FABS.
template <uint16_t kKeep, uint16_t kFlip>
uint64_t change_sign(CpuState* cpu, uint32_t) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  const uint16_t old = x87.registers[top].sign_exponent;
  x87.registers[top].sign_exponent = static_cast<uint16_t>((old & kKeep) ^ kFlip);
  x87.status &= static_cast<uint16_t>(~C1);
  return kDone;
}

template <Float80Bits (*kFunction)(Context&, const Float80Bits&)>
uint64_t unary(CpuState* cpu, uint32_t) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  Context context{.control = x87.control};
  const Float80Bits result = kFunction(context, x87.registers[top]);
  if (!all_masked(context)) return kInterpret;
  x87.registers[top] = result;
  enter_status(x87, context);
  return kDone;
}

inline uint64_t fxch(CpuState* cpu, uint32_t i) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  const unsigned other = physical(x87, i);
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top) || is_empty(x87, other)) {
    return kInterpret;
  }
  const Float80Bits value = x87.registers[top];
  x87.registers[top] = x87.registers[other];
  x87.registers[other] = value;
  x87.status &= static_cast<uint16_t>(~C1);
  return kDone;
}

// Comparison.

enum class Result : uint8_t { status, eflags };

template <Result kResult>
inline void enter_relation(CpuState* cpu, Relation relation) {
  // In the order of Relation: less, equal, greater, unordered.
  static constexpr uint16_t kConditionCodes[] = {C0, C3, 0, C0 | C2 | C3};
  static constexpr uint8_t kFlags[] = {eflags::CF, eflags::ZF, 0,
                                       eflags::CF | eflags::ZF | eflags::PF};
  const auto index = static_cast<unsigned>(relation);
  if constexpr (kResult == Result::status) {
    constexpr uint32_t kAllConditions = C0 | C1 | C2 | C3;
    cpu->x87.status =
        static_cast<uint16_t>((cpu->x87.status & ~kAllConditions) | kConditionCodes[index]);
  } else {
    cpu->eflags = (cpu->eflags & ~eflags::kArithmetic) | kFlags[index];
    cpu->lazy.kind = static_cast<uint32_t>(FlagKind::packed);
  }
}

/// The same for a comparison of numbers.
template <Result kResult>
[[gnu::always_inline]] inline void enter_order(CpuState* cpu, const Order& order) {
  const uint32_t less = order.less ? 1 : 0;
  const uint32_t equal = order.equal ? 1 : 0;
  if constexpr (kResult == Result::status) {
    constexpr uint32_t kAllConditions = C0 | C1 | C2 | C3;
    constexpr unsigned kC0Shift = 8, kC3Shift = 14;
    static_assert(C0 == 1u << kC0Shift && C3 == 1u << kC3Shift);
    cpu->x87.status = static_cast<uint16_t>((cpu->x87.status & ~kAllConditions) | less << kC0Shift |
                                            equal << kC3Shift);
  } else {
    constexpr unsigned kZfShift = 6;
    static_assert(eflags::CF == 1 && eflags::ZF == 1u << kZfShift);
    cpu->eflags = (cpu->eflags & ~eflags::kArithmetic) | less | equal << kZfShift;
    cpu->lazy.kind = static_cast<uint32_t>(FlagKind::packed);
  }
}

struct Comparison {
  Result result;
  bool quiet;
  Pop pop;
};

[[gnu::noinline, gnu::cold]] inline uint64_t compare_slowly(CpuState* cpu, Context& context,
                                                            const Float80Bits& other,
                                                            const Comparison& comparison) {
  X87State& x87 = cpu->x87;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, x87.top)) return kInterpret;
  const Relation relation =
      float80::compare(context, x87.registers[x87.top], other, comparison.quiet);
  if (!all_masked(context)) return kInterpret;
  x87.status |= context.raised;
  if (comparison.result == Result::status) {
    enter_relation<Result::status>(cpu, relation);
  } else {
    enter_relation<Result::eflags>(cpu, relation);
  }
  finish_pop(x87, x87.top, comparison.pop);
  return kDone;
}

template <Comparison kComparison>
[[gnu::noinline, gnu::cold]] inline uint64_t compare_value_slowly(CpuState* cpu,
                                                                  const Float80Bits& other) {
  Context context{.control = cpu->x87.control};
  return compare_slowly(cpu, context, other, kComparison);
}

template <Comparison kComparison>
[[gnu::noinline, gnu::cold]] inline uint64_t compare_operand_slowly(CpuState* cpu, uint32_t address,
                                                                    const Float80Bits& other) {
  const uint64_t outcome = compare_value_slowly<kComparison>(cpu, other);
  if (outcome == kDone) note_operand(cpu->x87, address);
  return outcome;
}

template <Comparison kComparison, typename T>
[[gnu::noinline, gnu::cold]] inline uint64_t compare_real_slowly(CpuState* cpu, uint32_t address,
                                                                 T bits) {
  Context context{.control = cpu->x87.control};
  const Float80Bits other = float80::widen(context, bits);
  const uint64_t outcome = compare_slowly(cpu, context, other, kComparison);
  if (outcome == kDone) note_operand(cpu->x87, address);
  return outcome;
}

/// Compares ST(0) with a number and enters the result, if both are ordinary.
template <Comparison kComparison>
[[nodiscard, gnu::always_inline]] inline bool compare_fast(CpuState* cpu, uint64_t significand,
                                                           uint32_t sign_exponent) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  Order order;
  const Float80Bits& st0 = x87.registers[top];
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top) ||
      !x87_fast::compare(st0.significand, st0.sign_exponent, significand, sign_exponent, order)) {
    return false;
  }
  enter_order<kComparison.result>(cpu, order);
  finish_pop(x87, top, kComparison.pop);
  return true;
}

template <Comparison kComparison>
[[nodiscard]] inline uint64_t compare_with(CpuState* cpu, uint64_t significand,
                                           uint32_t sign_exponent) {
  if (compare_fast<kComparison>(cpu, significand, sign_exponent)) return kDone;
  return compare_value_slowly<kComparison>(cpu,
                                           {significand, static_cast<uint16_t>(sign_exponent)});
}

template <Comparison kComparison>
[[nodiscard]] inline uint64_t compare_with_operand(CpuState* cpu, uint32_t address,
                                                   uint64_t significand, uint32_t sign_exponent) {
  if (!compare_fast<kComparison>(cpu, significand, sign_exponent)) {
    return compare_operand_slowly<kComparison>(cpu, address,
                                               {significand, static_cast<uint16_t>(sign_exponent)});
  }
  note_operand(cpu->x87, address);
  return kDone;
}

template <Comparison kComparison>
uint64_t compare_registers(CpuState* cpu, uint32_t i) {
  const unsigned other = physical(cpu->x87, i);
  if (is_empty(cpu->x87, other)) return kInterpret;
  const Float80Bits& value = cpu->x87.registers[other];
  return compare_with<kComparison>(cpu, value.significand, value.sign_exponent);
}

/// FCOMPP and FUCOMPP, whatever the second argument.
template <Comparison kComparison>
uint64_t compare_st1(CpuState* cpu, uint32_t) {
  return compare_registers<kComparison>(cpu, 1);
}

template <Comparison kComparison, typename T>
uint64_t compare_real(CpuState* cpu, uint32_t address) {
  uint64_t bits = 0;
  if (!guest::load_inline<T>(address, bits)) return kInterpret;
  uint64_t significand = 0;
  uint32_t sign_exponent = 0;
  if (!x87_fast::widen<T>(bits, significand, sign_exponent)) {
    return compare_real_slowly<kComparison>(cpu, address, static_cast<T>(bits));
  }
  return compare_with_operand<kComparison>(cpu, address, significand, sign_exponent);
}

template <Comparison kComparison, typename T>
uint64_t compare_integer(CpuState* cpu, uint32_t address) {
  uint64_t bits = 0;
  if (!guest::load_inline<T>(address, bits)) return kInterpret;
  const Float80Bits other =
      float80::from_integer(static_cast<std::make_signed_t<T>>(static_cast<T>(bits)));
  return compare_with_operand<kComparison>(cpu, address, other.significand, other.sign_exponent);
}

constexpr Comparison kFcom{Result::status, false, Pop::no};
constexpr Comparison kFcomp{Result::status, false, Pop::once};
constexpr Comparison kFcompp{Result::status, false, Pop::twice};
constexpr Comparison kFucom{Result::status, true, Pop::no};
constexpr Comparison kFucomp{Result::status, true, Pop::once};
constexpr Comparison kFucompp{Result::status, true, Pop::twice};
constexpr Comparison kFcomi{Result::eflags, false, Pop::no};
constexpr Comparison kFcomip{Result::eflags, false, Pop::once};
constexpr Comparison kFucomi{Result::eflags, true, Pop::no};
constexpr Comparison kFucomip{Result::eflags, true, Pop::once};

inline uint64_t ftst(CpuState* cpu, uint32_t) {
  return compare_with<kFcom>(cpu, 0, 0);
}

}  // namespace ferry::i386::x87_fast
