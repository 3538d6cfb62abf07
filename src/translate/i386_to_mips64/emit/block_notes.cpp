#include "translate/i386_to_mips64/emit/block_notes.hpp"

#include "common/diagnostics.hpp"

namespace ferry::translate::emit {

static_assert(alignof(FlagState) <= 8 && alignof(i386::Instruction) <= 8);

const FlagState& BlockNotes::flags(uint32_t number) const {
  static constexpr FlagState kUnnoted[recipe::kFirstNoted] = {
      {.form = FlagState::Form::packed}, {.form = FlagState::Form::lazy_registers}};
  if (number < recipe::kFirstNoted) return kUnnoted[number];
  CHECK(head_ != nullptr && number - recipe::kFirstNoted < head_->states);
  return states()[number - recipe::kFirstNoted];
}

const i386::Instruction& BlockNotes::interpreted(uint32_t address) const {
  CHECK(head_ != nullptr);
  const auto* instruction = reinterpret_cast<const i386::Instruction*>(states() + head_->states);
  for (const auto* end = instruction + head_->instructions; instruction != end; ++instruction) {
    if (instruction->address == address) return *instruction;
  }
  UNREACHABLE();
}

void BlockNotesMaker::finish() {
  engine::Block& block = *out_.block;
  if (states_.size() == 0 && interpreted_.size() == 0) {
    block.notes = nullptr;
    return;
  }
  auto* head = static_cast<BlockNotes::Head*>(out_.notes);
  head->states = static_cast<uint32_t>(states_.size());
  head->instructions = static_cast<uint32_t>(interpreted_.size());
  PlacedVector<i386::Instruction> instructions;
  instructions.place(states_.end(), interpreted_.size());
  for (const i386::Instruction* each : interpreted_) instructions.push_back(*each);
  block.notes = head;
  out_.notes_end = instructions.end();
}

}  // namespace ferry::translate::emit
