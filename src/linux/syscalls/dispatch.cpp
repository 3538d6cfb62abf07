#include "linux/syscalls/dispatch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/strace.hpp"

namespace ferry {

bool copy_in_bytes(uint32_t guest, void* destination, uint32_t size) {
  return i386::copy_from_guest(destination, guest, size);
}

bool copy_out_bytes(Thread& thread, uint32_t guest, const void* source, uint32_t size) {
  thread.process->space->prepare_kernel_write(guest, size);
  return i386::copy_to_guest(guest, source, size);
}

int32_t copy_in_string(uint32_t guest, char* destination, uint32_t size) {
  for (uint32_t length = 0; length < size;) {
    // Never across a page at once: the next one may be missing behind the string's end.
    const uint32_t at = guest + length;
    const uint32_t piece = std::min({size - length, 64u, kGuestPageSize - (at & kGuestPageMask)});
    if (!copy_in_bytes(at, destination + length, piece)) return -abi::kEFAULT;
    const void* end = std::memchr(destination + length, '\0', piece);
    if (end != nullptr) return static_cast<int32_t>(static_cast<const char*>(end) - destination);
    length += piece;
  }
  return -abi::kENAMETOOLONG;
}

namespace {

constexpr uint32_t kCallCount = 463;

constexpr SyscallRow kAbsentRow{nullptr, nullptr, "", Support::enosys, ""};

constexpr auto kRows = [] {
  std::array<SyscallRow, kCallCount> rows{};
  for (SyscallRow& row : rows) row = kAbsentRow;
#define SYSCALL(number, name, handler, signature, support, note) \
  rows[number] = {#name, handler, signature, Support::support, note};
#define PASS(number, name, host_name, signature) \
  rows[number] = {#name, pass<SYS_##host_name>, signature, Support::full, ""};
#define ABSENT(number, name, note) rows[number] = {#name, nullptr, "", Support::enosys, note};
#include "linux/abi/i386/syscalls.inc"
#undef SYSCALL
#undef PASS
#undef ABSENT
  return rows;
}();

/// Signature result "-> fd".
constexpr uint8_t kGivesDescriptor = 1u << 7;

/// Bit i: argument i is a descriptor the call uses (signature kind "fd" or "dirfd"). And
/// kGivesDescriptor.
constexpr uint8_t descriptor_arguments(std::string_view signature) {
  constexpr std::string_view kResult = "-> fd";
  uint8_t mask = 0;
  if (signature.ends_with(kResult)) {
    mask = kGivesDescriptor;
    signature.remove_suffix(kResult.size());
    if (!signature.empty()) signature.remove_suffix(1);
  }
  for (unsigned index = 0; !signature.empty(); ++index) {
    const size_t comma = signature.find(", ");
    const std::string_view kind = signature.substr(0, comma);
    if (kind == "fd" || kind == "dirfd") mask |= static_cast<uint8_t>(1u << index);
    if (comma == std::string_view::npos) break;
    signature.remove_prefix(comma + 2);
  }
  return mask;
}

constexpr auto kDescriptorArguments = [] {
  std::array<uint8_t, kCallCount> masks{};
  for (uint32_t i = 0; i < kCallCount; ++i) masks[i] = descriptor_arguments(kRows[i].signature);
  return masks;
}();

bool uses_hidden_descriptor(const GuestProcess& process, uint32_t number,
                            const Arguments& arguments) {
  const unsigned mask = kDescriptorArguments[number] & ~kGivesDescriptor;
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
  if (uses_hidden_descriptor(*thread.process, number, arguments)) return -abi::kEBADF;
  const int32_t result = row->handler(thread, arguments);
  if ((kDescriptorArguments[number] & kGivesDescriptor) != 0)
    thread.process->hidden.guest_got(result);
  return result;
}

}  // namespace

const SyscallRow* syscall_row(uint32_t number) {
  return number < kCallCount && kRows[number].name != nullptr ? &kRows[number] : nullptr;
}

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

}  // namespace ferry
