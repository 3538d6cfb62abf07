#include "linux/syscalls/table.hpp"

#include <array>

#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr auto kRows = [] {
  std::array<SyscallRow, kCallCount> rows{};
#define SYSCALL(number, name, handler, support, note) \
  rows[number] = {#name, call_of<handler>(), Support::support, note};
#define IN_MEMORY(number, name, handler, support, note) \
  rows[number] = {#name, call_in_memory<handler>(), Support::support, note};
#define PASS(number, name, host_name, ...) \
  rows[number] = {#name, pass_of<SYS_##host_name, __VA_ARGS__>(), Support::full, ""};
#define ABSENT(number, name, note) rows[number] = {#name, {}, Support::enosys, note};
#include "linux/abi/i386/syscalls.inc"
#undef SYSCALL
#undef IN_MEMORY
#undef PASS
#undef ABSENT
  return rows;
}();

/// Side by side, since every system call looks for its own.
constexpr auto kHandlers = [] {
  std::array<SyscallHandler, kCallCount> handlers{};
  for (size_t i = 0; i < handlers.size(); ++i) handlers[i] = kRows[i].call.handler;
  return handlers;
}();

}  // namespace

SyscallHandler syscall_handler(uint32_t number) {
  return number < kCallCount ? kHandlers[number] : nullptr;
}

const SyscallRow* syscall_row(uint32_t number) {
  return number < kCallCount && kRows[number].name != nullptr ? &kRows[number] : nullptr;
}

}  // namespace ferry::linux
