// Signal sets and dispositions as the host's kernel has them, without libc, which keeps signals 32
// and 33 for itself.
#pragma once

#include <array>
#include <cstdint>

#include "host_abi.hpp"

namespace ferry::linux {

/// The kernel's sigset_t, by the host's numbers.
struct HostSignalSet {
  std::array<uint64_t, kHostSetWords> words{};
  [[nodiscard]] bool contains(int host) const {
    return (words[static_cast<unsigned>(host - 1) / 64] >> ((host - 1) % 64) & 1) != 0;
  }
  void add(int host) {
    words[static_cast<unsigned>(host - 1) / 64] |= uint64_t{1} << ((host - 1) % 64);
  }
  void remove(int host) {
    words[static_cast<unsigned>(host - 1) / 64] &= ~(uint64_t{1} << ((host - 1) % 64));
  }
};

inline constexpr uintptr_t kHostDefault = 0, kHostIgnore = 1;  // SIG_DFL, SIG_IGN
struct HostAction {
  uintptr_t handler = kHostDefault;
  uint32_t flags = 0;  ///< host SA_*
};
/// rt_sigaction(2); either pointer may be null. While a handler runs all signals are blocked.
/// 0 or the host's -errno. Signal-safe.
long set_host_action(int host_signal, const HostAction* action, HostAction* old);
/// rt_sigprocmask(SIG_SETMASK). Signal-safe.
void set_host_mask(const HostSignalSet& mask);
/// Blocks every signal of the host, those that faults raise and those that no guest has too: a
/// fault kills from here on. Signal-safe.
void block_every_host_signal();

}  // namespace ferry::linux
