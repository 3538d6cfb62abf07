#include "row_check.hpp"

#include "compare.hpp"
#include "guest/i386/decode/decoder.hpp"

namespace ferry::semantics {

using i386::Instruction;

namespace {

/// Flags a case can begin with.
constexpr uint32_t kFlags = i386::eflags::kArithmetic | i386::eflags::DF;

void append(std::string& text, const char* what, uint32_t bits) {
  char line[96];
  std::snprintf(line, sizeof line, "  row: %s %x\n", what, bits);
  text += line;
}

/// Registers and flags that a completed instruction sets independently of their old values.
struct Overwritten {
  uint32_t registers;
  uint32_t flags;
};

/// Appends a line for registers and flags that differ from the plain run, except those that both
/// runs left alone and that are not overwritten: these may keep their changed values.
void compare_runs(const Case& test, const Result& plain, const Case& changed, const Result& other,
                  Overwritten overwritten, uint32_t flag_mask, std::string& text) {
  uint32_t registers = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const bool kept = plain.gpr[i] == test.gpr[i] && other.gpr[i] == changed.gpr[i] &&
                      (overwritten.registers >> i & 1) == 0;
    if (other.gpr[i] != plain.gpr[i] && !kept) registers |= 1u << i;
  }
  const uint32_t kept_flags =
      ~(plain.eflags ^ test.eflags) & ~(other.eflags ^ changed.eflags) & ~overwritten.flags;
  const uint32_t flags = (other.eflags ^ plain.eflags) & ~kept_flags & flag_mask;
  if (registers != 0) append(text, "unread registers or flags reach registers", registers);
  if (flags != 0) append(text, "unread registers or flags reach flags", flags);
  if (other.vector != plain.vector || other.address != plain.address || other.eip != plain.eip) {
    append(text, "unread registers or flags change where it ends: vector", other.vector);
  }
  if (other.memory_hash != plain.memory_hash) {
    append(text, "unread registers or flags change memory: hash", other.memory_hash);
  }
}

}  // namespace

std::string row_errors(const Case& test, const Result& plain, Executor& engine) {
  const auto decoded = decode(test);
  if (!decoded) return {};
  const Instruction& instruction = *decoded;
  const bool completed = plain.vector == kCompleted;
  std::string text;

  const uint32_t written = i386::gprs_written(instruction);
  uint32_t unlisted = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if (plain.gpr[i] != test.gpr[i] && (written >> i & 1) == 0) unlisted |= 1u << i;
  }
  if (unlisted != 0) append(text, "writes registers it does not list:", unlisted);
  const uint32_t undefined = completed ? undefined_flags(instruction, test) : 0;
  const uint32_t may_write =
      i386::flags_written(instruction) | i386::flags_undefined(instruction) | undefined;
  const uint32_t changed_flags = (plain.eflags ^ test.eflags) & kFlags & ~may_write;
  if (changed_flags != 0) append(text, "writes flags it does not list:", changed_flags);

  constexpr uint32_t kPerturbation = 0x5a5a5a5a;
  Case changed = test;
  const uint32_t read = i386::gprs_read(instruction);
  for (unsigned i = 0; i < 8; ++i) {
    if ((read >> i & 1) == 0) changed.gpr[i] ^= kPerturbation;
  }
  changed.eflags ^= kFlags & ~i386::flags_read(instruction);
  Result other{};
  engine.run({&changed, 1}, {&other, 1});
  Overwritten overwritten{0, 0};
  if (completed) {
    overwritten.registers = written & ~read;
    overwritten.flags = i386::flags_written(instruction);
  }
  compare_runs(test, plain, changed, other, overwritten, kFlags & ~undefined, text);
  return text;
}

}  // namespace ferry::semantics
