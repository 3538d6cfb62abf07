// The handler of each row marked `translate`, one per mnemonic, in the file of its family. A
// missing one is a link error.
#pragma once

#include "translate/i386_to_mips64/block_builder.hpp"
#include "translate/i386_to_mips64/row_traits.hpp"

namespace ferry::translate {

namespace handlers {

/// A source operand ready for an operation of `width` bytes: in a register or a constant.
struct Source {
  Value value;
  [[nodiscard]] bool constant() const { return value.kind == Value::Kind::constant; }
};

/// The immediate, sign-extended from `width` bytes.
[[nodiscard]] int32_t signed_immediate(const Instruction& in, unsigned width);

/// Runs the interpreter for this instruction (the `interpret` mark, and forms a handler leaves
/// out).
void interpret(BlockBuilder& b, const Instruction& in);
/// All x87 rows.
void x87(BlockBuilder& b, const Instruction& in);
/// The same for instructions that end the block.
void leave_to_interpreter(BlockBuilder& b, const Instruction& in);

}  // namespace handlers
}  // namespace ferry::translate
