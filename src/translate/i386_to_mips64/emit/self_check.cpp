// The entry of a self-checking block: compares the guest bytes it was made from with what is there.
//
// Such blocks are made where watching a page for writes costs too much (code and hot data in one
// page). They rely on no byte but their own: they read none ahead for the flags, take none after a
// jump, and end after each instruction that may store, so that the next block's check sees what
// was stored.
#include <algorithm>
#include <cstring>

#include "translate/i386_to_mips64/emit/block_builder.hpp"

namespace ferry::translate::emit {

namespace {

using engine::LeaveReason;

constexpr uint32_t kWordBytes = 4;

/// Bytes of an aligned guest word, as a sign-extended number.
struct Part {
  GuestAddress word;   ///< address of the word
  unsigned below = 0;  ///< bits of the word that lie before the part
  unsigned above = 0;  ///< and after it

  [[nodiscard]] int32_t of(uint32_t value) const {
    return static_cast<int32_t>(value << above) >> (above + below);
  }
};

Part part_at(GuestAddress at, GuestAddress end) {
  const GuestAddress word = at & ~(kWordBytes - 1);
  const GuestAddress last = std::min(end, word + kWordBytes);
  return {word, 8 * (at - word), 8 * (word + kWordBytes - last)};
}

}  // namespace

void BlockBuilder::check_bytes(const AnalysedBlock& block) {
  entry_ = block.instructions.data();
  const GuestAddress begin = entry_->instruction.address;
  // The page may be gone: the interpreter finds that out.
  out_.marks.push_back({as.position(), begin, 0, recipe::kLazyRegisters});
  ColdPath& path = new_cold_path();
  path.kind = ColdPath::Kind::leave;
  path.reason = LeaveReason::code_changed;
  path.target = begin;
  const Gpr base = scratch();
  const Gpr found[] = {scratch(), scratch()}, wanted[] = {scratch(), scratch()};
  const GuestAddress first_word = block.first_checked_word();
  mips64::load_immediate(as, base, static_cast<int32_t>(first_word));
  // Each load comes before the branch on the word before it: it fills the delay slot.
  unsigned turn = 0;
  for (GuestAddress at = begin; at < block.next; turn ^= 1) {
    const Part part = part_at(at, block.next);
    uint32_t bytes = 0;
    std::memcpy(&bytes, block.checked_bytes.data() + (part.word - first_word), sizeof bytes);
    mips64::load_immediate(as, wanted[turn], part.of(bytes));
    as.LW(found[turn], static_cast<int32_t>(part.word - first_word), base);
    if (at != begin) branch_if_not_equal(found[turn ^ 1], wanted[turn ^ 1], path.label);
    if (part.above != 0) as.SLL(found[turn], found[turn], part.above);
    if (part.above + part.below != 0) as.SRA(found[turn], found[turn], part.above + part.below);
    at = part.word + kWordBytes;
  }
  branch_if_not_equal(found[turn ^ 1], wanted[turn ^ 1], path.label);
  free_scratch_ = kScratchMask;
}

}  // namespace ferry::translate::emit
