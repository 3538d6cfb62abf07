// Reading and writing operands by width, effective addresses, the stack, and raising exceptions.
//
// Functions that can fault return false with cpu.exception set; the handler then returns
// Outcome::exception and has changed nothing before.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "common/diagnostics.hpp"
#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/instruction.hpp"
#include "guest/i386/flags.hpp"
#include "guest/i386/interpret/outcome.hpp"
#include "guest/memory/memory.hpp"

namespace ferry::i386::interpret {

/// Calls `body` with a zero of the unsigned type of `width` bytes (1, 2 or 4).
template <typename Body>
inline Outcome with_width(unsigned width, Body&& body) {
  switch (width) {
    case 1:
      return body(uint8_t{});
    case 2:
      return body(uint16_t{});
    default:
      return body(uint32_t{});
  }
}

// Exceptions.

/// Sets cpu.exception; returns Outcome::exception for the handler to return.
Outcome raise(CpuState& cpu, Vector vector, uint32_t error_code = 0);

/// The instruction is done and eip is after it, but an exception must be reported.
Outcome trap(CpuState& cpu, Vector vector);

enum class AccessKind : uint8_t { read, write };

/// The exception of an access of `size` bytes through `segment` that failed at or past `address`:
/// #PF with the first byte that cannot be accessed in CR2. An access across offset 4 GB breaks the
/// segment's limit instead: #GP, or #SS in the stack segment.
void access_fault(CpuState& cpu, SegmentRegister segment, uint32_t address, unsigned size,
                  AccessKind kind);

// Flags.

inline void set_flags(CpuState& cpu, uint32_t mask, uint32_t values) {
  cpu.eflags = (cpu.eflags & ~mask) | (values & mask);
}
inline void set_arithmetic_flags(CpuState& cpu, uint32_t values) {
  set_flags(cpu, eflags::kArithmetic, values);
}
[[nodiscard]] inline bool carry(const CpuState& cpu) {
  return (cpu.eflags & eflags::CF) != 0;
}

/// EFLAGS bits POPF and IRET change in user mode, where IOPL is 0 (SDM vol. 2, POPF).
template <OperandType T>
inline constexpr uint32_t kUserFlags = eflags::kArithmetic | eflags::TF | eflags::DF | eflags::NT |
                                       (sizeof(T) == 4 ? eflags::AC | eflags::ID : 0);

// General registers.

template <OperandType T>
[[nodiscard]] inline T gpr(const CpuState& cpu, unsigned reg) {
  return static_cast<T>(cpu.gpr[reg]);
}

/// Writes the low part; the rest of the register stays.
template <OperandType T>
inline void set_gpr(CpuState& cpu, unsigned reg, T value) {
  constexpr uint32_t kMask = static_cast<T>(~T{0});
  cpu.gpr[reg] = (cpu.gpr[reg] & ~kMask) | value;
}

template <OperandType T>
[[nodiscard]] inline T read_gpr(const CpuState& cpu, const Operand& operand) {
  return static_cast<T>(cpu.gpr[operand.reg] >> (operand.high_byte ? 8 : 0));
}

template <OperandType T>
inline void write_gpr(CpuState& cpu, const Operand& operand, T value) {
  if (operand.high_byte) {
    cpu.gpr[operand.reg] = (cpu.gpr[operand.reg] & ~0xff00u) | (uint32_t{value} & 0xff) << 8;
  } else {
    set_gpr(cpu, operand.reg, value);
  }
}

// Memory.

/// Offset of the memory operand in its segment, before the segment base (what LEA gives).
[[nodiscard]] uint32_t effective_offset(const CpuState& cpu, const Instruction& instruction);

/// Linear address of `offset` in `segment`. #GP if the segment's selector is null, or the access a
/// write and the segment a code segment.
[[nodiscard]] bool segmented_address(CpuState& cpu, SegmentRegister segment, uint32_t offset,
                                     AccessKind kind, uint32_t& address);
[[nodiscard]] inline bool linear_address(CpuState& cpu, SegmentRegister segment, uint32_t offset,
                                         AccessKind kind, uint32_t& address) {
  if (cpu.selector[segment] != kUserDataSelector) {
    return segmented_address(cpu, segment, offset, kind, address);
  }
  address = offset;
  return true;
}

/// Whether an access to linear `address`, which should be a multiple of `alignment`, may break more
/// than its page (a limit, or the alignment checks), or has to be ordered.
[[nodiscard]] inline bool is_guarded(const CpuState& cpu, uint32_t address, unsigned alignment) {
  return (cpu.guards | (address & (alignment - 1))) != 0;
}

/// Where CpuState::guards asks for it, orders what comes after all earlier accesses: any two but a
/// store and a load after it, as x86 does.
inline void order_access(const CpuState& cpu) {
  if ((cpu.guards & CpuState::kOrdered) != 0) [[unlikely]]
    std::atomic_thread_fence(std::memory_order_acq_rel);
}

/// The checks of a guarded access to `size` bytes at linear `address`: #GP or #SS where limit or
/// rights of a segment forbid it, and under EFLAGS.AC #AC if the address is no multiple of
/// `alignment`, a power of two (SDM vol. 3, 6.15, interrupt 17). #AC comes before a page fault, as
/// on AMD's processors (the manuals leave the order open). Orders the access after all earlier ones
/// where CpuState::guards asks for it.
[[nodiscard]] bool check_access(CpuState& cpu, SegmentRegister segment, uint32_t address,
                                unsigned size, unsigned alignment, AccessKind kind);

/// The part of check_access that depends on the segment's descriptor (segments.cpp).
[[nodiscard]] bool check_segment(CpuState& cpu, SegmentRegister segment, uint32_t address,
                                 unsigned size, AccessKind kind);

template <typename T>
[[nodiscard]] inline bool may_access(CpuState& cpu, SegmentRegister segment, uint32_t address,
                                     AccessKind kind) {
  if (!is_guarded(cpu, address, sizeof(T))) [[likely]]
    return true;
  return check_access(cpu, segment, address, sizeof(T), sizeof(T), kind);
}

[[nodiscard]] inline bool operand_address(CpuState& cpu, const Instruction& instruction,
                                          AccessKind kind, uint32_t& address) {
  return linear_address(cpu, instruction.memory.segment, effective_offset(cpu, instruction), kind,
                        address);
}

// `address` is linear; `segment` says which exception a failure is. T is uint8_t to uint64_t.

template <typename T>
[[nodiscard]] inline bool load_memory(CpuState& cpu, SegmentRegister segment, uint32_t address,
                                      T& value) {
  if (!may_access<T>(cpu, segment, address, AccessKind::read)) return false;
  if (guest::load(address, value)) return true;
  access_fault(cpu, segment, address, sizeof(T), AccessKind::read);
  return false;
}

template <typename T>
[[nodiscard]] inline bool store_memory(CpuState& cpu, SegmentRegister segment, uint32_t address,
                                       T value) {
  if (!may_access<T>(cpu, segment, address, AccessKind::write)) return false;
  if (guest::store(address, value)) return true;
  access_fault(cpu, segment, address, sizeof(T), AccessKind::write);
  return false;
}

/// Replaces the value at `address` by compute(old), atomically if `locked`. `old` and `result` are
/// the values before and after.
template <typename T, typename Compute>
[[nodiscard]] inline bool modify_memory(CpuState& cpu, SegmentRegister segment, uint32_t address,
                                        bool locked, T& old, T& result, Compute&& compute) {
  if (!may_access<T>(cpu, segment, address, AccessKind::write)) return false;
  bool done = guest::load(address, old);
  bool exchanged = false;
  while (done && !exchanged) {
    result = compute(old);
    if (locked) {
      done = guest::compare_exchange(address, old, result, exchanged);
    } else {
      done = exchanged = guest::store(address, result);
    }
  }
  if (!done) access_fault(cpu, segment, address, sizeof(T), AccessKind::write);
  return done;
}

// Operands.

/// Reads a register, memory or immediate operand.
template <OperandType T>
[[nodiscard]] inline bool read_operand(CpuState& cpu, const Instruction& instruction,
                                       const Operand& operand, T& value) {
  switch (operand.kind) {
    case OperandKind::gpr:
      value = read_gpr<T>(cpu, operand);
      return true;
    case OperandKind::immediate:
      value = static_cast<T>(instruction.immediate);
      return true;
    case OperandKind::immediate2:
      value = static_cast<T>(instruction.immediate2);
      return true;
    case OperandKind::memory: {
      uint32_t address = 0;
      return operand_address(cpu, instruction, AccessKind::read, address) &&
             load_memory(cpu, instruction.memory.segment, address, value);
    }
    default:
      UNREACHABLE();
  }
}

/// Writes a register or memory operand.
template <OperandType T>
[[nodiscard]] inline bool write_operand(CpuState& cpu, const Instruction& instruction,
                                        const Operand& operand, T value) {
  if (operand.kind == OperandKind::gpr) {
    write_gpr(cpu, operand, value);
    return true;
  }
  uint32_t address = 0;
  return operand_address(cpu, instruction, AccessKind::write, address) &&
         store_memory(cpu, instruction.memory.segment, address, value);
}

/// Replaces a register or memory operand by compute(old); atomic under a LOCK prefix.
template <OperandType T, typename Compute>
[[nodiscard]] inline bool modify_operand(CpuState& cpu, const Instruction& instruction,
                                         const Operand& operand, T& old, T& result,
                                         Compute&& compute) {
  if (operand.kind == OperandKind::gpr) {
    old = read_gpr<T>(cpu, operand);
    result = compute(old);
    write_gpr(cpu, operand, result);
    return true;
  }
  uint32_t address = 0;
  return operand_address(cpu, instruction, AccessKind::write, address) &&
         modify_memory(cpu, instruction.memory.segment, address, instruction.lock, old, result,
                       std::forward<Compute>(compute));
}

// The stack: always 32-bit ESP, because SS is always a 32-bit segment.

template <OperandType T>
[[nodiscard]] inline bool push(CpuState& cpu, T value) {
  const uint32_t top = cpu.gpr[ESP] - sizeof(T);
  if (!store_memory(cpu, SS, cpu.segment_base[SS] + top, value)) return false;
  cpu.gpr[ESP] = top;
  return true;
}

/// Reads the value `depth` bytes above the top of the stack; ESP stays.
template <OperandType T>
[[nodiscard]] inline bool peek(CpuState& cpu, uint32_t depth, T& value) {
  return load_memory(cpu, SS, cpu.segment_base[SS] + cpu.gpr[ESP] + depth, value);
}

// Instructions of two operands.

/// A two-operand instruction that writes its first operand. `compute(a, b)` gives the result,
/// `flags(a, b, result)` all six flags.
template <typename Compute, typename Flags>
[[nodiscard]] Outcome binary(CpuState& cpu, const Instruction& instruction, Compute compute,
                             Flags flags) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T a = 0;
    T b = 0;
    T result = 0;
    if (!read_operand(cpu, instruction, instruction.operands[1], b) ||
        !modify_operand(cpu, instruction, instruction.operands[0], a, result,
                        [&](T old) { return static_cast<T>(compute(old, b)); })) {
      return Outcome::exception;
    }
    set_arithmetic_flags(cpu, flags(a, b, result));
    return Outcome::next;
  });
}

/// A two-operand instruction that writes flags alone: all six, `flags(a, b)`.
template <typename Flags>
inline Outcome flags_of_operands(CpuState& cpu, const Instruction& instruction, Flags&& flags) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T a = 0;
    T b = 0;
    if (!read_operand(cpu, instruction, instruction.operands[0], a) ||
        !read_operand(cpu, instruction, instruction.operands[1], b)) {
      return Outcome::exception;
    }
    set_arithmetic_flags(cpu, flags(a, b));
    return Outcome::next;
  });
}

// Segments (segments.cpp).

/// The far pointer in memory: an offset of T, then a selector. False after an exception.
template <OperandType T>
[[nodiscard]] bool load_far_pointer(CpuState& cpu, const Instruction& instruction, T& offset,
                                    uint16_t& selector) {
  uint32_t address = 0;
  return operand_address(cpu, instruction, AccessKind::read, address) &&
         load_memory(cpu, instruction.memory.segment, address, offset) &&
         load_memory(cpu, instruction.memory.segment, address + static_cast<uint32_t>(sizeof(T)),
                     selector);
}

/// Loads `selector` into `segment` with the checks of MOV to Sreg (not CS).
[[nodiscard]] bool load_segment(CpuState& cpu, SegmentRegister segment, uint16_t selector);

/// Whether a far transfer may go to `offset` of the code segment `selector`; raises the exception
/// otherwise.
[[nodiscard]] bool check_far_target(CpuState& cpu, uint16_t selector, uint32_t offset,
                                    bool is_return);

/// Whether a near branch may go to `offset`: raises #GP where the limit of CS, which is none of the
/// flat ones, forbids it.
[[nodiscard]] bool check_near_target(CpuState& cpu, uint32_t offset);
[[nodiscard]] inline bool may_branch(CpuState& cpu, uint32_t offset) {
  return (cpu.guards & CpuState::limit_bit(CS)) == 0 || check_near_target(cpu, offset);
}

}  // namespace ferry::i386::interpret
