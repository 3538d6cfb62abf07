#include "linux/syscalls/dispatch.hpp"

#include "common/diagnostics.hpp"
#include "linux/syscalls/strace.hpp"
#include "linux/syscalls/table.hpp"

namespace ferry::linux {

namespace {

CallResult not_implemented(uint32_t number, const SyscallRow* row) {
  log_printf(LogChannel::unimp, "system call %u (%s) is not implemented\n", number,
             row != nullptr ? row->name : "unknown");
  return abi::kENOSYS;
}

CallResult call(Thread& thread, uint32_t number, const Arguments& arguments) {
  const SyscallRow* row = syscall_row(number);
  if (row == nullptr || row->call.handler == nullptr) return not_implemented(number, row);
  return row->call.handler(thread, arguments);
}

/// Leaves it to the delivery of signals to make the call again.
void restart(Thread& thread, Restart how) {
  thread.signals.restart = how;
  thread.signal_pending = 1;
}

SyscallAction finish(Thread& thread, CallResult result) {
  switch (result.outcome()) {
    [[likely]] case CallResult::Outcome::value : case CallResult::Outcome::error
        : thread.cpu.gpr[i386::EAX] = result.eax();
    break;
    case CallResult::Outcome::restart_if_handler_allows:
      restart(thread, Restart::if_handler_allows);
      break;
    case CallResult::Outcome::restart_always:
      restart(thread, Restart::always);
      break;
    case CallResult::Outcome::registers_set:
      break;
    case CallResult::Outcome::exit_process:
      return SyscallAction::exit_process;
  }
  return SyscallAction::resume;
}

}  // namespace

SyscallAction handle_syscall(Thread& thread) {
  const auto& gpr = thread.cpu.gpr;
  const uint32_t number = gpr[i386::EAX];
  const Arguments arguments{{{gpr[i386::EBX], gpr[i386::ECX], gpr[i386::EDX], gpr[i386::ESI],
                              gpr[i386::EDI], gpr[i386::EBP]}}};
  thread.syscall_number = number;
  const bool traced = log_enabled(LogChannel::strace);
  if (traced) trace_call(thread, number, arguments);
  const CallResult result = call(thread, number, arguments);
  if (traced) trace_result(result);
  return finish(thread, result);
}

}  // namespace ferry::linux
