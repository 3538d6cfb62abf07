// Declares the handler of every mnemonic in opcodes.inc.
#pragma once

#include "guest/i386/interpret/outcome.hpp"

namespace ferry::i386::interpret {

#define OPCODE(map, opcode, span, extension, rm, mod, prefix, mnemonic, ...) \
  Outcome mnemonic(CpuState& cpu, const Instruction& instruction);
#include "guest/i386/decode/opcodes.inc"
#undef OPCODE

}  // namespace ferry::i386::interpret
