// Row -> handler, expanded from opcodes.inc.
#include <array>

#include "guest/i386/decode/decoder.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

#define OPCODE(map, opcode, span, extension, rm, mod, prefix, mnemonic, ...) \
  void mnemonic(BlockBuilder&, const Instruction&);
#include "guest/i386/decode/opcodes.inc"
#undef OPCODE

int32_t signed_immediate(const Instruction& in, unsigned width) {
  if (width == 1) return static_cast<int8_t>(in.immediate);
  if (width == 2) return static_cast<int16_t>(in.immediate);
  return static_cast<int32_t>(in.immediate);
}

int32_t extended_immediate(const Instruction& in, unsigned width, Extend how) {
  const int32_t constant = signed_immediate(in, width);
  if (how == Extend::sign || width == 4) return constant;
  return constant & (width == 1 ? 0xff : 0xffff);
}

void interpret(BlockBuilder& b, const Instruction& in) {
  if ((i386::row(in.row).attributes & i386::attribute::block_end) != 0)
    return leave_to_interpreter(b, in);
  b.call_interpreter();
}

void leave_to_interpreter(BlockBuilder& b, const Instruction& in) {
  b.leave(engine::LeaveReason::interpret, in.address);
}

namespace {

// A row's handler by execution and family: x87 has one for all, the others one per mnemonic. A
// discarded branch needs no definition.
constexpr auto kHandlers = std::to_array<Handler>({
#define OPCODE(map, opcode, span, extension, rm, mod, prefix, mnemonic, op1, op2, op3, op4, \
               family, feature, flags_read, flags_written, flags_undefined, implicit_read,  \
               implicit_written, attributes, execution)                                     \
  []() -> Handler {                                                                         \
    if constexpr (i386::Execution::execution == i386::Execution::interpret) {               \
      return &interpret;                                                                    \
    } else if constexpr (i386::Family::family == i386::Family::x87) {                       \
      return &x87;                                                                          \
    } else {                                                                                \
      return &mnemonic; /* NOLINT(bugprone-macro-parentheses) */                            \
    }                                                                                       \
  }(),
#include "guest/i386/decode/opcodes.inc"
#undef OPCODE
});

bool writes_memory_operand(const Instruction& in) {
  const i386::Row& row = i386::row(in.row);
  for (unsigned i = 0; i < i386::kMaxOperands; ++i) {
    const i386::Access access = row.operands[i].access;
    const bool written = access == i386::Access::w || access == i386::Access::rw;
    if (written && in.operands[i].kind == i386::OperandKind::memory) return true;
  }
  return false;
}

}  // namespace

namespace detail {
const Handler* const kFirstHandler = kHandlers.data();
}

Handler overridden_handler(const Instruction& in) {
  const bool refused = in.memory.segment == i386::CS && writes_memory_operand(in);
  return refused ? &interpret : kHandlers[in.row];
}

}  // namespace ferry::translate::lower
