// The fixed code at the start of the code cache: entry into translated code, and the ways out.
#pragma once

#include <cstdint>

#include "engine/backend.hpp"
#include "guest/i386/cpu_state.hpp"
#include "host/mips64/assembler.hpp"

namespace ferry::translate {

/// C++ functions translated code calls. Their addresses lie in CpuState::host_area.
enum class Helper : uint8_t {
  interpret,    ///< uint64_t (CpuState*, uint32_t number): 0 = go on, else a LeaveReason
  materialise,  ///< void (CpuState*): lazy flags to eflags
  count,
};

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
  /// Called with jal/jalr: ra identifies the exit.
  const uint32_t* leave_direct = nullptr;
  const uint32_t* leave_indirect =
      nullptr;  ///< also the 'not translated' stub; target in kExitTarget
  /// v1 = LeaveReason, a0 = guest pc.
  const uint32_t* leave_reason = nullptr;
  /// jal with a0 = number of an interpreted instruction: executes it, reloads the guest registers.
  const uint32_t* call_interpreter = nullptr;
  /// While the pc is in [resume_check, resume_end), an asynchronous signal must send it to
  /// resume_abort.
  const uint32_t* resume_check = nullptr;
  const uint32_t* resume_end = nullptr;
  const uint32_t* resume_abort = nullptr;
  /// jal: lazy registers to packed flags. Keeps guest registers, loses scratch.
  const uint32_t* materialise = nullptr;
  const uint32_t* end = nullptr;
};

/// Emits the thunks. Positions are final: `as` writes where the code will run. `interrupt_pending`:
/// offset of that word from the state. `check`: leaves also store the whole 64 bits of the guest
/// registers, in host_area.
Thunks emit_thunks(mips64::Assembler& as, int32_t interrupt_pending, bool check);

/// Fills the helper slots of a state.
void install_helpers(i386::CpuState& cpu);

}  // namespace ferry::translate
