// Signal numbers, sets, siginfo and wait statuses between the i386 ABI and the host's (MIPS differs
// in all).
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <cstdint>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_signals.hpp"
#include "linux/kernel/signal_set.hpp"

namespace ferry::linux {

/// Host number of guest signal 1..64; and back, 0 if the guest has no such signal.
[[nodiscard]] int signal_to_host(int guest);
[[nodiscard]] int signal_to_guest(int host);

[[nodiscard]] HostSignalSet set_to_host(SignalSet guest);
/// set_to_host(~kFaultSet), made once: each signal needs it several times.
extern const HostSignalSet kHostAllButFaults;
[[nodiscard]] SignalSet set_to_guest(const HostSignalSet& host);

[[nodiscard]] abi::SigInfo siginfo_to_guest(const siginfo_t& host);
/// The same, into all of `guest`. Signal-safe.
void fill_guest_siginfo(const siginfo_t& host, abi::SigInfo& guest);
/// For rt_sigqueueinfo.
[[nodiscard]] siginfo_t siginfo_to_host(const abi::SigInfo& guest);

/// What read(2) gave from a signalfd, in place.
void signalfd_infos_to_guest(signalfd_siginfo* infos, size_t count);

/// wait(2) status: the signal numbers inside change.
[[nodiscard]] int32_t wait_status_to_guest(int host);

}  // namespace ferry::linux
