// Messages between ferry's threads and processes: signals that no guest can send, because their
// value has more bits than a guest's. Ferry neither blocks nor ignores these signals on the host.
//   - SIGTRAP: memory of this process was written from outside (/proc/PID/mem), which no watch
//   sees.
//     The process, if it is a ferry, drops its translations.
//   - SIGILL: a nudge, which brings a thread of this process to its run loop.
// They go to one thread, so that they wait in another queue than a signal of kill(2): each queue
// holds one signal of a number and drops others (kernel/signal.c, legacy_queue). A message may thus
// be dropped because a signal of the guest's waits: that one brings the thread to its run loop too,
// and any SIGTRAP counts as a message. The other way round a signal that the guest
// sends by tgkill at the same moment is lost.
#pragma once

#include <signal.h>

#include <cstdint>

#include "linux/kernel/signal_set.hpp"

namespace ferry::linux {

class GuestProcess;

/// The process whose /proc/PID/mem `fd` is; 0 for other files.
[[nodiscard]] int memory_file_owner(int fd);

/// Tells process `pid` that its memory was written, if the process is a ferry with its handlers in
/// place: the signal would kill any other.
void tell_of_write(const GuestProcess& self, int pid);

/// The signals that are messages, as guest numbers. Blocked during an exec, when the handlers go.
inline constexpr SignalSet kMessageSet = signal_bit(abi::kSIGTRAP) | signal_bit(abi::kSIGILL);

/// Brings thread `tid` of this process to its run loop soon, unless it has ended. Signal-safe.
void nudge(int tid);

enum class Message : uint8_t { none, foreign_write, nudge };
/// What message a signal is. Signal-safe.
[[nodiscard]] Message message_in(const siginfo_t& info);

}  // namespace ferry::linux
