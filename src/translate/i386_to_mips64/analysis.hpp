// What a block consists of, and which flags are live where: the part of translation before any code
// is emitted.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/block.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "translate/i386_to_mips64/options.hpp"

namespace ferry::translate {

using engine::GuestAddress;

/// Where guest code may be fetched; implemented by the address space.
class GuestCode {
 public:
  /// End of the run of fetchable bytes that begins at `address`; `address` itself if none.
  [[nodiscard]] virtual GuestAddress fetch_end(GuestAddress address) = 0;

 protected:
  ~GuestCode() = default;
};

/// How control goes on behind an instruction.
enum class Flow : uint8_t {
  straight,
  conditional,  ///< a relative target or the next instruction
  jump,         ///< a relative target
  call,         ///< a relative target; the next instruction after the return
  end,          ///< elsewhere: indirect, return, interrupt
};
[[nodiscard]] Flow flow_of(const i386::Instruction& instruction);

inline constexpr uint32_t kMaxBlockInstructions = 64;

/// One instruction of a block with what liveness found.
struct AnalysedInstruction {
  i386::Instruction instruction;
  Flow flow;
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
  std::vector<engine::GuestRange> ranges;
};

class Analysis {
 public:
  Analysis(const Options& options, GuestCode& code) : options_(options), code_(code) {}

  /// Whether a translation begins at `address` (the block stops in front of it).
  using IsTranslated = bool (*)(const void* context, GuestAddress address);
  void set_translated_query(IsTranslated query, const void* context) {
    is_translated_ = query;
    query_context_ = context;
  }

  /// Decodes and analyses the block at `address`. A count of 0: nothing can be fetched or decoded
  /// there.
  void analyse(GuestAddress address, AnalysedBlock& block);
  /// Guest code changed: what was looked up before no longer holds.
  void forget() { ++generation_; }

 private:
  struct Memo {
    GuestAddress address = 0;
    uint32_t generation = 0;
    uint32_t live = 0;
    engine::GuestRange range{};
  };

  bool fetch(GuestAddress address, i386::Instruction& instruction);
  void form(GuestAddress address, AnalysedBlock& block);
  void add_range(AnalysedBlock& block, GuestAddress begin, GuestAddress end);
  void solve(AnalysedBlock& block);
  uint32_t look_ahead(AnalysedBlock& block, GuestAddress target);
  uint32_t scan(GuestAddress target, engine::GuestRange& range);

  const Options& options_;
  GuestCode& code_;
  IsTranslated is_translated_ = nullptr;
  const void* query_context_ = nullptr;
  GuestAddress readable_begin_ = 0;  ///< pages probed for this block
  GuestAddress readable_end_ = 0;
  uint32_t generation_ = 1;
  std::array<Memo, 256> memo_{};
};

}  // namespace ferry::translate
