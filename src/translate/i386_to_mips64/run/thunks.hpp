// The fixed code at the start of the code cache: entry into translated code, and the ways out.
#pragma once

#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "host/mips64/assembler.hpp"
#include "translate/i386_to_mips64/emit/ways_out.hpp"

namespace ferry::translate::run {

struct Thunks {
  /// uint64_t enter(CpuState*, const uint32_t* code): a LeaveReason.
  const uint32_t* enter = nullptr;
  /// While the pc is in [enter_check, enter_end), an asynchronous signal must send it to
  /// enter_abort.
  const uint32_t* enter_check = nullptr;
  const uint32_t* enter_end = nullptr;
  const uint32_t* enter_abort = nullptr;
  /// Leaves with the reason in v0; the state must be complete. For fault recovery.
  const uint32_t* restore = nullptr;
  emit::WaysOut out;  ///< for blocks
  /// While the pc is in [check, end), an asynchronous signal must send it to `abort`.
  struct Resume {
    const uint32_t* check = nullptr;
    const uint32_t* end = nullptr;
    const uint32_t* abort = nullptr;
  };
  Resume resume[2];
  /// Of the last ones: `materialise`, then the routines for x87 numbers. All of them return to ra.
  const uint32_t* end = nullptr;
};

/// Emits the thunks. Positions are final: `as` writes where the code will run. `interrupt_pending`:
/// offset of that word from the state. `check`: leaves also store the whole 64 bits of the guest
/// registers, in host_area.
Thunks emit_thunks(mips64::Assembler& as, int32_t interrupt_pending, bool check);

/// Whether, at the last leave, every guest register was the sign extension of its lower half: for
/// --engine=check. The thunks must have been emitted with `check`.
[[nodiscard]] bool left_with_extended_registers(const i386::CpuState& cpu);

}  // namespace ferry::translate::run
