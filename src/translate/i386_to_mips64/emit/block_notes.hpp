// What translated code refers to by number or by guest pc, kept beside its block: the flags where
// control may leave it, and the instructions it leaves to the interpreter. Notes lie in the block's
// own memory of the code cache (engine::Block::notes), so that they are read without a lock and
// live as long as the block.
#pragma once

#include <cstdint>

#include "common/bounded_vector.hpp"
#include "common/placed_vector.hpp"
#include "engine/backend.hpp"
#include "guest/i386/decode/instruction.hpp"
#include "translate/i386_to_mips64/emit/flag_state.hpp"

namespace ferry::translate::emit {

/// Flag states by number: how to find the flags when control leaves the block at an exit or a mark.
/// The recipe of an indirect exit names constants and lazy registers only, because the block that
/// is entered may pass the flags on (t0 = the exit's identity) after it has changed guest
/// registers.
namespace recipe {
inline constexpr uint32_t kPacked = 0;
inline constexpr uint32_t kLazyRegisters = 1;
inline constexpr uint32_t kFirstNoted = 2;  ///< the block's own from here on
}  // namespace recipe

/// The notes of a finished block. Signal-safe.
class BlockNotes {
 public:
  explicit BlockNotes(const engine::Block& block) : head_(static_cast<const Head*>(block.notes)) {}

  /// `number`: of an exit or a mark of the block.
  [[nodiscard]] const FlagState& flags(uint32_t number) const;
  /// The instruction at `address` that a call of the interpreter names.
  [[nodiscard]] const i386::Instruction& interpreted(uint32_t address) const;

 private:
  friend class BlockNotesMaker;
  /// In memory the flag states follow it, then the instructions.
  struct alignas(8) Head {
    uint32_t states = 0;
    uint32_t instructions = 0;
  };
  [[nodiscard]] const FlagState* states() const {
    return reinterpret_cast<const FlagState*>(head_ + 1);
  }
  const Head* head_;
};

/// Collects the notes of a block while it is translated.
class BlockNotesMaker {
 public:
  /// Begins in the memory that `out` has for notes.
  explicit BlockNotesMaker(engine::BlockDraft& out) : out_(out) {
    states_.place(static_cast<BlockNotes::Head*>(out.notes) + 1, kMostStates);
  }

  /// The number of `state`.
  uint32_t add(const FlagState& state) {
    if (state.form == FlagState::Form::packed) return recipe::kPacked;
    if (state.form == FlagState::Form::lazy_registers ||
        state.form == FlagState::Form::carry_apart) {
      return recipe::kLazyRegisters;
    }
    if (states_.size() == 0 || !(states_.end()[-1] == state)) states_.push_back(state);
    return static_cast<uint32_t>(states_.size() - 1) + recipe::kFirstNoted;
  }
  /// A call of the interpreter names `instruction`, which stays where it is until `finish`.
  void add(const i386::Instruction& instruction) { interpreted_.push_back(&instruction); }
  /// Gives the notes to the block.
  void finish();

 private:
  static constexpr size_t kMostStates =
      engine::BlockDraft::kMaxExits + engine::BlockDraft::kMaxMarks;
  static constexpr size_t kMostInterpreted = 2 * 64;  ///< at most two calls per instruction
  static_assert(sizeof(BlockNotes::Head) + kMostStates * sizeof(FlagState) +
                    kMostInterpreted * sizeof(i386::Instruction) <=
                engine::BlockDraft::kNoteBytes);

  engine::BlockDraft& out_;
  PlacedVector<FlagState> states_;
  BoundedVector<const i386::Instruction*, kMostInterpreted> interpreted_;
};

}  // namespace ferry::translate::emit
