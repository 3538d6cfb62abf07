#include "linux/host/host_signals.hpp"

#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

long set_host_action(int host_signal, const HostAction* action, HostAction* old) {
  KernelAction next{};
  KernelAction previous{};
  if (action != nullptr) {
    next.handler = action->handler;
    next.flags = action->flags;
    next.mask.fill(~uint64_t{0});
    add_restorer(next);
  }
  const long result = host_call(SYS_rt_sigaction, host_signal, action != nullptr ? &next : nullptr,
                                old != nullptr ? &previous : nullptr, sizeof next.mask);
  if (result == 0 && old != nullptr)
    *old = {previous.handler, static_cast<uint32_t>(previous.flags)};
  return result;
}

void set_host_mask(const HostSignalSet& mask) {
  host_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
}

void block_every_host_signal() {
  HostSignalSet everything;
  everything.words.fill(~uint64_t{0});
  set_host_mask(everything);
}

}  // namespace ferry::linux
