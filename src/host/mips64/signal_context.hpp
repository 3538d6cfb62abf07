// The interrupted host state that a signal handler receives. The only file (with its .cpp) that
// reads a host mcontext.
#pragma once

#include <cstdint>

#include "host/mips64/registers.hpp"

namespace ferry::mips64 {

class SignalContext {
 public:
  /// `ucontext`: the third argument of a SA_SIGINFO handler.
  explicit SignalContext(void* ucontext) : ucontext_(ucontext) {}

  /// The interrupted instruction. For one in a delay slot MIPS reports the branch before it.
  [[nodiscard]] uint64_t pc() const;
  void set_pc(uint64_t pc);
  [[nodiscard]] uint64_t reg(Gpr reg) const;
  void set_reg(Gpr reg, uint64_t value);

 private:
  [[maybe_unused]] void* ucontext_;  ///< read on MIPS alone
};

}  // namespace ferry::mips64
