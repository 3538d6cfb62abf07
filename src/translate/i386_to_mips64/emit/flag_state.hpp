// Where the arithmetic flags are at one place of a block, and the host conditions made of them.
#pragma once

#include <bit>
#include <cstdint>

#include "guest/i386/flags.hpp"
#include "host/mips64/registers.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"

namespace ferry::translate::emit {

using i386::FlagKind;

/// An operand of a flag operation: a register plus a constant (esp folding), a constant, or
/// unknown.
struct alignas(8) Value {
  enum class Kind : uint8_t { none, reg, constant } kind = Kind::none;
  Gpr reg;
  uint16_t unused = 0;   ///< no padding: values are compared as words
  int32_t constant = 0;  ///< the constant, or what to add to `reg`

  [[nodiscard]] static Value of(Gpr reg, int32_t delta = 0) {
    if (reg == mips64::zero) return of_constant(delta);
    return {Kind::reg, reg, 0, delta};
  }
  [[nodiscard]] static Value of_constant(int32_t constant) {
    return {Kind::constant, mips64::zero, 0, constant};
  }
  [[nodiscard]] bool known() const { return kind != Kind::none; }
  [[nodiscard]] bool in(Gpr r) const { return kind == Kind::reg && reg == r; }
  bool operator==(const Value& other) const {
    return std::bit_cast<uint64_t>(*this) == std::bit_cast<uint64_t>(other);
  }
};

/// What ADD, SUB and their kin compute.
enum class Operation : uint8_t { add, subtract };

/// How a comparison, product or quotient takes its operands.
enum class Signedness : uint8_t { is_signed, is_unsigned };

/// A host condition: `kind` applied to rs (and rt, which is zero for the kinds with one operand).
struct Condition {
  /// In pairs of opposites.
  enum class Kind : uint8_t { eq, ne, ltz, gez, lez, gtz, always, never } kind;
  Gpr rs;
  Gpr rt;
  bool rs_is_bool = false;  ///< kind ne/eq with rt zero, and rs is 0 or 1

  /// Whether `reg`, which is 0 or 1, is 1.
  [[nodiscard]] static Condition of_bool(Gpr reg) { return {Kind::ne, reg, mips64::zero, true}; }
  [[nodiscard]] Condition inverted() const {
    return {static_cast<Kind>(static_cast<uint8_t>(kind) ^ 1), rs, rt, rs_is_bool};
  }
  /// The branch word taken when the condition holds. Not for always/never.
  [[nodiscard]] uint32_t branch_word() const;
};

/// Where the arithmetic flags are at some point of a block.
struct FlagState {
  enum class Form : uint8_t {
    lazy_registers,  ///< t0..t2 say (the block did not set flags)
    packed,          ///< in CpuState::eflags, or none is live
    operation,       ///< of `kind`, with these operands
    carry_apart,     ///< as lazy_registers, but CF is in t0 apart (carry_in_kind)
    exact,  ///< those of a 32-bit sum or difference that t1 holds whole; CF and AF are dead
  };
  Form form = Form::lazy_registers;
  FlagKind kind = FlagKind::packed;
  Value a, b, result;
  bool operator==(const FlagState&) const = default;
};

/// Bits of t0, and of LazyFlags::kind, that neither kinds nor identities of exits use. kKnown: CF
/// is known apart from what else t0 says. kSet: it is 1 then.
namespace carry_in_kind {
inline constexpr unsigned kFirstBit = 29;
inline constexpr uint32_t kSet = 1u << 29, kKnown = 1u << 30;
}  // namespace carry_in_kind

/// The kind of the operation whose 8-bit member is `kind8`, for `width` bytes.
[[nodiscard]] constexpr FlagKind member(FlagKind kind8, unsigned width) {
  return static_cast<FlagKind>(static_cast<uint32_t>(kind8) + (width == 4 ? 2 : width - 1));
}

}  // namespace ferry::translate::emit
