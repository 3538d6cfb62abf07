#include "linux/syscalls/dispatch.hpp"

#include "common/diagnostics.hpp"
#include "linux/syscalls/strace.hpp"
#include "linux/syscalls/table.hpp"

namespace ferry::linux {

namespace {

bool uses_hidden_descriptor(const GuestProcess& process, const SyscallRow& row,
                            const Arguments& arguments) {
  const unsigned mask = row.descriptors & ~SyscallRow::kGivesDescriptor;
  for (unsigned i = 0; mask >> i != 0; ++i) {
    if ((mask >> i & 1) != 0 && process.descriptor_hidden(arguments.signed_at(i))) return true;
  }
  return false;
}

int32_t not_implemented(uint32_t number, const SyscallRow* row) {
  log_printf(LogChannel::unimp, "system call %u (%s) is not implemented\n", number,
             row != nullptr ? row->name : "unknown");
  return -abi::kENOSYS;
}

int32_t call(Thread& thread, uint32_t number, const Arguments& arguments) {
  const SyscallRow* row = syscall_row(number);
  if (row == nullptr || row->handler == nullptr) return not_implemented(number, row);
  if (uses_hidden_descriptor(*thread.process, *row, arguments)) return -abi::kEBADF;
  const int32_t result = row->handler(thread, arguments);
  if ((row->descriptors & SyscallRow::kGivesDescriptor) != 0)
    thread.process->hidden.guest_got(result);
  return result;
}

}  // namespace

SyscallAction handle_syscall(Thread& thread) {
  auto& gpr = thread.cpu.gpr;
  const uint32_t number = gpr[i386::EAX];
  const Arguments arguments{{gpr[i386::EBX], gpr[i386::ECX], gpr[i386::EDX], gpr[i386::ESI],
                             gpr[i386::EDI], gpr[i386::EBP]}};
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
