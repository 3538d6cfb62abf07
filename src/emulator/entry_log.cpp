#include "emulator/entry_log.hpp"

#include <cstdio>

#include "common/diagnostics.hpp"

namespace ferry::emulator {

bool entries_are_logged() {
  return log_enabled(LogChannel::exec) || log_enabled(LogChannel::cpu);
}

void log_entry(const i386::CpuState& cpu, const AddressFilter& filter) {
  if (!filter.covers(cpu.eip)) return;
  log_printf(LogChannel::exec, "enter %08x\n", cpu.eip);
  if (log_enabled(LogChannel::cpu)) log_write(register_lines(cpu));
}

std::string register_lines(const i386::CpuState& cpu) {
  char text[256];
  const auto& gpr = cpu.gpr;
  std::snprintf(text, sizeof text,
                "EAX=%08x EBX=%08x ECX=%08x EDX=%08x\n"
                "ESI=%08x EDI=%08x EBP=%08x ESP=%08x\n"
                "EIP=%08x EFL=%08x\n",
                gpr[i386::EAX], gpr[i386::EBX], gpr[i386::ECX], gpr[i386::EDX], gpr[i386::ESI],
                gpr[i386::EDI], gpr[i386::EBP], gpr[i386::ESP], cpu.eip, cpu.eflags);
  return text;
}

}  // namespace ferry::emulator
