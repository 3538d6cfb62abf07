// Differences on every processor that come from a limit of ferry or from the kernel.
#include "access_model.hpp"
#include "compare.hpp"
#include "guest/i386/decode/rows.hpp"

namespace ferry::semantics {

using i386::Instruction;

std::string_view known_difference(const Case& test, const Result& expected) {
  const auto decoded = decode(test);
  if (!decoded) return {};
  const Instruction& instruction = *decoded;
  const bool completed = expected.vector == kCompleted;
  const std::string_view name = i386::row(instruction.row).mnemonic;
  if (completed && result_undefined(instruction, test)) {
    return "double shift by more than the width: undefined";
  }
  const bool umip =
      name == "SGDT" || name == "SIDT" || name == "SLDT" || name == "STR" || name == "SMSW";
  const bool prefixed = instruction.segment_override || instruction.address_size == 2;
  if (umip && (!completed || prefixed)) {
    return "Linux emulates what UMIP forbids, with other faults, and not all forms";
  }
  const bool through_tls = (test.options & kTlsInFs) != 0 && instruction.memory.segment == i386::FS;
  if (through_tls && expected.vector == kGeneralProtection && expected.error_code == 0) {
    return "access that wraps at the end of an unlimited TLS segment";
  }
  if (name == "INT1") return "INT1: a hypervisor may report it before its end";
  return {};
}

}  // namespace ferry::semantics
