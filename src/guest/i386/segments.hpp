// What a processor in user mode lets selectors do: the checks of loads into segment registers.
#pragma once

#include <cstdint>

#include "guest/i386/cpu_state.hpp"

namespace ferry::i386 {

/// The descriptor `selector` names. None for null selectors and for those user mode may not use.
[[nodiscard]] SegmentDescriptor find_descriptor(const CpuState& cpu, uint16_t selector);

/// Whether LDTs hold `selector` (TI); else the GDT does.
[[nodiscard]] constexpr bool is_local(uint16_t selector) {
  return (selector & 4) != 0;
}

/// What a load of `selector` into `segment`, which is not CS, raises; Vector::none if it is
/// allowed. The checks of MOV to Sreg (SDM vol. 2, MOV) for privilege level 3.
[[nodiscard]] Exception segment_fault(const CpuState& cpu, SegmentRegister segment,
                                      uint16_t selector);
/// What a jump or call to `selector` raises, or a return, which asks for RPL 3.
[[nodiscard]] Exception code_segment_fault(const CpuState& cpu, uint16_t selector, bool is_return);

/// Loads `selector` into a segment register. Precondition: the checks above allow it.
void put_segment(CpuState& cpu, SegmentRegister segment, uint16_t selector);

}  // namespace ferry::i386
