// Passes over an analysed block: one to a file (pass_<name>.cpp), listed below in the order in
// which they run, after liveness is solved and before a word is emitted.
//
// The contract. A pass
//   - reads the block alone: no guest memory (the bytes may have changed), no other block;
//   - may replace an instruction by another of the same address and length, or mark it `followed`
//     as one that needs no code; it never adds, removes or moves one, since marks name instructions
//     by address and `ranges` was made from what is there;
//   - keeps liveness true (`live_before`, `live_after` and `killed` of every instruction), or makes
//     live what was dead, never the reverse;
//   - keeps faults exact: between instructions that may fault, the guest's registers, memory and
//     live flags are what they were;
//   - may rely on the passes before it in the table, but not on their being on: each can be
//     switched off (passes.inc), and tests do so.
//
// Block passes do not run with exact flags or without liveness, where no pass may rely on dead
// flags, nor on a block that checks its own bytes, which is too short to gain.
#pragma once

#include "translate/i386/analysed_block.hpp"
#include "translate/i386/options.hpp"

namespace ferry::translate {

struct BlockPass {
  bool Passes::*enabled;             ///< its row in passes.inc
  bool AnalysedBlock::*interesting;  ///< only blocks of which this is true can change
  void (*run)(AnalysedBlock& block);
};

/// Knows what position-independent code computes from its own address.
void fold_pc_thunks(AnalysedBlock& block);

inline constexpr BlockPass kBlockPasses[] = {
    {&Passes::pc_thunks, &AnalysedBlock::has_leaf, fold_pc_thunks},
};

inline void run_block_passes(const Passes& passes, AnalysedBlock& block) {
  for (const BlockPass& pass : kBlockPasses) {
    if (block.*pass.interesting && passes.*pass.enabled) pass.run(block);
  }
}

}  // namespace ferry::translate
