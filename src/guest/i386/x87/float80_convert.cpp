// Conversions of 80-bit values: single and double precision, integers, packed decimals.
#include "guest/i386/x87/float80.hpp"

namespace ferry::i386::float80 {

using namespace x87_status;

namespace {

/// The two IEEE formats memory holds (SDM vol. 1, table 4-3).
template <typename Bits>
struct Format;
template <>
struct Format<uint32_t> {
  static constexpr unsigned kFraction = 23;
  static constexpr int kMaxExponent = 0xff;
  static constexpr int kBias = 127;
};
template <>
struct Format<uint64_t> {
  static constexpr unsigned kFraction = 52;
  static constexpr int kMaxExponent = 0x7ff;
  static constexpr int kBias = 1023;
};

template <typename Bits>
[[nodiscard]] Float80Bits widen_bits(Context& context, Bits bits) {
  using F = Format<Bits>;
  constexpr unsigned kLeft = 63 - F::kFraction;
  const auto exponent = static_cast<int>(bits >> F::kFraction & F::kMaxExponent);
  const bool negative = bits >> (sizeof(Bits) * 8 - 1) != 0;
  const uint64_t fraction = uint64_t{bits} << kLeft & ~kIntegerBit;
  const auto sign = static_cast<uint16_t>(negative ? kSignBit : 0);
  if (exponent == F::kMaxExponent) {
    return {fraction | kIntegerBit, static_cast<uint16_t>(sign | kMaxExponent)};
  }
  if (exponent != 0) {
    return {fraction | kIntegerBit, static_cast<uint16_t>(sign | (exponent - F::kBias + kBias))};
  }
  if (fraction == 0) return zero(negative);
  context.denormal_source = true;
  const int shift = __builtin_clzll(fraction);
  return {fraction << shift, static_cast<uint16_t>(sign | (1 - F::kBias + kBias - shift))};
}

/// A significand cut to `bits`, which may carry into one bit more.
struct Cut {
  uint64_t value;
  bool inexact;
  bool up;
};

[[nodiscard]] Cut cut_significand(uint64_t significand, unsigned bits, bool negative,
                                  Rounding rounding) {
  if (bits == 0) {
    const bool up = rounds_up(rounding, negative, false, significand);
    return {up ? uint64_t{1} : 0, significand != 0, up};
  }
  const uint64_t kept = significand >> (64 - bits);
  const uint64_t rest = bits == 64 ? 0 : significand << bits;
  const bool up = rounds_up(rounding, negative, (kept & 1) != 0, rest);
  return {kept + (up ? 1 : 0), rest != 0, up};
}

void note(Context& context, const Cut& cut) {
  if (cut.inexact) context.raised |= PE;
  if (cut.up) context.raised |= C1;
}

template <typename Bits>
[[nodiscard]] Bits narrow_overflow(Context& context, Bits sign, bool negative) {
  using F = Format<Bits>;
  constexpr Bits kInfinity = Bits{F::kMaxExponent} << F::kFraction;
  context.raised |= OE | PE;
  const Rounding rounding = context.rounding();
  const bool to_infinity =
      rounding == Rounding::nearest || rounding == (negative ? Rounding::down : Rounding::up);
  if (to_infinity) context.raised |= C1;
  return sign | (to_infinity ? kInfinity : kInfinity - 1);
}

/// A store to memory with unmasked #O or #U stores nothing, so the bits do not matter then.
template <typename Bits>
[[nodiscard]] Bits narrow(Context& context, const Float80Bits& value) {
  using F = Format<Bits>;
  constexpr Bits kHidden = Bits{1} << F::kFraction;
  constexpr unsigned kSignPosition = sizeof(Bits) * 8 - 1;
  const bool negative = is_negative(value);
  const Bits sign = Bits{negative} << kSignPosition;
  Float80Bits nan{};
  if (propagate_nan(context, value, value, nan)) {
    constexpr Bits kExponent = Bits{F::kMaxExponent} << F::kFraction;
    return Bits{is_negative(nan)} << kSignPosition | kExponent |
           (static_cast<Bits>(nan.significand >> (63 - F::kFraction)) & (kHidden - 1));
  }
  const Class kind = classify(value);
  if (kind == Class::zero) return sign;
  if (kind == Class::infinity) return sign | Bits{F::kMaxExponent} << F::kFraction;

  const Unpacked x = unpack(value);
  const int32_t exponent = x.exponent - kBias + F::kBias;
  const Cut cut = cut_significand(x.significand, F::kFraction + 1, negative, context.rounding());
  const bool carry = (cut.value >> (F::kFraction + 1)) != 0;
  const int32_t rounded_exponent = exponent + (carry ? 1 : 0);
  if (rounded_exponent >= F::kMaxExponent) {
    if ((context.control & OE) != 0) return narrow_overflow(context, sign, negative);
    note(context, cut);
    context.raised |= OE;
    return sign;
  }
  if (rounded_exponent >= 1) {
    note(context, cut);
    // The hidden bit, or the carry out of it, adds one to the exponent field.
    return sign |
           ((static_cast<Bits>(exponent - 1) << F::kFraction) + static_cast<Bits>(cut.value));
  }
  if ((context.control & UE) == 0) {
    note(context, cut);
    context.raised |= UE;
    return sign;
  }
  const int32_t lost = 1 - exponent;
  constexpr auto kWidth = static_cast<int32_t>(F::kFraction + 1);
  // Far below the least denormal only the fact that something is there counts.
  const bool far_below = lost > kWidth;
  const Cut denormal = cut_significand(far_below ? 1 : x.significand,
                                       static_cast<unsigned>(far_below ? 0 : kWidth - lost),
                                       negative, context.rounding());
  note(context, denormal);
  if (denormal.inexact) context.raised |= UE;
  return sign | static_cast<Bits>(denormal.value);
}

}  // namespace

Float80Bits widen(Context& context, uint32_t single) {
  return widen_bits(context, single);
}

Float80Bits widen(Context& context, uint64_t double_bits) {
  return widen_bits(context, double_bits);
}

Float80Bits load_widened(Context& context, const Float80Bits& widened) {
  if (is_signalling(widened)) {
    context.raised |= IE;
    return {widened.significand | kQuietBit, widened.sign_exponent};
  }
  (void)stop_at_denormal(context, false);
  return widened;
}

uint32_t to_single(Context& context, const Float80Bits& value) {
  return narrow<uint32_t>(context, value);
}

uint64_t to_double(Context& context, const Float80Bits& value) {
  return narrow<uint64_t>(context, value);
}

int64_t to_integer(Context& context, const Float80Bits& value, unsigned bits, Rounding rounding) {
  const auto indefinite = static_cast<int64_t>(~uint64_t{0} << (bits - 1));
  const Class kind = classify(value);
  if (kind == Class::zero) return 0;
  if (kind != Class::normal && kind != Class::denormal) {
    context.raised |= IE;
    return indefinite;
  }
  const Unpacked x = unpack(value);
  const int32_t whole_bits = x.exponent - kBias + 1;
  if (whole_bits > 64) {
    context.raised |= IE;
    return indefinite;
  }
  const bool below_half = whole_bits < 0;
  const Cut cut =
      cut_significand(below_half ? 1 : x.significand,
                      static_cast<unsigned>(below_half ? 0 : whole_bits), x.negative, rounding);
  const uint64_t limit = (uint64_t{1} << (bits - 1)) - (x.negative ? 0 : 1);
  const bool wrapped = cut.up && cut.value == 0;
  if (wrapped || cut.value > limit) {
    context.raised |= IE;
    return indefinite;
  }
  note(context, cut);
  return static_cast<int64_t>(x.negative ? 0 - cut.value : cut.value);
}

namespace {
constexpr unsigned kBcdDigits = 18;
constexpr int64_t kBcdLimit = 1'000'000'000'000'000'000;
constexpr PackedBcd kBcdIndefinite{0xc000000000000000, 0xffff};
}  // namespace

Float80Bits from_bcd(uint64_t low, uint16_t high) {
  uint64_t value = 0;
  for (unsigned i = kBcdDigits; i-- > 0;) {
    const uint64_t digit = i < 16 ? low >> (4 * i) : uint64_t{high} >> (4 * (i - 16));
    value = value * 10 + (digit & 0xf);
  }
  Float80Bits result = from_integer(static_cast<int64_t>(value));
  result.sign_exponent |= high & kSignBit;
  return result;
}

PackedBcd to_bcd(Context& context, const Float80Bits& value) {
  Context trial{.control = context.control};
  const int64_t integer = to_integer(trial, value, 64, context.rounding());
  if ((trial.raised & IE) != 0 || integer >= kBcdLimit || integer <= -kBcdLimit) {
    context.raised |= IE;
    return kBcdIndefinite;
  }
  context.raised |= trial.raised;
  uint64_t magnitude = static_cast<uint64_t>(integer < 0 ? -integer : integer);
  PackedBcd result;
  for (unsigned i = 0; i < kBcdDigits; ++i, magnitude /= 10) {
    const uint64_t digit = magnitude % 10;
    if (i < 16) {
      result.low |= digit << (4 * i);
    } else {
      result.high = static_cast<uint16_t>(result.high | digit << (4 * (i - 16)));
    }
  }
  if (is_negative(value)) result.high |= kSignBit;
  return result;
}

}  // namespace ferry::i386::float80
