// A process that runs a guest, as its files in /proc must show it: this process (own_view.hpp), or
// another one by the record that it publishes (published.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linux/kernel/memory_view.hpp"
#include "linux/kernel/published.hpp"
#include "linux/kernel/signal_set.hpp"
#include "linux/kernel/small_descriptors.hpp"

namespace ferry::linux {

class GuestProcess;
class RemoteMemory;

struct ThreadView {
  int32_t tid = 0;
  SignalSet blocked = 0;
  SignalSet held = 0;  ///< waits for the thread in ferry, not in the host's kernel
};

/// A copy of what ferry knows of a process.
struct ProcessView {
  int32_t pid = 0;
  ProgramLayout layout;
  std::vector<uint32_t> auxiliary_vector;
  MemoryView memory;
  std::vector<ThreadView> threads;  ///< those that have not ended
  SignalSet ignored = 0, caught = 0;
  SignalSet held = 0;            ///< waits for the process in ferry
  std::vector<int> hidden;       ///< descriptors of ferry's own
  int executable = -1;           ///< the descriptor of the guest's program
  std::vector<SmallKind> small;  ///< of another process: its SmallDescriptors
  /// The other process's memory; null for this process.
  std::shared_ptr<RemoteMemory> remote;

  /// [begin, end) of the guest's memory as far as it can be read.
  [[nodiscard]] std::string text_at(uint32_t begin, uint32_t end) const;
  /// Null if the process does not list it, or not yet.
  [[nodiscard]] const ThreadView* find_thread(int32_t tid) const;
  /// Whether the guest has the thread. The first one counts until the process ends.
  [[nodiscard]] bool has_thread(int32_t tid) const;
  [[nodiscard]] size_t thread_count() const;
  [[nodiscard]] bool hides_descriptor(int fd) const;
  /// Whether another process has opened `fd` without O_LARGEFILE.
  [[nodiscard]] bool is_small(int fd) const;
};

enum class ViewParts : uint8_t {
  numbers,  ///< pid, threads, descriptors: fast
  all,
};

/// Process `pid` (or the one that thread `pid` belongs to), if it is another ferry of this build,
/// runs a program, and the kernel lets the caller read its memory. Waits a moment for a ferry that
/// has just been executed.
[[nodiscard]] std::optional<ProcessView> view_of_other(const GuestProcess& self, int32_t pid,
                                                       ViewParts parts);

/// The folder of process `pid` in the host's /proc, or of its thread `tid` if that is not 0, with a
/// slash at its end. An emulator below, which answers for the files of its own process, does not
/// know this spelling of them.
[[nodiscard]] std::string proc_path(int32_t pid, int32_t tid = 0);

}  // namespace ferry::linux
