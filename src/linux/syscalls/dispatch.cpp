#include "linux/syscalls/dispatch.hpp"

#include "common/diagnostics.hpp"
#include "linux/syscalls/strace.hpp"
#include "linux/syscalls/table.hpp"

namespace ferry::linux {

namespace {

int32_t not_implemented(uint32_t number, const SyscallRow* row) {
  log_printf(LogChannel::unimp, "system call %u (%s) is not implemented\n", number,
             row != nullptr ? row->name : "unknown");
  return -abi::kENOSYS;
}

int32_t call(Thread& thread, uint32_t number, const Arguments& arguments) {
  const SyscallRow* row = syscall_row(number);
  if (row == nullptr || row->call.handler == nullptr) return not_implemented(number, row);
  return row->call.handler(thread, arguments);
}

}  // namespace

SyscallAction handle_syscall(Thread& thread) {
  auto& gpr = thread.cpu.gpr;
  const uint32_t number = gpr[i386::EAX];
  const Arguments arguments{{{gpr[i386::EBX], gpr[i386::ECX], gpr[i386::EDX], gpr[i386::ESI],
                              gpr[i386::EDI], gpr[i386::EBP]}}};
  thread.syscall_number = number;
  const bool traced = log_enabled(LogChannel::strace);
  if (traced) trace_call(thread, number, arguments);
  const int32_t result = call(thread, number, arguments);
  if (traced) trace_result(result);
  switch (result) {
    case kExitProcess:
      return SyscallAction::exit_process;
    case kRegistersSet:
      return SyscallAction::resume;
    case -kErestartSys:
    case -kErestartNoIntr:
      thread.signals.restart =
          result == -kErestartSys ? Restart::if_handler_allows : Restart::always;
      thread.signal_pending = 1;  // delivery does the restart
      return SyscallAction::resume;
    default:
      gpr[i386::EAX] = static_cast<uint32_t>(result);
      return SyscallAction::resume;
  }
}

}  // namespace ferry::linux
