// Files in /proc that must tell what an i386 kernel would:
// /proc/self/{maps,cmdline,environ,auxv,stat}, /proc/cpuinfo.
#pragma once

#include <cstdint>
#include <optional>

#include "linux/kernel/call_result.hpp"
#include "linux/kernel/proc_entry.hpp"

namespace ferry::linux {

struct Thread;

/// Opens `entry` as a new descriptor. Nothing for files whose contents on the host are right.
[[nodiscard]] std::optional<CallResult> open_proc_file(Thread& thread, ProcEntry entry,
                                                       uint32_t host_flags);

}  // namespace ferry::linux
