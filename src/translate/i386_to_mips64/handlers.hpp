// The handler of each row marked `translate`, one per mnemonic, in the file of its family. A
// missing one is a link error.
#pragma once

#include "translate/i386_to_mips64/block_builder.hpp"

namespace ferry::translate {

using Handler = void (*)(BlockBuilder&, const Instruction&);

/// The handler of an instruction's row. Rows marked `interpret` get one that calls the interpreter,
/// and so do writes through CS, which are #GP.
[[nodiscard]] Handler handler_of(const Instruction& in);

/// Whether instructions of a row may load or store in line.
[[nodiscard]] bool may_access_memory(uint16_t row);

namespace handlers {

/// The immediate, sign-extended from `width` bytes.
[[nodiscard]] int32_t signed_immediate(const Instruction& in, unsigned width);

/// Runs the interpreter for this instruction (the `interpret` mark, and forms a handler leaves
/// out).
void interpret(BlockBuilder& b, const Instruction& in);
/// Changes one flag of the packed flags: `bit` becomes `value` (0 or 1). The others stay.
void put_packed_flag(BlockBuilder& b, Gpr value, uint32_t bit);
/// Replaces the flags in `changed` (arithmetic ones) by those of `values`, which is overwritten.
/// The others must be packed or dead; all are packed then.
void merge_packed_flags(BlockBuilder& b, Gpr values, uint32_t changed);
/// All x87 rows.
void x87(BlockBuilder& b, const Instruction& in);
/// The same for instructions that end the block.
void leave_to_interpreter(BlockBuilder& b, const Instruction& in);

}  // namespace handlers
}  // namespace ferry::translate
