#include "linux/syscalls/dispatch.hpp"

#include <optional>

#include "common/diagnostics.hpp"
#include "linux/strace/traced_call.hpp"
#include "linux/syscalls/seccomp.hpp"
#include "linux/syscalls/strace.hpp"
#include "linux/syscalls/table.hpp"

namespace ferry::linux {

namespace {

[[gnu::noinline, gnu::cold]] CallResult not_implemented(uint32_t number) {
  const SyscallRow* const row = syscall_row(number);
  log_printf(LogChannel::unimp, "system call %u (%s) is not implemented\n", number,
             row != nullptr ? row->name : "unknown");
  return abi::kENOSYS;
}

/// Leaves it to the delivery of signals to make the call again.
void restart(Thread& thread, Restart how) {
  thread.signals.restart = how;
  thread.signal_pending = 1;
}

/// What follows a call that leaves eax alone.
[[gnu::noinline, gnu::cold]] SyscallAction finish_unusual(Thread& thread,
                                                          CallResult::Outcome outcome) {
  switch (outcome) {
    case CallResult::Outcome::value:
    case CallResult::Outcome::error:
    case CallResult::Outcome::registers_set:
      break;
    case CallResult::Outcome::restart_if_handler_allows:
      restart(thread, Restart::if_handler_allows);
      break;
    case CallResult::Outcome::restart_always:
      restart(thread, Restart::always);
      break;
    case CallResult::Outcome::exit_process:
      thread.ends_process = true;
      return SyscallAction::end_thread;
    case CallResult::Outcome::exit_thread:
      return SyscallAction::end_thread;
  }
  return SyscallAction::look;
}

/// A call that seccomp(2) or the log looks at.
[[gnu::noinline, gnu::cold]] CallResult watched_call(Thread& thread, uint32_t number,
                                                     SyscallHandler handler, Arguments arguments) {
  std::optional<strace::TracedCall> traced;
  if (log_enabled(LogChannel::strace))
    traced.emplace(thread, number, shown_call(number, arguments));
  const std::optional<CallResult> verdict = seccomp_verdict(thread, number, arguments);
  CallResult result = kRegistersSet;
  if (verdict) {
    result = *verdict;
  } else {
    result = handler != nullptr ? handler(thread, arguments) : not_implemented(number);
  }
  if (traced) traced->finish(result);
  return result;
}

}  // namespace

SyscallAction handle_syscall(Thread& thread) {
  const uint32_t number = thread.cpu.gpr[i386::EAX];
  const Arguments arguments(thread.cpu.gpr);
  thread.syscall_number = number;
  const SyscallHandler handler = syscall_handler(number);
  CallResult result = kRegistersSet;
  if (thread.watches_calls) [[unlikely]] {
    result = watched_call(thread, number, handler, arguments);
  } else {
    result = handler != nullptr ? handler(thread, arguments) : not_implemented(number);
  }
  if (!result.sets_eax()) [[unlikely]]
    return finish_unusual(thread, result.outcome());
  thread.cpu.gpr[i386::EAX] = result.eax();
  return SyscallAction::go_on;
}

}  // namespace ferry::linux
