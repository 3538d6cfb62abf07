// Branches and jumps, and what fills their delay slots: emission_passes.hpp says why that is safe.
#include <utility>

#include "translate/i386_to_mips64/emit/emitter.hpp"

namespace ferry::translate::emit {

using mips64::WordEffects;

namespace {

constexpr uint32_t kNop = 0;

/// What a fault needs besides memory: guest registers, and flags that wait in t1 and t2.
constexpr uint32_t kGuestState =
    0xffu << host_gpr(0).number() | kFlagKind.bit() | kFlagA.bit() | kFlagB.bit();

constexpr bool is_guest_state(uint32_t reg) {
  return (kGuestState >> reg & 1) != 0;
}

/// Whether `word`, which may be moved past the branch or jump `jump`, may go into its delay slot.
inline bool fits_slot(const WordEffects& word, uint32_t jump) {
  if (!word.movable()) return false;
  constexpr uint32_t kRegimm = 1;  // rt is part of the opcode there
  const uint32_t major = jump >> 26, reg = word.destination();
  uint32_t link = 0;
  if (major - 2 <= 1) {  // J, JAL: a target, no registers
    if (major == 2) return true;
    link = mips64::ra.number();
  } else {
    if (reg != 0 && reg == (jump >> 21 & 31)) return false;
    if (major != 0) return reg == 0 || major == kRegimm || reg != (jump >> 16 & 31);
    link = jump >> 11 & 31;
  }
  return link == 0 || (link != reg && !word.reads(link));
}

/// Whether `first` may be executed after `second`, which follows it: a fault in either finds the
/// same memory and guest state in both orders.
inline bool may_swap(const WordEffects& first, const WordEffects& second) {
  if (!second.movable()) return false;
  const uint32_t one = first.destination(), two = second.destination();
  if (second.reads(one) || first.reads(two) || (one == two && one != 0)) return false;
  if (second.memory()) return !first.memory() && !is_guest_state(one);
  return !first.memory() || !is_guest_state(two);
}

}  // namespace

/// Exchanges the last two words, which `may_swap` allows. `of_last`: whether the word that is last
/// afterwards can fault.
void Emitter::swap_last_words(Fault of_last) {
  uint32_t* const place = as.next() - 2;
  std::swap(place[0], place[1]);
  // A word that can fault stays with its mark; otherwise the words after it stay with theirs.
  const uint32_t end = as.position();
  for (size_t i = out_.marks.size(); i-- > 0 && out_.marks[i].word > end - 2;) {
    out_.marks[i].word = of_last != Fault::never ? end : out_.marks[i].word - 1;
  }
}

/// Whether the load `word` at `position` may be executed although the branch before it is taken. A
/// load from the guest's stack hardly ever faults. If one does, BlockTranslator::recover goes on at
/// the branch's target; it recognises such a load by a mark that begins in the slot, so the load
/// must have a mark of its own.
bool Emitter::may_load_early(uint32_t word, uint32_t position) const {
  if (!options.passes.slot_loads || (word >> 21 & 31) != host_gpr(i386::ESP).number()) return false;
  for (size_t i = out_.marks.size(); i-- > 0 && out_.marks[i].word >= position;) {
    if (out_.marks[i].word == position) return true;
  }
  return false;
}

/// Moves the first word after an exit branch into the branch's free slot, which leave_slot_open
/// allows. Nothing but plain words has come since: barrier_ is after the slot.
void Emitter::fill_slot_with_next_word() {
  uint32_t* const first = barrier_;
  const auto position = static_cast<uint32_t>(first - as.address(0));
  const bool memory = WordEffects(*first).memory();
  if (memory && !may_load_early(*first, position)) return;
  static_cast<void>(as.take_last());
  first[-1] = *first;
  for (uint32_t* place = first; place != as.next(); ++place) place[0] = place[1];
  for (size_t i = out_.marks.size(); i-- > 0 && out_.marks[i].word >= position;) {
    if (out_.marks[i].word > position || memory) --out_.marks[i].word;
  }
}

/// No word from here on can go into the last slot.
inline void Emitter::close_slot() {
  const uint32_t dead = dead_at_exit_;
  if (dead == 0) return;
  dead_at_exit_ = 0;
  if (as.next() <= barrier_) return;
  const WordEffects first(*barrier_);
  if ((dead >> first.destination() & 1) != 0 && first.movable()) fill_slot_with_next_word();
}

/// `target` is null for words that are complete.
void Emitter::emit_control(uint32_t word, Label* target) {
  close_slot();
  uint32_t slot = kNop;
  Fault fault = Fault::never;
  const ptrdiff_t words = as.next() - barrier_;  // the ones that may be moved
  if (words > 0) {
    slot = as.next()[-1];
    const WordEffects last(slot);
    fault = last.memory() ? Fault::possible : Fault::never;
    if (!options.passes.delay_slots || !fits_slot(last, word)) {
      slot = kNop;
      const bool conditional = word >> 26 == 1 || word >> 26 >= 4;
      if (words > 1 && conditional && options.passes.slot_lookback) {
        const uint32_t earlier = as.next()[-2];
        const WordEffects before(earlier);
        if (fits_slot(before, word) && may_swap(before, last)) {
          slot = earlier;
          fault = before.memory() ? Fault::possible : Fault::never;
          swap_last_words(fault);
        }
      }
    }
  }
  if (slot != kNop) {
    static_cast<void>(as.take_last());
    if (fault != Fault::never) {
      // A fault in the slot belongs to the instruction the word came from: marks that begin after
      // it begin after the slot.
      const uint32_t end = as.position() + 1;
      for (size_t i = out_.marks.size(); i-- > 0 && out_.marks[i].word == end;) {
        ++out_.marks[i].word;
      }
    }
  }
  if (target != nullptr) as.use(*target, word);
  as.emit_pair(word, slot);
  barrier_ = as.next();
}

void Emitter::control(uint32_t word) {
  emit_control(word, nullptr);
}
void Emitter::branch(uint32_t word, Label& target) {
  emit_control(word, &target);
}

void Emitter::bind(Label& label) {
  close_slot();
  as.bind(label);
  barrier_ = as.next();
  order_.join();
}

}  // namespace ferry::translate::emit
