// Control transfer (SDM vol. 1, 5.1.7): jumps, calls, returns, loops, software interrupts, frames.
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/operands.hpp"
#include "guest/i386/segments.hpp"

namespace ferry::i386::interpret {

namespace {

/// A near branch with a 16-bit operand size truncates eip.
[[nodiscard]] uint32_t truncated(const Instruction& instruction, uint32_t target) {
  return instruction.operand_size == 2 ? target & 0xffff : target;
}

Outcome branch(CpuState& cpu, const Instruction& instruction, uint32_t target) {
  const uint32_t eip = truncated(instruction, target);
  if (!may_branch(cpu, eip)) return Outcome::exception;
  cpu.eip = eip;
  return Outcome::branch;
}

/// The target of a near JMP or CALL: relative, or a register or memory operand.
[[nodiscard]] bool near_target(CpuState& cpu, const Instruction& instruction, uint32_t& target) {
  const Operand& operand = instruction.operands[0];
  if (operand.kind == OperandKind::relative) {
    target = instruction.immediate;
    return true;
  }
  if (instruction.operand_size == 4) return read_operand(cpu, instruction, operand, target);
  uint16_t narrow = 0;
  if (!read_operand(cpu, instruction, operand, narrow)) return false;
  target = narrow;
  return true;
}

/// The target of a far JMP or CALL: immediate, or offset and selector in memory. False after an
/// exception: control may not go there, or a fault.
template <OperandType T>
[[nodiscard]] bool far_target(CpuState& cpu, const Instruction& instruction, T& offset,
                              uint16_t& selector) {
  if (instruction.operands[0].kind == OperandKind::far_pointer) {
    offset = static_cast<T>(instruction.immediate);
    selector = static_cast<uint16_t>(instruction.immediate2);
  } else if (!load_far_pointer(cpu, instruction, offset, selector)) {
    return false;
  }
  return check_far_target(cpu, selector, offset, false);
}

/// Ends a far transfer, which was allowed.
Outcome far_branch(CpuState& cpu, uint16_t selector, uint32_t offset) {
  // Jumps take a selector of any RPL up to CPL; CS gets CPL there.
  put_segment(cpu, CS, selector | kRplMask);
  cpu.eip = offset;
  return Outcome::branch;
}

/// Bytes RET and RET_far release beyond the return address.
[[nodiscard]] uint32_t released_bytes(const Instruction& instruction) {
  return instruction.operands[0].kind == OperandKind::none ? 0 : instruction.immediate;
}

/// LOOP, LOOPE, LOOPNE: ECX (CX by address size) is decremented first.
Outcome loop(CpuState& cpu, const Instruction& instruction, bool condition) {
  return with_width(instruction.address_size, [&]<OperandType T>(T) {
    const auto count = static_cast<T>(gpr<T>(cpu, ECX) - 1);
    const bool taken = count != 0 && condition;
    const Outcome outcome = taken ? branch(cpu, instruction, instruction.immediate) : Outcome::next;
    if (outcome != Outcome::exception) set_gpr(cpu, ECX, count);
    return outcome;
  });
}

}  // namespace

Outcome JCC(CpuState& cpu, const Instruction& instruction) {
  if (!condition_holds(instruction.condition(), cpu.eflags)) return Outcome::next;
  return branch(cpu, instruction, instruction.immediate);
}

Outcome JECXZ(CpuState& cpu, const Instruction& instruction) {
  const uint32_t count = instruction.address_size == 2 ? cpu.gpr[ECX] & 0xffff : cpu.gpr[ECX];
  return count == 0 ? branch(cpu, instruction, instruction.immediate) : Outcome::next;
}

Outcome LOOP(CpuState& cpu, const Instruction& instruction) {
  return loop(cpu, instruction, true);
}

Outcome LOOPE(CpuState& cpu, const Instruction& instruction) {
  return loop(cpu, instruction, (cpu.eflags & eflags::ZF) != 0);
}

Outcome LOOPNE(CpuState& cpu, const Instruction& instruction) {
  return loop(cpu, instruction, (cpu.eflags & eflags::ZF) == 0);
}

Outcome JMP(CpuState& cpu, const Instruction& instruction) {
  uint32_t target = 0;
  if (!near_target(cpu, instruction, target)) return Outcome::exception;
  return branch(cpu, instruction, target);
}

Outcome CALL(CpuState& cpu, const Instruction& instruction) {
  uint32_t target = 0;
  if (!near_target(cpu, instruction, target)) return Outcome::exception;
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    if (!may_branch(cpu, truncated(instruction, target)) ||
        !push(cpu, static_cast<T>(instruction.next_address()))) {
      return Outcome::exception;
    }
    return branch(cpu, instruction, target);
  });
}

Outcome RET(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T target = 0;
    if (!peek(cpu, 0, target) || !may_branch(cpu, target)) return Outcome::exception;
    cpu.gpr[ESP] += static_cast<uint32_t>(sizeof(T)) + released_bytes(instruction);
    return branch(cpu, instruction, target);
  });
}

Outcome JMP_far(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T offset = 0;
    uint16_t selector = 0;
    if (!far_target(cpu, instruction, offset, selector)) return Outcome::exception;
    return far_branch(cpu, selector, offset);
  });
}

Outcome CALL_far(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T offset = 0;
    uint16_t selector = 0;
    if (!far_target(cpu, instruction, offset, selector)) return Outcome::exception;
    const uint32_t old_esp = cpu.gpr[ESP];
    if (!push(cpu, static_cast<T>(cpu.selector[CS])) ||
        !push(cpu, static_cast<T>(instruction.next_address()))) {
      cpu.gpr[ESP] = old_esp;
      return Outcome::exception;
    }
    return far_branch(cpu, selector, offset);
  });
}

Outcome RET_far(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T offset = 0;
    T selector = 0;
    // Read from the top down, which shows in CR2 only.
    if (!peek(cpu, sizeof(T), selector) || !peek(cpu, 0, offset) ||
        !check_far_target(cpu, static_cast<uint16_t>(selector), offset, true)) {
      return Outcome::exception;
    }
    cpu.gpr[ESP] += static_cast<uint32_t>(2 * sizeof(T)) + released_bytes(instruction);
    return far_branch(cpu, static_cast<uint16_t>(selector), offset);
  });
}

/// Return to the same privilege level; a set NT asks for a task return, which user mode cannot do.
Outcome IRET(CpuState& cpu, const Instruction& instruction) {
  if ((cpu.eflags & eflags::NT) != 0) return raise(cpu, Vector::GP);
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T offset = 0;
    T selector = 0;
    T flags = 0;
    if (!peek(cpu, 2 * sizeof(T), flags) || !peek(cpu, sizeof(T), selector) ||
        !peek(cpu, 0, offset) ||
        !check_far_target(cpu, static_cast<uint16_t>(selector), offset, true)) {
      return Outcome::exception;
    }
    cpu.gpr[ESP] += 3 * sizeof(T);
    set_flags(cpu, kUserFlags<T>, flags);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // serialising (SDM vol. 3, 8.3)
    return far_branch(cpu, static_cast<uint16_t>(selector), offset);
  });
}

Outcome INT3(CpuState& cpu, const Instruction& instruction) {
  cpu.eip = instruction.next_address();
  return trap(cpu, Vector::BP);
}

Outcome INT1(CpuState& cpu, const Instruction& instruction) {
  cpu.eip = instruction.next_address();
  return trap(cpu, Vector::DB);  // no bit of DR6
}

Outcome INTO(CpuState& cpu, const Instruction& instruction) {
  if ((cpu.eflags & eflags::OF) == 0) return Outcome::next;
  cpu.eip = instruction.next_address();
  return trap(cpu, Vector::OF);
}

/// Linux lets user mode through gates 3, 4 and 80h; every other vector is #GP with an error code
/// that names the gate (SDM vol. 3, 6.13: index times 8, IDT bit).
Outcome INT(CpuState& cpu, const Instruction& instruction) {
  constexpr uint32_t kLinuxSyscall = 0x80;
  constexpr uint32_t kIdtBit = 2;
  switch (instruction.immediate) {
    case static_cast<uint32_t>(Vector::BP):
      return INT3(cpu, instruction);
    case static_cast<uint32_t>(Vector::OF):
      cpu.eip = instruction.next_address();
      return trap(cpu, Vector::OF);
    case kLinuxSyscall:
      cpu.eip = instruction.next_address();
      return Outcome::syscall;
    default:
      return raise(cpu, Vector::GP, instruction.immediate * 8 + kIdtBit);
  }
}

Outcome BOUND(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    using Signed = std::make_signed_t<T>;
    uint32_t address = 0;
    T lower = 0;
    T upper = 0;
    if (!operand_address(cpu, instruction, AccessKind::read, address) ||
        !load_memory(cpu, instruction.memory.segment, address, lower) ||
        !load_memory(cpu, instruction.memory.segment, address + static_cast<uint32_t>(sizeof(T)),
                     upper)) {
      return Outcome::exception;
    }
    const auto index = static_cast<Signed>(read_gpr<T>(cpu, instruction.operands[0]));
    const bool inside = index >= static_cast<Signed>(lower) && index <= static_cast<Signed>(upper);
    return inside ? Outcome::next : raise(cpu, Vector::BR);
  });
}

/// Copies `level` - 1 frame pointers of the enclosing frames, then the new frame's own. A fault in
/// the middle restores ESP; what was written lies below it.
Outcome ENTER(CpuState& cpu, const Instruction& instruction) {
  const uint32_t size = instruction.immediate;
  const uint32_t level = instruction.immediate2 & 0x1f;
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    const uint32_t old_esp = cpu.gpr[ESP];
    bool done = push(cpu, gpr<T>(cpu, EBP));
    const uint32_t frame = cpu.gpr[ESP];
    for (uint32_t i = 1; done && i < level; ++i) {
      T link = 0;
      const uint32_t address = cpu.gpr[EBP] - i * static_cast<uint32_t>(sizeof(T));
      done = load_memory(cpu, SS, cpu.segment_base[SS] + address, link) && push(cpu, link);
    }
    if (done && level > 0) done = push(cpu, static_cast<T>(frame));
    // The manual's last step: a write at the final stack pointer must be possible.
    const uint32_t top = cpu.gpr[ESP] - size;
    T unused_old = 0;
    T unused_result = 0;
    done = done && modify_memory(cpu, SS, cpu.segment_base[SS] + top, false, unused_old,
                                 unused_result, [](T value) { return value; });
    if (!done) {
      cpu.gpr[ESP] = old_esp;
      return Outcome::exception;
    }
    set_gpr(cpu, EBP, static_cast<T>(frame));
    cpu.gpr[ESP] = top;
    return Outcome::next;
  });
}

Outcome LEAVE(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operand_size, [&]<OperandType T>(T) {
    T saved = 0;
    const uint32_t frame = cpu.gpr[EBP];
    if (!load_memory(cpu, SS, cpu.segment_base[SS] + frame, saved)) return Outcome::exception;
    cpu.gpr[ESP] = frame + sizeof(T);
    set_gpr(cpu, EBP, saved);
    return Outcome::next;
  });
}

}  // namespace ferry::i386::interpret
