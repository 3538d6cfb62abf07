// C++ functions that translated code calls (thunks.hpp lists them), and what they share with the leave
// paths: finding the flags from a recipe.
#pragma once

#include <cstdint>

#include "engine/code_cache.hpp"
#include "guest/i386/cpu_state.hpp"
#include "translate/i386_to_mips64/flags.hpp"

namespace ferry::translate {

/// What helpers need of the process's one translator. Set before translated code runs.
struct HelperContext {
  const engine::CodeCache* cache = nullptr;
  const RecipeTable* recipes = nullptr;
};
void set_helper_context(const HelperContext& context);

/// Packs flags that blocks left in cpu.lazy (kind, a, b; the result is derived where it is not stored).
/// Kinds that mean nothing (flags were dead) leave eflags as they are.
void materialise_lazy(i386::CpuState& cpu);

/// Packs the flags a recipe describes. Registers are in cpu.gpr and cpu.lazy.
void materialise_recipe(i386::CpuState& cpu, const FlagRecipe& recipe);

/// The flags of the exit whose leave call returns to `identity`.
void materialise_exit(i386::CpuState& cpu, const uint32_t* identity);

}  // namespace ferry::translate
