// Segments as instructions meet them: loads, limits and rights.
#include "guest/i386/segments.hpp"

#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

namespace {

/// Makes `fault` the instruction's exception; false if there is none.
[[nodiscard]] bool raised(CpuState& cpu, const Exception& fault) {
  if (fault.vector == Vector::none) return false;
  cpu.exception = fault;
  return true;
}

}  // namespace

bool load_segment(CpuState& cpu, SegmentRegister segment, uint16_t selector) {
  if (raised(cpu, segment_fault(cpu, segment, selector))) return false;
  put_segment(cpu, segment, selector);
  return true;
}

bool check_segment(CpuState& cpu, SegmentRegister segment, uint32_t address, unsigned size,
                   AccessKind kind) {
  if ((cpu.guards & CpuState::limit_bit(segment)) == 0) return true;
  const SegmentDescriptor descriptor = cpu.hidden[segment];
  const bool allowed = kind == AccessKind::read ? descriptor.readable() : descriptor.writable();
  if (allowed && descriptor.covers(address - descriptor.base(), size)) return true;
  raise(cpu, segment == SS ? Vector::SS : Vector::GP);
  return false;
}

bool check_far_target(CpuState& cpu, uint16_t selector, uint32_t offset, bool is_return) {
  if (raised(cpu, code_segment_fault(cpu, selector, is_return))) return false;
  if (find_descriptor(cpu, selector).covers(offset, 1)) return true;
  raise(cpu, Vector::GP);
  return false;
}

bool check_near_target(CpuState& cpu, uint32_t offset) {
  if (cpu.hidden[CS].covers(offset, 1)) return true;
  raise(cpu, Vector::GP);
  return false;
}

}  // namespace ferry::i386::interpret
