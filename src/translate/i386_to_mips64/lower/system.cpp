// Instructions that do nothing in user mode here.
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

void NOP(BlockBuilder&, const Instruction&) {}
void PAUSE(BlockBuilder&, const Instruction&) {}
void PREFETCH(BlockBuilder&, const Instruction&) {}

void MFENCE(BlockBuilder& b, const Instruction&) {
  b.fence();
}
void LFENCE(BlockBuilder& b, const Instruction&) {
  b.fence();
}
void SFENCE(BlockBuilder& b, const Instruction&) {
  b.fence();
}

}  // namespace ferry::translate::lower
