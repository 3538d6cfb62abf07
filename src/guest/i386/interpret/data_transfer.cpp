// Data transfer (SDM vol. 1, 5.1.1, 5.1.11 and 5.1.13): moves, conversions, the stack, segments.
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

namespace {

/// Reads operand 1 as `Narrow`, widens it with `widen` and writes it to the register operand 0.
template <typename Widen>
Outcome move_widened(CpuState& cpu, const Instruction& instruction, Widen widen) {
  const auto& operands = instruction.operands;
  return with_width(operands[1].width, [&]<OperandType Narrow>(Narrow) {
    Narrow value = 0;
    if (!read_operand(cpu, instruction, operands[1], value)) return Outcome::exception;
    return with_width(operands[0].width, [&]<OperandType Wide>(Wide) {
      write_gpr(cpu, operands[0], static_cast<Wide>(widen(value)));
      return Outcome::next;
    });
  });
}

/// MOV to a segment register: MOV Sreg, r/m16.
Outcome move_to_segment(CpuState& cpu, const Instruction& instruction) {
  uint16_t selector = 0;
  if (!read_operand(cpu, instruction, instruction.operands[1], selector)) return Outcome::exception;
  const auto segment = static_cast<SegmentRegister>(instruction.operands[0].reg);
  return load_segment(cpu, segment, selector) ? Outcome::next : Outcome::exception;
}

/// MOV from a segment register: 16 bits to memory; a 32-bit register is zero-extended.
Outcome move_from_segment(CpuState& cpu, const Instruction& instruction) {
  const Operand& destination = instruction.operands[0];
  return with_width(destination.width, [&]<OperandType T>(T) {
    const T selector = static_cast<T>(cpu.selector[instruction.operands[1].reg]);
    return write_operand(cpu, instruction, destination, selector) ? Outcome::next
                                                                  : Outcome::exception;
  });
}

/// LDS, LES, LFS, LGS and LSS: offset, then selector, from memory.
Outcome load_with_segment(CpuState& cpu, const Instruction& instruction, SegmentRegister segment) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T offset = 0;
    uint16_t selector = 0;
    if (!load_far_pointer(cpu, instruction, offset, selector) ||
        !load_segment(cpu, segment, selector)) {
      return Outcome::exception;
    }
    write_gpr(cpu, instruction.operands[0], offset);
    return Outcome::next;
  });
}

}  // namespace

Outcome MOV(CpuState& cpu, const Instruction& instruction) {
  const auto& operands = instruction.operands;
  if (operands[0].kind == OperandKind::segment) return move_to_segment(cpu, instruction);
  if (operands[1].kind == OperandKind::segment) return move_from_segment(cpu, instruction);
  return with_width(operands[0].width, [&]<OperandType T>(T) {
    T value = 0;
    return read_operand(cpu, instruction, operands[1], value) &&
                   write_operand(cpu, instruction, operands[0], value)
               ? Outcome::next
               : Outcome::exception;
  });
}

Outcome MOVZX(CpuState& cpu, const Instruction& instruction) {
  return move_widened(cpu, instruction, []<OperandType T>(T value) { return uint32_t{value}; });
}

Outcome MOVSX(CpuState& cpu, const Instruction& instruction) {
  return move_widened(cpu, instruction, []<OperandType T>(T value) {
    return static_cast<uint32_t>(static_cast<int32_t>(static_cast<std::make_signed_t<T>>(value)));
  });
}

/// The source is read, and can fault, whether the condition holds or not.
Outcome CMOVCC(CpuState& cpu, const Instruction& instruction) {
  const auto& operands = instruction.operands;
  return with_width(operands[0].width, [&]<OperandType T>(T) {
    T value = 0;
    if (!read_operand(cpu, instruction, operands[1], value)) return Outcome::exception;
    if (condition_holds(instruction.condition(), cpu.eflags)) {
      write_gpr(cpu, operands[0], value);
    }
    return Outcome::next;
  });
}

Outcome BSWAP(CpuState& cpu, const Instruction& instruction) {
  const unsigned reg = instruction.operands[0].reg;
  if (instruction.operand_size == 2) {
    // Undefined by both manuals; processors of both vendors clear the 16 bits.
    set_gpr<uint16_t>(cpu, reg, 0);
  } else {
    cpu.gpr[reg] = __builtin_bswap32(cpu.gpr[reg]);
  }
  return Outcome::next;
}

Outcome LEA(CpuState& cpu, const Instruction& instruction) {
  const uint32_t offset = effective_offset(cpu, instruction);
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    write_gpr(cpu, instruction.operands[0], static_cast<T>(offset));
    return Outcome::next;
  });
}

Outcome XLAT(CpuState& cpu, const Instruction& instruction) {
  uint32_t offset = cpu.gpr[EBX] + gpr<uint8_t>(cpu, EAX);
  if (instruction.address_size == 2) offset &= 0xffff;
  uint32_t address = 0;
  uint8_t value = 0;
  if (!linear_address(cpu, instruction.memory.segment, offset, AccessKind::read, address) ||
      !load_memory(cpu, instruction.memory.segment, address, value)) {
    return Outcome::exception;
  }
  set_gpr(cpu, EAX, value);
  return Outcome::next;
}

/// CBW, CWDE: AL or AX sign-extended to AX or EAX.
Outcome CBW(CpuState& cpu, const Instruction& instruction) {
  if (instruction.operand_size == 2) {
    set_gpr(cpu, EAX, static_cast<uint16_t>(static_cast<int8_t>(cpu.gpr[EAX])));
  } else {
    cpu.gpr[EAX] = static_cast<uint32_t>(static_cast<int16_t>(cpu.gpr[EAX]));
  }
  return Outcome::next;
}

/// CWD, CDQ: DX or EDX filled with the sign of AX or EAX.
Outcome CWD(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    set_gpr<T>(cpu, EDX, sign_bit(gpr<T>(cpu, EAX)) ? static_cast<T>(~T{0}) : T{0});
    return Outcome::next;
  });
}

Outcome PUSH(CpuState& cpu, const Instruction& instruction) {
  const Operand& operand = instruction.operands[0];
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T value = 0;
    if (operand.kind == OperandKind::segment) {
      // Zero-extended, as AMD does; recent Intel processors write the low 16 bits only (SDM, PUSH).
      value = cpu.selector[operand.reg];
    } else if (!read_operand(cpu, instruction, operand, value)) {
      return Outcome::exception;
    }
    return push(cpu, value) ? Outcome::next : Outcome::exception;
  });
}

Outcome POP(CpuState& cpu, const Instruction& instruction) {
  const Operand& operand = instruction.operands[0];
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T value = 0;
    if (!peek(cpu, 0, value)) return Outcome::exception;
    // A memory operand addressed through ESP uses the value after the pop (SDM vol. 2, POP).
    const uint32_t old_esp = cpu.gpr[ESP];
    cpu.gpr[ESP] += sizeof(T);
    const bool done = operand.kind == OperandKind::segment
                          ? load_segment(cpu, static_cast<SegmentRegister>(operand.reg),
                                         static_cast<uint16_t>(value))
                          : write_operand(cpu, instruction, operand, value);
    if (done) return Outcome::next;
    cpu.gpr[ESP] = old_esp;
    return Outcome::exception;
  });
}

Outcome PUSHA(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    const uint32_t old_esp = cpu.gpr[ESP];
    for (unsigned reg = EAX; reg <= EDI; ++reg) {
      if (push(cpu, static_cast<T>(reg == ESP ? old_esp : cpu.gpr[reg]))) continue;
      cpu.gpr[ESP] = old_esp;
      return Outcome::exception;
    }
    return Outcome::next;
  });
}

Outcome POPA(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T values[kGprCount];
    for (unsigned i = 0; i < kGprCount; ++i) {
      if (!peek(cpu, i * sizeof(T), values[i])) return Outcome::exception;
    }
    const uint32_t new_esp = cpu.gpr[ESP] + kGprCount * sizeof(T);
    for (unsigned i = 0; i < kGprCount; ++i) set_gpr(cpu, EDI - i, values[i]);
    cpu.gpr[ESP] = new_esp;
    return Outcome::next;
  });
}

Outcome PUSHF(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    const uint32_t image = cpu.eflags & ~(eflags::VM | eflags::RF);
    return push(cpu, static_cast<T>(image)) ? Outcome::next : Outcome::exception;
  });
}

Outcome POPF(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T image = 0;
    if (!peek(cpu, 0, image)) return Outcome::exception;
    cpu.gpr[ESP] += sizeof(T);
    set_flags(cpu, kUserFlags<T>, image);
    return Outcome::next;
  });
}

/// Not in the manual's opcode map, but in every processor: AL = CF ? FF : 00.
Outcome SALC(CpuState& cpu, const Instruction&) {
  set_gpr<uint8_t>(cpu, EAX, carry(cpu) ? 0xff : 0);
  return Outcome::next;
}

Outcome LDS(CpuState& cpu, const Instruction& i) {
  return load_with_segment(cpu, i, DS);
}
Outcome LES(CpuState& cpu, const Instruction& i) {
  return load_with_segment(cpu, i, ES);
}
Outcome LFS(CpuState& cpu, const Instruction& i) {
  return load_with_segment(cpu, i, FS);
}
Outcome LGS(CpuState& cpu, const Instruction& i) {
  return load_with_segment(cpu, i, GS);
}
Outcome LSS(CpuState& cpu, const Instruction& i) {
  return load_with_segment(cpu, i, SS);
}

}  // namespace ferry::i386::interpret
