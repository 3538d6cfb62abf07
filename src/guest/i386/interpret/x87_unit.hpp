// The register stack, status and pointers of the x87 unit, for the handlers of x87_*.cpp
// (SDM vol. 1, 8.1 and 8.5).
//
// A handler reports what an earlier instruction left pending, reads its memory operand, records the
// instruction, computes with a Context, and stores its result if settle() lets it.
#pragma once

#include "guest/i386/interpret/operands.hpp"
#include "guest/i386/x87/float80.hpp"
#include "guest/i386/x87/image.hpp"

namespace ferry::i386::interpret::x87 {

using float80::Context;

/// #IA of the register stack. C1 tells overflow (set) from underflow.
inline constexpr uint16_t kStackUnderflow = x87_status::IE | x87_status::SF;
inline constexpr uint16_t kStackOverflow = kStackUnderflow | x87_status::C1;

// The register stack.

[[nodiscard]] inline unsigned physical(const CpuState& cpu, unsigned i) {
  return (cpu.x87.top + i) & 7;
}
[[nodiscard]] inline Float80Bits st(const CpuState& cpu, unsigned i) {
  return cpu.x87.registers[physical(cpu, i)];
}
[[nodiscard]] inline bool is_empty(const CpuState& cpu, unsigned i) {
  return (cpu.x87.empty >> physical(cpu, i) & 1) != 0;
}
inline void set_st(CpuState& cpu, unsigned i, const Float80Bits& value) {
  cpu.x87.registers[physical(cpu, i)] = value;
  cpu.x87.empty &= static_cast<uint8_t>(~(1u << physical(cpu, i)));
}
inline void free_st(CpuState& cpu, unsigned i) {
  cpu.x87.empty |= static_cast<uint8_t>(1u << physical(cpu, i));
}
inline void move_top(CpuState& cpu, unsigned distance) {
  cpu.x87.top = static_cast<uint8_t>((cpu.x87.top + distance) & 7);
}
inline void pop(CpuState& cpu) {
  free_st(cpu, 0);
  move_top(cpu, 1);
}
inline void push(CpuState& cpu, const Float80Bits& value) {
  move_top(cpu, 7);
  set_st(cpu, 0, value);
}

// Status.

[[nodiscard]] inline Context make_context(const CpuState& cpu) {
  return {.control = cpu.x87.control};
}

/// Enters the exceptions of an operation, and C1. Whether its result may be stored in a register.
[[nodiscard]] inline bool settle(CpuState& cpu, const Context& context) {
  cpu.x87.status = static_cast<uint16_t>((cpu.x87.status & ~x87_status::C1) | context.raised);
  update_summary(cpu.x87);
  return !context.stopped();
}

inline void set_conditions(CpuState& cpu, uint16_t mask, uint16_t values) {
  cpu.x87.status = static_cast<uint16_t>((cpu.x87.status & ~mask) | values);
}

/// #MF if an earlier instruction left an unmasked exception; waiting instructions do this first.
[[nodiscard]] inline bool pending_exception(CpuState& cpu) {
  if ((cpu.x87.status & x87_status::ES) == 0) return false;
  raise(cpu, Vector::MF);
  return true;
}

/// Enters the instruction into the pointers FSTENV shows (all but control instructions do).
void record(CpuState& cpu, const Instruction& instruction);

// Memory blocks (10 bytes and more). Stores write all or nothing.

[[nodiscard]] bool load_block(CpuState& cpu, const Instruction& instruction, void* block,
                              unsigned size);
[[nodiscard]] bool store_block(CpuState& cpu, const Instruction& instruction, const void* block,
                               unsigned size);

/// The fault a store of `size` bytes would raise.
[[nodiscard]] bool check_writable(CpuState& cpu, const Instruction& instruction, unsigned size);

/// Reads a floating-point or integer memory operand as a register operand.
[[nodiscard]] bool load_real(CpuState& cpu, const Instruction& instruction, unsigned width,
                             Context& context, Float80Bits& value);
[[nodiscard]] bool load_integer(CpuState& cpu, const Instruction& instruction, unsigned width,
                                Float80Bits& value);

}  // namespace ferry::i386::interpret::x87
