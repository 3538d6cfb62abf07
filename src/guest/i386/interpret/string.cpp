// String instructions and their repeat forms (SDM vol. 1, 5.1.8; vol. 2, REP).
//
// A repeated instruction does at most 4 KB of work, then returns Outcome::again with the registers
// advanced; so signals wait no longer than that. A fault leaves the registers at the iteration that
// faulted.
#include <algorithm>
#include <cstring>

#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

namespace {

constexpr uint32_t kMaxBytesPerStep = 4096;

/// What one iteration did.
enum class Iteration : uint8_t { done, faulted, condition_failed };

/// ESI, EDI and ECX, or their low halves with a 16-bit address size.
[[nodiscard]] uint32_t address_register(const CpuState& cpu, const Instruction& instruction,
                                        Gpr reg) {
  return instruction.address_size == 2 ? cpu.gpr[reg] & 0xffff : cpu.gpr[reg];
}

void set_address_register(CpuState& cpu, const Instruction& instruction, Gpr reg, uint32_t value) {
  if (instruction.address_size == 2) {
    set_gpr(cpu, reg, static_cast<uint16_t>(value));
  } else {
    cpu.gpr[reg] = value;
  }
}

/// Moves ESI or EDI on by `units` elements in the direction DF says.
void advance(CpuState& cpu, const Instruction& instruction, Gpr reg, uint32_t bytes) {
  const bool down = (cpu.eflags & eflags::DF) != 0;
  const uint32_t value = address_register(cpu, instruction, reg);
  set_address_register(cpu, instruction, reg, down ? value - bytes : value + bytes);
}

[[nodiscard]] bool source_address(CpuState& cpu, const Instruction& instruction,
                                  uint32_t& address) {
  return linear_address(cpu, instruction.memory.segment, address_register(cpu, instruction, ESI),
                        AccessKind::read, address);
}

[[nodiscard]] bool destination_address(CpuState& cpu, const Instruction& instruction,
                                       AccessKind kind, uint32_t& address) {
  return linear_address(cpu, ES, address_register(cpu, instruction, EDI), kind, address);
}

/// Runs `iteration` once, or ECX times under a repeat prefix.
template <typename Body>
Outcome repeat(CpuState& cpu, const Instruction& instruction, unsigned width, Body iteration) {
  if (instruction.rep == RepPrefix::none) {
    return iteration() == Iteration::faulted ? Outcome::exception : Outcome::next;
  }
  // Under TF the trap comes after each iteration.
  uint32_t budget = (cpu.eflags & eflags::TF) != 0 ? 1 : kMaxBytesPerStep / width;
  uint32_t count = address_register(cpu, instruction, ECX);
  while (count != 0) {
    if (budget-- == 0) return Outcome::again;
    const Iteration result = iteration();
    if (result == Iteration::faulted) return Outcome::exception;
    set_address_register(cpu, instruction, ECX, --count);
    if (result == Iteration::condition_failed) break;
  }
  return Outcome::next;
}

/// For CMPS and SCAS: REPE goes on while equal, REPNE while not.
[[nodiscard]] Iteration compared(const CpuState& cpu, const Instruction& instruction) {
  const bool equal = (cpu.eflags & eflags::ZF) != 0;
  if (instruction.rep == RepPrefix::none) return Iteration::done;
  return equal == (instruction.rep == RepPrefix::repe) ? Iteration::done
                                                       : Iteration::condition_failed;
}

/// Elements the bulk paths of MOVS and STOS may do at once: upwards, with 32-bit addresses, up to
/// the work limit. 0 means element by element.
[[nodiscard]] uint32_t bulk_elements(const CpuState& cpu, const Instruction& instruction,
                                     unsigned width) {
  if (instruction.rep == RepPrefix::none || instruction.address_size == 2) return 0;
  if ((cpu.eflags & (eflags::DF | eflags::TF)) != 0) return 0;
  return std::min(cpu.gpr[ECX], kMaxBytesPerStep / width);
}

/// The registers after `bytes` in `elements` were done at once.
Outcome bulk_done(CpuState& cpu, uint32_t elements) {
  cpu.gpr[ECX] -= elements;
  return cpu.gpr[ECX] == 0 ? Outcome::next : Outcome::again;
}

/// Copies without looking at each element if the ranges lie apart. A false result has changed no
/// register; what it copied, the slow path copies again.
[[nodiscard]] bool copy_bulk(CpuState& cpu, const Instruction& instruction, uint32_t bytes) {
  uint32_t source = 0;
  uint32_t destination = 0;
  if (!source_address(cpu, instruction, source) ||
      !destination_address(cpu, instruction, AccessKind::write, destination)) {
    return false;
  }
  const uint32_t distance = destination - source;
  if (distance < bytes || -distance < bytes) return false;
  if (source >= kGuestEnd || bytes > kGuestEnd - source) return false;
  if (!copy_to_guest(destination, host_pointer(source), bytes)) return false;
  cpu.gpr[ESI] += bytes;
  cpu.gpr[EDI] += bytes;
  return true;
}

/// Fills with the low `width` bytes of EAX.
[[nodiscard]] bool fill_bulk(CpuState& cpu, const Instruction& instruction, unsigned width,
                             uint32_t bytes) {
  uint32_t destination = 0;
  if (!destination_address(cpu, instruction, AccessKind::write, destination)) return false;
  uint8_t pattern[kMaxBytesPerStep];
  for (uint32_t i = 0; i < bytes; i += width) {
    for (unsigned j = 0; j < width; ++j) {
      pattern[i + j] = static_cast<uint8_t>(cpu.gpr[EAX] >> 8 * j);
    }
  }
  if (!copy_to_guest(destination, pattern, bytes)) return false;
  cpu.gpr[EDI] += bytes;
  return true;
}

}  // namespace

Outcome MOVS(CpuState& cpu, const Instruction& instruction) {
  const unsigned width = instruction.operands[0].width;
  const uint32_t elements = bulk_elements(cpu, instruction, width);
  if (elements > 1 && copy_bulk(cpu, instruction, elements * width)) {
    return bulk_done(cpu, elements);
  }
  return with_width(width, [&]<OperandType T>(T) {
    return repeat(cpu, instruction, sizeof(T), [&] {
      uint32_t source = 0;
      uint32_t destination = 0;
      T value = 0;
      if (!source_address(cpu, instruction, source) || !load_memory(cpu, source, value) ||
          !destination_address(cpu, instruction, AccessKind::write, destination) ||
          !store_memory(cpu, destination, value)) {
        return Iteration::faulted;
      }
      advance(cpu, instruction, ESI, sizeof(T));
      advance(cpu, instruction, EDI, sizeof(T));
      return Iteration::done;
    });
  });
}

Outcome STOS(CpuState& cpu, const Instruction& instruction) {
  const unsigned width = instruction.operands[0].width;
  const uint32_t elements = bulk_elements(cpu, instruction, width);
  if (elements > 1 && fill_bulk(cpu, instruction, width, elements * width)) {
    return bulk_done(cpu, elements);
  }
  return with_width(width, [&]<OperandType T>(T) {
    return repeat(cpu, instruction, sizeof(T), [&] {
      uint32_t destination = 0;
      if (!destination_address(cpu, instruction, AccessKind::write, destination) ||
          !store_memory(cpu, destination, gpr<T>(cpu, EAX))) {
        return Iteration::faulted;
      }
      advance(cpu, instruction, EDI, sizeof(T));
      return Iteration::done;
    });
  });
}

Outcome LODS(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    return repeat(cpu, instruction, sizeof(T), [&] {
      uint32_t source = 0;
      T value = 0;
      if (!source_address(cpu, instruction, source) || !load_memory(cpu, source, value)) {
        return Iteration::faulted;
      }
      set_gpr(cpu, EAX, value);
      advance(cpu, instruction, ESI, sizeof(T));
      return Iteration::done;
    });
  });
}

Outcome CMPS(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    return repeat(cpu, instruction, sizeof(T), [&] {
      uint32_t source = 0;
      uint32_t destination = 0;
      T a = 0;
      T b = 0;
      if (!source_address(cpu, instruction, source) || !load_memory(cpu, source, a) ||
          !destination_address(cpu, instruction, AccessKind::read, destination) ||
          !load_memory(cpu, destination, b)) {
        return Iteration::faulted;
      }
      set_arithmetic_flags(cpu, sub_flags(a, b, static_cast<T>(a - b)));
      advance(cpu, instruction, ESI, sizeof(T));
      advance(cpu, instruction, EDI, sizeof(T));
      return compared(cpu, instruction);
    });
  });
}

Outcome SCAS(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    return repeat(cpu, instruction, sizeof(T), [&] {
      uint32_t destination = 0;
      T b = 0;
      if (!destination_address(cpu, instruction, AccessKind::read, destination) ||
          !load_memory(cpu, destination, b)) {
        return Iteration::faulted;
      }
      const T a = gpr<T>(cpu, EAX);
      set_arithmetic_flags(cpu, sub_flags(a, b, static_cast<T>(a - b)));
      advance(cpu, instruction, EDI, sizeof(T));
      return compared(cpu, instruction);
    });
  });
}

}  // namespace ferry::i386::interpret
