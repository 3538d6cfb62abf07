// The forms of instructions that start-up code consists of: decoded and executed in one step,
// without an Instruction in between. For run(), in which most instructions run once or twice.
#pragma once

#include <array>
#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/interpret/outcome.hpp"

namespace ferry::i386::interpret {

/// Executes the instruction at cpu.eip == `address`, and moves eip to where control goes on unless
/// it raises an exception. kMaxInstructionLength bytes must be readable at `bytes`. Precondition:
/// translatable(cpu), but the flags may be in cpu.lazy as an operation (flags.hpp), before and
/// after. Outcomes are those of run().
using Form = Outcome (*)(CpuState& cpu, const uint8_t* bytes, uint32_t address);

/// By the first byte of the instruction. A form that is not frequent goes to execute_other().
extern const std::array<Form, 256> kForms;

/// The Form of all instructions: the decoder and the row's handler (interpreter.cpp).
Outcome execute_other(CpuState& cpu, const uint8_t* bytes, uint32_t address);

}  // namespace ferry::i386::interpret
