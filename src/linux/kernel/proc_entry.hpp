// Finds out whether a path means, by whatever spelling, a file of the own process in /proc that
// must show the guest instead of ferry.
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry::linux {

class GuestProcess;

/// Files of this process's folders in /proc (/proc/self, /proc/PID, /proc/thread-self,
/// .../task/TID), and cpuinfo.
enum class ProcEntry : uint8_t {
  none,
  exe,
  maps,
  cmdline,
  environ,
  auxv,
  stat,
  cpuinfo,
  hidden_descriptor,  ///< in fd or fdinfo: for the guest there is no such file
};

/// What the host's `host_path` relative to `directory` (a descriptor or AT_FDCWD) names. `follow`:
/// also through symbolic links, as deep as the kernel goes.
[[nodiscard]] ProcEntry find_proc_entry(const GuestProcess& process, int directory,
                                        std::string_view host_path, bool follow);

/// Whether open directory `descriptor` is one that lists this process's descriptors: fd or fdinfo.
[[nodiscard]] bool lists_own_descriptors(int descriptor);

/// Whether an open file or folder belongs to procfs.
[[nodiscard]] bool in_procfs(int descriptor);

}  // namespace ferry::linux
