// Files in /proc that must tell what an i386 kernel would: /proc/self/{maps,cmdline,auxv,stat},
// /proc/cpuinfo.
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry {

struct Thread;

inline constexpr int32_t kNotAProcFile = -5000;  // no errno

/// If `guest_path` is one of them, opens it: a descriptor or -errno. Else kNotAProcFile.
[[nodiscard]] int32_t open_proc_file(Thread& thread, std::string_view guest_path,
                                     uint32_t host_flags);

}  // namespace ferry
