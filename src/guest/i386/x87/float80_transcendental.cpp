// Transcendental operations (SDM vol. 1, 8.3.7 to 8.3.10) in 128-bit fixed point: the argument is
// reduced exactly, a series gives about 120 bits, and one rounding to 64 follows. So results are
// correctly rounded except in rare ties, whatever the host.
#include <iterator>

#include "guest/i386/x87/float80.hpp"

namespace ferry::i386::float80 {

namespace {

struct Constant {
  uint64_t high;
  uint64_t low;
  [[nodiscard]] constexpr Uint128 value() const { return Uint128{high} << 64 | low; }
};

/// significand * 2^(exponent - 127); bit 127 is set unless the number is zero.
struct Wide {
  Uint128 significand = 0;
  int32_t exponent = 0;
  bool negative = false;
};

struct WideConstant {
  Constant significand;
  int32_t exponent;
  [[nodiscard]] constexpr Wide value() const { return {significand.value(), exponent, false}; }
};

// Coefficients are multiples of 2^-127.
// 1 / (2n + 1)!, 1 / (2n)!, 1 / (n + 1)!, 1 / (2n + 1).
constexpr Constant kSineSeries[] = {
    {0x8000000000000000, 0x0000000000000000}, {0x1555555555555555, 0x5555555555555555},
    {0x0111111111111111, 0x1111111111111111}, {0x0006806806806806, 0x8068068068068068},
    {0x0000171de3a556c7, 0x338faac1c88e5001}, {0x00000035cc8acfea, 0x89c71fce8fc97070},
    {0x000000005849184e, 0xa1b425f28e0cc749}, {0x00000000006b9fcf, 0x9ccee07c476195ac},
    {0x000000000000654b, 0x1dc0c2b529ac9814}, {0x000000000000004b, 0xd26d1a05055c9328},
    {0x0000000000000000, 0x2e371dedb9eae318}, {0x0000000000000000, 0x001761b41316381a},
};
constexpr Constant kCosineSeries[] = {
    {0x8000000000000000, 0x0000000000000000}, {0x4000000000000000, 0x0000000000000000},
    {0x0555555555555555, 0x5555555555555555}, {0x002d82d82d82d82d, 0x82d82d82d82d82d8},
    {0x0000d00d00d00d00, 0xd00d00d00d00d00d}, {0x0000024fc9f6ef13, 0xeb8e5de02da7d4cd},
    {0x000000047bb63bfe, 0x3625ed5136a61eb4}, {0x00000000064e5d2a, 0x301f27482eb7c517},
    {0x000000000006b9fc, 0xf9ccee07c476195b}, {0x00000000000005a0, 0x9e18ee5f65deec01},
    {0x0000000000000003, 0xca8574804044a0f5}, {0x0000000000000000, 0x0219c72db6ff0a53},
    {0x0000000000000000, 0x0000f96780cb97ac},
};
constexpr Constant kExponentialSeries[] = {
    {0x8000000000000000, 0x0000000000000000}, {0x4000000000000000, 0x0000000000000000},
    {0x1555555555555555, 0x5555555555555555}, {0x0555555555555555, 0x5555555555555555},
    {0x0111111111111111, 0x1111111111111111}, {0x002d82d82d82d82d, 0x82d82d82d82d82d8},
    {0x0006806806806806, 0x8068068068068068}, {0x0000d00d00d00d00, 0xd00d00d00d00d00d},
    {0x0000171de3a556c7, 0x338faac1c88e5001}, {0x0000024fc9f6ef13, 0xeb8e5de02da7d4cd},
    {0x00000035cc8acfea, 0x89c71fce8fc97070}, {0x000000047bb63bfe, 0x3625ed5136a61eb4},
    {0x000000005849184e, 0xa1b425f28e0cc749}, {0x00000000064e5d2a, 0x301f27482eb7c517},
    {0x00000000006b9fcf, 0x9ccee07c476195ac}, {0x000000000006b9fc, 0xf9ccee07c476195b},
    {0x000000000000654b, 0x1dc0c2b529ac9814}, {0x00000000000005a0, 0x9e18ee5f65deec01},
    {0x000000000000004b, 0xd26d1a05055c9328}, {0x0000000000000003, 0xca8574804044a0f5},
    {0x0000000000000000, 0x2e371dedb9eae318}, {0x0000000000000000, 0x0219c72db6ff0a53},
};
constexpr Constant kOddReciprocals[] = {
    {0x8000000000000000, 0x0000000000000000}, {0x2aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab},
    {0x1999999999999999, 0x999999999999999a}, {0x1249249249249249, 0x2492492492492492},
    {0x0e38e38e38e38e38, 0xe38e38e38e38e38e}, {0x0ba2e8ba2e8ba2e8, 0xba2e8ba2e8ba2e8c},
    {0x09d89d89d89d89d8, 0x9d89d89d89d89d8a}, {0x0888888888888888, 0x8888888888888889},
    {0x0787878787878787, 0x8787878787878788}, {0x06bca1af286bca1a, 0xf286bca1af286bca},
    {0x0618618618618618, 0x6186186186186186}, {0x0590b21642c8590b, 0x21642c8590b21643},
    {0x051eb851eb851eb8, 0x51eb851eb851eb85}, {0x04bda12f684bda12, 0xf684bda12f684bda},
    {0x0469ee58469ee584, 0x69ee58469ee5846a}, {0x0421084210842108, 0x4210842108421084},
};

/// atan(k / 8) for k = 1 to 8.
constexpr WideConstant kArctangents[] = {
    {{0xfeadd4d5617b6e32, 0xc897989f3e888ef8}, -4}, {{0xfadbafc96406eb15, 0x6dc79ef5f7a217e6}, -3},
    {{0xb7b0ca0f26f78473, 0x8aa32122dcfe4483}, -2}, {{0xed63382b0dda7b45, 0x6fe445ecbc3a8d03}, -2},
    {{0x8f005d5ef7f59f9b, 0x5c835e1665c43748}, -1}, {{0xa4bc7d1934f70924, 0x19a87f2a457dac9f}, -1},
    {{0xb8053e2bc2319e73, 0xcb2da55210a4443d}, -1}, {{0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}, -1},
};
constexpr WideConstant kLn2 = {{0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af}, -1};
constexpr WideConstant kTwoOverLn2 = {{0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89}, 1};
constexpr WideConstant kPi = {{0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}, 1};
constexpr WideConstant kHalfPi = {{0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}, 0};

/// The upper half of the product; the last bit or two may be missing.
[[nodiscard]] Uint128 multiply_high(Uint128 a, Uint128 b) {
  const auto a_high = static_cast<uint64_t>(a >> 64);
  const auto a_low = static_cast<uint64_t>(a);
  const auto b_high = static_cast<uint64_t>(b >> 64);
  const auto b_low = static_cast<uint64_t>(b);
  return Uint128{a_high} * b_high + (Uint128{a_high} * b_low >> 64) +
         (Uint128{a_low} * b_high >> 64);
}

[[nodiscard]] Wide normalize(Wide number) {
  if (number.significand == 0) return number;
  const auto high = static_cast<uint64_t>(number.significand >> 64);
  const int shift = high != 0 ? __builtin_clzll(high)
                              : 64 + __builtin_clzll(static_cast<uint64_t>(number.significand));
  number.significand <<= shift;
  number.exponent -= shift;
  return number;
}

[[nodiscard]] Wide widened(const Float80Bits& value) {
  const Unpacked x = unpack(value);
  return {Uint128{x.significand} << 64, x.exponent - kBias, x.negative};
}

[[nodiscard]] Wide multiply(const Wide& a, const Wide& b) {
  return normalize({multiply_high(a.significand, b.significand), a.exponent + b.exponent + 1,
                    a.negative != b.negative});
}

[[nodiscard]] Wide add(Wide a, Wide b) {
  if (a.significand == 0) return b;
  if (b.significand == 0) return a;
  if (a.exponent < b.exponent) {
    const Wide other = a;
    a = b;
    b = other;
  }
  const int32_t distance = a.exponent - b.exponent + 1;
  const Uint128 top = a.significand >> 1;
  const Uint128 small = distance < 128 ? b.significand >> distance : 0;
  Wide sum{0, a.exponent + 1, a.negative};
  if (a.negative == b.negative) {
    sum.significand = top + small;
  } else if (top >= small) {
    sum.significand = top - small;
  } else {
    sum.significand = small - top;
    sum.negative = b.negative;
  }
  return normalize(sum);
}

[[nodiscard]] Wide negate(Wide number) {
  number.negative = !number.negative;
  return number;
}

/// One digit of 64 bits of rest / divisor, for rest < divisor (Knuth, 4.3.1, algorithm D).
[[nodiscard]] uint64_t quotient_digit(Uint128& rest, Uint128 divisor) {
  const auto high = static_cast<uint64_t>(rest >> 64);
  const auto divisor_high = static_cast<uint64_t>(divisor >> 64);
  const auto divisor_low = static_cast<uint64_t>(divisor);
  uint64_t digit = ~uint64_t{0};
  Uint128 partial = 0;
  if (high >= divisor_high) {
    partial = Uint128{static_cast<uint64_t>(rest)} + divisor_high;
  } else {
    uint64_t remainder = 0;
    digit = divide_wide(high, static_cast<uint64_t>(rest), divisor_high, remainder);
    partial = remainder;
  }
  Uint128 removed = Uint128{digit} * divisor_low;
  while ((partial >> 64) == 0 && removed > partial << 64) {
    --digit;
    partial += divisor_high;
    removed -= divisor_low;
  }
  rest = (partial << 64) - removed;
  return digit;
}

[[nodiscard]] Wide divide(const Wide& a, const Wide& b) {
  Uint128 rest = a.significand >> 1;
  const uint64_t high = quotient_digit(rest, b.significand);
  const uint64_t low = quotient_digit(rest, b.significand);
  return normalize({Uint128{high} << 64 | low, a.exponent - b.exponent, a.negative != b.negative});
}

/// The magnitude as a multiple of 2^-128, for numbers below 1.
[[nodiscard]] Uint128 fraction(const Wide& number) {
  if (number.significand == 0) return 0;
  const int32_t shift = -1 - number.exponent;
  return shift < 128 ? number.significand >> shift : 0;
}

/// c0 + c1 z + c2 z^2 ..., with alternating signs if `alternating`; z is a multiple of 2^-128, the
/// result of 2^-127.
template <size_t kTerms>
[[nodiscard]] Uint128 series(const Constant (&coefficients)[kTerms], Uint128 z, bool alternating) {
  Uint128 sum = coefficients[kTerms - 1].value();
  for (size_t i = kTerms - 1; i-- > 0;) {
    const Uint128 term = multiply_high(z, sum);
    sum = alternating ? coefficients[i].value() - term : coefficients[i].value() + term;
  }
  // Where the second term is lost, its sign is not: the sum stays below 1, and roundings go down.
  constexpr Uint128 kOneInSeries = Uint128{1} << 127;
  if (alternating && sum == kOneInSeries) --sum;
  return sum;
}

[[nodiscard]] Wide from_series(Uint128 sum) {
  return normalize({sum, 0, false});
}

/// The caller took care of arguments with rational results, so all results here are inexact.
[[nodiscard]] Float80Bits round(Context& context, const Wide& number) {
  return round_and_pack(context, number.negative, number.exponent + kBias, number.significand | 1,
                        64);
}

/// An angle within pi/4 of zero, and how many right angles were taken off.
struct Reduced {
  Wide angle;
  unsigned quadrant;
};

/// The processor's pi has 66 bits; a quarter turn by it is this many multiples of 2^-66.
constexpr Uint128 kQuarterTurn = Uint128{0x6} << 64 | 0x487ed5110b4611a6;

[[nodiscard]] Reduced reduce_angle(const Float80Bits& value) {
  const Wide whole = widened(value);
  // Below pi/4 for sure: nothing to take off.
  if (whole.exponent < -1) return {whole, 0};
  // |value| = magnitude * 2^shift multiples of 2^-66, its low bits kept apart where shift < 0.
  const auto magnitude = static_cast<uint64_t>(whole.significand >> 64);
  const int32_t shift = whole.exponent - 63 + 66;
  Uint128 rest = magnitude;
  uint64_t quotient = 0;
  for (int32_t left = shift; left > 0;) {
    constexpr int32_t kChunk = 60;
    const int32_t step = left < kChunk ? left : kChunk;
    const Uint128 scaled = rest << step;
    quotient = (quotient << step) + static_cast<uint64_t>(scaled / kQuarterTurn);
    rest = scaled % kQuarterTurn;
    left -= step;
  }
  bool negative = false;
  if (rest * 2 > kQuarterTurn) {
    rest = kQuarterTurn - rest;
    negative = true;
    ++quotient;
  }
  Wide angle = normalize({rest, 127 - 66, negative});
  if (whole.negative) {
    angle.negative = !angle.negative;
    quotient = 0 - quotient;
  }
  return {angle, static_cast<unsigned>(quotient & 3)};
}

[[nodiscard]] Wide sine_of(const Wide& angle) {
  const Uint128 square = fraction(multiply(angle, angle));
  return multiply(angle, from_series(series(kSineSeries, square, true)));
}

[[nodiscard]] Wide cosine_of(const Wide& angle) {
  const Uint128 square = fraction(multiply(angle, angle));
  return from_series(series(kCosineSeries, square, true));
}

/// log2((1 + s) / (1 - s)).
[[nodiscard]] Wide logarithm_of_ratio(const Wide& s) {
  const Uint128 square = fraction(multiply(s, s));
  return multiply(multiply(s, kTwoOverLn2.value()),
                  from_series(series(kOddReciprocals, square, false)));
}

constexpr Wide kOne{Uint128{1} << 127, 0, false};

}  // namespace

Float80Bits sine(Context& context, const Float80Bits& a) {
  const Reduced reduced = reduce_angle(a);
  Wide result = (reduced.quadrant & 1) != 0 ? cosine_of(reduced.angle) : sine_of(reduced.angle);
  if ((reduced.quadrant & 2) != 0) result = negate(result);
  return round(context, result);
}

Float80Bits cosine(Context& context, const Float80Bits& a) {
  const Reduced reduced = reduce_angle(a);
  Wide result = (reduced.quadrant & 1) != 0 ? sine_of(reduced.angle) : cosine_of(reduced.angle);
  if (reduced.quadrant == 1 || reduced.quadrant == 2) result = negate(result);
  return round(context, result);
}

Float80Bits tangent(Context& context, const Float80Bits& a) {
  const Reduced reduced = reduce_angle(a);
  // Here the tangent is the angle and less than a unit of the 128th bit more.
  constexpr int32_t kTiny = -64;
  if (reduced.quadrant == 0 && reduced.angle.exponent < kTiny) return round(context, reduced.angle);
  const Wide s = sine_of(reduced.angle);
  const Wide c = cosine_of(reduced.angle);
  return round(context, (reduced.quadrant & 1) != 0 ? negate(divide(c, s)) : divide(s, c));
}

Float80Bits arctangent(Context& context, const Float80Bits& y, const Float80Bits& x) {
  Wide rise = widened(y);
  Wide run = widened(x);
  rise.negative = run.negative = false;
  const bool steep = rise.exponent > run.exponent ||
                     (rise.exponent == run.exponent && rise.significand > run.significand);
  if (steep) {
    const Wide other = rise;
    rise = run;
    run = other;
  }
  // atan(rise / run) = atan(k / 8) + atan((8 rise - k run) / (8 run + k rise)).
  Wide tangent_left = divide(rise, run);
  const auto eighths = static_cast<unsigned>(
      ((fraction(multiply(tangent_left, {Uint128{1} << 127, -1, false})) >> 123) + 1) >> 1);
  if (eighths != 0) {
    const auto times = [](const Wide& number, unsigned factor) {
      return multiply(number, normalize({Uint128{factor} << 64, 63, false}));
    };
    const Wide numerator = add(times(rise, 8), negate(times(run, eighths)));
    tangent_left = divide(numerator, add(times(run, 8), times(rise, eighths)));
  }
  const Uint128 square = fraction(multiply(tangent_left, tangent_left));
  Wide angle = multiply(tangent_left, from_series(series(kOddReciprocals, square, true)));
  if (eighths != 0) angle = add(kArctangents[eighths - 1].value(), angle);
  if (steep) angle = add(kHalfPi.value(), negate(angle));
  if (is_negative(x)) angle = add(kPi.value(), negate(angle));
  angle.negative = is_negative(y);
  return round(context, angle);
}

Float80Bits power_of_two_minus_one(Context& context, const Float80Bits& a) {
  const Wide exponent = multiply(widened(a), kLn2.value());
  const Uint128 sum = series(kExponentialSeries, fraction(exponent), exponent.negative);
  return round(context, multiply(exponent, from_series(sum)));
}

namespace {

[[nodiscard]] Wide base_two_logarithm(Wide mantissa) {
  int32_t whole = mantissa.exponent;
  mantissa.exponent = 0;
  // The mantissa between sqrt(1/2) and sqrt(2).
  constexpr uint64_t kSqrt2 = 0xb504f333f9de6484;
  if (static_cast<uint64_t>(mantissa.significand >> 64) >= kSqrt2) {
    mantissa.exponent = -1;
    ++whole;
  }
  const Wide s = divide(add(mantissa, negate(kOne)), add(mantissa, kOne));
  Wide result = logarithm_of_ratio(s);
  if (whole != 0) {
    const auto magnitude = static_cast<uint32_t>(whole < 0 ? -whole : whole);
    result = add(normalize({magnitude, 127, whole < 0}), result);
  }
  return result;
}

}  // namespace

Float80Bits logarithm(Context& context, const Float80Bits& y, const Float80Bits& x) {
  return round(context, multiply(base_two_logarithm(widened(x)), widened(y)));
}

Float80Bits logarithm_plus_one(Context& context, const Float80Bits& y, const Float80Bits& x) {
  const Wide number = widened(x);
  // Far from zero the sum loses nothing that matters.
  if (number.exponent >= -1) {
    return round(context, multiply(base_two_logarithm(add(number, kOne)), widened(y)));
  }
  const Wide two{Uint128{1} << 127, 1, false};
  return round(context, multiply(logarithm_of_ratio(divide(number, add(number, two))), widened(y)));
}

}  // namespace ferry::i386::float80
