// How strace shows the arguments of calls that make, limit and look at processes.
#pragma once

#include <cstdint>

#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

/// [{WIFEXITED(s) && WEXITSTATUS(s) == 3}]; of a wait that found a child.
void show_wait_status(Printer& p, uint32_t guest);
void show_rusage(Printer& p, uint32_t guest);
/// Of wait4: only if a child was found.
void show_wait_rusage(Printer& p, uint32_t guest);
void show_rlimit(Printer& p, uint32_t guest);
void show_rlimit64(Printer& p, uint32_t guest);

/// All of clone's arguments, in strace's order.
void show_clone(Printer& p, const uint32_t* words);
void show_clone3(Printer& p, const uint32_t* words);
void show_user_desc(Printer& p, uint32_t guest);
/// As get_thread_area wrote it; if that failed, the number that was asked for.
void show_got_user_desc(Printer& p, uint32_t guest);
void note_entry_number(Printer& p);
/// modify_ldt's arguments after its function.
void show_ldt(Printer& p, const uint32_t* words);

void show_arguments(Printer& p, uint32_t guest);
void show_environment(Printer& p, uint32_t guest);

void show_personality(Printer& p, uint32_t personality);
void note_personality(Printer& p);
void show_prctl(Printer& p, const uint32_t* words);
void show_capability_header(Printer& p, uint32_t guest);
void show_capabilities(Printer& p, uint32_t guest);

void note_scheduler(Printer& p);
void show_affinity(Printer& p, const uint32_t* words);
void show_got_affinity(Printer& p, const uint32_t* words);
void show_sched_attributes(Printer& p, uint32_t guest);
void show_ioprio(Printer& p, uint32_t priority);
void note_ioprio(Printer& p);
void show_pointer_at(Printer& p, uint32_t guest);
/// [1000], or of 16 bits.
void show_id_at(Printer& p, uint32_t guest);
void show_id16_at(Printer& p, uint32_t guest);
/// Groups: count and list; what the call reads, and what it wrote.
void show_groups(Printer& p, const uint32_t* words);
void show_got_groups(Printer& p, uint32_t guest);
void show_groups16(Printer& p, const uint32_t* words);
void show_got_groups16(Printer& p, uint32_t guest);
/// Type and indices of kcmp; operation, flags and argument of seccomp.
void show_kcmp(Printer& p, const uint32_t* words);
void show_seccomp(Printer& p, const uint32_t* words);
void show_membarrier_result(Printer& p);

}  // namespace ferry::linux::strace
