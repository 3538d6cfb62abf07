// The table of call_formats.inc, by number; and what the calls of socketcall(2) and ipc(2) are.
#pragma once

#include <array>
#include <cstdint>

#include "linux/strace/call_numbers.hpp"
#include "linux/strace/format.hpp"

namespace ferry::linux::strace {

/// The row of system call `number`, or null.
[[nodiscard]] const CallFormat* call_format(uint32_t number);

/// A call as it is shown: one made through socketcall(2) or ipc(2) by its own name and arguments.
struct ShownCall {
  const CallFormat* format;
  std::array<uint32_t, kMostWords> words;
};
/// The call that socketcall or ipc makes with `words`; without a format if there is none.
[[nodiscard]] ShownCall socket_call(const std::array<uint32_t, kMostWords>& words);
[[nodiscard]] ShownCall ipc_call(const std::array<uint32_t, kMostWords>& words);

}  // namespace ferry::linux::strace
