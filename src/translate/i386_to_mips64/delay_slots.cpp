// Branches and jumps, and what fills their delay slots.
#include "translate/i386_to_mips64/block_builder.hpp"

namespace ferry::translate {

namespace {

constexpr uint32_t kNop = 0;

/// Whether `last` may go into the delay slot of `jump`, which comes behind it.
bool fits_slot(const mips64::WordEffects& last, const mips64::WordEffects& jump) {
  if (!last.movable() || jump.reads(last.destination())) return false;
  const uint32_t link = jump.destination();
  return link == 0 || (link != last.destination() && !last.reads(link));
}

}  // namespace

/// Keeps the control word about to be emitted (behind `taken` words that will be taken back) from
/// being the last word of a 4 KB page. Hardware does not mind; QEMU keeps a delay slot in the next
/// page as code of its own, with the old target of a jump that is patched
/// (tests/bugs, EngineBugs.PatchedJumpAtPageEnd).
bool BlockBuilder::avoid_page_end(uint32_t taken) {
  constexpr uintptr_t kPageBytes = 4096;
  const auto place = reinterpret_cast<uintptr_t>(as.address(as.position() - taken));
  if (place % kPageBytes != kPageBytes - sizeof(uint32_t)) return false;
  as.emit(kNop);
  barrier_ = as.position();
  return true;
}

/// `target` is null for words that are complete.
void BlockBuilder::emit_control(uint32_t word, Label* target) {
  const bool movable = options.passes.delay_slots && as.position() > barrier_ && !as.overflowed();
  const mips64::WordEffects last(movable ? as.word(as.position() - 1) : kNop);
  bool fill = movable && fits_slot(last, mips64::WordEffects(word));
  if (avoid_page_end(fill ? 1 : 0)) fill = false;
  const uint32_t end = as.position();
  const uint32_t slot = fill ? as.take_last() : kNop;
  target != nullptr ? as.emit_branch(word, *target) : as.emit(word);
  as.emit(slot);
  // A fault in the slot belongs to the instruction the word came from: marks that begin behind it
  // begin behind the slot.
  if (fill && last.memory()) {
    for (size_t i = out_.marks.size(); i-- > 0 && out_.marks[i].word == end;) ++out_.marks[i].word;
  }
  barrier_ = as.position();
}

void BlockBuilder::control(uint32_t word) {
  emit_control(word, nullptr);
}
void BlockBuilder::branch(uint32_t word, Label& target) {
  emit_control(word, &target);
}

void BlockBuilder::bind(Label& label) {
  as.bind(label);
  barrier_ = as.position();
}

}  // namespace ferry::translate
