// C++ functions that translated code calls (thunks.hpp lists them), and what they share with the
// leave paths: finding the flags from a recipe.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine/code_cache.hpp"
#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/instruction.hpp"
#include "guest/i386/decode/rows.hpp"
#include "translate/i386_to_mips64/emit/flags.hpp"

namespace ferry::translate {

/// Instructions of translated blocks that the interpreter executes, by number; and how often each
/// row was. Numbers go to another instruction once the code cache's region that uses them is gone.
class InterpretedInstructions {
 public:
  /// The region of the code cache whose blocks the next instructions belong to.
  void fill(unsigned region) { region_ = region; }
  uint32_t add(const i386::Instruction& instruction) {
    uint32_t number = 0;
    if (free_.empty()) {
      number = static_cast<uint32_t>(instructions_.size());
      instructions_.push_back(instruction);
    } else {
      number = free_.back();
      free_.pop_back();
      instructions_[number] = instruction;
    }
    numbers_[region_].push_back(number);
    return number;
  }
  [[nodiscard]] const i386::Instruction& get(uint32_t number) const {
    return instructions_[number];
  }
  void forget(unsigned region) {
    free_.insert(free_.end(), numbers_[region].begin(), numbers_[region].end());
    numbers_[region].clear();
  }
  void count(uint16_t row) { ++executed_[row]; }
  [[nodiscard]] uint64_t executed(uint16_t row) const { return executed_[row]; }

 private:
  std::deque<i386::Instruction> instructions_;
  std::vector<uint32_t> free_;
  std::array<std::vector<uint32_t>, engine::CodeCache::kMaxRegions>
      numbers_;  ///< in use, by region
  unsigned region_ = 0;
  std::vector<uint64_t> executed_ = std::vector<uint64_t>(i386::row_count());
};

/// What helpers need of the process's one translator. Set before translated code runs.
struct HelperContext {
  const engine::CodeCache* cache = nullptr;
  const RecipeTable* recipes = nullptr;  ///< one per region of the code cache
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

/// Packs the flags of FlagState::Form::exact: of a sum or difference of 32 bits that `sum` is
/// whole. CF and AF, which are dead, become 0. Signal-safe.
void materialise_exact(i386::CpuState& cpu, uint64_t sum);

/// Enters the x87 instruction that translated code called last into the pointers FSTENV shows. To
/// be called whenever C++ gets control: what the code said holds no longer than its block.
void record_x87_call(i386::CpuState& cpu);

/// The flags of the exit whose leave call returns to `identity`.
void materialise_exit(i386::CpuState& cpu, const uint32_t* identity);

}  // namespace ferry::translate
