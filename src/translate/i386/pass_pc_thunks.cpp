#include <cstring>

#include "translate/i386/block_passes.hpp"

namespace ferry::translate {

using i386::Instruction;

namespace {

/// mov REGISTER, [esp], in its shortest form: the register, or -1.
int loads_top_of_stack(const Instruction& in) {
  constexpr uint8_t kAllButRegister = 0xc7, kSibAlone = 0x04;
  const bool load =
      in.length == 3 && in.opcode == 0x8b && (in.modrm & kAllButRegister) == kSibAlone;
  const bool top = load && in.memory.base == i386::ESP && in.memory.index == i386::kNoRegister;
  return top ? in.operands[0].reg : -1;
}

/// add `reg`, imm32, without a prefix.
bool adds_constant(const Instruction& in, int reg) {
  const bool general = in.length == 6 && in.opcode == 0x81 && (in.modrm & 0xf8) == 0xc0;
  const bool accumulator = in.length == 5 && in.opcode == 0x05;
  return (general || accumulator) && in.operands[0].reg == reg;
}

}  // namespace

/// This is how position-independent code learns its own address:
///
///     call thunk          thunk: mov ebx, [esp]
///     add ebx, CONSTANT          ret
///
/// The call is already followed, and the MOV loads what the call has just stored. So ADD becomes a
/// MOV of a constant, if its flags are dead, and the first MOV needs no code. Nothing between the
/// two can fault, so nobody sees the register's value in between.
void fold_pc_thunks(AnalysedBlock& block) {
  for (uint32_t i = 0; i + 3 < block.count; ++i) {
    const AnalysedInstruction* const call = &block.instructions[i];
    if (!call->followed || call->traits->flow != Flow::call) continue;
    AnalysedInstruction& load = block.instructions[i + 1];
    AnalysedInstruction& sum = block.instructions[i + 3];
    const int reg = loads_top_of_stack(load.instruction);
    const bool thunk = reg >= 0 && is_plain_return(block.instructions[i + 2].instruction);
    if (!thunk || !adds_constant(sum.instruction, reg) || sum.live_after != 0) continue;
    const uint32_t value = call->instruction.next_address() + sum.instruction.immediate;
    uint8_t move[5] = {static_cast<uint8_t>(0xb8 + reg)};
    std::memcpy(move + 1, &value, sizeof value);
    const uint8_t length = sum.instruction.length;
    const auto status = i386::decode(move, sizeof move, sum.instruction.address, sum.instruction);
    CHECK(status == i386::DecodeStatus::ok);
    sum.instruction.length = length;
    sum.traits = &traits_of(sum.instruction.row);
    load.followed = true;
  }
}

}  // namespace ferry::translate
