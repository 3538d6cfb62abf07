// What a block consists of, and which flags are live where: the part of translation before any code
// is emitted.
#pragma once

#include <array>
#include <cstdint>

#include "engine/backend.hpp"
#include "guest/i386/code_source.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/memory.hpp"
#include "translate/i386_to_mips64/options.hpp"
#include "translate/i386_to_mips64/row_traits.hpp"

namespace ferry::translate {

using engine::GuestAddress;

inline constexpr uint32_t kMaxBlockInstructions = 64;

/// One instruction of a block with what liveness found.
struct AnalysedInstruction {
  i386::Instruction instruction;
  const RowTraits* traits;
  bool followed;    ///< a jump whose target is the next instruction of the block
  uint32_t killed;  ///< arithmetic flags it sets or leaves undefined
  uint32_t live_before;
  uint32_t live_after;
  uint32_t live_at_target;  ///< of conditional, jump and call
};

struct AnalysedBlock {
  std::array<AnalysedInstruction, kMaxBlockInstructions> instructions;
  uint32_t count = 0;
  GuestAddress next = 0;  ///< where control goes on if the last instruction falls through
  uint32_t live_at_next = 0;
};

/// The guest bytes a block was made from, or relies on.
using Ranges = decltype(engine::Translation::ranges);

class Analysis {
 public:
  Analysis(const Options& options, const i386::CodeSource& code) : options_(options), code_(code) {}

  /// Decodes and analyses the block at `address`. A count of 0: nothing can be fetched or decoded
  /// there. `ranges` receives what it depends on.
  void analyse(GuestAddress address, AnalysedBlock& block, Ranges& ranges);
  /// Guest code changed: what was looked up before no longer holds.
  void forget() {
    ++generation_;
    fetchable_ = {};
  }

 private:
  struct Memo {
    GuestAddress address = 0;
    uint32_t generation = 0;
    uint32_t live = 0;
    engine::GuestRange range{};
  };

  [[nodiscard]] bool fetch(GuestAddress address, i386::Instruction& instruction) {
    // One comparison says that the longest instruction lies in what was probed.
    if (address - window_begin_ >= window_span_ && !move_window(address)) return false;
    const auto* bytes = static_cast<const uint8_t*>(i386::host_pointer(address));
    return i386::decode(bytes, window_end_ - address, address, instruction) ==
           i386::DecodeStatus::ok;
  }
  [[nodiscard]] bool move_window(GuestAddress address);
  bool follow(const i386::Instruction& in, AnalysedInstruction& next);
  void form(GuestAddress address, AnalysedBlock& block, Ranges& ranges);
  void solve(AnalysedBlock& block, Ranges& ranges);
  uint32_t look_ahead(GuestAddress target, Ranges& ranges);
  uint32_t scan(GuestAddress target, engine::GuestRange& range);

  const Options& options_;
  const i386::CodeSource& code_;
  // Pages probed for this block: bytes up to window_end_ can be read, and instructions that begin
  // in the first window_span_ bytes lie inside whatever their length.
  GuestAddress window_begin_ = 0;
  GuestAddress window_end_ = 0;
  uint32_t window_span_ = 0;
  engine::GuestRange fetchable_{};  ///< the last answer of CodeSource, while nothing is remapped
  uint32_t generation_ = 1;
  std::array<Memo, 256> memo_{};
};

}  // namespace ferry::translate
