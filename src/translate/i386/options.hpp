// What the user can say about translation.
#pragma once

#include <cstdint>

namespace ferry::translate {

struct Passes {
#define PASS(member, name, text) bool member = true;
#include "translate/i386/passes.inc"
#undef PASS
};

/// Which accesses to guest memory keep the order that x86 gives them.
enum class MemoryOrder : uint8_t {
  weak,           ///< none: for a guest of one thread that shares no memory
  all_but_stack,  ///< all but those whose address is esp and a constant
  all,
};

struct Options {
  Passes passes;
  uint32_t max_guest_instructions = 64;  ///< per block; 1 gives blocks of one instruction
  uint32_t max_branches = 2;             ///< conditional branches a superblock passes
  bool exact_flags = false;              ///< flags are exact at every instruction that can fault
  bool dead_flags_at_calls = false;      ///< trust the ABI: no flags live across call and ret
  /// Where the thread's 32-bit 'signals wait' word lies, as a 16-bit offset from its CpuState.
  int32_t interrupt_pending = 0;
  bool check = false;  ///< what --engine=check needs: a mark per instruction, whole registers at
                       ///< leaves
  bool every_exit_leaves = false;  ///< no jumps from block to block, indirect ones included
  bool msa = false;                ///< the host has MSA (LSA)
  MemoryOrder order = MemoryOrder::weak;
};

}  // namespace ferry::translate
