// Reference semantics of every instruction. Each row's mnemonic has one handler of the same name in
// interpret/<family>.cpp; a missing handler is a link error.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/instruction.hpp"
#include "guest/i386/interpret/outcome.hpp"

namespace ferry::i386 {

/// Executes `instruction` (decoded at cpu.eip) on `cpu`. Precondition: cpu.lazy.kind is packed.
/// On Outcome::next eip has been moved past the instruction.
[[nodiscard]] Outcome execute(CpuState& cpu, const Instruction& instruction);

/// Fetches, decodes and executes the instruction at cpu.eip. A fetch fault is #PF with the fetch
/// bit; undecodable bytes are #UD; more than 15 bytes #GP.
[[nodiscard]] Outcome step(CpuState& cpu);

/// Executes instructions from cpu.eip on, at most `limit` (> 0), until one changes control, raises
/// an exception or may have ended translatable(), which must hold. Returns the last one's outcome,
/// or `branch` for one that may have ended it; `next`: the limit was reached. Equivalent to that
/// many calls of step(), but faster.
[[nodiscard]] Outcome run(CpuState& cpu, unsigned limit);

/// Whether a translator's assumptions hold: flat code, data and stack segments, no single-stepping,
/// no alignment checks, and strings that go up. The interpreter has none.
[[nodiscard]] inline bool translatable(const CpuState& cpu) {
  static_assert(ES == 0 && CS == 1 && SS == 2 && DS == 3);
  constexpr std::array<uint16_t, 4> kFlat = {kUserDataSelector, kUserCodeSelector,
                                             kUserDataSelector, kUserDataSelector};
  // One comparison: this runs for every instruction of a cold block.
  uint64_t selectors = 0;
  std::memcpy(&selectors, std::assume_aligned<8>(cpu.selector.data()), sizeof selectors);
  return (cpu.eflags & (eflags::TF | eflags::DF | eflags::AC)) == 0 &&
         selectors == std::bit_cast<uint64_t>(kFlat);
}

}  // namespace ferry::i386
