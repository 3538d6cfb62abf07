#include "linux/kernel/own_view.hpp"

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

ProcessView own_view(Thread& thread) {
  const GuestProcess& process = *thread.process;
  ProcessView view;
  view.pid = static_cast<int32_t>(host_call(SYS_getpid));
  view.layout = process.layout;
  view.auxiliary_vector = process.auxiliary_vector;
  view.memory = process.space->view();
  for (int signal = 1; signal <= static_cast<int>(kSignalCount); ++signal) {
    SignalAction action;
    if (change_action(thread, signal, nullptr, &action) != kOk) continue;
    if (action.handler == SignalAction::kIgnore) view.ignored |= signal_bit(signal);
    if (action.handler > SignalAction::kIgnore) view.caught |= signal_bit(signal);
  }
  view.held = process.held.set();
  view.hidden = process.hidden.numbers();
  view.executable = process.hidden[process.executable_file];
  const LockGuard guard(process.lock);
  for (const Thread* each : process.threads) {
    if (each->tid != 0)
      view.threads.push_back({each->tid, each->signals.mask, each->signals.held.set()});
  }
  return view;
}

}  // namespace ferry::linux
