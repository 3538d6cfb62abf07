// The places outside of blocks that blocks jump to and call: fixed code at the start of the code
// cache, made by run/thunks.cpp.
#pragma once

#include <cstdint>

namespace ferry::translate::emit {

struct WaysOut {
  /// Called with jal/jalr: ra identifies the exit.
  const uint32_t* leave_direct = nullptr;
  /// The same; also the 'not translated' stub. The target is in kExitTarget.
  const uint32_t* leave_indirect = nullptr;
  /// v1 = LeaveReason, a0 = guest pc.
  const uint32_t* leave_reason = nullptr;
  /// jal with a0 = guest pc of an instruction in the block's notes (block_notes.hpp): the
  /// interpreter executes it, then the guest registers are loaded again.
  const uint32_t* call_interpreter = nullptr;
  /// jal with a0 = guest pc after a system call: makes the call, then goes on in the block with the
  /// call's result, unless the run loop is needed first.
  const uint32_t* call_system = nullptr;
  /// Called with jal: packs the flags in the lazy registers. Guest registers keep their values,
  /// scratch registers do not.
  const uint32_t* materialise = nullptr;
  // Called with jal: the first pair of registers (lower/x87_values.hpp) becomes its sum with the
  // second, its quotient by the second, its root. What the routine cannot do returns as usual, what
  // it can to the word eight bytes later.
  const uint32_t* x87_add[4][4] = {};
  const uint32_t* x87_divide[4][4] = {};
  const uint32_t* x87_root[4] = {};
};

}  // namespace ferry::translate::emit
