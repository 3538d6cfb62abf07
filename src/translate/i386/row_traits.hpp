// What a translator knows of a row before it sees operands: how control and flags pass through it,
// whether it touches memory. One small record a row, built from opcodes.inc.
#pragma once

#include <cstdint>

#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/decode/instruction.hpp"

namespace ferry::translate {

/// How control goes on after an instruction.
enum class Flow : uint8_t {
  straight,
  conditional,  ///< a relative target or the next instruction
  system_call,  ///< what a system call does; the next instruction as a rule
  jump,         ///< a relative target
  call,         ///< a relative target; the next instruction after the return
  end,          ///< elsewhere: indirect, return, interrupt
};

/// How an instruction refines the flag effect of its row.
enum class EffectRule : uint8_t { fixed, condition, shift, repeated };

/// Whether an instruction may load or store in line.
enum class MemoryUse : uint8_t {
  none,
  by_modrm,  ///< if its ModRM byte names memory
  always,
};

struct RowTraits {
  uint16_t flags_read;    ///< arithmetic flags, bits of EFLAGS
  uint16_t flags_killed;  ///< whose old value cannot be seen after it
  Flow flow;
  EffectRule rule;
  MemoryUse memory;
  bool fits_leaf;  ///< may be part of a leaf function, if its operands allow it

  /// The next instruction follows, and the effect on flags is the row's.
  [[nodiscard]] bool plain() const { return flow == Flow::straight && rule == EffectRule::fixed; }
};

/// RET without an operand or prefix.
[[nodiscard]] inline bool is_plain_return(const i386::Instruction& in) {
  return in.length == 1 && in.opcode == 0xc3;
}

namespace detail {
extern const RowTraits* const kFirstTraits;
}
/// The record of a row (Instruction::row).
[[nodiscard]] inline const RowTraits& traits_of(uint16_t row) {
  return detail::kFirstTraits[row];
}

/// Arithmetic flags an instruction may read, and those it surely sets or leaves undefined.
struct FlagEffect {
  uint32_t read;
  uint32_t killed;
};
[[nodiscard]] FlagEffect refined_effect(const i386::Instruction& in, const RowTraits& traits);
/// For the rules that need no more than the opcode: fixed and condition.
[[nodiscard]] inline FlagEffect simple_effect(uint32_t opcode, const RowTraits& traits) {
  if (traits.rule == EffectRule::fixed) return {traits.flags_read, traits.flags_killed};
  return {i386::condition_flags(opcode), traits.flags_killed};
}
[[nodiscard]] inline FlagEffect flag_effect(const i386::Instruction& in, const RowTraits& traits) {
  if (traits.rule > EffectRule::condition) return refined_effect(in, traits);
  return simple_effect(in.opcode, traits);
}

[[nodiscard]] inline bool may_access_memory(const i386::Instruction& in, const RowTraits& traits) {
  if (traits.memory == MemoryUse::by_modrm) return in.modrm < 0xc0;
  return traits.memory == MemoryUse::always;
}

/// Whether the instruction may change memory. Slow.
[[nodiscard]] bool may_store(const i386::Instruction& in);

}  // namespace ferry::translate
