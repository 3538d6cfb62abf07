// The six arithmetic flags of each operation: the constexpr reference that interpreter, translator
// and tests share. Width is the template argument (uint8_t, uint16_t or uint32_t).
//
// CF, AF and OF come from the operands and the result bit by bit, so one formula serves ADD and
// ADC, and one SUB, SBB, CMP and NEG (SDM vol. 1, 3.4.3.1).
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "guest/i386/cpu_state.hpp"

namespace ferry::i386 {

template <typename T>
concept OperandType =
    std::same_as<T, uint8_t> || std::same_as<T, uint16_t> || std::same_as<T, uint32_t>;

template <OperandType T>
inline constexpr unsigned kBits = sizeof(T) * 8;

template <OperandType T>
[[nodiscard]] constexpr bool sign_bit(T value) {
  return (value >> (kBits<T> - 1)) & 1;
}

[[nodiscard]] constexpr uint32_t flag_if(bool condition, uint32_t flag) {
  return condition ? flag : 0;
}

/// PF looks at the low byte only, whatever the width. The byte is folded to four bits, whose
/// answers are the bits of a constant: popcount would be a call on hosts without that instruction.
[[nodiscard]] constexpr bool even_parity(uint32_t result) {
  constexpr uint32_t kEven = 0x9669;
  return (kEven >> ((result ^ result >> 4) & 0xf) & 1) != 0;
}
static_assert([] {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (even_parity(byte) != (std::popcount(byte) % 2 == 0)) return false;
  }
  return true;
}());

/// SF, ZF and PF.
template <OperandType T>
[[nodiscard]] constexpr uint32_t result_flags(T result) {
  return flag_if(sign_bit(result), eflags::SF) | flag_if(result == 0, eflags::ZF) |
         flag_if(even_parity(result), eflags::PF);
}

/// ADD, ADC, XADD: result = a + b (+ carry).
template <OperandType T>
[[nodiscard]] constexpr uint32_t add_flags(T a, T b, T result) {
  const auto carries = static_cast<T>((a & b) | ((a | b) & ~result));
  const auto overflows = static_cast<T>((a ^ result) & (b ^ result));
  return result_flags(result) | flag_if(sign_bit(carries), eflags::CF) |
         flag_if(sign_bit(overflows), eflags::OF) | ((a ^ b ^ result) & eflags::AF);
}

/// SUB, SBB, CMP, NEG (a = 0), CMPXCHG, CMPS, SCAS: result = a - b (- borrow).
template <OperandType T>
[[nodiscard]] constexpr uint32_t sub_flags(T a, T b, T result) {
  const auto borrows = static_cast<T>((~a & b) | ((~a | b) & result));
  const auto overflows = static_cast<T>((a ^ b) & (a ^ result));
  return result_flags(result) | flag_if(sign_bit(borrows), eflags::CF) |
         flag_if(sign_bit(overflows), eflags::OF) | ((a ^ b ^ result) & eflags::AF);
}

/// AND, OR, XOR, TEST. AF is undefined; processors of both vendors clear it.
template <OperandType T>
[[nodiscard]] constexpr uint32_t logic_flags(T result) {
  return result_flags(result);
}

/// INC keeps CF.
template <OperandType T>
[[nodiscard]] constexpr uint32_t inc_flags(T result, bool old_cf) {
  const auto before = static_cast<T>(result - 1);
  return (add_flags<T>(before, 1, result) & ~eflags::CF) | flag_if(old_cf, eflags::CF);
}

/// DEC keeps CF.
template <OperandType T>
[[nodiscard]] constexpr uint32_t dec_flags(T result, bool old_cf) {
  const auto before = static_cast<T>(result + 1);
  return (sub_flags<T>(before, 1, result) & ~eflags::CF) | flag_if(old_cf, eflags::CF);
}

/// SHL by 1..31. CF is the last bit shifted out, 0 when the count is above the width (the manual:
/// undefined at and above it for 8 and 16 bits). OF is defined for a count of 1; the same formula
/// holds for all counts here. AF is undefined: cleared.
template <OperandType T>
[[nodiscard]] constexpr uint32_t shl_flags(T a, unsigned count, T result) {
  const bool carry = ((uint64_t{a} << count) >> kBits<T>)&1;
  return result_flags(result) | flag_if(carry, eflags::CF) |
         flag_if(sign_bit(result) != carry, eflags::OF);
}

/// SHR by 1..31. OF is defined for a count of 1: the sign bit of the operand. For other counts the
/// two top bits of the result decide, which is the same rule at count 1.
template <OperandType T>
[[nodiscard]] constexpr uint32_t shr_flags(T a, unsigned count, T result) {
  const bool carry = ((uint64_t{a} << 1) >> count) & 1;
  const bool overflow = sign_bit(static_cast<T>(result ^ static_cast<T>(result << 1)));
  return result_flags(result) | flag_if(carry, eflags::CF) | flag_if(overflow, eflags::OF);
}

/// SAR by 1..31. OF is 0.
template <OperandType T>
[[nodiscard]] constexpr uint32_t sar_flags(T a, unsigned count, T result) {
  const auto wide = static_cast<int64_t>(static_cast<std::make_signed_t<T>>(a));
  const bool carry = ((wide * 2) >> count) & 1;
  return result_flags(result) | flag_if(carry, eflags::CF);
}

/// MUL and IMUL: CF and OF tell whether the product is more than its low half says. The others are
/// undefined: SF and PF of the low half, ZF and AF cleared.
template <OperandType T>
[[nodiscard]] constexpr uint32_t multiply_flags(T low, bool overflow) {
  return (result_flags(low) & ~eflags::ZF) | flag_if(overflow, eflags::CF | eflags::OF);
}

/// Whether `condition` (the low four bits of a Jcc, SETcc or CMOVcc opcode; SDM vol. 1, appendix B)
/// holds for `flags`.
[[nodiscard]] constexpr bool condition_holds(unsigned condition, uint32_t flags) {
  const bool less = ((flags & eflags::SF) != 0) != ((flags & eflags::OF) != 0);
  bool holds = false;
  switch (condition >> 1) {
    case 0:
      holds = (flags & eflags::OF) != 0;
      break;
    case 1:
      holds = (flags & eflags::CF) != 0;
      break;
    case 2:
      holds = (flags & eflags::ZF) != 0;
      break;
    case 3:
      holds = (flags & (eflags::CF | eflags::ZF)) != 0;
      break;
    case 4:
      holds = (flags & eflags::SF) != 0;
      break;
    case 5:
      holds = (flags & eflags::PF) != 0;
      break;
    case 6:
      holds = less;
      break;
    default:
      holds = less || (flags & eflags::ZF) != 0;
      break;
  }
  return holds != ((condition & 1) != 0);
}

/// Operations whose flags can stay lazy (LazyFlags::kind). The three widths of an operation follow
/// each other. Which of a, b and result each one needs:
///   add, adc, sub, sbb  a, b, result
///   neg                 result
///   logic               result
///   inc, dec            result, b = the old CF (0 or 1)
///   shl, shr, sar       a, b = the masked count (never 0), result
///   multiply            result, b = not 0 if the product is more than that
///   given               result, b = CF, AF and OF as in EFLAGS
enum class FlagKind : uint32_t {
  packed = 0,  ///< CpuState::eflags holds all six
  add8,
  add16,
  add32,
  adc8,
  adc16,
  adc32,
  sub8,
  sub16,
  sub32,
  sbb8,
  sbb16,
  sbb32,
  neg8,
  neg16,
  neg32,
  logic8,
  logic16,
  logic32,
  inc8,
  inc16,
  inc32,
  dec8,
  dec16,
  dec32,
  shl8,
  shl16,
  shl32,
  shr8,
  shr16,
  shr32,
  sar8,
  sar16,
  sar32,
  multiply8,
  multiply16,
  multiply32,
  given8,
  given16,
  given32,
  count,
};

namespace detail {

/// Not in line, so that those who pack flags have no part in the search by kind.
template <OperandType T>
[[nodiscard]] [[gnu::noinline]] constexpr uint32_t evaluate_width(FlagKind kind8, uint32_t wide_a,
                                                                  uint32_t b,
                                                                  uint32_t wide_result) {
  const auto a = static_cast<T>(wide_a);
  const auto narrow_b = static_cast<T>(b);
  const auto result = static_cast<T>(wide_result);
  switch (kind8) {
    case FlagKind::add8:
    case FlagKind::adc8:
      return add_flags(a, narrow_b, result);
    case FlagKind::sub8:
    case FlagKind::sbb8:
      return sub_flags(a, narrow_b, result);
    case FlagKind::neg8:
      return sub_flags<T>(0, static_cast<T>(0 - result), result);
    case FlagKind::logic8:
      return logic_flags(result);
    case FlagKind::inc8:
      return inc_flags(result, b != 0);
    case FlagKind::dec8:
      return dec_flags(result, b != 0);
    case FlagKind::shl8:
      return shl_flags(a, b, result);
    case FlagKind::shr8:
      return shr_flags(a, b, result);
    case FlagKind::sar8:
      return sar_flags(a, b, result);
    case FlagKind::multiply8:
      return multiply_flags(result, b != 0);
    case FlagKind::given8:
      return result_flags(result) | (b & (eflags::CF | eflags::AF | eflags::OF));
    default:
      return 0;
  }
}

}  // namespace detail

/// The six arithmetic flags of a lazy operation. Operands may be sign- or zero-extended: only the
/// bits of the width count. `kind` must not be packed.
[[nodiscard]] constexpr uint32_t evaluate(FlagKind kind, uint32_t a, uint32_t b, uint32_t result) {
  // Most are one of these.
  if (kind == FlagKind::sub32) return sub_flags(a, b, result);
  if (kind == FlagKind::logic32) return logic_flags(result);
  const uint32_t index = static_cast<uint32_t>(kind) - 1;
  const auto kind8 = static_cast<FlagKind>(index - index % 3 + 1);
  switch (index % 3) {
    case 0:
      return detail::evaluate_width<uint8_t>(kind8, a, b, result);
    case 1:
      return detail::evaluate_width<uint16_t>(kind8, a, b, result);
    default:
      return detail::evaluate_width<uint32_t>(kind8, a, b, result);
  }
}

/// Packs cpu.lazy into cpu.eflags. Not in line: the compiler would spread it over the loop of cold
/// code, which seldom needs it.
[[gnu::noinline]] constexpr void materialise_flags(CpuState& cpu) {
  if (cpu.lazy.kind == static_cast<uint32_t>(FlagKind::packed)) return;
  const uint32_t arithmetic =
      evaluate(static_cast<FlagKind>(cpu.lazy.kind), cpu.lazy.a, cpu.lazy.b, cpu.lazy.result);
  cpu.eflags = (cpu.eflags & ~eflags::kArithmetic) | arithmetic;
  cpu.lazy.kind = static_cast<uint32_t>(FlagKind::packed);
}

}  // namespace ferry::i386
