// The common x87 instructions as plain functions, for a translator to call.
//
// Each takes the state and one word: the guest address of the memory operand, or i of ST(i) (0
// where there is neither). It returns 0 when the instruction is done. Otherwise nothing has
// changed, and the interpreter must execute the instruction: it found a memory fault, a stack
// fault, a pending or an unmasked exception.
//
// The pointers FSTENV shows (FIP, FDP, FOP) are not updated: that would be a third of the cost of a
// load. They are right wherever an exception is pending, since the interpreter raises those.
#pragma once

#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/instruction.hpp"

namespace ferry::i386 {

using X87Helper = uint64_t (*)(CpuState* cpu, uint32_t address_or_sti);

/// The function for an instruction, or null: the interpreter does it.
[[nodiscard]] X87Helper x87_helper(const Instruction& instruction);

}  // namespace ferry::i386
