// XCHG XADD CMPXCHG CMPXCHG8B and the locked forms of the arithmetic and logic instructions.
//
// A locked operation is a load-linked/store-conditional loop with nothing but ALU words inside,
// between two SYNCs: LOCK is a full fence on every path. 8 and 16 bits are replaced in the aligned
// word around them. An unaligned operand of 32 or 64 bits faults at the first load and is marked;
// from then on its alignment is checked, and the interpreter executes what crosses words.
#include "translate/i386_to_mips64/lower/atomic.hpp"

#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using i386::EAX;
using i386::EBX;
using i386::ECX;
using i386::EDX;
using mips64::zero;
using mips64::encode::rs_rt;
namespace ef = i386::eflags;

namespace {

/// Leaves to the interpreter unless `place` is a multiple of `bytes`.
void require_alignment(BlockBuilder& b, Address place, int32_t bytes) {
  const Gpr low = b.scratch();
  b.as.ADDIU(low, place.base, place.offset);
  b.as.ANDI(low, low, bytes - 1);
  b.branch(rs_rt(mips64::opcode::BNE, low, zero), b.interpret_instead());
  b.release(low);
}

/// `into`, or a scratch register where no flags are wanted.
Gpr flag_home(BlockBuilder& b, Gpr into) {
  return b.live() != 0 ? into : b.scratch();
}

/// The operand sign-extended; in the home of the flags' operand where they are wanted.
Gpr read_for_flags(BlockBuilder& b, const Operand& operand, Gpr home) {
  if (b.live() == 0) return b.read(operand, Extend::sign);
  b.read_into(home, operand, Extend::sign);
  return home;
}

/// value = old == expected ? replacement : old; `different` = 0 if they are equal.
void select_exchanged(BlockBuilder& b, Gpr value, Gpr old, Gpr expected, Gpr replacement,
                      Gpr different) {
  b.as.XOR(different, old, expected);
  mips64::move(b.as, value, replacement);
  b.as.MOVN(value, old, different);
}

/// into = high:low.
void join(BlockBuilder& b, Gpr into, Gpr high, Gpr low) {
  const Gpr lower = b.scratch();
  b.as.DSLL32(into, high, 0);
  b.as.DEXT(lower, low, 0, 32);
  b.as.OR(into, into, lower);
  b.release(lower);
}

}  // namespace

LockedOperand locked_operand(BlockBuilder& b, unsigned width, Address place) {
  if (width == 4) {
    if (b.unaligned()) require_alignment(b, place, 4);
    return {place, width};
  }
  const Gpr word = b.scratch(), shift = b.scratch();
  b.as.ADDIU(word, place.base, place.offset);
  b.release(place.base);
  if (width == 2) {  // from the word's last byte it goes on in the next word
    b.as.ANDI(shift, word, 3);
    b.as.XORI(shift, shift, 3);
    b.branch(rs_rt(mips64::opcode::BEQ, shift, zero), b.interpret_instead());
  }
  b.as.SLL(shift, word, 3);
  b.as.INS(word, zero, 0, 2);
  return {{word, 0}, width, shift};
}

void extract_locked(BlockBuilder& b, const LockedOperand& operand, Gpr old, Gpr word) {
  b.as.SRLV(old, word, operand.shift);
  operand.width == 1 ? b.as.SEB(old, old) : b.as.SEH(old, old);
}

void insert_locked(BlockBuilder& b, const LockedOperand& operand, Gpr value, Gpr old, Gpr word) {
  // The bits that change, moved to their place.
  b.as.XOR(value, value, old);
  b.as.ANDI(value, value, operand.width == 1 ? 0xff : 0xffff);
  b.as.SLLV(value, value, operand.shift);
  b.as.XOR(value, value, word);
}

void XCHG(BlockBuilder& b, const Instruction& in) {
  const Operand& first = in.operands[0];
  const Operand& second = in.operands[1];
  if (BlockBuilder::is_memory(first)) {
    const Gpr source = b.read(second, Extend::any);
    const LockedOperand place = locked_operand(b, first.width, b.address());
    const Gpr old = b.scratch();
    locked_update(b, place, old, [&](Gpr value) { mips64::move(b.as, value, source); });
    return b.write_register(second, old);
  }
  if (first.reg == second.reg && first.high_byte == second.high_byte) return;
  if (first.width != 4) {
    const Gpr from_first = b.scratch(), from_second = b.scratch();
    b.read_into(from_first, first, Extend::zero);
    b.read_into(from_second, second, Extend::zero);
    b.write_register(first, from_second, Extend::zero);
    return b.write_register(second, from_first, Extend::zero);
  }
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
  const Operand& destination = in.operands[0];
  const Operand& source = in.operands[1];
  const unsigned width = destination.width;
  const Gpr added = read_for_flags(b, source, kFlagB);
  const Gpr old = flag_home(b, kFlagA);
  const auto add = [&](Gpr sum) { b.as.ADDU(sum, old, added); };
  if (!BlockBuilder::is_memory(destination)) {
    b.read_into(old, destination, Extend::sign);
    const Gpr sum = b.scratch();
    add(sum);
    // The destination is written last: XADD of a register with itself leaves the sum.
    b.write_register(source, old);
    b.write_register(destination, sum);
  } else if (in.lock) {
    locked_update(b, locked_operand(b, width, b.address()), old, add);
    b.write_register(source, old);
  } else {
    const Address place = b.address();
    const Gpr sum = b.scratch();
    b.load(old, width, place, Extend::sign);
    add(sum);
    b.store(sum, width, place);
    b.write_register(source, old);
  }
  if (b.live() != 0) b.flags.set(FlagKind::add8, width, Value::of(kFlagA), Value::of(kFlagB), {});
}

void CMPXCHG(BlockBuilder& b, const Instruction& in) {
  const Operand& destination = in.operands[0];
  const unsigned width = destination.width;
  const Operand accumulator = low_part(EAX, width);
  const Gpr expected = read_for_flags(b, accumulator, kFlagA);
  const Gpr replacement = b.read(in.operands[1], Extend::any);
  const Gpr old = flag_home(b, kFlagB), different = b.scratch();
  const auto select = [&](Gpr value) {
    select_exchanged(b, value, old, expected, replacement, different);
  };
  // A failed comparison stores the old value again: it too needs a writable page.
  if (BlockBuilder::is_memory(destination) && in.lock) {
    locked_update(b, locked_operand(b, width, b.address()), old, select);
  } else {
    const Gpr value = b.scratch();
    if (BlockBuilder::is_memory(destination)) {
      const Address place = b.address();
      b.load(old, width, place, Extend::sign);
      select(value);
      b.store(value, width, place);
    } else {
      b.read_into(old, destination, Extend::sign);
      select(value);
      b.write_register(destination, value);
    }
  }
  const bool into_accumulator = destination.kind == i386::OperandKind::gpr &&
                                destination.reg == EAX && !destination.high_byte;
  if (!into_accumulator) b.write_register(accumulator, old);
  if (b.live() != 0) b.flags.set(FlagKind::sub8, width, Value::of(kFlagA), Value::of(kFlagB), {});
}

/// With or without LOCK: eight bytes at once in either case.
void CMPXCHG8B(BlockBuilder& b, const Instruction& in) {
  const bool zero_alone = (b.live() & ~ef::ZF) == 0;
  if (!zero_alone) b.flags.to_packed();
  const Address place = b.address();
  if (b.unaligned()) require_alignment(b, place, in.operands[0].width);
  const Gpr expected = b.scratch(), replacement = b.scratch();
  join(b, expected, host_gpr(EDX), host_gpr(EAX));
  join(b, replacement, host_gpr(ECX), host_gpr(EBX));
  const Gpr old = b.scratch(), value = b.scratch(), different = b.scratch();
  Label again;
  b.as.SYNC();
  b.bind(again);
  b.as.LLD(old, place.offset, place.base);
  select_exchanged(b, value, old, expected, replacement, different);
  b.as.SCD(value, place.offset, place.base);
  b.branch(rs_rt(mips64::opcode::BEQ, value, zero), again);
  b.fence();
  b.as.SLL(b.begin_write(EAX), old, 0);
  b.as.DSRA32(b.begin_write(EDX), old, 0);
  if (b.live() == 0) return;
  if (zero_alone) {
    b.as.SLTU(kFlagA, zero, different);
    return b.flags.set(FlagKind::logic8, 4, {}, {}, Value::of(kFlagA));
  }
  b.as.SLTIU(different, different, 1);
  put_packed_flag(b, different, ef::ZF);
}

}  // namespace ferry::translate::lower
