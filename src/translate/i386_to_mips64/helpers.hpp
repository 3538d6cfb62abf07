// C++ functions that translated code calls (thunks.hpp lists them), and what they share with the
// leave paths: finding the flags from a recipe.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/code_cache.hpp"
#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/instruction.hpp"
#include "guest/i386/decode/rows.hpp"
#include "translate/i386_to_mips64/flags.hpp"

namespace ferry::translate {

/// Instructions of translated blocks that the interpreter executes, by number; and how often each
/// row was.
class InterpretedInstructions {
 public:
  uint32_t add(const i386::Instruction& instruction) {
    instructions_.push_back(instruction);
    return static_cast<uint32_t>(instructions_.size() - 1);
  }
  [[nodiscard]] const i386::Instruction& get(uint32_t number) const {
    return instructions_[number];
  }
  void clear() { instructions_.clear(); }
  void count(uint16_t row) { ++executed_[row]; }
  [[nodiscard]] uint64_t executed(uint16_t row) const { return executed_[row]; }

 private:
  std::deque<i386::Instruction> instructions_;
  std::vector<uint64_t> executed_ = std::vector<uint64_t>(i386::row_count());
};

/// What helpers need of the process's one translator. Set before translated code runs.
struct HelperContext {
  const engine::CodeCache* cache = nullptr;
  const RecipeTable* recipes = nullptr;
  InterpretedInstructions* interpreted = nullptr;
  /// The place in a block for a pc in an interrupted block's copy (BlockTranslator::original).
  const uint32_t* (*original)(const uint32_t* pc) = nullptr;
};
void set_helper_context(const HelperContext& context);

/// Packs flags that blocks left in cpu.lazy: kind, a, b (the result is derived where it is not
/// stored), or the identity of an indirect exit, whose recipe says what they are. Kinds that mean
/// nothing (flags were dead) leave eflags as they are.
void materialise_lazy(i386::CpuState& cpu);

/// Packs the flags a recipe describes. Registers are in cpu.gpr and cpu.lazy.
void materialise_recipe(i386::CpuState& cpu, const FlagState& recipe);

/// Enters the x87 instruction that translated code called last into the pointers FSTENV shows. To
/// be called whenever C++ gets control: what the code said holds no longer than its block.
void record_x87_call(i386::CpuState& cpu);

/// The flags of the exit whose leave call returns to `identity`.
void materialise_exit(i386::CpuState& cpu, const uint32_t* identity);

}  // namespace ferry::translate
