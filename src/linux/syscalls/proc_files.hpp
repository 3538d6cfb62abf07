// Files in /proc that must tell what an i386 kernel would:
// /proc/self/{maps,cmdline,environ,auxv,stat}, /proc/cpuinfo.
#pragma once

#include <cstdint>

#include "linux/kernel/proc_entry.hpp"

namespace ferry::linux {

struct Thread;

inline constexpr int32_t kNotAProcFile = -5000;  // no errno

/// Opens `entry`: a descriptor or -errno. kNotAProcFile for what the host has as it should be.
[[nodiscard]] int32_t open_proc_file(Thread& thread, ProcEntry entry, uint32_t host_flags);

}  // namespace ferry::linux
