// MOVS STOS LODS CMPS SCAS. With a repeat prefix they loop in chunks, so that signals get in.
#include "translate/i386_to_mips64/handlers.hpp"

namespace ferry::translate::handlers {

void MOVS(BlockBuilder& b, const Instruction& in) { interpret(b, in); }
void STOS(BlockBuilder& b, const Instruction& in) { interpret(b, in); }
void LODS(BlockBuilder& b, const Instruction& in) { interpret(b, in); }
void CMPS(BlockBuilder& b, const Instruction& in) { interpret(b, in); }
void SCAS(BlockBuilder& b, const Instruction& in) { interpret(b, in); }

}  // namespace ferry::translate::handlers
