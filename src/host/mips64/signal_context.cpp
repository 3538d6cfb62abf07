#include "host/mips64/signal_context.hpp"

#include "common/diagnostics.hpp"

#if defined(__mips64)

#include <ucontext.h>

namespace ferry::mips64 {

namespace {
mcontext_t& machine(void* context) {
  return static_cast<ucontext_t*>(context)->uc_mcontext;
}
}  // namespace

uint64_t SignalContext::pc() const {
  return machine(ucontext_).pc;
}
void SignalContext::set_pc(uint64_t pc) {
  machine(ucontext_).pc = pc;
}
uint64_t SignalContext::reg(Gpr reg) const {
  return machine(ucontext_).gregs[reg.number()];
}
void SignalContext::set_reg(Gpr reg, uint64_t value) {
  machine(ucontext_).gregs[reg.number()] = value;
}

}  // namespace ferry::mips64

#else

// Other hosts run no MIPS code; nothing there calls these.
namespace ferry::mips64 {

uint64_t SignalContext::pc() const {
  UNREACHABLE();
}
void SignalContext::set_pc(uint64_t) {
  UNREACHABLE();
}
uint64_t SignalContext::reg(Gpr) const {
  UNREACHABLE();
}
void SignalContext::set_reg(Gpr, uint64_t) {
  UNREACHABLE();
}

}  // namespace ferry::mips64

#endif
