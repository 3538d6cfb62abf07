// The end of a guest thread, and of the process with its last one.
#pragma once

namespace ferry::linux {

struct Thread;

/// Does for the calling host thread's guest thread, which has ended, what the kernel does when a
/// task ends (kernel/exit.c, do_exit). Returns if other threads remain: the host thread is to end
/// then, and `thread` may be destroyed. The process's end, with Thread::exit_status, does not
/// return. Host signals are blocked from here on, messages too.
void finish_thread(Thread& thread);

/// Statistics and the like, by the first thread that ends the process; others wait here for the
/// end.
void announce_end(Thread& thread);

}  // namespace ferry::linux
