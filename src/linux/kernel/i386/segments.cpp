#include "linux/kernel/i386/segments.hpp"

#include "common/diagnostics.hpp"
#include "guest/i386/segments.hpp"
#include "linux/kernel/i386/exceptions.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

using namespace i386;

void restore_segment(CpuState& cpu, SegmentRegister segment, uint16_t selector) {
  const bool is_null = selector <= kRplMask;
  const uint16_t wanted = is_null ? selector : selector | kRplMask;
  const bool allowed = segment_fault(cpu, segment, wanted).vector == Vector::none;
  put_segment(cpu, segment, allowed ? wanted : 0);
}

void return_to_user(Thread& thread) {
  CpuState& cpu = thread.cpu;
  const uint16_t code = cpu.selector[CS];
  const uint16_t stack = cpu.selector[SS];
  Exception fault = code_segment_fault(cpu, code, true);
  if (fault.vector == Vector::none) {
    put_segment(cpu, CS, code);
    fault = segment_fault(cpu, SS, stack);
  }
  if (fault.vector == Vector::none) {
    put_segment(cpu, SS, stack);
    return;
  }
  // With a local stack segment, a 64-bit kernel makes a double fault on its stack for 16-bit
  // programs (espfix64) of it, and then this (exc_double_fault, arch/x86/kernel/traps.c of 6.1).
  if (is_local(stack)) fault = {Vector::GP, 0, 0};
  const bool signalled = handle_exception(thread, fault);
  CHECK(signalled);  // it is no page fault
}

void follow_descriptors(Thread& thread) {
  CpuState& cpu = thread.cpu;
  if (cpu.ldt == nullptr || cpu.ldt_changes == cpu.ldt->changes()) return;
  cpu.ldt_changes = cpu.ldt->changes();
  for (const SegmentRegister segment : {DS, ES}) {
    if (is_local(cpu.selector[segment])) restore_segment(cpu, segment, cpu.selector[segment]);
  }
  if (is_local(cpu.selector[CS]) || is_local(cpu.selector[SS])) return_to_user(thread);
}

}  // namespace ferry::linux
