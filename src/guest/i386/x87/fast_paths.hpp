// Arithmetic on normal numbers, rounded to nearest and to 64 bits: what nearly every x87 operation
// is. Each function returns false where it is something else, and float80.hpp does it then.
// Included by transfer_operations.hpp only; written for few host instructions.
#pragma once

#include <bit>

#include "guest/i386/x87/float80.hpp"

namespace ferry::i386::x87_fast {

/// A result and what it adds to the status word (PE, C1).
struct Outcome {
  uint64_t significand;
  uint32_t sign_exponent;
  uint32_t raised;
};

/// The control word's bits that matter, and what they are nearly always: round to nearest, 64 bits,
/// #P masked.
inline constexpr uint32_t kRelevantModes = x87_control::RC | x87_control::PC | x87_status::PE;
inline constexpr uint32_t kUsualModes = x87_control::PC | x87_status::PE;

/// Neither zero, denormal, infinite, NaN nor unsupported.
[[nodiscard, gnu::always_inline]] inline bool is_normal(uint64_t significand, uint32_t exponent) {
  return static_cast<int64_t>(significand) < 0 && exponent - 1 < 0x7ffe;
}

/// Rounds significand:rest to nearest even; false if the exponent leaves the normal numbers.
[[nodiscard, gnu::always_inline]] inline bool round(uint64_t significand, uint64_t rest,
                                                    uint32_t sign, int32_t exponent,
                                                    Outcome& result) {
  result.raised = 0;
  if (rest != 0) {
    result.raised = x87_status::PE;
    // Above half, or half and odd.
    if ((rest >> 63) != 0 && ((rest << 1) | (significand & 1)) != 0) {
      result.raised = x87_status::PE | x87_status::C1;
      if (++significand == 0) {
        significand = float80::kIntegerBit;
        ++exponent;
      }
    }
  }
  result.significand = significand;
  result.sign_exponent = sign | static_cast<uint32_t>(exponent);
  return static_cast<uint32_t>(exponent - 1) < 0x7ffe;
}

/// a + b; the sign of b is in sign_b alone.
[[nodiscard, gnu::always_inline]] inline bool add(uint64_t a, uint32_t sign_exponent_a, uint64_t b,
                                                  uint32_t sign_exponent_b, Outcome& result) {
  uint32_t exponent_a = sign_exponent_a & 0x7fff;
  uint32_t exponent_b = sign_exponent_b & 0x7fff;
  if (static_cast<int64_t>(a & b) >= 0) return false;
  uint32_t sign = sign_exponent_a & 0x8000;
  const bool differ = ((sign_exponent_a ^ sign_exponent_b) & 0x8000) != 0;
  if (exponent_a < exponent_b || (exponent_a == exponent_b && a < b)) {
    const uint64_t other = a;
    a = b;
    b = other;
    const uint32_t other_exponent = exponent_a;
    exponent_a = exponent_b;
    exponent_b = other_exponent;
    sign = sign_exponent_b & 0x8000;
  }
  // Both normal: the larger exponent is not that of infinity, the smaller not that of denormals.
  if (exponent_a == float80::kMaxExponent || exponent_b == 0) return false;
  const uint32_t distance = exponent_a - exponent_b;
  if (distance >= 64) return false;
  uint64_t rest = b << 1 << (63 - distance);
  b >>= distance;
  if (!differ) {
    uint64_t sum = a + b;
    if (sum < a) {
      rest = (sum << 63) | (rest >> 1) | (rest & 1);
      sum = (sum >> 1) | float80::kIntegerBit;
      ++exponent_a;
    }
    return round(sum, rest, sign, static_cast<int32_t>(exponent_a), result);
  }
  uint64_t difference = a - b - (rest != 0 ? 1 : 0);
  rest = 0 - rest;
  if (static_cast<int64_t>(difference) >= 0) {
    if (difference == 0) return false;
    const int shift = __builtin_clzll(difference);
    difference = (difference << shift) | (rest >> 1 >> (63 - shift));
    rest <<= shift;
    exponent_a -= static_cast<uint32_t>(shift);
  }
  return round(difference, rest, sign, static_cast<int32_t>(exponent_a), result);
}

[[nodiscard, gnu::always_inline]] inline bool subtract(uint64_t a, uint32_t sign_exponent_a,
                                                       uint64_t b, uint32_t sign_exponent_b,
                                                       Outcome& result) {
  return add(a, sign_exponent_a, b, sign_exponent_b ^ 0x8000, result);
}

[[nodiscard, gnu::always_inline]] inline bool multiply(uint64_t a, uint32_t sign_exponent_a,
                                                       uint64_t b, uint32_t sign_exponent_b,
                                                       Outcome& result) {
  const uint32_t exponent_a = sign_exponent_a & 0x7fff;
  const uint32_t exponent_b = sign_exponent_b & 0x7fff;
  if (!is_normal(a, exponent_a) || !is_normal(b, exponent_b)) return false;
  const float80::Uint128 product = float80::Uint128{a} * b;
  auto high = static_cast<uint64_t>(product >> 64);
  auto low = static_cast<uint64_t>(product);
  auto exponent = static_cast<int32_t>(exponent_a + exponent_b) - (float80::kBias - 1);
  if (static_cast<int64_t>(high) >= 0) {
    high = (high << 1) | (low >> 63);
    low <<= 1;
    --exponent;
  }
  return round(high, low, (sign_exponent_a ^ sign_exponent_b) & 0x8000, exponent, result);
}

[[nodiscard, gnu::always_inline]] inline bool divide(uint64_t a, uint32_t sign_exponent_a,
                                                     uint64_t b, uint32_t sign_exponent_b,
                                                     Outcome& result) {
  const uint32_t exponent_a = sign_exponent_a & 0x7fff;
  const uint32_t exponent_b = sign_exponent_b & 0x7fff;
  if (!is_normal(a, exponent_a) || !is_normal(b, exponent_b)) return false;
  auto exponent = static_cast<int32_t>(exponent_a - exponent_b) + float80::kBias;
  uint64_t high = a;
  uint64_t low = 0;
  if (a >= b) {
    high = a >> 1;
    low = a << 63;
  } else {
    --exponent;
  }
  uint64_t left = 0;
  const uint64_t quotient = float80::divide_wide(high, low, b, left);
  // The remainder against half the divisor decides; a tie cannot be.
  const bool above_half = left > b - left;
  const uint64_t rest = left == 0 ? 0 : (above_half ? ~uint64_t{0} : 1);
  return round(quotient, rest, (sign_exponent_a ^ sign_exponent_b) & 0x8000, exponent, result);
}

struct Order {
  bool less;
  bool equal;
};

/// Compares normal numbers and zeros.
[[nodiscard, gnu::always_inline]] inline bool compare(uint64_t a, uint32_t sign_exponent_a,
                                                      uint64_t b, uint32_t sign_exponent_b,
                                                      Order& order) {
  const uint32_t exponent_a = sign_exponent_a & 0x7fff;
  const uint32_t exponent_b = sign_exponent_b & 0x7fff;
  // An exponent of 0 and no significand is zero; as a key it is below every normal number.
  if (!is_normal(a, exponent_a) && (a | exponent_a) != 0) return false;
  if (!is_normal(b, exponent_b) && (b | exponent_b) != 0) return false;
  const bool negative = (sign_exponent_a & 0x8000) != 0;
  if (((sign_exponent_a ^ sign_exponent_b) & 0x8000) != 0) {
    order.equal = (a | b) == 0;
    order.less = negative && !order.equal;
    return true;
  }
  order.equal = exponent_a == exponent_b && a == b;
  const bool below = exponent_a != exponent_b ? exponent_a < exponent_b : a < b;
  order.less = (below != negative) && !order.equal;
  return true;
}

/// A normal single or double (or zero) as an extended value.
template <typename Bits>
[[nodiscard, gnu::always_inline]] inline bool widen(uint64_t bits, uint64_t& significand,
                                                    uint32_t& sign_exponent) {
  constexpr unsigned kFraction = sizeof(Bits) == 4 ? 23 : 52;
  constexpr unsigned kMax = sizeof(Bits) == 4 ? 0xff : 0x7ff;
  constexpr uint32_t kRebias = static_cast<uint32_t>(float80::kBias) - kMax / 2;
  const auto exponent = static_cast<uint32_t>(bits >> kFraction) & kMax;
  const auto sign = static_cast<uint32_t>(bits >> (sizeof(Bits) * 8 - 1) & 1) << 15;
  const uint64_t fraction = bits << (63 - kFraction);
  if (exponent - 1 >= kMax - 1) [[unlikely]] {
    significand = 0;
    sign_exponent = sign;
    return exponent == 0 && (fraction << 1) == 0;
  }
  // The integer bit comes in by the rotation: one instruction less than a constant.
  significand = std::rotr((fraction << 1) | 1, 1);
  sign_exponent = sign | (exponent + kRebias);
  return true;
}

/// The double or single nearest to a normal number; `exact` if nothing was rounded off.
template <typename Bits>
[[nodiscard, gnu::always_inline]] inline bool narrow(uint64_t significand, uint32_t sign_exponent,
                                                     Bits& bits, uint32_t& raised) {
  constexpr unsigned kFraction = sizeof(Bits) == 4 ? 23 : 52;
  constexpr unsigned kDropped = 63 - kFraction;
  constexpr unsigned kMax = sizeof(Bits) == 4 ? 0xff : 0x7ff;
  constexpr uint32_t kRebias = static_cast<uint32_t>(float80::kBias) - kMax / 2;
  const Bits sign = static_cast<Bits>(sign_exponent >> 15) << (sizeof(Bits) * 8 - 1);
  const uint32_t exponent = (sign_exponent & 0x7fff) - kRebias;
  raised = 0;
  if (exponent - 1 >= kMax - 1 || static_cast<int64_t>(significand) >= 0) {
    bits = sign;
    return (significand | (sign_exponent & 0x7fff)) == 0;
  }
  // The integer bit adds one to the exponent field.
  uint64_t magnitude = (uint64_t{exponent - 1} << kFraction) + (significand >> kDropped);
  const uint64_t rest = significand << (64 - kDropped);
  if (rest != 0) {
    raised = x87_status::PE;
    if ((rest >> 63) != 0 && ((rest << 1) | (magnitude & 1)) != 0) {
      raised = x87_status::PE | x87_status::C1;
      ++magnitude;
      // Leave overflow to the slow path.
      if (magnitude >> kFraction == kMax) return false;
    }
  }
  bits = sign | static_cast<Bits>(magnitude);
  return true;
}

}  // namespace ferry::i386::x87_fast
