// Operands that an instruction reads, computes and writes back; under LOCK atomically.
#pragma once

#include "translate/i386_to_mips64/lower/atomic.hpp"

namespace ferry::translate::lower {

/// rd = the low `width` bytes of rs, extended. Nothing for 4 bytes in place.
inline void extend(BlockBuilder& b, Gpr rd, Gpr rs, unsigned width, Extend how) {
  if (how == Extend::any || width == 4) {
    if (rd != rs) mips64::move(b.as, rd, rs);
  } else if (how == Extend::zero) {
    b.as.ANDI(rd, rs, width == 1 ? 0xff : 0xffff);
  } else {
    width == 1 ? b.as.SEB(rd, rs) : b.as.SEH(rd, rs);
  }
}

/// CF as 0 or 1 for an instruction that begins by reading it. May call C++.
inline Gpr carry_in(BlockBuilder& b) {
  const Gpr carry = b.flags.carry(b.scratch());
  b.release_all_but(carry);
  return carry;
}

/// A register or memory operand, read before it is written. The address is computed once.
class Destination {
 public:
  Destination(BlockBuilder& b, const Operand& operand)
      : b_(b), operand_(operand), memory_(BlockBuilder::is_memory(operand)) {
    if (memory_) place_ = b.address();
  }

  /// The old value: in `into` if that is not zero, else in a scratch register or the guest's own.
  [[nodiscard]] Gpr read(Extend how, Gpr into = mips64::zero) {
    if (!memory_) {
      if (into == mips64::zero) return b_.read(operand_, how);
      b_.read_into(into, operand_, how);
      return into;
    }
    const Gpr old = into == mips64::zero ? b_.scratch() : into;
    b_.load(old, operand_.width, place_, how);
    return old;
  }
  /// `upper`: as for BlockBuilder::write_register.
  void write(Gpr value, Extend upper = Extend::any) {
    memory_ ? b_.store(value, operand_.width, place_) : b_.write_register(operand_, value, upper);
  }

 private:
  BlockBuilder& b_;
  const Operand& operand_;
  bool memory_;
  Address place_{mips64::zero, 0};
};

/// Replaces the instruction's memory operand by what `compute(into, old)` makes of it, atomically
/// under LOCK. `compute` emits ALU words only, and may be called several times. The new value is in
/// `into` afterwards unless that is zero. Returns the register of the old one.
template <typename Compute>
Gpr modify_memory(BlockBuilder& b, const Instruction& in, Extend how, Gpr into, Compute compute) {
  const unsigned width = in.operands[0].width;
  const Address place = b.address();
  if (!in.lock) {
    const Gpr old = b.scratch();
    const Gpr result = into == mips64::zero ? b.scratch() : into;
    b.load(old, width, place, how);
    compute(result, old);
    b.store(result, width, place);
    return old;
  }
  const LockedOperand operand = locked_operand(b, width, place);
  const Gpr old = b.scratch();
  locked_update(b, operand, old, [&](Gpr value) {
    if (how == Extend::zero) extend(b, old, old, width, how);  // it comes sign-extended
    compute(value, old);
  });
  if (into != mips64::zero) compute(into, old);
  return old;
}

}  // namespace ferry::translate::lower
