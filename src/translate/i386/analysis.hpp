// What a block consists of, and which flags are live where: the part of translation before any code
// is emitted.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_set>

#include "common/guest_range.hpp"
#include "common/zeroed_array.hpp"
#include "guest/i386/code_source.hpp"
#include "guest/memory/memory.hpp"
#include "translate/i386/analysed_block.hpp"
#include "translate/i386/options.hpp"
#include "translate/i386/row_traits.hpp"

namespace ferry::translate {

class Analysis {
 public:
  Analysis(const Options& options, const i386::CodeSource& code);

  /// Decodes and analyses the block at `address`. A count of 0: nothing can be fetched or decoded
  /// there. `ranges` receives what it depends on.
  void analyse(GuestAddress address, AnalysedBlock& block, GuestRanges& ranges);
  /// Guest code changed: what was looked up before no longer holds.
  void forget() {
    ++generation_;
    fetchable_ = {};
  }
  /// Blocks with bytes of the page at `page` are self-checking from now on, or no longer.
  void set_self_checking(GuestAddress page, bool on);

 private:
  /// What is live at `address`, by the bytes up to `end`.
  struct Memo {
    GuestAddress address;
    uint32_t generation;
    uint32_t live;
    GuestAddress end;
  };

  /// One instruction of a path that is scanned for flags.
  struct Step {
    FlagEffect effect{};
    GuestAddress end = 0;  ///< 0: nothing can be decoded there
    GuestAddress target = 0;
    Flow flow = Flow::end;
  };

  [[nodiscard]] bool in_window(GuestAddress address) const {
    // One comparison says that the longest instruction lies in what was probed.
    return address - window_begin_ < window_span_;
  }
  /// Decodes the instruction at `address`, whatever it is and wherever it lies.
  [[nodiscard]] bool fetch(GuestAddress address, i386::Instruction& instruction);
  /// Whether bytes of `range` may change without notice.
  [[nodiscard]] bool in_self_checking_page(const GuestRange& range) const;
  [[nodiscard]] bool move_window(GuestAddress address);
  [[nodiscard]] bool is_known_fetchable(GuestAddress address) const {
    return address - fetchable_.begin < fetchable_.end - fetchable_.begin;
  }
  /// Asks for the run of fetchable bytes at `address`; false if there is none.
  [[nodiscard]] bool find_fetchable(GuestAddress address);
  bool follow(const i386::Instruction& in, AnalysedInstruction& next);
  [[nodiscard]] bool may_be_leaf(GuestAddress address) const;
  AnalysedInstruction* enter_leaf(AnalysedInstruction& call, const AnalysedInstruction* limit);
  void form(GuestAddress address, AnalysedBlock& block, GuestRanges& ranges);
  void make_self_checking(AnalysedBlock& block, GuestRanges& ranges) const;
  enum class Liveness : uint8_t { usual, by_options };  ///< see usual_liveness_
  template <Liveness liveness>
  void solve(AnalysedBlock& block, GuestRanges& ranges);
  void solve_unusually(AnalysedBlock& block, GuestRanges& ranges);
  uint32_t look_ahead(GuestAddress target, GuestAddress home, GuestRanges& ranges);
  Step whole_step(GuestAddress pc);
  uint32_t scan(Memo& memo, GuestAddress target);

  const Options& options_;
  const i386::CodeSource& code_;
  // What follows from the options.
  const uint32_t most_instructions_;  ///< of a block
  const uint32_t most_branches_;      ///< conditional ones a block passes
  const bool looks_ahead_;
  const bool usual_liveness_;  ///< neither without liveness nor with exact flags
  // What was probed for this block: bytes up to window_end_ can be read, and an instruction that
  // begins in the first window_span_ bytes lies inside, whatever its length.
  GuestAddress window_begin_ = 0;
  GuestAddress window_end_ = 0;
  uint32_t window_span_ = 0;
  GuestRange fetchable_{};  ///< the last answer of CodeSource, while nothing is remapped
  uint32_t generation_ = 1;
  std::unordered_set<GuestAddress> self_checking_pages_;
  ZeroedArray<Memo> memo_{256};
};

}  // namespace ferry::translate
