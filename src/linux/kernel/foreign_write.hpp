// Writes to another process's memory (/proc/PID/mem). No watch sees them, so the writer tells the
// process, if that is a ferry, which then drops what it translated.
//
// The message is a SIGTRAP that no guest can send: ferry never blocks that signal on the host, nor
// ignores it. It is directed at the thread, so that it waits in another queue than one of kill(2):
// the kernel keeps one signal of a number in each (kernel/signal.c, legacy_queue).
#pragma once

#include <signal.h>

namespace ferry::linux {

class GuestProcess;

/// The process whose /proc/PID/mem `fd` is; 0 for other files.
[[nodiscard]] int memory_file_owner(int fd);

/// Tells process `pid` that its memory was written. Nothing for one that is not a ferry with its
/// handlers in place: the signal would kill it.
void tell_of_write(const GuestProcess& self, int pid);

/// Whether a signal is such a message. Signal-safe.
[[nodiscard]] bool tells_of_write(const siginfo_t& info);

}  // namespace ferry::linux
