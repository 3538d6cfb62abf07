// The host pc in a signal context. Other host registers are the engine's affair.
#pragma once

#include <signal.h>
#include <ucontext.h>

#include <cstdint>

namespace ferry {

[[nodiscard]] inline uintptr_t context_pc(const ucontext_t* context) {
#if defined(__mips__)
  return static_cast<uintptr_t>(context->uc_mcontext.pc);
#else
  return static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RIP]);
#endif
}

inline void set_context_pc(ucontext_t* context, uintptr_t pc) {
#if defined(__mips__)
  context->uc_mcontext.pc = pc;
#else
  context->uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(pc);
#endif
}

}  // namespace ferry
