#include "linux/syscalls/table.hpp"

#include <array>
#include <string_view>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kCallCount = 463;

/// SyscallRow::descriptors of a signature: kinds "fd" and "dirfd", result "-> fd".
constexpr uint8_t descriptor_arguments(std::string_view signature) {
  constexpr std::string_view kResult = "-> fd";
  uint8_t mask = 0;
  if (signature.ends_with(kResult)) {
    mask = SyscallRow::kGivesDescriptor;
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

constexpr SyscallRow kAbsentRow{nullptr, nullptr, "", Support::enosys, "", 0};

constexpr auto kRows = [] {
  std::array<SyscallRow, kCallCount> rows{};
  for (SyscallRow& row : rows) row = kAbsentRow;
#define SYSCALL(number, name, handler, signature, support, note) \
  rows[number] = {                                               \
      #name, handler, signature, Support::support, note, descriptor_arguments(signature)};
#define PASS(number, name, host_name, signature)                                   \
  rows[number] = {#name, pass<SYS_##host_name>,          signature, Support::full, \
                  "",    descriptor_arguments(signature)};
#define ABSENT(number, name, note) rows[number] = {#name, nullptr, "", Support::enosys, note, 0};
#include "linux/abi/i386/syscalls.inc"
#undef SYSCALL
#undef PASS
#undef ABSENT
  return rows;
}();

}  // namespace

const SyscallRow* syscall_row(uint32_t number) {
  return number < kCallCount && kRows[number].name != nullptr ? &kRows[number] : nullptr;
}

}  // namespace ferry::linux
