#include "compare.hpp"

#include "access_model.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/flags.hpp"
#include "text.hpp"

namespace ferry::semantics {

using i386::Instruction;
using i386::OperandKind;

namespace {

constexpr const char* kRegisterNames[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
constexpr const char* kSegmentNames[] = {"es", "cs", "ss", "ds", "fs", "gs"};

void compare_value(std::string& text, const char* name, uint32_t expected, uint32_t actual) {
  if (expected != actual) append(text, "  %s: processor %08x, ours %08x\n", name, expected, actual);
}

/// The masked count of a shift or rotate.
[[nodiscard]] unsigned shift_count(const Instruction& instruction, const Case& test) {
  const auto& operands = instruction.operands;
  const auto& count = operands[2].kind == OperandKind::none ? operands[1] : operands[2];
  const uint32_t value =
      count.kind == OperandKind::gpr ? test.gpr[i386::ECX] : instruction.immediate;
  return value & 0x1f;
}

[[nodiscard]] bool is_double_shift(const Instruction& instruction) {
  return instruction.operands[2].kind != OperandKind::none;
}

[[nodiscard]] uint32_t undefined_shift_flags(const Instruction& instruction, const Case& test) {
  namespace flag = i386::eflags;
  const i386::Row& row = i386::row(instruction.row);
  const unsigned count = shift_count(instruction, test);
  const unsigned width = instruction.operands[0].width * 8;
  if (count == 0) return 0;
  uint32_t undefined = row.flags_undefined;
  if (count != 1) undefined |= flag::OF;
  const bool shift = row.mnemonic == "SHL" || row.mnemonic == "SHR";
  if (shift && count >= width) undefined |= flag::CF;
  if (is_double_shift(instruction) && count > width) undefined |= flag::kArithmetic;
  return undefined;
}

}  // namespace

std::optional<Instruction> decode(const Case& test) {
  Instruction instruction;
  const auto status = i386::decode(test.code, test.length, kCodeAddress, instruction);
  if (status != i386::DecodeStatus::ok) return std::nullopt;
  return instruction;
}

uint32_t undefined_flags(const Instruction& instruction, const Case& test) {
  const i386::Row& row = i386::row(instruction.row);
  if (row.family == i386::Family::shift_rotate) return undefined_shift_flags(instruction, test);
  return row.flags_undefined;
}

bool result_undefined(const Instruction& instruction, const Case& test) {
  return i386::row(instruction.row).family == i386::Family::shift_rotate &&
         is_double_shift(instruction) &&
         shift_count(instruction, test) > instruction.operands[0].width * 8u;
}

std::string differences(const Case& test, const Result& expected, const Result& actual) {
  const auto instruction = decode(test);
  const bool completed = expected.vector == kCompleted;

  std::string text;
  compare_value(text, "vector", expected.vector, actual.vector);
  const uint32_t code_mask = expected.vector == kPageFault ? ~kPresent : ~0u;
  compare_value(text, "error code", expected.error_code & code_mask, actual.error_code & code_mask);
  compare_value(text, "cr2", expected.address, actual.address);
  compare_value(text, "eip", expected.eip, actual.eip);
  for (unsigned i = 0; i < 8; ++i) {
    compare_value(text, kRegisterNames[i], expected.gpr[i], actual.gpr[i]);
  }
  // RF in a saved image belongs to the debug mechanism, not to the program.
  uint32_t mask = ~i386::eflags::RF;
  if (completed && instruction) mask &= ~undefined_flags(*instruction, test);
  compare_value(text, "eflags", expected.eflags & mask, actual.eflags & mask);
  for (unsigned i = 0; i < 6; ++i) {
    compare_value(text, kSegmentNames[i], expected.selector[i], actual.selector[i]);
  }
  if (expected.memory_hash != actual.memory_hash) {
    append(text,
           "  memory: processor changed %u bytes from +%x (%02x..), ours %u from +%x (%02x..)\n",
           expected.changed_bytes, expected.first_changed, expected.changed[0],
           actual.changed_bytes, actual.first_changed, actual.changed[0]);
  }
  if (instruction && (test.options & kX87) != 0) {
    text += x87_differences(*instruction, test, expected, actual);
  }
  return text;
}

std::string describe(const Case& test) {
  std::string text;
  const auto instruction = decode(test);
  const std::string_view name = instruction ? i386::row(instruction->row).mnemonic : "?";
  append(text, "%.*s [", static_cast<int>(name.size()), name.data());
  for (unsigned i = 0; i < test.length; ++i) append(text, i == 0 ? "%02x" : " %02x", test.code[i]);
  append(text, "] eflags=%x options=%x window=%x", test.eflags, test.options, test.window_seed);
  for (unsigned i = 0; i < 8; ++i) append(text, " %s=%08x", kRegisterNames[i], test.gpr[i]);
  if (test.patch_length != 0) {
    append(text, " patch+%x=", test.patch_offset);
    for (unsigned i = 0; i < test.patch_length; ++i) append(text, "%02x", test.patch[i]);
  }
  text += '\n';
  if ((test.options & kX87) != 0) text += describe_x87(test.x87);
  return text;
}

}  // namespace ferry::semantics
