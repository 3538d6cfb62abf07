// Where the processor may do otherwise than ferry without either being wrong, by name.
#include <algorithm>
#include <cstring>

#include "compare.hpp"
#include "generator.hpp"
#include "guest/i386/decode/rows.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::semantics {

using i386::Instruction;
using i386::OperandKind;

namespace {

constexpr uint32_t kBoundRange = 5, kStackFault = 12, kGeneralProtection = 13, kPageFault = 14;
constexpr uint32_t kPageSize = 4096;

/// An environment, a state or an FXSAVE image across the end of the offsets of a 16-bit address.
[[nodiscard]] bool wraps_image(const Instruction& instruction, const Case& test) {
  const i386::Operand& operand = instruction.operands[0];
  const bool image = operand.kind == OperandKind::memory && operand.width == 0;
  if (!image || !uses_x87(i386::row(instruction.row)) || instruction.address_size != 2)
    return false;
  i386::CpuState cpu;
  std::copy(std::begin(test.gpr), std::end(test.gpr), cpu.gpr.begin());
  constexpr uint32_t kLargestImage = 512;
  return i386::interpret::effective_offset(cpu, instruction) + kLargestImage > 0x10000;
}

/// ferry does as AMD processors, which the processor that gave `expected` is not.
[[nodiscard]] std::string_view intel_difference(const Instruction& instruction, const Case& test,
                                                const Result& expected, const Result& actual) {
  const std::string_view name = i386::row(instruction.row).mnemonic;
  const uint32_t slot_size = instruction.operand_size;
  const bool segment = instruction.operands[0].kind == OperandKind::segment;
  if (actual.vector == kPageFault && expected.vector != kPageFault) {
    uint32_t slot = test.gpr[i386::ESP];
    if (name == "PUSH") slot -= slot_size;
    if (name == "RET_far" || name == "IRET") slot += slot_size;
    const bool selector =
        (segment && (name == "PUSH" || name == "POP")) || name == "RET_far" || name == "IRET";
    if (selector && slot % kPageSize > kPageSize - slot_size) {
      return "selectors on the stack: of their slots Intel accesses two bytes only";
    }
    if (name == "BOUND" && expected.vector == kBoundRange) {
      return "BOUND across a page's end: Intel compares the first bound before it reads the second";
    }
  }
  constexpr uint32_t kLargestOperand = 512;
  if (expected.vector == kPageFault && expected.address >= 0 - kLargestOperand &&
      (actual.vector == kStackFault || actual.vector == kGeneralProtection)) {
    return "access across the end of the 4 GB: beyond the limit for AMD, Intel goes on at 0";
  }
  constexpr uint16_t kExceptionSummary = 1 << 7;
  const bool stores_x87 = name.starts_with("FST") || name.starts_with("FIST") || name == "FBSTP";
  if (stores_x87 && expected.vector == kCompleted &&
      (expected.x87.status & kExceptionSummary) != 0 &&
      (actual.vector == kPageFault || actual.vector == kGeneralProtection)) {
    return "x87 store that an unmasked exception stops: Intel does not look at the memory";
  }
  if (stores_x87 && instruction.operands[0].width == 10 && expected.vector == kPageFault &&
      actual.vector == kPageFault) {
    return "x87 store of ten bytes that faults at the last two: Intel has stored the first";
  }
  constexpr uint16_t kUnderflow = 1 << 4;
  const bool underflow_of_ours = (test.x87.control & kUnderflow) == 0 &&
                                 (actual.x87.status & ~expected.x87.status & kUnderflow) != 0;
  if ((name.starts_with("FPREM") || name == "FSCALE") && underflow_of_ours &&
      std::memcmp(expected.x87.registers[0], test.x87.registers[0], 10) == 0) {
    return "FPREM or FSCALE that leaves a denormal number as it is: Intel reports no underflow";
  }
  if (wraps_image(instruction, test)) {
    return "x87 image that begins below offset FFFF of a 16-bit address: Intel goes on at 0";
  }
  if (name == "CMPS" && expected.vector == kPageFault && actual.vector == kGeneralProtection) {
    return "CMPS of two operands that fault: Intel reads the second first";
  }
  return {};
}

}  // namespace

std::string_view known_difference(const Case& test, const Result& expected, const Result& actual,
                                  uint8_t traits) {
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
  if (name == "POPA" && !completed) {
    return "POPA that faults: the processor keeps what it popped, ferry takes it back";
  }
  // What is left of the frame when RET_far or IRET has read its own.
  const uint32_t frame = (name == "IRET" ? 3 : 2) * instruction.operand_size;
  const bool beyond_frame = expected.address - test.gpr[i386::ESP] >= frame;
  if ((name == "RET_far" || name == "IRET") && expected.vector == kPageFault && beyond_frame) {
    return "far return to a bad selector: AMD reads the outer stack before it checks, Intel after";
  }
  const bool through_tls = (test.options & kTlsInFs) != 0 && instruction.memory.segment == i386::FS;
  if (through_tls && expected.vector == kGeneralProtection && expected.error_code == 0) {
    return "access across the end of a TLS segment: ferry enforces no limits";
  }
  if ((traits & kIntel) != 0) {
    const std::string_view reason = intel_difference(instruction, test, expected, actual);
    if (!reason.empty()) return reason;
  }
  if (name == "INT1") return "INT1: a hypervisor may report it before its end";
  return {};
}

}  // namespace ferry::semantics
