// Writes to another process's memory (/proc/PID/mem). No watch sees them, so the writer sends a
// message to the process. If that process is a ferry, it drops its translations.
//
// The message is a SIGTRAP that no guest can send: ferry neither blocks nor ignores that signal on
// the host. The message is sent to the thread, so that it waits in another queue than a signal of
// kill(2): each queue holds one signal of a number (kernel/signal.c, legacy_queue).
#pragma once

#include <signal.h>

namespace ferry::linux {

class GuestProcess;

/// The process whose /proc/PID/mem `fd` is; 0 for other files.
[[nodiscard]] int memory_file_owner(int fd);

/// Tells process `pid` that its memory was written, if the process is a ferry with its handlers in
/// place: the signal would kill any other.
void tell_of_write(const GuestProcess& self, int pid);

/// Whether a signal is such a message. Signal-safe.
[[nodiscard]] bool tells_of_write(const siginfo_t& info);

}  // namespace ferry::linux
