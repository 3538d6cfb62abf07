// The load-linked/store-conditional loop of all locked operations.
#pragma once

#include "translate/i386_to_mips64/block_builder.hpp"

namespace ferry::translate::handlers {

/// Whether a locked operation on `operand` can be done in line: aligned (so far) 32 bits of memory.
[[nodiscard]] bool locked_in_line(const BlockBuilder& b, const Operand& operand);

/// Loads the word at `place` into `old` and stores what `compute(value)` puts into `value`,
/// atomically and fenced. `compute` emits ALU words only, and may run several times.
template <typename Compute>
void locked_update(BlockBuilder& b, Address place, Gpr old, Compute compute) {
  const Gpr value = b.scratch();
  Label again;
  b.as.SYNC();
  b.bind(again);
  b.as.LL(old, place.offset, place.base);
  compute(value);
  b.as.SC(value, place.offset, place.base);
  b.branch(mips64::encode::rs_rt(mips64::opcode::BEQ, value, mips64::zero), again);
  b.as.SYNC();
  b.release(value);
}

}  // namespace ferry::translate::handlers
