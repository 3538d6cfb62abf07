// 80-bit extended arithmetic in software, as the x87 unit does it (SDM vol. 1, chapters 4.8 and 8):
// all rounding and precision modes, and every format a register can hold.
//
// An operation takes its modes from a Context and leaves the exceptions it met there. If one of
// them is unmasked and found before the operation (#IA, #Z, #D), the result means nothing: the
// caller leaves the registers as they are. Unmasked #O and #U give the result with the biased
// exponent that a register receives (SDM vol. 1, 8.5.4).
#pragma once

#include <cstdint>

#include "guest/i386/cpu_state.hpp"

namespace ferry::i386 {

/// Status word (SDM vol. 1, 8.1.3). X87State::status holds all but TOP.
namespace x87_status {
inline constexpr uint16_t IE = 1u << 0, DE = 1u << 1, ZE = 1u << 2, OE = 1u << 3, UE = 1u << 4,
                          PE = 1u << 5, SF = 1u << 6, ES = 1u << 7, C0 = 1u << 8, C1 = 1u << 9,
                          C2 = 1u << 10, TOP = 7u << 11, C3 = 1u << 14, B = 1u << 15;
inline constexpr uint16_t kExceptions = IE | DE | ZE | OE | UE | PE;
inline constexpr uint16_t kConditions = C0 | C1 | C2 | C3;
inline constexpr unsigned kTopShift = 11;
}  // namespace x87_status

/// Control word (SDM vol. 1, 8.1.5). The exception masks have the places of the status word's
/// flags.
namespace x87_control {
inline constexpr uint16_t kMasks = x87_status::kExceptions;
inline constexpr uint16_t kReserved6 = 1u << 6;  ///< Always set.
inline constexpr uint16_t PC = 3u << 8;
inline constexpr uint16_t RC = 3u << 10;
inline constexpr uint16_t kInfinityControl = 1u << 12;  ///< Kept for the 287, without meaning.
inline constexpr uint16_t kWritable = kMasks | PC | RC | kInfinityControl;
inline constexpr uint16_t kInitial = 0x037f;
}  // namespace x87_control

namespace float80 {

__extension__ using Uint128 = unsigned __int128;

inline constexpr uint64_t kIntegerBit = uint64_t{1} << 63;
inline constexpr uint64_t kQuietBit = uint64_t{1} << 62;
inline constexpr uint16_t kSignBit = 0x8000;
inline constexpr uint16_t kMaxExponent = 0x7fff;
inline constexpr int kBias = 0x3fff;

/// The result of a masked invalid operation (SDM vol. 1, 4.8.3.7).
inline constexpr Float80Bits kIndefinite{kIntegerBit | kQuietBit, 0xffff};
inline constexpr Float80Bits kPlusOne{kIntegerBit, kBias};

enum class Rounding : uint8_t { nearest, down, up, toward_zero };

/// Whether what lies below the last place kept makes a magnitude round up. `rest`: those bits,
/// moved to the top of Word (an unsigned type); what was lost below it is 1 in its lowest bit.
/// `odd`: the last place kept is 1.
template <typename Word>
[[nodiscard]] constexpr bool rounds_up(Rounding rounding, bool negative, bool odd, Word rest) {
  constexpr Word kHalf = Word{1} << (8 * sizeof(Word) - 1);
  switch (rounding) {
    case Rounding::nearest:
      return rest > kHalf || (rest == kHalf && odd);
    case Rounding::down:
      return negative && rest != 0;
    case Rounding::up:
      return !negative && rest != 0;
    default:
      return false;
  }
}

[[nodiscard]] constexpr Float80Bits zero(bool negative) {
  return {0, static_cast<uint16_t>(negative ? kSignBit : 0)};
}
[[nodiscard]] constexpr Float80Bits infinity(bool negative) {
  return {kIntegerBit, static_cast<uint16_t>(negative ? 0xffff : 0x7fff)};
}

struct Context {
  uint16_t control = x87_control::kInitial;
  /// Exceptions met, as in the status word; C1 if the result was rounded away from zero.
  uint16_t raised = 0;
  /// An operand was a denormal before a conversion made it a normal number.
  bool denormal_source = false;

  [[nodiscard]] Rounding rounding() const { return static_cast<Rounding>(control >> 10 & 3); }
  /// Bits of a significand under precision control; the reserved encoding 01 counts as 64.
  [[nodiscard]] unsigned precision() const {
    static constexpr uint8_t kBits[] = {24, 64, 53, 64};
    return kBits[control >> 8 & 3];
  }
  /// Whether an exception found before the operation is unmasked, so that there is no result.
  [[nodiscard]] bool stopped() const {
    using namespace x87_status;
    return (raised & ~control & (IE | DE | ZE)) != 0;
  }
};

/// What FXAM tells (SDM vol. 1, table 8-3 and 8.2.2).
enum class Class : uint8_t { unsupported, nan, normal, infinity, zero, denormal };

[[nodiscard]] constexpr bool is_negative(const Float80Bits& value) {
  return (value.sign_exponent & kSignBit) != 0;
}
[[nodiscard]] constexpr uint16_t exponent_field(const Float80Bits& value) {
  return value.sign_exponent & kMaxExponent;
}

[[nodiscard]] constexpr Class classify(const Float80Bits& value) {
  const uint16_t exponent = exponent_field(value);
  if (exponent == 0) return value.significand == 0 ? Class::zero : Class::denormal;
  if ((value.significand & kIntegerBit) == 0) return Class::unsupported;
  if (exponent != kMaxExponent) return Class::normal;
  return value.significand == kIntegerBit ? Class::infinity : Class::nan;
}

/// The condition code of FXAM: the class in C3, C2 and C0, the sign in C1 (SDM vol. 2, FXAM).
[[nodiscard]] constexpr uint16_t examine(const Float80Bits& value, bool empty) {
  using namespace x87_status;
  constexpr uint16_t kCodes[] = {0, C0, C2, C2 | C0, C3, C3 | C2};  // in the order of Class
  const uint16_t code = empty ? C3 | C0 : kCodes[static_cast<unsigned>(classify(value))];
  return static_cast<uint16_t>(code | (is_negative(value) ? C1 : 0));
}

[[nodiscard]] constexpr bool is_signalling(const Float80Bits& value) {
  return classify(value) == Class::nan && (value.significand & kQuietBit) == 0;
}

/// A significand with the integer bit set and an exponent without limits. `exponent` is biased.
struct Unpacked {
  uint64_t significand = 0;
  int32_t exponent = 0;
  bool negative = false;
};

/// For normal and denormal numbers.
[[nodiscard]] constexpr Unpacked unpack(const Float80Bits& value) {
  const uint16_t field = exponent_field(value);
  const int shift = __builtin_clzll(value.significand);
  return {value.significand << shift, (field == 0 ? 1 : field) - shift, is_negative(value)};
}

/// Rounds significand * 2^(exponent - bias - 127) (bit 127 set) to `precision` bits and packs it,
/// with what overflow and underflow do.
[[nodiscard]] Float80Bits round_and_pack(Context& context, bool negative, int32_t exponent,
                                         Uint128 significand, unsigned precision);

/// #D, if `denormal` or the context's source says so; whether it is unmasked.
[[nodiscard]] bool stop_at_denormal(Context& context, bool denormal);

/// Whether an operand is a NaN or unsupported; `result` then is what the operation gives.
[[nodiscard]] bool propagate_nan(Context& context, const Float80Bits& a, const Float80Bits& b,
                                 Float80Bits& result);

/// #I and its masked result.
[[nodiscard]] Float80Bits invalid(Context& context);

/// high:low / divisor for high < divisor.
[[nodiscard]] uint64_t divide_wide(uint64_t high, uint64_t low, uint64_t divisor,
                                   uint64_t& remainder);

// Arithmetic. Precision control holds for these five.

[[nodiscard]] Float80Bits add(Context& context, const Float80Bits& a, const Float80Bits& b);
[[nodiscard]] Float80Bits subtract(Context& context, const Float80Bits& a, const Float80Bits& b);
[[nodiscard]] Float80Bits multiply(Context& context, const Float80Bits& a, const Float80Bits& b);
[[nodiscard]] Float80Bits divide(Context& context, const Float80Bits& a, const Float80Bits& b);
[[nodiscard]] Float80Bits square_root(Context& context, const Float80Bits& a);

[[nodiscard]] Float80Bits round_to_integer(Context& context, const Float80Bits& a);
/// a * 2^trunc(b).
[[nodiscard]] Float80Bits scale(Context& context, const Float80Bits& a, const Float80Bits& b);

struct Extracted {
  Float80Bits exponent{};
  Float80Bits significand{};
};
[[nodiscard]] Extracted extract(Context& context, const Float80Bits& a);

struct Remainder {
  Float80Bits value{};
  bool numeric = false;  ///< neither a NaN nor #I
  bool complete = true;
  uint8_t quotient = 0;  ///< its low three bits, if complete; else 0

  /// The condition code in `status` after the operation, which has cleared C1: the quotient's bits
  /// 2, 1 and 0 in C0, C3 and C1 (SDM vol. 2, FPREM). Without a number C2 alone is changed.
  [[nodiscard]] constexpr uint16_t entered_in(uint16_t status) const {
    using namespace x87_status;
    if (!numeric) return static_cast<uint16_t>(status & ~C2);
    const auto bit = [&](unsigned mask, uint16_t code) {
      return (quotient & mask) != 0 ? code : 0;
    };
    return static_cast<uint16_t>((status & ~kConditions) | (complete ? 0 : C2) | bit(4, C0) |
                                 bit(2, C3) | bit(1, C1));
  }
};
/// One step of FPREM (quotient truncated) or FPREM1 (rounded to nearest).
[[nodiscard]] Remainder remainder(Context& context, const Float80Bits& a, const Float80Bits& b,
                                  bool nearest);

enum class Relation : uint8_t { less, equal, greater, unordered };
/// A quiet comparison takes quiet NaNs without #IA.
[[nodiscard]] Relation compare(Context& context, const Float80Bits& a, const Float80Bits& b,
                               bool quiet);

// Conversions.

/// Exact; signalling NaNs stay so and denormals become normal numbers, noted in the context. For
/// memory operands of arithmetic.
[[nodiscard]] Float80Bits widen(Context& context, uint32_t single);
[[nodiscard]] Float80Bits widen(Context& context, uint64_t double_bits);
[[nodiscard]] inline Float80Bits from_integer(int64_t value) {
  if (value == 0) return zero(false);
  const bool negative = value < 0;
  const uint64_t magnitude =
      negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const int shift = __builtin_clzll(magnitude);
  return {magnitude << shift,
          static_cast<uint16_t>((negative ? kSignBit : 0) | (kBias + 63 - shift))};
}
[[nodiscard]] Float80Bits from_bcd(uint64_t low, uint16_t high);

/// FLD of a widened operand: #IA quiets, #D is reported.
[[nodiscard]] Float80Bits load_widened(Context& context, const Float80Bits& widened);

[[nodiscard]] uint32_t to_single(Context& context, const Float80Bits& value);
[[nodiscard]] uint64_t to_double(Context& context, const Float80Bits& value);
/// To a signed integer of `bits` (16, 32, 64); the indefinite integer if it does not fit.
[[nodiscard]] int64_t to_integer(Context& context, const Float80Bits& value, unsigned bits,
                                 Rounding rounding);

struct PackedBcd {
  uint64_t low = 0;
  uint16_t high = 0;
};
[[nodiscard]] PackedBcd to_bcd(Context& context, const Float80Bits& value);

// Transcendentals (float80_transcendental.cpp), for numbers the caller found to be in the
// operation's domain. Results are within one unit of the 64-bit significand.

/// sin and cos of |a| < 2^63, reduced by a pi of 66 bits (SDM vol. 1, 8.3.8).
[[nodiscard]] Float80Bits sine(Context& context, const Float80Bits& a);
[[nodiscard]] Float80Bits cosine(Context& context, const Float80Bits& a);
[[nodiscard]] Float80Bits tangent(Context& context, const Float80Bits& a);
/// atan2(y, x).
[[nodiscard]] Float80Bits arctangent(Context& context, const Float80Bits& y, const Float80Bits& x);
/// 2^a - 1.
[[nodiscard]] Float80Bits power_of_two_minus_one(Context& context, const Float80Bits& a);
/// y * log2(x), y * log2(x + 1).
[[nodiscard]] Float80Bits logarithm(Context& context, const Float80Bits& y, const Float80Bits& x);
[[nodiscard]] Float80Bits logarithm_plus_one(Context& context, const Float80Bits& y,
                                             const Float80Bits& x);

}  // namespace float80
}  // namespace ferry::i386
