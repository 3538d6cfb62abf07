// XCHG XADD CMPXCHG CMPXCHG8B. Locked forms in memory go through the interpreter's locked accessors.
#include "translate/i386_to_mips64/handlers.hpp"

namespace ferry::translate::handlers {

using i386::EAX;

void XCHG(BlockBuilder& b, const Instruction& in) {
  const Operand& first = in.operands[0];
  const Operand& second = in.operands[1];
  const bool registers = BlockBuilder::is_full_register(first) && BlockBuilder::is_full_register(second);
  if (!registers) return interpret(b, in);
  if (first.reg == second.reg) return;
  b.commit_esp();
  const Gpr kept = b.scratch();
  mips64::move(b.as, kept, host_gpr(first.reg));
  const unsigned width_first = b.known_width(first.reg), width_second = b.known_width(second.reg);
  mips64::move(b.as, b.begin_write(first.reg), host_gpr(second.reg));
  mips64::move(b.as, b.begin_write(second.reg), kept);
  b.set_known_width(first.reg, width_second);
  b.set_known_width(second.reg, width_first);
}

void XADD(BlockBuilder& b, const Instruction& in) { interpret(b, in); }
void CMPXCHG(BlockBuilder& b, const Instruction& in) { interpret(b, in); }
void CMPXCHG8B(BlockBuilder& b, const Instruction& in) { interpret(b, in); }

}  // namespace ferry::translate::handlers
