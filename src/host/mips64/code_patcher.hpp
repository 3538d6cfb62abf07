// Patching of exits (engine/block_linker.hpp) for MIPS64 code.
#pragma once

#include "engine/block_linker.hpp"

namespace ferry::mips64 {

/// Branches reach 128 KB; farther targets are reached through the exit's stub, which becomes a
/// jump. One aligned word is stored at a time, then the instruction cache is synchronised.
/// Signal-safe.
class CodePatcher final : public engine::CodePatcher {
 public:
  /// `leave_direct`: the thunk an unlinked stub calls.
  explicit CodePatcher(const uint32_t* leave_direct);

  void link(const engine::Exit& exit, const uint32_t* target) override;
  void unlink(const engine::Exit& exit) override;
  void synchronise(const uint32_t* begin, uint32_t words) override;

 private:
  void patch(uint32_t* place, uint32_t word);
  const uint32_t* leave_direct_;
  uintptr_t line_bytes_ = 0;  ///< of the instruction cache, as SYNCI counts
};

/// The words of a call (jal, jalr) and its delay slot: it returns to the word after them.
inline constexpr uint32_t kCallWords = 2;

/// The exit of `block` whose call of the way out returns to `host_pc`, or null. Signal-safe.
[[nodiscard]] engine::Exit* exit_returning_to(const engine::Block& block, const uint32_t* host_pc);

}  // namespace ferry::mips64
