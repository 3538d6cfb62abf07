// x87 transcendental instructions: operands outside the domain, zeros, infinities and NaNs
// (SDM vol. 1, 8.3.7 to 8.3.10; tables of vol. 2). float80_transcendental.cpp does the numbers.
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/x87_unit.hpp"

namespace ferry::i386::interpret {

using namespace x87;
using namespace x87_status;
using float80::Class;
using float80::classify;
using float80::is_negative;

namespace {

/// Trigonometric instructions leave operands from 2^63 on alone and set C2.
[[nodiscard]] bool out_of_range(const Float80Bits& value) {
  return classify(value) == Class::normal && float80::exponent_field(value) >= float80::kBias + 63;
}

enum class Special : uint8_t { none, found, stopped };

/// NaNs, infinity and denormals of a trigonometric operand.
[[nodiscard]] Special trigonometric_special(Context& context, const Float80Bits& value,
                                            Float80Bits& result) {
  if (float80::propagate_nan(context, value, value, result)) return Special::found;
  if (classify(value) == Class::infinity) {
    result = float80::invalid(context);
    return Special::found;
  }
  if (float80::stop_at_denormal(context, classify(value) == Class::denormal)) {
    return Special::stopped;
  }
  return Special::none;
}

using Function = Float80Bits (*)(Context&, const Float80Bits&);

/// FSIN and FCOS. `at_zero` is the result for a zero.
template <Function kFunction>
Outcome trigonometric(CpuState& cpu, const Instruction& instruction, bool zero_to_one) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  set_conditions(cpu, C2, 0);
  const Float80Bits value = st(cpu, 0);
  Float80Bits result = float80::kIndefinite;
  if (is_empty(cpu, 0)) {
    context.raised = kStackUnderflow;
  } else if (out_of_range(value)) {
    set_conditions(cpu, C1 | C2, C2);
    return Outcome::next;
  } else if (trigonometric_special(context, value, result) == Special::none) {
    if (classify(value) == Class::zero) {
      result = zero_to_one ? float80::kPlusOne : value;
    } else {
      result = kFunction(context, value);
    }
  }
  if (settle(cpu, context)) set_st(cpu, 0, result);
  return Outcome::next;
}

/// FSINCOS and FPTAN: replace ST(0) by `first` and push `second`.
template <typename Body>
Outcome trigonometric_pair(CpuState& cpu, const Instruction& instruction, Body&& body) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  set_conditions(cpu, C2, 0);
  const Float80Bits value = st(cpu, 0);
  Float80Bits first = float80::kIndefinite;
  Float80Bits second = float80::kIndefinite;
  if (is_empty(cpu, 0)) {
    context.raised = kStackUnderflow;
  } else if (!is_empty(cpu, 7)) {
    context.raised = kStackOverflow;
  } else if (out_of_range(value)) {
    set_conditions(cpu, C1 | C2, C2);
    return Outcome::next;
  } else if (trigonometric_special(context, value, first) == Special::none) {
    body(context, value, first, second);
  } else {
    second = first;
  }
  if (!settle(cpu, context)) return Outcome::next;
  set_st(cpu, 0, first);
  push(cpu, second);
  return Outcome::next;
}

/// ST(1) = function(ST(1), ST(0)), popping.
template <typename Body>
Outcome binary(CpuState& cpu, const Instruction& instruction, Body&& body) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  const Float80Bits x = st(cpu, 0);
  const Float80Bits y = st(cpu, 1);
  Float80Bits result = float80::kIndefinite;
  if (is_empty(cpu, 0) || is_empty(cpu, 1)) {
    context.raised = kStackUnderflow;
  } else if (!float80::propagate_nan(context, y, x, result)) {
    result = body(context, y, x);
  }
  if (!settle(cpu, context)) return Outcome::next;
  set_st(cpu, 1, result);
  pop(cpu);
  return Outcome::next;
}

[[nodiscard]] bool any_denormal(const Float80Bits& a, const Float80Bits& b) {
  return classify(a) == Class::denormal || classify(b) == Class::denormal;
}

}  // namespace

Outcome FSIN(CpuState& cpu, const Instruction& instruction) {
  return trigonometric<float80::sine>(cpu, instruction, false);
}
Outcome FCOS(CpuState& cpu, const Instruction& instruction) {
  return trigonometric<float80::cosine>(cpu, instruction, true);
}

Outcome FSINCOS(CpuState& cpu, const Instruction& instruction) {
  return trigonometric_pair(
      cpu, instruction,
      [](Context& context, const Float80Bits& value, Float80Bits& sine, Float80Bits& cosine) {
        if (classify(value) == Class::zero) {
          sine = value;
          cosine = float80::kPlusOne;
          return;
        }
        sine = float80::sine(context, value);
        cosine = float80::cosine(context, value);
      });
}

Outcome FPTAN(CpuState& cpu, const Instruction& instruction) {
  return trigonometric_pair(
      cpu, instruction,
      [](Context& context, const Float80Bits& value, Float80Bits& tangent, Float80Bits& one) {
        one = float80::kPlusOne;
        tangent = classify(value) == Class::zero ? value : float80::tangent(context, value);
      });
}

namespace {

/// Rounds an exact multiple of pi/4: kPi significands of 66 bits suffice for all modes.
[[nodiscard]] Float80Bits arctangent_of_limits(Context& context, bool negative_y, bool zero_y,
                                               bool infinite_y, const Float80Bits& x) {
  const bool negative_x = is_negative(x);
  // pi/4, pi/2, 3pi/4 and pi, by quarters.
  struct Angle {
    uint64_t high;
    uint64_t low;
    int32_t exponent;
  };
  static constexpr Angle kQuarters[] = {
      {0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, -1},
      {0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, 0},
      {0x96cbe3f9990e91a7, 0x9394c9e8a0a5159d, 1},
      {0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, 1},
  };
  unsigned quarters = 0;
  if (infinite_y) {
    quarters = classify(x) != Class::infinity ? 2 : (negative_x ? 3 : 1);
  } else if (zero_y || classify(x) == Class::infinity) {
    quarters = negative_x ? 4 : 0;
  } else {
    quarters = 2;  // x is zero
  }
  if (quarters == 0) return float80::zero(negative_y);
  const Angle& angle = kQuarters[quarters - 1];
  return float80::round_and_pack(context, negative_y, angle.exponent + float80::kBias,
                                 float80::Uint128{angle.high} << 64 | angle.low, 64);
}

}  // namespace

Outcome FPATAN(CpuState& cpu, const Instruction& instruction) {
  return binary(cpu, instruction, [](Context& context, const Float80Bits& y, const Float80Bits& x) {
    if (float80::stop_at_denormal(context, any_denormal(x, y))) return y;
    const Class class_x = classify(x);
    const Class class_y = classify(y);
    const bool limit_x = class_x == Class::zero || class_x == Class::infinity;
    const bool limit_y = class_y == Class::zero || class_y == Class::infinity;
    if (limit_x || limit_y) {
      return arctangent_of_limits(context, is_negative(y), class_y == Class::zero,
                                  class_y == Class::infinity, x);
    }
    return float80::arctangent(context, y, x);
  });
}

Outcome F2XM1(CpuState& cpu, const Instruction& instruction) {
  constexpr Float80Bits kMinusOne{float80::kIntegerBit, float80::kSignBit | float80::kBias};
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  const Float80Bits value = st(cpu, 0);
  Float80Bits result = float80::kIndefinite;
  if (is_empty(cpu, 0)) {
    context.raised = kStackUnderflow;
  } else if (!float80::propagate_nan(context, value, value, result)) {
    const Class kind = classify(value);
    if (kind == Class::infinity) {
      result = is_negative(value) ? kMinusOne : value;
    } else if (float80::stop_at_denormal(context, kind == Class::denormal) || kind == Class::zero) {
      result = value;
    } else if (float80::exponent_field(value) >= float80::kBias) {
      // Beyond 1 the manual leaves the result undefined.
      constexpr Float80Bits kMinusHalf{float80::kIntegerBit,
                                       float80::kSignBit | (float80::kBias - 1)};
      context.raised |= PE;
      result = value == kMinusOne ? kMinusHalf : value;
    } else {
      result = float80::power_of_two_minus_one(context, value);
    }
  }
  if (settle(cpu, context)) set_st(cpu, 0, result);
  return Outcome::next;
}

namespace {

/// Whether |x| is above (1), at (0) or below (-1) one, for x > 0.
[[nodiscard]] int compare_with_one(const Float80Bits& x) {
  if (classify(x) == Class::denormal) return -1;
  const uint16_t exponent = float80::exponent_field(x);
  if (exponent != float80::kBias) return exponent > float80::kBias ? 1 : -1;
  return x.significand == float80::kIntegerBit ? 0 : 1;
}

/// y * log2(x) where one of them is zero or infinite, or x is one (SDM vol. 2, FYL2X).
[[nodiscard]] bool logarithm_special(Context& context, const Float80Bits& y, const Float80Bits& x,
                                     Float80Bits& result) {
  const Class class_x = classify(x);
  const Class class_y = classify(y);
  const bool negative_y = is_negative(y);
  if (class_x == Class::zero) {
    if (class_y == Class::zero) {
      result = float80::invalid(context);
    } else if (class_y == Class::infinity) {
      result = float80::infinity(!negative_y);
    } else {
      context.raised |= ZE;
      result = float80::infinity(!negative_y);
    }
    return true;
  }
  if (is_negative(x)) {
    result = float80::invalid(context);
    return true;
  }
  const int relation = compare_with_one(x);
  const bool undefined = (class_x == Class::infinity && class_y == Class::zero) ||
                         (class_y == Class::infinity && relation == 0);
  if (undefined) {
    result = float80::invalid(context);
    return true;
  }
  const bool negative = negative_y != (relation < 0);
  const bool special = class_x == Class::infinity || class_y == Class::infinity ||
                       class_y == Class::zero || relation == 0;
  if (!special) return false;
  if (float80::stop_at_denormal(context, any_denormal(x, y))) return true;
  const bool infinite = class_x == Class::infinity || class_y == Class::infinity;
  result = infinite ? float80::infinity(negative) : float80::zero(negative);
  return true;
}

}  // namespace

Outcome FYL2X(CpuState& cpu, const Instruction& instruction) {
  return binary(cpu, instruction, [](Context& context, const Float80Bits& y, const Float80Bits& x) {
    Float80Bits result = y;
    if (logarithm_special(context, y, x, result)) return result;
    if (float80::stop_at_denormal(context, any_denormal(x, y))) return y;
    return float80::logarithm(context, y, x);
  });
}

Outcome FYL2XP1(CpuState& cpu, const Instruction& instruction) {
  return binary(cpu, instruction, [](Context& context, const Float80Bits& y, const Float80Bits& x) {
    const Class class_x = classify(x);
    const Class class_y = classify(y);
    const bool negative = is_negative(x) != is_negative(y);
    const bool undefined = (class_x == Class::infinity && is_negative(x)) ||
                           (class_x == Class::infinity && class_y == Class::zero) ||
                           (class_x == Class::zero && class_y == Class::infinity);
    if (undefined) return float80::invalid(context);
    if (float80::stop_at_denormal(context, any_denormal(x, y))) return y;
    if (class_x == Class::infinity || class_y == Class::infinity) {
      return float80::infinity(negative);
    }
    if (class_x == Class::zero || class_y == Class::zero) {
      return float80::zero(negative);
    }
    // Outside (-1 + sqrt(1/2), sqrt(2) - 1) the manual leaves the result undefined.
    if (is_negative(x) && float80::exponent_field(x) >= float80::kBias) {
      context.raised |= PE;
      return x;
    }
    return float80::logarithm_plus_one(context, y, x);
  });
}

}  // namespace ferry::i386::interpret
