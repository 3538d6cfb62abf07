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

/// Runs `iteration` once, or ECX times under a repeat prefix, but at most `budget` times in a step.
template <typename Body>
Outcome repeat(CpuState& cpu, const Instruction& instruction, uint32_t budget, Body iteration) {
  if (instruction.rep == RepPrefix::none) {
    return iteration() == Iteration::faulted ? Outcome::exception : Outcome::next;
  }
  // Under TF the trap comes after each iteration.
  if ((cpu.eflags & eflags::TF) != 0) budget = 1;
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

/// Whether MOVS and STOS may do several elements at once: upwards, with 32-bit addresses, where
/// no limit or alignment is checked. They are one access, with nothing ordered inside (SDM vol. 3,
/// 8.2.4); where accesses are ordered, that one is from here on.
[[nodiscard]] bool may_do_bulk(const CpuState& cpu, const Instruction& instruction) {
  if (instruction.rep == RepPrefix::none || instruction.address_size != 4 ||
      (cpu.eflags & (eflags::DF | eflags::TF | eflags::AC)) != 0) {
    return false;
  }
  if (cpu.guards == 0) [[likely]]
    return true;
  order_access(cpu);
  return cpu.guards == CpuState::kOrdered;
}

/// Bytes of whole elements from `address` on that lie in its page, so that doing them at once
/// either faults at the first or does not fault.
[[nodiscard]] uint32_t bytes_in_page(uint32_t address, unsigned width) {
  return (kMaxBytesPerStep - address % kMaxBytesPerStep) & ~(width - 1);
}

/// Copies as much as lies in one page on both sides, without looking at each element, if the ranges
/// lie apart. Returns the bytes done; 0 (nothing changed) leaves it to the element loop.
[[nodiscard]] uint32_t copy_bulk(CpuState& cpu, const Instruction& instruction, unsigned width) {
  uint32_t source = 0;
  uint32_t destination = 0;
  if (!source_address(cpu, instruction, source) ||
      !destination_address(cpu, instruction, AccessKind::write, destination)) {
    return 0;
  }
  const uint32_t bytes = std::min({bytes_in_page(source, width), bytes_in_page(destination, width),
                                   std::min(cpu.gpr[ECX], kMaxBytesPerStep) * width});
  const uint32_t distance = destination - source;
  if (distance < bytes || -distance < bytes || source >= guest::kGuestEnd) return 0;
  return guest::copy_to_guest(destination, guest::host_pointer(source), bytes) ? bytes : 0;
}

/// Fills as much as lies in one page with AL, AX or EAX. Like copy_bulk.
template <OperandType T>
[[nodiscard]] uint32_t fill_bulk(CpuState& cpu, const Instruction& instruction) {
  uint32_t destination = 0;
  if (!destination_address(cpu, instruction, AccessKind::write, destination)) return 0;
  const uint32_t elements =
      std::min<uint32_t>(bytes_in_page(destination, sizeof(T)) / sizeof(T), cpu.gpr[ECX]);
  T pattern[kMaxBytesPerStep / sizeof(T)];
  std::fill_n(pattern, elements, gpr<T>(cpu, EAX));
  const auto bytes = static_cast<uint32_t>(elements * sizeof(T));
  return guest::copy_to_guest(destination, pattern, bytes) ? bytes : 0;
}

/// ECX after `bytes` were done at once.
Outcome bulk_done(CpuState& cpu, uint32_t bytes, unsigned width) {
  cpu.gpr[ECX] -= bytes / width;
  return cpu.gpr[ECX] == 0 ? Outcome::next : Outcome::again;
}

}  // namespace

Outcome MOVS(CpuState& cpu, const Instruction& instruction) {
  const unsigned width = instruction.operands[0].width;
  if (may_do_bulk(cpu, instruction)) {
    if (const uint32_t bytes = copy_bulk(cpu, instruction, width); bytes != 0) {
      cpu.gpr[ESI] += bytes;
      cpu.gpr[EDI] += bytes;
      return bulk_done(cpu, bytes, width);
    }
  }
  return with_width(width, [&]<OperandType T>(T) {
    return repeat(cpu, instruction, kMaxBytesPerStep / sizeof(T), [&] {
      uint32_t source = 0;
      uint32_t destination = 0;
      T value = 0;
      if (!source_address(cpu, instruction, source) ||
          !load_memory(cpu, instruction.memory.segment, source, value) ||
          !destination_address(cpu, instruction, AccessKind::write, destination) ||
          !store_memory(cpu, ES, destination, value)) {
        return Iteration::faulted;
      }
      advance(cpu, instruction, ESI, sizeof(T));
      advance(cpu, instruction, EDI, sizeof(T));
      return Iteration::done;
    });
  });
}

Outcome STOS(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    if (may_do_bulk(cpu, instruction)) {
      if (const uint32_t bytes = fill_bulk<T>(cpu, instruction); bytes != 0) {
        cpu.gpr[EDI] += bytes;
        return bulk_done(cpu, bytes, sizeof(T));
      }
    }
    return repeat(cpu, instruction, kMaxBytesPerStep / sizeof(T), [&] {
      uint32_t destination = 0;
      if (!destination_address(cpu, instruction, AccessKind::write, destination) ||
          !store_memory(cpu, ES, destination, gpr<T>(cpu, EAX))) {
        return Iteration::faulted;
      }
      advance(cpu, instruction, EDI, sizeof(T));
      return Iteration::done;
    });
  });
}

Outcome LODS(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    return repeat(cpu, instruction, kMaxBytesPerStep / sizeof(T), [&] {
      uint32_t source = 0;
      T value = 0;
      if (!source_address(cpu, instruction, source) ||
          !load_memory(cpu, instruction.memory.segment, source, value)) {
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
    return repeat(cpu, instruction, kMaxBytesPerStep / sizeof(T), [&] {
      uint32_t source = 0;
      uint32_t destination = 0;
      T a = 0;
      T b = 0;
      if (!source_address(cpu, instruction, source) ||
          !load_memory(cpu, instruction.memory.segment, source, a) ||
          !destination_address(cpu, instruction, AccessKind::read, destination) ||
          !load_memory(cpu, ES, destination, b)) {
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
    return repeat(cpu, instruction, kMaxBytesPerStep / sizeof(T), [&] {
      uint32_t destination = 0;
      T b = 0;
      if (!destination_address(cpu, instruction, AccessKind::read, destination) ||
          !load_memory(cpu, ES, destination, b)) {
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
