// Signal numbers, sets, siginfo and wait statuses between the i386 ABI and the host's (MIPS differs
// in all).
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <array>
#include <cstdint>

#include "linux/kernel/signals.hpp"

namespace ferry {

/// Host number of guest signal 1..64; and back, 0 if the guest has no such signal.
[[nodiscard]] int signal_to_host(int guest);
[[nodiscard]] int signal_to_guest(int host);

/// The kernel's sigset_t: 64 signals, on MIPS 128.
#if defined(__mips__)
inline constexpr unsigned kHostSetWords = 2;
#else
inline constexpr unsigned kHostSetWords = 1;
#endif
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
[[nodiscard]] HostSignalSet set_to_host(SignalSet guest);
[[nodiscard]] SignalSet set_to_guest(const HostSignalSet& host);

[[nodiscard]] i386::abi::SigInfo siginfo_to_guest(const siginfo_t& host);
/// For rt_sigqueueinfo.
[[nodiscard]] siginfo_t siginfo_to_host(const i386::abi::SigInfo& guest);

/// What read(2) gave from a signalfd, in place.
void signalfd_infos_to_guest(signalfd_siginfo* infos, size_t count);

/// wait(2) status: the signal numbers inside change.
[[nodiscard]] int32_t wait_status_to_guest(int host);

/// Host signal dispositions, without libc (which keeps signals 32 and 33 for itself).
inline constexpr uintptr_t kHostDefault = 0, kHostIgnore = 1;  // SIG_DFL, SIG_IGN
struct HostAction {
  uintptr_t handler = kHostDefault;
  uint32_t flags = 0;  ///< host SA_*
};
long set_host_action(int host_signal, const HostAction* action, HostAction* old);
/// rt_sigprocmask(SIG_SETMASK).
void set_host_mask(const HostSignalSet& mask);
/// The host mask that stands for the thread's: without the signals that faults raise.
[[nodiscard]] HostSignalSet host_signal_mask(const Thread& thread);

}  // namespace ferry
