// The passes that act while words are emitted, in the order in which a word meets them.
//
// | Pass             | Where                              | What it does to words               |
// |------------------|------------------------------------|-------------------------------------|
// | compare-fusion   | conditions.cpp,                    | emits others: flags are not         |
// |                  | FlagTracker::condition             | computed                            |
// | subregisters     | block_builder.hpp, known_width     | leaves extensions out               |
// | address-reuse    | operands.cpp, cached_base          | leaves sums out                     |
// | esp-folding      | block_builder.hpp, adjust_esp      | delays changes of esp, which        |
// |                  |                                    | offsets include until then          |
// | slot-fallthrough | delay_slots.cpp, close_slot        | moves the word after an exit branch |
// |                  |                                    | into its slot                       |
// | slot-loads       | delay_slots.cpp, may_load_early    | lets that word be a load from the   |
// |                  |                                    | guest's stack                       |
// | delay-slots      | delay_slots.cpp, emit_control      | moves the word before a branch into |
// |                  |                                    | its slot                            |
// | slot-lookback    | delay_slots.cpp, swap_last_words   | exchanges the last two words for    |
// |                  |                                    | delay-slots                         |
//
// The contract. A pass
//   - reads what the emitter says of the block so far, never guest memory;
//   - moves words after the barrier only (Emitter::set_barrier). Before it lie words that a label,
//     a cold path, a call or a branch has fixed in place;
//   - moves marks with words: a word that can fault keeps a mark of its own instruction before it,
//     with the `data` (what esp lacks) and recipe (where flags are) that hold there;
//   - never touches ranges: they say which bytes the block was made from;
//   - relies on no other pass: each can be switched off, and tests do so.
//
// Three files together make delay slots safe:
//   1. delay_slots.cpp moves a word only where the guest state at every possible fault stays what
//      the mark says: a word that writes guest state or waiting flags never changes places with one
//      that may fault. A mark begins with the first word of its instruction, in the slot or not. A
//      load that is executed although its branch is taken has a mark that begins in the slot, which
//      no other word there has.
//   2. barrier_ (emitter.hpp) keeps words in their order across everything control may enter or
//      return to: bound labels, calls into C++, the end of the main line.
//   3. fault_recovery.cpp (run/): a fault in a slot is reported at the branch, so recovery looks
//      one word further. If the mark begins in the slot and the branch is taken, the word is such a
//      load, and the thread goes on at the branch's target. Otherwise the state is what the mark
//      says.
// Whoever changes one of the three reads the others.
#pragma once
