// C++ functions that translated code calls, and what they share with the leave paths: finding the
// flags from a recipe. Nothing here takes a lock: a block's notes are read by the thread inside it.
#pragma once

#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "translate/i386_to_mips64/emit/flag_state.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"

namespace ferry::translate::run {

class Thread;

/// Makes `cpu` the state of `thread`: fills in what translated code calls, and how C++ that it
/// calls finds the thread. To be called before the state enters translated code; copies of the
/// state are complete too.
void install(Thread& thread, i386::CpuState& cpu);
/// The reverse: returns the thread, which `cpu` no longer knows.
[[nodiscard]] Thread* uninstall(i386::CpuState& cpu);

/// Packs flags that blocks left in cpu.lazy: kind, a, b (the result is derived where it is not
/// stored), or the identity of an indirect exit, whose recipe says what they are. Kinds that mean
/// nothing (flags were dead) leave eflags as they are.
[[gnu::noinline]] void materialise_lazy_kind(i386::CpuState& cpu);
inline void materialise_lazy(i386::CpuState& cpu) {
  if (cpu.lazy.kind != 0) materialise_lazy_kind(cpu);
}

/// Packs the flags a recipe describes. Registers are in cpu.gpr and cpu.lazy.
void materialise_recipe(i386::CpuState& cpu, const emit::FlagState& recipe);

/// Packs the flags of FlagState::Form::exact: of a 32-bit sum or difference, which `sum` is without
/// wrap. CF and AF, which are dead, become 0. Signal-safe.
void materialise_exact(i386::CpuState& cpu, uint64_t sum);

/// The rare part of record_x87_call: there is something to enter.
void record_last_x87_call(i386::CpuState& cpu);
/// Enters the x87 instruction that translated code called last into the pointers FSTENV shows. To
/// be called whenever C++ gets control: the return address that identifies the instruction is good
/// only as long as its block.
inline void record_x87_call(i386::CpuState& cpu) {
  if (cpu.host_area[emit::offset::kSlotX87Last] != 0) record_last_x87_call(cpu);
}

}  // namespace ferry::translate::run
