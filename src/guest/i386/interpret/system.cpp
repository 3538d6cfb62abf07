// Processor identification, time stamps, hints and system tables as user mode sees them
// (SDM vol. 1, 5.1.13 and 5.22). Privileged instructions never get here: the dispatch raises #GP.
#include <time.h>

#include <functional>

#include "guest/i386/cpu_model.hpp"
#include "guest/i386/host_clock.hpp"
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/operands.hpp"
#include "guest/i386/segments.hpp"

namespace ferry::i386 {

namespace {

HostClock known_clock;

}  // namespace

void set_host_clock(const HostClock& clock) {
  known_clock = clock;
}

const HostClock& host_clock() {
  return known_clock;
}

}  // namespace ferry::i386

namespace ferry::i386::interpret {

namespace {

/// Nanoseconds: a time stamp counter of a constant 1 GHz, the same on every host.
[[nodiscard]] uint64_t time_stamp() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// What Linux gives user mode in place of the real values on processors with UMIP (it emulates the
// five instructions so that old programs go on, and tells no kernel address).
constexpr uint32_t kGdtBase = 0xfffe0000;
constexpr uint32_t kIdtBase = 0xffff0000;
constexpr uint16_t kTableLimit = 0;
constexpr uint32_t kCr0 = 0x80050033;     ///< PE MP ET NE WP AM PG
constexpr uint32_t kLdtSelector = 0x50;   ///< the LDT's entry of a 64-bit kernel's GDT
constexpr uint32_t kTaskSelector = 0x40;  ///< the TSS entry of a 64-bit kernel's GDT

Outcome store_table_register(CpuState& cpu, const Instruction& instruction, uint32_t base) {
  uint32_t address = 0;
  if (!operand_address(cpu, instruction, AccessKind::write, address)) return Outcome::exception;
  // Both halves or nothing: the base is stored first, so its old value must be known.
  uint32_t old_base = 0;
  if (!load_memory(cpu, instruction.memory.segment, address + 2, old_base) ||
      !store_memory(cpu, instruction.memory.segment, address + 2, base)) {
    return Outcome::exception;
  }
  if (store_memory(cpu, instruction.memory.segment, address, kTableLimit)) return Outcome::next;
  CHECK(guest::store(address + 2, old_base));
  return Outcome::exception;
}

Outcome store_system_word(CpuState& cpu, const Instruction& instruction, uint32_t value) {
  const Operand& operand = instruction.operands[0];
  return with_width(operand.width, [&]<OperandType T>(T) {
    return write_operand(cpu, instruction, operand, static_cast<T>(value)) ? Outcome::next
                                                                           : Outcome::exception;
  });
}

/// VERR, VERW: `verify` of a descriptor that user mode may see.
template <typename Verify>
Outcome verify_selector(CpuState& cpu, const Instruction& instruction, Verify verify) {
  uint16_t selector = 0;
  if (!read_operand(cpu, instruction, instruction.operands[0], selector)) return Outcome::exception;
  const SegmentDescriptor descriptor = find_descriptor(cpu, selector);
  const bool valid = descriptor.exists() && verify(descriptor);
  set_flags(cpu, eflags::ZF, flag_if(valid, eflags::ZF));
  return Outcome::next;
}

/// LAR, LSL: the destination is written only if the descriptor can be seen.
template <typename Select>
Outcome load_descriptor_field(CpuState& cpu, const Instruction& instruction, Select select) {
  uint16_t selector = 0;
  if (!read_operand(cpu, instruction, instruction.operands[1], selector)) return Outcome::exception;
  const SegmentDescriptor descriptor = find_descriptor(cpu, selector);
  set_flags(cpu, eflags::ZF, flag_if(descriptor.exists(), eflags::ZF));
  if (!descriptor.exists()) return Outcome::next;
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    write_gpr(cpu, instruction.operands[0], static_cast<T>(select(descriptor)));
    return Outcome::next;
  });
}

}  // namespace

/// Serialising, so a fence too (SDM vol. 3, 8.3).
Outcome CPUID(CpuState& cpu, const Instruction&) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const CpuidLeaf leaf = cpuid(cpu.gpr[EAX]);
  cpu.gpr[EAX] = leaf.eax;
  cpu.gpr[EBX] = leaf.ebx;
  cpu.gpr[ECX] = leaf.ecx;
  cpu.gpr[EDX] = leaf.edx;
  return Outcome::next;
}

Outcome RDTSC(CpuState& cpu, const Instruction&) {
  const uint64_t stamp = time_stamp();
  cpu.gpr[EAX] = static_cast<uint32_t>(stamp);
  cpu.gpr[EDX] = static_cast<uint32_t>(stamp >> 32);
  return Outcome::next;
}

/// IA32_TSC_AUX is 0: processor 0, node 0.
Outcome RDTSCP(CpuState& cpu, const Instruction& instruction) {
  cpu.gpr[ECX] = 0;
  return RDTSC(cpu, instruction);
}

Outcome RDCLOCK(CpuState& cpu, const Instruction& instruction) {
  if (!host_clock().exists_at(instruction.address)) return raise(cpu, Vector::UD);
  const ClockReading reading = host_clock().read(cpu.gpr[EAX], cpu.gpr[ECX]);
  cpu.gpr[EAX] = static_cast<uint32_t>(reading.seconds);
  cpu.gpr[EDX] = static_cast<uint32_t>(reading.seconds >> 32);
  cpu.gpr[ECX] = static_cast<uint32_t>(reading.nanoseconds);
  return Outcome::next;
}

Outcome NOP(CpuState&, const Instruction&) {
  return Outcome::next;
}
Outcome PAUSE(CpuState&, const Instruction&) {
  return Outcome::next;
}
Outcome PREFETCH(CpuState&, const Instruction&) {
  return Outcome::next;
}

Outcome CLFLUSH(CpuState& cpu, const Instruction& instruction) {
  // No cache to flush, but the address is checked like a byte load (SDM vol. 2, CLFLUSH).
  uint32_t address = 0;
  uint8_t value = 0;
  return operand_address(cpu, instruction, AccessKind::read, address) &&
                 load_memory(cpu, instruction.memory.segment, address, value)
             ? Outcome::next
             : Outcome::exception;
}

Outcome MFENCE(CpuState&, const Instruction&) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return Outcome::next;
}

Outcome LFENCE(CpuState& cpu, const Instruction& instruction) {
  return MFENCE(cpu, instruction);
}
Outcome SFENCE(CpuState& cpu, const Instruction& instruction) {
  return MFENCE(cpu, instruction);
}

Outcome UD2(CpuState& cpu, const Instruction&) {
  return raise(cpu, Vector::UD);
}

Outcome SGDT(CpuState& cpu, const Instruction& instruction) {
  return store_table_register(cpu, instruction, kGdtBase);
}

Outcome SIDT(CpuState& cpu, const Instruction& instruction) {
  return store_table_register(cpu, instruction, kIdtBase);
}

Outcome SLDT(CpuState& cpu, const Instruction& instruction) {
  const bool exists = cpu.ldt != nullptr && cpu.ldt->exists();
  return store_system_word(cpu, instruction, exists ? kLdtSelector : 0);
}

Outcome STR(CpuState& cpu, const Instruction& instruction) {
  return store_system_word(cpu, instruction, kTaskSelector);
}

Outcome SMSW(CpuState& cpu, const Instruction& instruction) {
  return store_system_word(cpu, instruction, kCr0);
}

Outcome VERR(CpuState& cpu, const Instruction& instruction) {
  return verify_selector(cpu, instruction, std::mem_fn(&SegmentDescriptor::readable));
}

Outcome VERW(CpuState& cpu, const Instruction& instruction) {
  return verify_selector(cpu, instruction, std::mem_fn(&SegmentDescriptor::writable));
}

Outcome LAR(CpuState& cpu, const Instruction& instruction) {
  return load_descriptor_field(cpu, instruction, std::mem_fn(&SegmentDescriptor::rights));
}

Outcome LSL(CpuState& cpu, const Instruction& instruction) {
  return load_descriptor_field(cpu, instruction, std::mem_fn(&SegmentDescriptor::limit));
}

/// Raises the destination's RPL to the source's. The destination is written only then.
Outcome ARPL(CpuState& cpu, const Instruction& instruction) {
  const Operand& operand = instruction.operands[0];
  const uint16_t rpl = read_gpr<uint16_t>(cpu, instruction.operands[1]) & kRplMask;
  uint16_t value = 0;
  if (!read_operand(cpu, instruction, operand, value)) return Outcome::exception;
  const bool raised = (value & kRplMask) < rpl;
  const auto result = static_cast<uint16_t>((value & ~kRplMask) | rpl);
  if (raised && !write_operand(cpu, instruction, operand, result)) return Outcome::exception;
  set_flags(cpu, eflags::ZF, flag_if(raised, eflags::ZF));
  return Outcome::next;
}

// CPUID does not offer SSE, so these are not there.
Outcome LDMXCSR(CpuState& cpu, const Instruction&) {
  return raise(cpu, Vector::UD);
}
Outcome STMXCSR(CpuState& cpu, const Instruction&) {
  return raise(cpu, Vector::UD);
}

}  // namespace ferry::i386::interpret
