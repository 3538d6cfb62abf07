// Registers and flags of a decoded instruction: the row's columns, refined by operands and
// prefixes.
#include <array>

#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/decode/row_table.hpp"

namespace ferry::i386 {
namespace {

/// How an instruction refines the flag columns of its row.
enum class FlagRule : uint8_t { row, condition, shift, double_shift, repeat };

/// What these functions need of a row, in one place and without the row's width.
struct alignas(32) Effects {
  uint32_t flags_read;
  uint32_t flags_written;
  uint32_t flags_undefined;
  uint8_t implicit_read;
  uint8_t implicit_written;
  uint8_t partly_written;  ///< implicit registers of which a 16-bit operand size writes a half only
  uint8_t operand_count;
  uint8_t operands_read;  ///< bit i: operand i
  uint8_t operands_written;
  bool repeats;
  FlagRule rule;
};

consteval FlagRule flag_rule(const Row& row) {
  if (has_condition(row)) return FlagRule::condition;
  if ((row.attributes & attribute::repcc) != 0) return FlagRule::repeat;
  if ((row.attributes & attribute::conditional_flags) == 0) return FlagRule::row;
  return row.operands[2].code == OperandCode::none ? FlagRule::shift : FlagRule::double_shift;
}

consteval Effects make_effects(const Row& row) {
  Effects effects{};
  effects.flags_read = row.flags_read;
  effects.flags_written = row.flags_written;
  effects.flags_undefined = row.flags_undefined;
  effects.implicit_read = row.implicit_read;
  effects.implicit_written = row.implicit_written;
  effects.partly_written = row.prefix == Mandatory::p66 ? 0 : row.implicit_written;
  for (unsigned i = 0; i < kMaxOperands; ++i) {
    const auto [code, access] = row.operands[i];
    if (code != OperandCode::none) effects.operand_count = static_cast<uint8_t>(i + 1);
    if (access == Access::r || access == Access::rw) effects.operands_read |= 1u << i;
    if (access == Access::w || access == Access::rw) effects.operands_written |= 1u << i;
  }
  effects.repeats = (row.attributes & (attribute::rep | attribute::repcc)) != 0;
  effects.rule = flag_rule(row);
  return effects;
}

consteval auto make_all_effects() {
  std::array<Effects, kRows.size()> all{};
  for (unsigned i = 0; i < kRows.size(); ++i) all[i] = make_effects(kRows[i]);
  return all;
}

constexpr auto kEffects = make_all_effects();

/// kNoRegister & 31 names a bit that no register has.
constexpr uint32_t bit(uint8_t reg) {
  return 1u << (reg & 31);
}

struct FlagWrites {
  uint32_t written;
  uint32_t undefined;
};

/// SDM vol. 2, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD: OF is defined for a count of 1 only,
/// CF of SHL and SHR for counts below the width only, a double shift by more than the width not at
/// all.
FlagWrites shift_flags(const Instruction& instruction, FlagRule rule) {
  const Row& row = kRows[instruction.row];
  const Operand& count_operand = instruction.operands[rule == FlagRule::shift ? 1 : 2];
  const bool known = count_operand.kind == OperandKind::immediate;
  // A CL count may be 1 as well as large: what a large one may leave undefined is not surely
  // written.
  const unsigned count = known ? instruction.immediate & 31 : 31;
  if (count == 0) return {0, 0};
  const unsigned bits = instruction.operands[0].width * 8u;
  uint32_t lost = count == 1 ? 0 : eflags::OF;
  if (rule == FlagRule::double_shift) {
    if (count > bits) lost = eflags::kArithmetic;
  } else if ((row.extension == 4 || row.extension == 5 || row.extension == 6) && count >= bits) {
    lost |= eflags::CF;
  }
  return {row.flags_written & ~lost, row.flags_undefined | (row.flags_written & lost)};
}

constexpr bool is_shift(FlagRule rule) {
  return rule == FlagRule::shift || rule == FlagRule::double_shift;
}

uint32_t refined_flags_read(const Instruction& instruction, const Effects& effects) {
  switch (effects.rule) {
    case FlagRule::row:
      break;
    case FlagRule::condition:
      return condition_flags(instruction.condition());
    case FlagRule::shift:
    case FlagRule::double_shift: {
      // A CL count of 0 lets all flags through.
      const Operand& count = instruction.operands[effects.rule == FlagRule::shift ? 1 : 2];
      if (count.kind == OperandKind::immediate) {
        return (instruction.immediate & 31) == 0 ? 0 : effects.flags_read;
      }
      return effects.flags_read | effects.flags_written | effects.flags_undefined;
    }
    case FlagRule::repeat:
      // So does a repeat count of 0.
      if (instruction.rep != RepPrefix::none) return effects.flags_read | effects.flags_written;
      break;
  }
  return effects.flags_read;
}

}  // namespace

uint8_t gprs_read(const Instruction& instruction) {
  const Effects& effects = kEffects[instruction.row];
  uint32_t mask = effects.implicit_read;
  mask |= bit(instruction.memory.base) | bit(instruction.memory.index);
  if (instruction.operand_size == 2) mask |= effects.partly_written;
  const bool repeated = effects.repeats && instruction.rep != RepPrefix::none;
  if (repeated) mask |= bit(ECX);
  for (unsigned i = 0; i < effects.operand_count; ++i) {
    const Operand& operand = instruction.operands[i];
    if (operand.kind != OperandKind::gpr) continue;
    const bool read = (effects.operands_read >> i & 1) != 0;
    const bool written = (effects.operands_written >> i & 1) != 0;
    // A repeat count of 0 leaves the destination of lods as it was.
    if (read || (written && (operand.width < 4 || repeated))) mask |= bit(operand.reg);
  }
  return static_cast<uint8_t>(mask);
}

uint8_t gprs_written(const Instruction& instruction) {
  const Effects& effects = kEffects[instruction.row];
  uint32_t mask = effects.implicit_written;
  if (effects.repeats && instruction.rep != RepPrefix::none) mask |= bit(ECX);
  for (unsigned i = 0; i < effects.operand_count; ++i) {
    const Operand& operand = instruction.operands[i];
    if (operand.kind == OperandKind::gpr && (effects.operands_written >> i & 1) != 0) {
      mask |= bit(operand.reg);
    }
  }
  return static_cast<uint8_t>(mask);
}

uint32_t flags_read(const Instruction& instruction) {
  const Effects& effects = kEffects[instruction.row];
  return effects.rule == FlagRule::row ? effects.flags_read
                                       : refined_flags_read(instruction, effects);
}

uint32_t flags_written(const Instruction& instruction) {
  const Effects& effects = kEffects[instruction.row];
  return is_shift(effects.rule) ? shift_flags(instruction, effects.rule).written
                                : effects.flags_written;
}

uint32_t flags_undefined(const Instruction& instruction) {
  const Effects& effects = kEffects[instruction.row];
  return is_shift(effects.rule) ? shift_flags(instruction, effects.rule).undefined
                                : effects.flags_undefined;
}

}  // namespace ferry::i386
