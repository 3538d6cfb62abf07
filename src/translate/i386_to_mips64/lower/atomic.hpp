// The load-linked/store-conditional loop of all locked operations.
#pragma once

#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

/// Where a locked operand is: the aligned word that holds it, and how many bits it lies above the
/// word's lowest (only the low 5 bits count; unused for 32 bits).
struct LockedOperand {
  Address word;
  unsigned width;  ///< bytes: 1, 2 or 4
  Gpr shift = mips64::zero;
};

/// Finds the word of the operand of `width` bytes at `place`. One that crosses two words is left to
/// the interpreter, so nothing may have changed before.
[[nodiscard]] LockedOperand locked_operand(BlockBuilder& b, unsigned width, Address place);

/// old = the operand, sign-extended from its width, taken out of `word`.
void extract_locked(BlockBuilder& b, const LockedOperand& operand, Gpr old, Gpr word);
/// value = `word` with the operand, which was `old`, replaced by `value`.
void insert_locked(BlockBuilder& b, const LockedOperand& operand, Gpr value, Gpr old, Gpr word);

/// Loads the operand into `old` (sign-extended) and stores what `compute(value)` puts into `value`,
/// atomically and fenced. Of `value` only the operand's width counts. `compute` emits ALU words
/// only, and may run several times.
template <typename Compute>
void locked_update(BlockBuilder& b, const LockedOperand& operand, Gpr old, Compute compute) {
  const bool whole = operand.width == 4;
  const Gpr value = b.scratch();
  const Gpr word = whole ? old : b.scratch();
  Label again;
  b.as.SYNC();
  b.bind(again);
  b.as.LL(word, operand.word.offset, operand.word.base);
  if (!whole) extract_locked(b, operand, old, word);
  compute(value);
  if (!whole) insert_locked(b, operand, value, old, word);
  b.as.SC(value, operand.word.offset, operand.word.base);
  b.branch_if_zero(value, again);
  b.fence();
  b.release(value);
  if (!whole) b.release(word);
}

}  // namespace ferry::translate::lower
