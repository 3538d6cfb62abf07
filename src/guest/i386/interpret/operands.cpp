#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

namespace {

/// Any other value would do: the compare-and-exchange writes back what is there.
[[nodiscard]] bool can_write(uint32_t address) {
  uint8_t expected = 0;
  bool exchanged = false;
  return guest::compare_exchange<uint8_t>(address, expected, 0, exchanged);
}

[[nodiscard]] bool can_read(uint32_t address) {
  uint8_t value = 0;
  return guest::load(address, value);
}

}  // namespace

Outcome raise(CpuState& cpu, Vector vector, uint32_t error_code) {
  cpu.exception = {vector, error_code, 0};
  return Outcome::exception;
}

Outcome trap(CpuState& cpu, Vector vector) {
  cpu.exception = {vector, 0, 0};
  return Outcome::trap;
}

void access_fault(CpuState& cpu, SegmentRegister segment, uint32_t address, unsigned size,
                  AccessKind kind) {
  const uint32_t offset = address - cpu.segment_base[segment];
  if (offset + (size - 1) < offset) {
    raise(cpu, segment == SS ? Vector::SS : Vector::GP);
    return;
  }
  const bool write = kind == AccessKind::write;
  uint32_t first = address;
  const bool crosses = (address & guest::kPageMask) + size > guest::kPageSize;
  if (crosses && (write ? can_write(address) : can_read(address))) {
    first = (address | guest::kPageMask) + 1;
  }
  cpu.exception = {Vector::PF, kPageFaultUser | (write ? kPageFaultWrite : 0), first};
}

bool check_access(CpuState& cpu, SegmentRegister segment, uint32_t address, unsigned size,
                  unsigned alignment, AccessKind kind) {
  order_access(cpu);
  if (!check_segment(cpu, segment, address, size, kind)) return false;
  if ((cpu.eflags & eflags::AC) == 0 || address % alignment == 0) return true;
  raise(cpu, Vector::AC);
  return false;
}

uint32_t effective_offset(const CpuState& cpu, const Instruction& instruction) {
  const MemoryOperand& memory = instruction.memory;
  uint32_t offset = memory.displacement;
  if (memory.base != kNoRegister) offset += cpu.gpr[memory.base];
  if (memory.index != kNoRegister) offset += cpu.gpr[memory.index] << memory.scale_log2;
  return instruction.address_size == 2 ? offset & 0xffff : offset;
}

bool segmented_address(CpuState& cpu, SegmentRegister segment, uint32_t offset, AccessKind kind,
                       uint32_t& address) {
  const uint16_t index = cpu.selector[segment] & ~kRplMask;
  const bool read_only = index == (kUserCodeSelector & ~kRplMask);
  if (index == 0 || (read_only && kind == AccessKind::write)) {
    raise(cpu, Vector::GP);
    return false;
  }
  address = cpu.segment_base[segment] + offset;
  return true;
}

}  // namespace ferry::i386::interpret
