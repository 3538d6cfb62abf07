// Those of operations.hpp that compilers do not emit for plain arithmetic: remainders and scaling
// of fmod and ldexp, FXAM of isnan, conditional moves, constants. Included by x87/operations.cpp
// alone.
#pragma once

#include "guest/i386/x87/arithmetic_operations.hpp"
#include "guest/i386/x87/constants.hpp"

namespace ferry::i386::x87_fast {

template <const float80::Constant& kConstant>
uint64_t load_constant(CpuState* cpu, uint32_t) {
  const Context context{.control = cpu->x87.control};
  const Float80Bits value = kConstant.rounded(context.rounding());
  return push(cpu, value.significand, value.sign_exponent);
}

/// ST(0) = operation(ST(0), ST(1)).
template <Float80Bits (*kFunction)(Context&, const Float80Bits&, const Float80Bits&)>
uint64_t binary_st1(CpuState* cpu, uint32_t) {
  const unsigned top = cpu->x87.top;
  return compute_registers_slowly(cpu, kFunction, top, (top + 1u) & 7, Pop::no);
}

inline uint64_t fxtract(CpuState* cpu, uint32_t) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  const unsigned pushed = (top - 1u) & 7;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top) || !is_empty(x87, pushed)) {
    return kInterpret;
  }
  Context context{.control = x87.control};
  const float80::Extracted result = float80::extract(context, x87.registers[top]);
  if (!all_masked(context)) return kInterpret;
  x87.registers[top] = result.exponent;
  x87.registers[pushed] = result.significand;
  x87.empty &= static_cast<uint8_t>(~(1u << pushed));
  x87.top = static_cast<uint8_t>(pushed);
  enter_status(x87, context);
  return kDone;
}

/// FPREM, or FPREM1, whose quotient is rounded to nearest.
template <bool kNearest>
uint64_t partial_remainder(CpuState* cpu, uint32_t) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  const unsigned divisor = (top + 1u) & 7;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top) || is_empty(x87, divisor)) {
    return kInterpret;
  }
  Context context{.control = x87.control};
  const float80::Remainder result =
      float80::remainder(context, x87.registers[top], x87.registers[divisor], kNearest);
  if (!all_masked(context)) return kInterpret;
  x87.registers[top] = result.value;
  enter_status(x87, context);
  x87.status = result.entered_in(x87.status);
  return kDone;
}

inline uint64_t fxam(CpuState* cpu, uint32_t) {
  X87State& x87 = cpu->x87;
  if ((x87.status & kExceptionPending) != 0) return kInterpret;
  const unsigned top = x87.top;
  x87.status = static_cast<uint16_t>((x87.status & ~kConditions) |
                                     float80::examine(x87.registers[top], is_empty(x87, top)));
  return kDone;
}

/// ST(0) = ST(i) if one of the flags is set, or none. The flags are packed.
template <uint32_t kFlags, bool kIfSet>
uint64_t fcmovcc(CpuState* cpu, uint32_t i) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  const unsigned source = physical(x87, i);
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top) || is_empty(x87, source)) {
    return kInterpret;
  }
  if (((cpu->eflags & kFlags) != 0) == kIfSet) x87.registers[top] = x87.registers[source];
  return kDone;
}

template <bool kIfSet>
constexpr X87Helper kConditionalMoves[4] = {
    fcmovcc<eflags::CF, kIfSet>, fcmovcc<eflags::ZF, kIfSet>,
    fcmovcc<eflags::CF | eflags::ZF, kIfSet>, fcmovcc<eflags::PF, kIfSet>};

}  // namespace ferry::i386::x87_fast
