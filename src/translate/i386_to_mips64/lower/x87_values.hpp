// The numbers that a sequence of x87 instructions works on, and the registers they are in.
//
// A number that the fast way takes is zero, or its exponent is in the middle half of an extended
// number's range. Denormal and infinite numbers and NaNs go the slow way. It is in a pair of
// registers:
//   significand   64 bits, the highest of which is 1; or 0
//   exponent      sign and biased exponent of an extended number, as in the state, less 8192. So,
//                 but for zero: bits 0 to 13: the exponent; bit 14: 0 (1 tells that it has left its
//                 range); bit 15: the sign; above: anything
// Sums and differences of exponent words are right but for bit 14. A zero's word looks like that of
// a number which is larger than any other, and has the opposite sign.
#pragma once

#include <array>
#include <cstdint>

#include "translate/i386_to_mips64/emit/block_builder.hpp"

namespace ferry::translate::lower {

using namespace emit;

/// What a sequence and its routines (run/x87_routines.cpp) do with registers.
namespace x87_registers {
struct Pair {
  Gpr significand, exponent;
};
inline constexpr unsigned kPairs = 4;
inline constexpr Pair kPair[kPairs] = {{mips64::a0, mips64::a1},
                                       {mips64::a2, mips64::a3},
                                       {mips64::a4, mips64::a5},
                                       {mips64::a6, mips64::a7}};
// Free within one operation; addresses take the first three.
inline constexpr Gpr kTemp[3] = {mips64::at, mips64::v1, mips64::t3};
/// 1 if the last result was rounded away from zero, else 0.
inline constexpr Gpr kRoundedUp = mips64::v0;
inline constexpr Gpr kTopBit = mips64::t9;   ///< 1 << 63
inline constexpr Gpr kInexact = mips64::t8;  ///< not 0 if a result was inexact
}  // namespace x87_registers

/// Exponent words of a pair: what to add to a biased exponent.
inline constexpr int32_t kExponentOfExtended = -8192;
inline constexpr int32_t kExponentOfDouble = 16383 - 1023 - 8192;
inline constexpr int32_t kExponentOfSingle = 16383 - 127 - 8192;
inline constexpr int32_t kExponentOfOne = 16383 - 8192;
inline constexpr int32_t kExponentBits = 0x7fff;  ///< with bit 14
inline constexpr int32_t kOutOfRange = 1 << 14;
inline constexpr unsigned kSignPosition = 15;
inline constexpr int32_t kSign = 1 << kSignPosition;

class X87Values {
 public:
  using Pair = x87_registers::Pair;
  using Id = uint8_t;  ///< of a number

  explicit X87Values(BlockBuilder& b) : b_(b), as_(b.as) {}
  /// Where control goes if a number is not as above.
  void set_slow(Label& slow) { slow_ = &slow; }

  // --- the stack, by physical register
  // ------------------------------------------------------------
  /// The register holds what the state says.
  void add_from_state(unsigned reg);
  [[nodiscard]] Id at(unsigned reg) const { return stack_[reg]; }
  /// The register, which is empty, becomes `value`, which is in a pair.
  void enter(unsigned reg, Id value);
  /// The register becomes empty.
  void leave(unsigned reg);
  /// Both are in pairs.
  void exchange(unsigned one, unsigned other);
  /// Emits stores of what changed in registers other than the `empty` ones. Nothing may fault or go
  /// the slow way after this.
  void store_all(uint8_t empty);

  // --- numbers
  // -------------------------------------------------------------------------------------
  /// A new number without a register of the stack, in a pair whose content the caller provides.
  [[nodiscard]] Id make();
  /// The caller needs the number no more; without a register of the stack it is gone.
  void drop(Id value);
  /// The pair of a number, which stays there until `end_operation`.
  [[nodiscard]] Pair pair(Id value);
  [[nodiscard]] unsigned pair_number(Id value) const { return values_[value].place; }
  /// Whether no register of the stack but one, or none, and no other caller has the number.
  [[nodiscard]] bool is_single(Id value) const { return values_[value].uses == 1; }
  /// The number's pair, to be overwritten: the state no longer has the same.
  [[nodiscard]] Pair overwrite(Id value);
  void end_operation() { pinned_ = 0; }

 private:
  enum class In : uint8_t { nowhere, state, pair, spilled };
  static constexpr uint8_t kNone = 0xff;
  static constexpr unsigned kValues = 16;
  struct Value {
    In in = In::nowhere;
    uint8_t place = 0;     ///< register of the state, pair, or place for spilled numbers
    uint8_t uses = 0;      ///< registers of the stack, and the caller
    uint8_t home = kNone;  ///< the state has the same in this register
  };

  [[nodiscard]] Id new_value(In in, unsigned place);
  /// Whether the state has the number, in the only register that it is in.
  [[nodiscard]] bool is_clean(Id value) const;
  [[nodiscard]] unsigned take_pair();
  void spill(unsigned pair);
  void load(Value& value);
  void store(unsigned reg, const Value& value);

  BlockBuilder& b_;
  Assembler& as_;
  Label* slow_ = nullptr;
  std::array<Value, kValues> values_;
  std::array<Id, 8> stack_{kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  std::array<uint8_t, x87_registers::kPairs> owner_{kNone, kNone, kNone, kNone};
  uint8_t pinned_ = 0;   ///< pairs
  uint8_t spilled_ = 0;  ///< places that are taken
};

}  // namespace ferry::translate::lower
