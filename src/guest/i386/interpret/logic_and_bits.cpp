// Logic, bit tests and scans, SETcc, flag control (SDM vol. 1, 5.1.4, 5.1.6 and 5.1.11).
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

namespace {

template <typename Compute>
Outcome logic(CpuState& cpu, const Instruction& instruction, Compute compute) {
  return binary(cpu, instruction, compute,
                [](auto, auto, auto result) { return logic_flags(result); });
}

/// Finds the bit a BT instruction means: the number inside the operand, and for a memory operand
/// the address of the operand-sized unit that holds it. A register bit offset is signed and reaches
/// beyond the operand; an immediate one does not (SDM vol. 2, BT).
template <OperandType T>
[[nodiscard]] bool locate_bit(CpuState& cpu, const Instruction& instruction, AccessKind kind,
                              unsigned& bit, uint32_t& address) {
  T offset = 0;
  if (!read_operand(cpu, instruction, instruction.operands[1], offset)) return false;
  bit = offset % kBits<T>;
  if (instruction.operands[0].kind != OperandKind::memory) return true;
  uint32_t unit = effective_offset(cpu, instruction);
  if (instruction.operands[1].kind == OperandKind::gpr) {
    const int32_t units = static_cast<std::make_signed_t<T>>(offset) >> std::countr_zero(kBits<T>);
    unit += static_cast<uint32_t>(units) * static_cast<uint32_t>(sizeof(T));
    if (instruction.address_size == 2) unit &= 0xffff;
  }
  return linear_address(cpu, instruction.memory.segment, unit, kind, address);
}

/// BTS, BTR, BTC: `change(value, mask)`. Only CF changes; OF, SF, AF and PF are undefined: left
/// unchanged, as ZF is.
template <typename Change>
Outcome change_bit(CpuState& cpu, const Instruction& instruction, Change change) {
  const Operand& operand = instruction.operands[0];
  return with_width(operand.width, [&]<OperandType T>(T) {
    unsigned bit = 0;
    uint32_t address = 0;
    if (!locate_bit<T>(cpu, instruction, AccessKind::write, bit, address)) {
      return Outcome::exception;
    }
    const auto mask = static_cast<T>(T{1} << bit);
    const auto compute = [=](T value) { return static_cast<T>(change(value, mask)); };
    T old = 0;
    T result = 0;
    if (operand.kind == OperandKind::memory) {
      if (!modify_memory(cpu, instruction.memory.segment, address, instruction.lock, old, result,
                         compute)) {
        return Outcome::exception;
      }
    } else {
      old = read_gpr<T>(cpu, operand);
      write_gpr(cpu, operand, compute(old));
    }
    set_flags(cpu, eflags::CF, flag_if((old & mask) != 0, eflags::CF));
    return Outcome::next;
  });
}

/// BSF and BSR: `index(value)` of a value that is not 0. Of 0 the destination stays as it was, as
/// AMD documents and Intel does. Only ZF is defined; PF is the index's, the others are cleared.
template <typename Index>
Outcome scan(CpuState& cpu, const Instruction& instruction, Index index) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T value = 0;
    if (!read_operand(cpu, instruction, instruction.operands[1], value)) return Outcome::exception;
    const auto found = value != 0 ? static_cast<T>(index(value)) : T{0};
    if (value != 0) write_gpr(cpu, instruction.operands[0], found);
    set_arithmetic_flags(cpu,
                         flag_if(value == 0, eflags::ZF) | flag_if(even_parity(found), eflags::PF));
    return Outcome::next;
  });
}

}  // namespace

Outcome AND(CpuState& cpu, const Instruction& instruction) {
  return logic(cpu, instruction, [](auto a, auto b) { return a & b; });
}

Outcome OR(CpuState& cpu, const Instruction& instruction) {
  return logic(cpu, instruction, [](auto a, auto b) { return a | b; });
}

Outcome XOR(CpuState& cpu, const Instruction& instruction) {
  return logic(cpu, instruction, [](auto a, auto b) { return a ^ b; });
}

Outcome NOT(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T old = 0;
    T result = 0;
    return modify_operand(cpu, instruction, instruction.operands[0], old, result,
                          [](T value) { return static_cast<T>(~value); })
               ? Outcome::next
               : Outcome::exception;
  });
}

Outcome TEST(CpuState& cpu, const Instruction& instruction) {
  return flags_of_operands(
      cpu, instruction, []<OperandType T>(T a, T b) { return logic_flags(static_cast<T>(a & b)); });
}

Outcome BT(CpuState& cpu, const Instruction& instruction) {
  const Operand& operand = instruction.operands[0];
  return with_width(operand.width, [&]<OperandType T>(T) {
    unsigned bit = 0;
    uint32_t address = 0;
    T value = 0;
    if (!locate_bit<T>(cpu, instruction, AccessKind::read, bit, address)) return Outcome::exception;
    if (operand.kind != OperandKind::memory) {
      value = read_gpr<T>(cpu, operand);
    } else if (!load_memory(cpu, instruction.memory.segment, address, value)) {
      return Outcome::exception;
    }
    set_flags(cpu, eflags::CF, flag_if((value >> bit & 1) != 0, eflags::CF));
    return Outcome::next;
  });
}

Outcome BTS(CpuState& cpu, const Instruction& instruction) {
  return change_bit(cpu, instruction, [](auto value, auto mask) { return value | mask; });
}

Outcome BTR(CpuState& cpu, const Instruction& instruction) {
  return change_bit(cpu, instruction, [](auto value, auto mask) { return value & ~mask; });
}

Outcome BTC(CpuState& cpu, const Instruction& instruction) {
  return change_bit(cpu, instruction, [](auto value, auto mask) { return value ^ mask; });
}

Outcome BSF(CpuState& cpu, const Instruction& instruction) {
  return scan(cpu, instruction, [](auto value) { return std::countr_zero(value); });
}

Outcome BSR(CpuState& cpu, const Instruction& instruction) {
  return scan(cpu, instruction, [](auto value) { return std::bit_width(value) - 1; });
}

Outcome POPCNT(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T value = 0;
    if (!read_operand(cpu, instruction, instruction.operands[1], value)) return Outcome::exception;
    write_gpr(cpu, instruction.operands[0], static_cast<T>(std::popcount(value)));
    set_arithmetic_flags(cpu, flag_if(value == 0, eflags::ZF));
    return Outcome::next;
  });
}

/// CRC-32C, bit-reflected, without inversion (SDM vol. 2, CRC32).
Outcome CRC32(CpuState& cpu, const Instruction& instruction) {
  constexpr uint32_t kPolynomial = 0x82f63b78;
  return with_width(instruction.operands[1].width, [&]<OperandType T>(T) {
    T value = 0;
    if (!read_operand(cpu, instruction, instruction.operands[1], value)) return Outcome::exception;
    uint32_t crc = read_gpr<uint32_t>(cpu, instruction.operands[0]) ^ value;
    for (unsigned bit = 0; bit < kBits<T>; ++bit) {
      crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
    }
    write_gpr(cpu, instruction.operands[0], crc);
    return Outcome::next;
  });
}

Outcome SETCC(CpuState& cpu, const Instruction& instruction) {
  const uint8_t value = condition_holds(instruction.condition(), cpu.eflags) ? 1 : 0;
  return write_operand(cpu, instruction, instruction.operands[0], value) ? Outcome::next
                                                                         : Outcome::exception;
}

namespace {

/// The flags LAHF and SAHF see.
constexpr uint32_t kAhFlags = eflags::CF | eflags::PF | eflags::AF | eflags::ZF | eflags::SF;

}  // namespace

Outcome LAHF(CpuState& cpu, const Instruction&) {
  const uint32_t image = (cpu.eflags & kAhFlags) | eflags::kReserved1;
  cpu.gpr[EAX] = (cpu.gpr[EAX] & ~0xff00u) | image << 8;
  return Outcome::next;
}

Outcome SAHF(CpuState& cpu, const Instruction&) {
  set_flags(cpu, kAhFlags, cpu.gpr[EAX] >> 8);
  return Outcome::next;
}

Outcome CLC(CpuState& cpu, const Instruction&) {
  cpu.eflags &= ~eflags::CF;
  return Outcome::next;
}

Outcome STC(CpuState& cpu, const Instruction&) {
  cpu.eflags |= eflags::CF;
  return Outcome::next;
}

Outcome CMC(CpuState& cpu, const Instruction&) {
  cpu.eflags ^= eflags::CF;
  return Outcome::next;
}

Outcome CLD(CpuState& cpu, const Instruction&) {
  cpu.eflags &= ~eflags::DF;
  return Outcome::next;
}

Outcome STD(CpuState& cpu, const Instruction&) {
  cpu.eflags |= eflags::DF;
  return Outcome::next;
}

}  // namespace ferry::i386::interpret
