// XCHG XADD CMPXCHG CMPXCHG8B and the locked forms of the arithmetic and logic instructions.
//
// A locked operation is a load-linked/store-conditional loop with nothing but ALU words inside,
// between two SYNCs: LOCK is a full fence on every path. An unaligned one faults at LL, is marked,
// and goes through the interpreter from then on, as do the 8- and 16-bit ones and CMPXCHG8B.
#include "translate/i386_to_mips64/atomic.hpp"

#include "translate/i386_to_mips64/handlers.hpp"

namespace ferry::translate::handlers {

using i386::EAX;
using mips64::zero;

bool locked_in_line(const BlockBuilder& b, const Operand& operand) {
  return BlockBuilder::is_memory(operand) && operand.width == 4 && !b.unaligned();
}

void XCHG(BlockBuilder& b, const Instruction& in) {
  const Operand& first = in.operands[0];
  const Operand& second = in.operands[1];
  if (locked_in_line(b, first)) {
    const Gpr source = b.read_gpr(second.reg);
    const Address place = b.address();
    const Gpr old = b.scratch();
    locked_update(b, place, old, [&](Gpr value) { mips64::move(b.as, value, source); });
    return mips64::move(b.as, b.begin_write(second.reg), old);
  }
  const bool registers =
      BlockBuilder::is_full_register(first) && BlockBuilder::is_full_register(second);
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

void XADD(BlockBuilder& b, const Instruction& in) {
  const Operand& source = in.operands[1];
  if (!locked_in_line(b, in.operands[0]) || source.reg == i386::ESP) return interpret(b, in);
  const Gpr added = host_gpr(source.reg);
  const Address place = b.address();
  const Gpr old = b.scratch();
  locked_update(b, place, old, [&](Gpr value) { b.as.ADDU(value, old, added); });
  if (b.live() != 0) {
    mips64::move(b.as, kFlagA, old);
    mips64::move(b.as, kFlagB, added);
    b.flags.set(FlagKind::add8, 4, Value::of(kFlagA), Value::of(kFlagB), {});
  }
  mips64::move(b.as, b.begin_write(source.reg), old);
}

void CMPXCHG(BlockBuilder& b, const Instruction& in) {
  if (!locked_in_line(b, in.operands[0])) return interpret(b, in);
  const Gpr source = b.read_gpr(in.operands[1].reg);
  const Address place = b.address();
  const Gpr old = b.scratch(), different = b.scratch();
  // A failed comparison stores the old value again: it too needs a writable page.
  locked_update(b, place, old, [&](Gpr value) {
    b.as.XOR(different, old, host_gpr(EAX));
    mips64::move(b.as, value, source);
    b.as.MOVN(value, old, different);
  });
  if (b.live() != 0) {
    mips64::move(b.as, kFlagA, host_gpr(EAX));
    mips64::move(b.as, kFlagB, old);
    b.flags.set(FlagKind::sub8, 4, Value::of(kFlagA), Value::of(kFlagB), {});
  }
  mips64::move(b.as, b.begin_write(EAX), old);
}

void CMPXCHG8B(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}

}  // namespace ferry::translate::handlers
