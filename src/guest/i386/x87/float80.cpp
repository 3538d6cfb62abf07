#include "guest/i386/x87/float80.hpp"

#include <cmath>
#include <utility>

namespace ferry::i386::float80 {

using namespace x87_status;

namespace {

/// What a biased exponent is moved by where overflow or underflow is unmasked (SDM vol. 1, 8.5.4).
constexpr int32_t kExponentAdjustment = 0x6000;

/// Bits shifted out stay visible in bit 0.
[[nodiscard]] constexpr Uint128 shift_right_sticky(Uint128 value, unsigned count) {
  if (count == 0) return value;
  if (count >= 128) return value != 0;
  return value >> count | ((value << (128 - count)) != 0);
}

struct Rounded {
  uint64_t significand;  ///< in the upper `precision` bits
  bool carry;            ///< it became a power of two: one more in the exponent
  bool inexact;
  bool up;
};

[[nodiscard]] Rounded round_significand(Uint128 significand, unsigned precision, Rounding rounding,
                                        bool negative) {
  const Uint128 kept = significand >> (128 - precision);
  const Uint128 rest = significand << precision;
  const bool up = rounds_up(rounding, negative, (kept & 1) != 0, rest);
  const Uint128 sum = kept + (up ? 1 : 0);
  const bool carry = (sum >> precision) != 0;
  const auto aligned = static_cast<uint64_t>(sum << (64 - precision));
  return {carry ? kIntegerBit : aligned, carry, rest != 0, up};
}

[[nodiscard]] Float80Bits pack(bool negative, int32_t exponent, uint64_t significand) {
  return {significand, static_cast<uint16_t>((negative ? kSignBit : 0) | exponent)};
}

void note_rounding(Context& context, const Rounded& rounded) {
  if (rounded.inexact) context.raised |= PE;
  if (rounded.up) context.raised |= C1;
}

[[nodiscard]] Float80Bits masked_overflow(Context& context, bool negative, unsigned precision) {
  context.raised |= OE | PE;
  const Rounding rounding = context.rounding();
  const bool to_infinity =
      rounding == Rounding::nearest || rounding == (negative ? Rounding::down : Rounding::up);
  if (to_infinity) {
    context.raised |= C1;
    return infinity(negative);
  }
  return pack(negative, kMaxExponent - 1, ~uint64_t{0} << (64 - precision));
}

/// A result below the normal numbers: rounded where the exponent is least.
[[nodiscard]] Float80Bits masked_underflow(Context& context, bool negative, int32_t exponent,
                                           Uint128 significand, unsigned precision) {
  const Uint128 shifted = shift_right_sticky(significand, static_cast<unsigned>(1 - exponent));
  const Rounded rounded = round_significand(shifted, precision, context.rounding(), negative);
  note_rounding(context, rounded);
  if (rounded.inexact) context.raised |= UE;
  const bool normal = (rounded.significand & kIntegerBit) != 0;
  return pack(negative, normal ? 1 : 0, rounded.significand);
}

[[nodiscard]] Uint128 wide(uint64_t significand) {
  return Uint128{significand} << 64;
}

/// Normalizes a significand that is not zero.
[[nodiscard]] Float80Bits normalize_and_pack(Context& context, bool negative, int32_t exponent,
                                             Uint128 significand, unsigned precision) {
  const auto high = static_cast<uint64_t>(significand >> 64);
  const int shift =
      high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll(static_cast<uint64_t>(significand));
  return round_and_pack(context, negative, exponent - shift, significand << shift, precision);
}

[[nodiscard]] bool is_denormal(const Float80Bits& value) {
  return classify(value) == Class::denormal;
}

/// The operand itself, rounded to the precision in force.
[[nodiscard]] Float80Bits rounded_operand(Context& context, const Float80Bits& value,
                                          bool negative) {
  const Unpacked a = unpack(value);
  return round_and_pack(context, negative, a.exponent, wide(a.significand), context.precision());
}

/// a + b, or a - b if `negate`.
[[nodiscard]] Float80Bits sum(Context& context, const Float80Bits& a, const Float80Bits& b,
                              bool negate) {
  Float80Bits result{};
  if (propagate_nan(context, a, b, result)) return result;
  const Class class_a = classify(a);
  const Class class_b = classify(b);
  const bool negative_a = is_negative(a);
  const bool negative_b = is_negative(b) != negate;
  if (class_a == Class::infinity && class_b == Class::infinity && negative_a != negative_b) {
    return invalid(context);
  }
  if (stop_at_denormal(context, class_a == Class::denormal || class_b == Class::denormal)) {
    return a;
  }
  if (class_a == Class::infinity) return infinity(negative_a);
  if (class_b == Class::infinity) return infinity(negative_b);
  const bool down = context.rounding() == Rounding::down;
  if (class_b == Class::zero) {
    if (class_a != Class::zero) return rounded_operand(context, a, negative_a);
    return zero(negative_a == negative_b ? negative_a : down);
  }
  if (class_a == Class::zero) return rounded_operand(context, b, negative_b);

  Unpacked large = unpack(a);
  Unpacked small = unpack(b);
  small.negative = negative_b;
  const bool swapped = large.exponent < small.exponent ||
                       (large.exponent == small.exponent && large.significand < small.significand);
  if (swapped) std::swap(large, small);
  // One bit is left above for the carry.
  const Uint128 top = wide(large.significand) >> 1;
  const Uint128 other = shift_right_sticky(wide(small.significand) >> 1,
                                           static_cast<unsigned>(large.exponent - small.exponent));
  const Uint128 significand = large.negative == small.negative ? top + other : top - other;
  if (significand == 0) return zero(down);
  return normalize_and_pack(context, large.negative, large.exponent + 1, significand,
                            context.precision());
}

}  // namespace

uint64_t divide_wide(uint64_t high, uint64_t low, uint64_t divisor, uint64_t& remainder) {
  // Two digits of 32 bits (Knuth, The Art of Computer Programming vol. 2, 4.3.1, algorithm D).
  const int shift = __builtin_clzll(divisor);
  divisor <<= shift;
  if (shift != 0) high = high << shift | low >> (64 - shift);
  low <<= shift;
  const uint64_t divisor_high = divisor >> 32;
  const uint64_t divisor_low = divisor & 0xffffffff;
  uint64_t quotient = 0;
  uint64_t rest = high;
  for (const uint64_t digit_in : {low >> 32, low & 0xffffffff}) {
    uint64_t digit = rest / divisor_high;
    uint64_t partial = rest % divisor_high;
    while (digit >> 32 != 0 || digit * divisor_low > (partial << 32 | digit_in)) {
      --digit;
      partial += divisor_high;
      if (partial >> 32 != 0) break;
    }
    rest = (rest << 32 | digit_in) - digit * divisor;
    quotient = quotient << 32 | digit;
  }
  remainder = rest >> shift;
  return quotient;
}

Float80Bits round_and_pack(Context& context, bool negative, int32_t exponent, Uint128 significand,
                           unsigned precision) {
  const Rounded rounded = round_significand(significand, precision, context.rounding(), negative);
  int32_t result_exponent = exponent + (rounded.carry ? 1 : 0);
  if (result_exponent >= 1 && result_exponent < kMaxExponent) [[likely]] {
    note_rounding(context, rounded);
    return pack(negative, result_exponent, rounded.significand);
  }
  // Tininess is found after rounding with an unbounded exponent (SDM vol. 1, 4.9.1.5).
  const bool tiny = result_exponent < 1;
  if (tiny && (context.control & UE) != 0) {
    return masked_underflow(context, negative, exponent, significand, precision);
  }
  if (!tiny && (context.control & OE) != 0) return masked_overflow(context, negative, precision);
  context.raised |= tiny ? UE : OE;
  result_exponent += tiny ? kExponentAdjustment : -kExponentAdjustment;
  if (result_exponent < 1 || result_exponent >= kMaxExponent) {
    // FSCALE can go further than the biased exponent reaches.
    context.raised |= PE | (tiny ? 0 : C1);
    return tiny ? zero(negative) : infinity(negative);
  }
  note_rounding(context, rounded);
  return pack(negative, result_exponent, rounded.significand);
}

bool stop_at_denormal(Context& context, bool denormal) {
  if (!denormal && !context.denormal_source) return false;
  context.raised |= DE;
  return (context.control & DE) == 0;
}

Float80Bits invalid(Context& context) {
  context.raised |= IE;
  return kIndefinite;
}

bool propagate_nan(Context& context, const Float80Bits& a, const Float80Bits& b,
                   Float80Bits& result) {
  const Class class_a = classify(a);
  const Class class_b = classify(b);
  if (class_a == Class::unsupported || class_b == Class::unsupported) {
    result = invalid(context);
    return true;
  }
  const bool nan_a = class_a == Class::nan;
  const bool nan_b = class_b == Class::nan;
  if (!nan_a && !nan_b) return false;
  const bool signalling_a = is_signalling(a);
  const bool signalling_b = is_signalling(b);
  if (signalling_a || signalling_b) context.raised |= IE;
  // SDM vol. 1, table 4-7: the quiet one of a pair, else the larger significand, else the positive.
  bool choose_a = nan_a;
  if (nan_a && nan_b) {
    if (signalling_a != signalling_b) {
      choose_a = signalling_b;
    } else if (a.significand != b.significand) {
      choose_a = a.significand > b.significand;
    } else {
      choose_a = !is_negative(a);
    }
  }
  result = choose_a ? a : b;
  result.significand |= kQuietBit;
  return true;
}

Float80Bits add(Context& context, const Float80Bits& a, const Float80Bits& b) {
  return sum(context, a, b, false);
}

Float80Bits subtract(Context& context, const Float80Bits& a, const Float80Bits& b) {
  return sum(context, a, b, true);
}

Float80Bits multiply(Context& context, const Float80Bits& a, const Float80Bits& b) {
  Float80Bits result{};
  if (propagate_nan(context, a, b, result)) return result;
  const Class class_a = classify(a);
  const Class class_b = classify(b);
  const bool negative = is_negative(a) != is_negative(b);
  const bool infinite = class_a == Class::infinity || class_b == Class::infinity;
  const bool is_zero = class_a == Class::zero || class_b == Class::zero;
  if (infinite && is_zero) return invalid(context);
  if (stop_at_denormal(context, class_a == Class::denormal || class_b == Class::denormal)) return a;
  if (infinite) return infinity(negative);
  if (is_zero) return zero(negative);
  const Unpacked x = unpack(a);
  const Unpacked y = unpack(b);
  return normalize_and_pack(context, negative, x.exponent + y.exponent - kBias + 1,
                            Uint128{x.significand} * y.significand, context.precision());
}

Float80Bits divide(Context& context, const Float80Bits& a, const Float80Bits& b) {
  Float80Bits result{};
  if (propagate_nan(context, a, b, result)) return result;
  const Class class_a = classify(a);
  const Class class_b = classify(b);
  const bool negative = is_negative(a) != is_negative(b);
  const bool both = class_a == class_b;
  if (both && (class_a == Class::infinity || class_a == Class::zero)) return invalid(context);
  if (class_b == Class::zero && class_a != Class::infinity) {
    context.raised |= ZE;
    return infinity(negative);
  }
  if (stop_at_denormal(context, class_a == Class::denormal || class_b == Class::denormal)) return a;
  if (class_a == Class::infinity) return infinity(negative);
  if (class_b == Class::infinity || class_a == Class::zero) return zero(negative);
  const Unpacked x = unpack(a);
  const Unpacked y = unpack(b);
  // Half the dividend keeps the quotient below 2^64.
  uint64_t rest = 0;
  const uint64_t quotient =
      divide_wide(x.significand >> 1, x.significand << 63, y.significand, rest);
  uint64_t last = 0;
  const uint64_t low = divide_wide(rest, 0, y.significand, last);
  return normalize_and_pack(context, negative, x.exponent - y.exponent + kBias,
                            wide(quotient) | low | (last != 0), context.precision());
}

Float80Bits square_root(Context& context, const Float80Bits& a) {
  Float80Bits result{};
  if (propagate_nan(context, a, a, result)) return result;
  const Class class_a = classify(a);
  if (class_a == Class::zero) return a;
  if (is_negative(a)) return invalid(context);
  if (stop_at_denormal(context, class_a == Class::denormal)) return a;
  if (class_a == Class::infinity) return a;
  const Unpacked x = unpack(a);
  // radicand * 2^126 or 2^127, so that the root has 64 bits and the exponent is even.
  const int32_t power = x.exponent - kBias;
  const Uint128 radicand = (power & 1) != 0 ? wide(x.significand) : wide(x.significand) >> 1;
  const auto high = static_cast<uint64_t>(radicand >> 64);
  const double estimate = std::sqrt(static_cast<double>(high)) * 4294967296.0;
  uint64_t root =
      estimate >= 18446744073709549568.0 ? ~uint64_t{0} : static_cast<uint64_t>(estimate);
  // The estimate has about 50 bits; one step of Newton's iteration makes all but the last right.
  if (high < root) {
    uint64_t rest = 0;
    const uint64_t quotient = divide_wide(high, static_cast<uint64_t>(radicand), root, rest);
    root = static_cast<uint64_t>((Uint128{root} + quotient) >> 1);
  }
  while (Uint128{root} * root > radicand) --root;
  while (radicand - Uint128{root} * root > Uint128{root} * 2) ++root;
  Uint128 rest = radicand - Uint128{root} * root;
  // One more bit decides the rounding to nearest; the remainder is sticky.
  const bool half = rest > root;
  if (half) rest = 1;
  return round_and_pack(context, false, (power >> 1) + kBias,
                        wide(root) | (half ? Uint128{1} << 63 : 0) | (rest != 0),
                        context.precision());
}

Float80Bits round_to_integer(Context& context, const Float80Bits& a) {
  Float80Bits result{};
  if (propagate_nan(context, a, a, result)) return result;
  const Class class_a = classify(a);
  if (class_a == Class::zero || class_a == Class::infinity) return a;
  if (stop_at_denormal(context, class_a == Class::denormal)) return a;
  constexpr int kWholeExponent = kBias + 63;
  const Unpacked x = unpack(a);
  if (x.exponent >= kWholeExponent) return a;
  const Uint128 shifted =
      shift_right_sticky(wide(x.significand), static_cast<unsigned>(kWholeExponent - x.exponent));
  const auto integer = static_cast<uint64_t>(shifted >> 64);
  const bool up = rounds_up(context.rounding(), x.negative, (integer & 1) != 0, shifted << 64);
  if ((shifted << 64) != 0) context.raised |= PE;
  if (up) context.raised |= C1;
  const uint64_t rounded = integer + (up ? 1 : 0);
  if (rounded == 0) return zero(x.negative);
  const int shift = __builtin_clzll(rounded);
  return pack(x.negative, kWholeExponent - shift, rounded << shift);
}

Float80Bits scale(Context& context, const Float80Bits& a, const Float80Bits& b) {
  Float80Bits result{};
  if (propagate_nan(context, a, b, result)) return result;
  const Class class_a = classify(a);
  const Class class_b = classify(b);
  const bool negative = is_negative(a);
  if (class_b == Class::infinity) {
    const bool up = !is_negative(b);
    if (class_a == (up ? Class::zero : Class::infinity)) return invalid(context);
    if (stop_at_denormal(context, is_denormal(a))) return a;
    if (class_a == Class::infinity || class_a == Class::zero) return a;
    return up ? infinity(negative) : zero(negative);
  }
  if (stop_at_denormal(context, is_denormal(a) || is_denormal(b))) return a;
  if (class_a == Class::zero || class_a == Class::infinity) return a;
  // Any count beyond this overflows or underflows, with an unmasked exception as well.
  constexpr int32_t kFar = 0x10000;
  int32_t count = 0;
  if (class_b == Class::normal) {
    const Unpacked y = unpack(b);
    const int32_t power = y.exponent - kBias;
    if (power >= 16) {
      count = kFar;
    } else if (power >= 0) {
      count = static_cast<int32_t>(y.significand >> (63 - power));
    }
    if (y.negative) count = -count;
  }
  const Unpacked x = unpack(a);
  return round_and_pack(context, negative, x.exponent + count, wide(x.significand), 64);
}

Extracted extract(Context& context, const Float80Bits& a) {
  Float80Bits result{};
  if (propagate_nan(context, a, a, result)) return {result, result};
  const Class class_a = classify(a);
  if (class_a == Class::infinity) return {infinity(false), a};
  if (class_a == Class::zero) {
    context.raised |= ZE;
    return {infinity(true), a};
  }
  if (stop_at_denormal(context, class_a == Class::denormal)) return {a, a};
  const Unpacked x = unpack(a);
  return {from_integer(x.exponent - kBias), pack(x.negative, kBias, x.significand)};
}

Remainder remainder(Context& context, const Float80Bits& a, const Float80Bits& b, bool nearest) {
  Float80Bits result{};
  if (propagate_nan(context, a, b, result)) return {.value = result};
  const Class class_a = classify(a);
  const Class class_b = classify(b);
  if (class_a == Class::infinity || class_b == Class::zero) return {.value = invalid(context)};
  if (stop_at_denormal(context, class_a == Class::denormal || class_b == Class::denormal)) {
    return {.value = a};
  }
  if (class_a == Class::zero) return {.value = a, .numeric = true};
  if (class_b == Class::infinity) {
    const Unpacked x = unpack(a);
    return {.value = round_and_pack(context, x.negative, x.exponent, wide(x.significand), 64),
            .numeric = true};
  }
  const Unpacked x = unpack(a);
  const Unpacked y = unpack(b);
  int32_t difference = x.exponent - y.exponent;
  uint64_t rest = x.significand;
  int32_t exponent = y.exponent;
  uint64_t quotient = 0;
  bool complete = true;
  if (difference < -1 || (difference < 0 && !nearest)) {
    return {.value = round_and_pack(context, x.negative, x.exponent, wide(rest), 64),
            .numeric = true};
  }
  // Each step is exact: it removes a multiple of b that is a power of two above the remainder.
  constexpr int32_t kStep = 63;
  if (difference > kStep) {
    complete = false;
    const int32_t removed = 32 + difference % 32;
    exponent += difference - removed;
    difference = removed;
  }
  Uint128 double_rest = 0;
  if (difference < 0) {
    double_rest = Uint128{rest} * 2;  // a is below b: only the rounding of FPREM1 may take one b
    exponent = x.exponent;
  } else {
    const bool first = rest >= y.significand;
    if (first) rest -= y.significand;
    uint64_t last = rest;
    if (difference != 0) {
      quotient = divide_wide(rest >> (64 - difference), rest << difference, y.significand, last);
    }
    quotient |= uint64_t{first} << difference;
    rest = last;
    double_rest = Uint128{rest} * 2;
  }
  bool negative = x.negative;
  if (nearest && complete) {
    const Uint128 divisor = difference < 0 ? Uint128{y.significand} * 2 : y.significand;
    if (double_rest > divisor || (double_rest == divisor && (quotient & 1) != 0)) {
      const Uint128 other = divisor - rest;
      ++quotient;
      negative = !negative;
      rest = static_cast<uint64_t>(other);
    }
  }
  Remainder answer{.value = zero(x.negative),
                   .numeric = true,
                   .complete = complete,
                   .quotient = static_cast<uint8_t>(complete ? quotient & 7 : 0)};
  if (rest != 0) {
    answer.value = normalize_and_pack(context, negative, exponent, wide(rest), 64);
  }
  return answer;
}

Relation compare(Context& context, const Float80Bits& a, const Float80Bits& b, bool quiet) {
  const Class class_a = classify(a);
  const Class class_b = classify(b);
  const bool unsupported = class_a == Class::unsupported || class_b == Class::unsupported;
  if (unsupported || class_a == Class::nan || class_b == Class::nan) {
    if (unsupported || !quiet || is_signalling(a) || is_signalling(b)) context.raised |= IE;
    return Relation::unordered;
  }
  // The comparison is made even if #D is unmasked: it changes no register.
  (void)stop_at_denormal(context, class_a == Class::denormal || class_b == Class::denormal);
  if (class_a == Class::zero && class_b == Class::zero) return Relation::equal;
  const bool negative = is_negative(a);
  if (negative != is_negative(b)) return negative ? Relation::less : Relation::greater;
  // A pseudo-denormal equals the normal number with exponent 1.
  const auto rank = [](const Float80Bits& value) {
    const unsigned field = exponent_field(value);
    return field == 0 && (value.significand & kIntegerBit) != 0 ? 1 : field;
  };
  const unsigned rank_a = rank(a);
  const unsigned rank_b = rank(b);
  if (rank_a == rank_b && a.significand == b.significand) return Relation::equal;
  const bool below = rank_a != rank_b ? rank_a < rank_b : a.significand < b.significand;
  return below != negative ? Relation::less : Relation::greater;
}

}  // namespace ferry::i386::float80
