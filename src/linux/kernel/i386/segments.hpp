// Segment registers as the kernel leaves them: after sigreturn, after changes of descriptors, and
// by the IRET with which it goes back to the program.
#pragma once

#include <cstdint>

#include "guest/i386/cpu_state.hpp"

namespace ferry::linux {

struct Thread;

/// Loads `selector`, turned into one of ring 3, into a segment register other than CS and SS; one
/// that cannot be loaded becomes the null selector (loadsegment of the kernel).
void restore_segment(i386::CpuState& cpu, i386::SegmentRegister segment, uint16_t selector);

/// The kernel's IRET: CS and SS get the descriptors that their selectors name now. If it cannot be
/// done, its exception is delivered as one of the program's.
void return_to_user(Thread& thread);

/// Makes segment registers follow changes of the LDT that were made since the last call. As a
/// kernel of x86-64 does it (refresh_ldt_segments, arch/x86/kernel/ldt.c of 6.1): DS and ES are
/// loaded again, then CS and SS by IRET, while FS and GS keep what they hold.
void follow_descriptors(Thread& thread);

}  // namespace ferry::linux
