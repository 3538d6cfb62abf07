// The memory of a case, mapped in this process at its guest addresses, and the signal handler that
// sends faults of guest memory accessors to their landing pads. All executors in this process use
// it.
#pragma once

#include <array>

#include "case.hpp"
#include "guest/i386/cpu_state.hpp"

namespace ferry::semantics {

class GuestArena {
 public:
  /// Maps the regions and installs the fault handler. One object per process.
  GuestArena();

  /// Writes code and data, and sets up `cpu` for the start of the case.
  void begin(const Case& test, i386::CpuState& cpu);

  /// Stores registers and memory changes. The caller fills in vector, error_code and address.
  void finish(const Case& test, const i386::CpuState& cpu, Result& result);

 private:
  alignas(16) std::array<uint8_t, kRegionSize> initial_memory_{};
};

}  // namespace ferry::semantics
