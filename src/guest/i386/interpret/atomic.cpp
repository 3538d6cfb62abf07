// Exchanges and compare-and-exchange (SDM vol. 1, 5.1.1), alone or under LOCK. LOCK forms of the
// other instructions go through modify_operand in their own files.
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

/// With a memory operand always locked (SDM vol. 3, 8.1.2.1).
Outcome XCHG(CpuState& cpu, const Instruction& instruction) {
  const bool memory_first = instruction.operands[0].kind == OperandKind::memory;
  const Operand& reg = instruction.operands[memory_first ? 1 : 0];
  const Operand& other = instruction.operands[memory_first ? 0 : 1];
  return with_width(reg.width, [&]<OperandType T>(T) {
    const T value = read_gpr<T>(cpu, reg);
    T old = 0;
    T result = 0;
    if (other.kind == OperandKind::memory) {
      uint32_t address = 0;
      if (!operand_address(cpu, instruction, AccessKind::write, address) ||
          !modify_memory(cpu, instruction.memory.segment, address, true, old, result,
                         [=](T) { return value; })) {
        return Outcome::exception;
      }
    } else {
      old = read_gpr<T>(cpu, other);
      write_gpr(cpu, other, value);
    }
    write_gpr(cpu, reg, old);
    return Outcome::next;
  });
}

Outcome XADD(CpuState& cpu, const Instruction& instruction) {
  const Operand& destination = instruction.operands[0];
  const Operand& source = instruction.operands[1];
  return with_width(destination.width, [&]<OperandType T>(T) {
    const T addend = read_gpr<T>(cpu, source);
    T old = 0;
    T result = 0;
    if (!modify_operand(cpu, instruction, destination, old, result,
                        [=](T value) { return static_cast<T>(value + addend); })) {
      return Outcome::exception;
    }
    // The destination is written last: XADD of a register with itself leaves the sum.
    write_gpr(cpu, source, old);
    if (destination.kind == OperandKind::gpr) write_gpr(cpu, destination, result);
    set_arithmetic_flags(cpu, add_flags(old, addend, result));
    return Outcome::next;
  });
}

/// Writes the destination in either case, so a read-only page faults even if the compare fails.
Outcome CMPXCHG(CpuState& cpu, const Instruction& instruction) {
  const auto& operands = instruction.operands;
  return with_width(operands[0].width, [&]<OperandType T>(T) {
    const T accumulator = gpr<T>(cpu, EAX);
    const T replacement = read_gpr<T>(cpu, operands[1]);
    T old = 0;
    T result = 0;
    if (!modify_operand(cpu, instruction, operands[0], old, result,
                        [=](T value) { return value == accumulator ? replacement : value; })) {
      return Outcome::exception;
    }
    if (old != accumulator) set_gpr(cpu, EAX, old);
    set_arithmetic_flags(cpu, sub_flags(accumulator, old, static_cast<T>(accumulator - old)));
    return Outcome::next;
  });
}

Outcome CMPXCHG8B(CpuState& cpu, const Instruction& instruction) {
  const uint64_t expected = uint64_t{cpu.gpr[EDX]} << 32 | cpu.gpr[EAX];
  const uint64_t replacement = uint64_t{cpu.gpr[ECX]} << 32 | cpu.gpr[EBX];
  uint32_t address = 0;
  uint64_t old = 0;
  uint64_t result = 0;
  if (!operand_address(cpu, instruction, AccessKind::write, address) ||
      !modify_memory(cpu, instruction.memory.segment, address, instruction.lock, old, result,
                     [=](uint64_t value) { return value == expected ? replacement : value; })) {
    return Outcome::exception;
  }
  if (old != expected) {
    cpu.gpr[EAX] = static_cast<uint32_t>(old);
    cpu.gpr[EDX] = static_cast<uint32_t>(old >> 32);
  }
  set_flags(cpu, eflags::ZF, flag_if(old == expected, eflags::ZF));
  return Outcome::next;
}

}  // namespace ferry::i386::interpret
