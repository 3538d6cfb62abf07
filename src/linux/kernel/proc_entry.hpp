// Finds out whether a path means, by whatever spelling, a file in /proc that must show a guest
// instead of ferry: of this process or of another ferry process.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "linux/kernel/process_view.hpp"

namespace ferry::linux {

class GuestProcess;

/// Files of a process's folders in /proc (/proc/self, /proc/PID, /proc/thread-self,
/// .../task/TID), and cpuinfo.
enum class ProcEntry : uint8_t {
  none,
  exe,
  maps,
  cmdline,
  environ,
  auxv,
  stat,
  statm,
  status,
  smaps,
  smaps_rollup,
  descriptor_info,  ///< a file of fdinfo
  cpuinfo,
  hidden_number,  ///< in fd, fdinfo or task: for the guest there is no such file
};

/// What a path names.
struct ProcFile {
  ProcEntry entry = ProcEntry::none;
  int32_t pid = 0;      ///< the process, or one of its threads, which has a folder too
  int32_t tid = 0;      ///< the thread if the folder is one of task's; 0: the process's folder
  int32_t number = -1;  ///< the descriptor of descriptor_info
};

/// What the host's `host_path` relative to `directory` (a descriptor or AT_FDCWD) names. `follow`:
/// also through symbolic links, as deep as the kernel goes.
[[nodiscard]] ProcFile find_proc_file(const GuestProcess& process, int directory,
                                      std::string_view host_path, bool follow);

/// A folder of procfs.
struct ProcFolder {
  enum class Kind : uint8_t {
    none,  ///< not of procfs, or another one
    top,
    process,  ///< PID, or PID/task/TID
    descriptors,
    descriptor_infos,
    tasks,
  };
  Kind kind = Kind::none;
  int32_t pid = 0;  ///< as in ProcFile
  int32_t tid = 0;
};
/// The folder open as `descriptor`.
[[nodiscard]] ProcFolder proc_folder(int descriptor);

/// Which numbers in a folder the guest must not see: descriptors and threads of ferry's own.
class HiddenNumbers {
 public:
  HiddenNumbers(const GuestProcess& process, const ProcFolder& folder);
  [[nodiscard]] bool contain(int number) const;
  /// How many open descriptors of the process the guest must not see.
  [[nodiscard]] size_t descriptor_count() const;
  /// How many threads the guest has; 0 if the host knows better.
  [[nodiscard]] size_t thread_count() const;

 private:
  const GuestProcess& process_;
  ProcFolder folder_;
  bool is_own_ = false;
  std::optional<ProcessView> other_;
};

/// Whether `pid` is this process or one of its threads.
[[nodiscard]] bool is_own_process(const GuestProcess& process, int32_t pid);

/// Whether an open file or folder belongs to procfs.
[[nodiscard]] bool in_procfs(int descriptor);

}  // namespace ferry::linux
