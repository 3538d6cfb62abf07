// The handler of each row marked `translate`, one per mnemonic, in the file of its family. A
// missing one is a link error.
#pragma once

#include "translate/i386/row_traits.hpp"
#include "translate/i386_to_mips64/emit/block_builder.hpp"

namespace ferry::translate::lower {

using namespace emit;  // handlers are written in its words

/// Translates one instruction.
using Handler = void (*)(BlockBuilder&, const Instruction&);
namespace detail {
extern const Handler* const kFirstHandler;  ///< by Instruction::row
}
/// The handler of `in`, which has a segment override: writes through CS are #GP, which the
/// interpreter raises.
[[nodiscard]] Handler overridden_handler(const Instruction& in);
[[nodiscard]] inline Handler handler_of(const Instruction& in) {
  return in.segment_override ? overridden_handler(in) : detail::kFirstHandler[in.row];
}

/// The immediate, sign-extended from `width` bytes.
[[nodiscard]] int32_t signed_immediate(const Instruction& in, unsigned width);
/// The low `width` bytes of the immediate, extended as `how` says; `any` is as `zero`.
[[nodiscard]] int32_t extended_immediate(const Instruction& in, unsigned width, Extend how);

/// The low `width` bytes of a register as an operand: al, ax or eax of EAX.
[[nodiscard]] constexpr Operand low_part(unsigned reg, unsigned width) {
  return {.kind = i386::OperandKind::gpr,
          .width = static_cast<uint8_t>(width),
          .reg = static_cast<uint8_t>(reg)};
}

/// Runs the interpreter for this instruction (the `interpret` mark, and forms a handler leaves
/// out).
void interpret(BlockBuilder& b, const Instruction& in);
/// Changes one flag of the packed flags: `bit` becomes `value` (0 or 1). The others stay.
void put_packed_flag(BlockBuilder& b, Gpr value, uint32_t bit);
/// Replaces the flags in `changed` (arithmetic ones) by those of `values`, which is overwritten.
/// The others must be packed or dead; all are packed then.
void merge_packed_flags(BlockBuilder& b, Gpr values, uint32_t changed);
/// What a direct jump, a call or a return does besides jumping, where it goes to the next
/// instruction of the block.
void follow(BlockBuilder& b, const Instruction& in, Flow flow);
/// All x87 rows.
void x87(BlockBuilder& b, const Instruction& in);
/// Leaves the block, so that the interpreter runs this instruction.
void leave_to_interpreter(BlockBuilder& b, const Instruction& in);

}  // namespace ferry::translate::lower
