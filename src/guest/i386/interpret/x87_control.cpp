// x87 control: words, environment, state, and moving the stack about (SDM vol. 1, 8.3.12). FXSAVE
// and FXRSTOR are here too, since most of their image is x87's.
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/x87_unit.hpp"
#include "guest/i386/x87/image.hpp"

namespace ferry::i386::interpret {

using namespace x87;
using namespace x87_status;

Outcome FNOP(CpuState& cpu, const Instruction& instruction) {
  // The 8087's and 287's control operations (DB /4) do not even wait.
  constexpr uint8_t kOldControl = 0xdb;
  if (instruction.opcode == kOldControl) return Outcome::next;
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  return Outcome::next;
}
Outcome FWAIT(CpuState& cpu, const Instruction&) {
  return pending_exception(cpu) ? Outcome::exception : Outcome::next;
}

Outcome FNINIT(CpuState& cpu, const Instruction&) {
  initialize(cpu.x87);
  return Outcome::next;
}

Outcome FNCLEX(CpuState& cpu, const Instruction&) {
  set_conditions(cpu, kExceptions | SF | x87_status::ES | B, 0);
  return Outcome::next;
}

namespace {

Outcome rotate_stack(CpuState& cpu, const Instruction& instruction, unsigned distance) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  set_conditions(cpu, C1, 0);
  move_top(cpu, distance);
  return Outcome::next;
}

}  // namespace

Outcome FINCSTP(CpuState& cpu, const Instruction& instruction) {
  return rotate_stack(cpu, instruction, 1);
}
Outcome FDECSTP(CpuState& cpu, const Instruction& instruction) {
  return rotate_stack(cpu, instruction, 7);
}

Outcome FFREE(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  set_conditions(cpu, C1, 0);
  free_st(cpu, instruction.operands[0].reg);
  return Outcome::next;
}

Outcome FFREEP(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  set_conditions(cpu, C1, 0);
  free_st(cpu, instruction.operands[0].reg);
  pop(cpu);
  return Outcome::next;
}

Outcome FNSTSW(CpuState& cpu, const Instruction& instruction) {
  return write_operand(cpu, instruction, instruction.operands[0], status_word(cpu.x87))
             ? Outcome::next
             : Outcome::exception;
}

Outcome FNSTCW(CpuState& cpu, const Instruction& instruction) {
  return write_operand(cpu, instruction, instruction.operands[0], cpu.x87.control)
             ? Outcome::next
             : Outcome::exception;
}

Outcome FLDCW(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  uint16_t control = 0;
  if (!read_operand(cpu, instruction, instruction.operands[0], control)) return Outcome::exception;
  set_control_word(cpu.x87, control);
  return Outcome::next;
}

/// Masks all exceptions once the environment is stored.
Outcome FNSTENV(CpuState& cpu, const Instruction& instruction) {
  uint8_t image[environment_size(4)];
  store_environment(cpu.x87, instruction.operand_size, image);
  if (!store_block(cpu, instruction, image, environment_size(instruction.operand_size))) {
    return Outcome::exception;
  }
  set_control_word(cpu.x87, cpu.x87.control | x87_control::kMasks);
  return Outcome::next;
}

Outcome FLDENV(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  uint8_t image[environment_size(4)];
  if (!load_block(cpu, instruction, image, environment_size(instruction.operand_size))) {
    return Outcome::exception;
  }
  load_environment(cpu.x87, instruction.operand_size, image);
  return Outcome::next;
}

Outcome FNSAVE(CpuState& cpu, const Instruction& instruction) {
  const unsigned environment = environment_size(instruction.operand_size);
  uint8_t image[environment_size(4) + kRegisterImageSize];
  store_environment(cpu.x87, instruction.operand_size, image);
  store_registers(cpu.x87, image + environment);
  if (!store_block(cpu, instruction, image, environment + kRegisterImageSize)) {
    return Outcome::exception;
  }
  initialize(cpu.x87);
  return Outcome::next;
}

Outcome FRSTOR(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  const unsigned environment = environment_size(instruction.operand_size);
  uint8_t image[environment_size(4) + kRegisterImageSize];
  if (!load_block(cpu, instruction, image, environment + kRegisterImageSize)) {
    return Outcome::exception;
  }
  load_environment(cpu.x87, instruction.operand_size, image);
  load_registers(cpu.x87, image + environment);
  return Outcome::next;
}

namespace {

/// The address must be a multiple of 16 (SDM vol. 2, FXSAVE: #GP).
[[nodiscard]] bool check_alignment(CpuState& cpu, const Instruction& instruction) {
  uint32_t address = 0;
  if (!operand_address(cpu, instruction, AccessKind::read, address)) return false;
  if (address % 16 == 0) return true;
  raise(cpu, Vector::GP);
  return false;
}

}  // namespace

Outcome FXSAVE(CpuState& cpu, const Instruction& instruction) {
  if (!check_alignment(cpu, instruction)) return Outcome::exception;
  // All of the image must be writable, written or not.
  if (!check_writable(cpu, instruction, kFxsaveImageSize)) return Outcome::exception;
  uint8_t image[kFxsaveWritten];
  store_fxsave_image(cpu, image, ImagePointers::while_pending);
  return store_block(cpu, instruction, image, sizeof image) ? Outcome::next : Outcome::exception;
}

Outcome FXRSTOR(CpuState& cpu, const Instruction& instruction) {
  if (!check_alignment(cpu, instruction)) return Outcome::exception;
  uint8_t image[kFxsaveImageSize];
  if (!load_block(cpu, instruction, image, sizeof image)) return Outcome::exception;
  if ((fxsave_image_mxcsr(image) & ~kMxcsrMask) != 0) return raise(cpu, Vector::GP);
  load_fxsave_image(cpu, image);
  return Outcome::next;
}

}  // namespace ferry::i386::interpret
