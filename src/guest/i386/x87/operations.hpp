// The common x87 instructions as plain functions, for a translator to call.
//
// Each takes the state and one word: the guest address of the memory operand, or i of ST(i) (0
// where there is neither). It returns 0 when the instruction is done. Otherwise nothing has
// changed, and the interpreter must execute the instruction: it found a memory fault, a stack
// fault, a pending or an unmasked exception.
//
// It enters the operand (FDP and FDS, of a flat segment) into the pointers FSTENV shows. The caller
// knows which instruction it was (FIP, FCS, FOP): record_instruction.
#pragma once

#include <array>
#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/instruction.hpp"

namespace ferry::i386 {

using X87Helper = uint64_t (*)(CpuState* cpu, uint32_t address_or_sti);

/// FLD from one guest address and FSTP to another, of 4 or 8 bytes, as one operation. What was said
/// above holds for the pair.
uint64_t copy_single(CpuState* cpu, uint32_t from, uint32_t to);
uint64_t copy_double(CpuState* cpu, uint32_t from, uint32_t to);

/// Enters the instruction at `address`, which its function has executed, into the pointers FSTENV
/// shows. Control instructions (FLDCW, FNSTCW, FNSTSW) are not entered.
void record_instruction(CpuState& cpu, uint32_t address);

/// Whether record_instruction must be called for the instruction.
[[nodiscard]] bool is_recorded(const Instruction& instruction);

/// All functions, by numbers that follow from the encoding: a translator may keep them in code.
/// Null where no function has the number.
inline constexpr unsigned kX87OperationCount = 147;
extern const std::array<X87Helper, kX87OperationCount> kX87Operations;

/// The number of the function for an instruction, or kX87OperationCount if the interpreter must
/// execute it.
[[nodiscard]] unsigned x87_operation(const Instruction& instruction);

}  // namespace ferry::i386
