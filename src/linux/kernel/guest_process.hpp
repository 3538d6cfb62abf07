// What the kernel keeps per process.
//
// A vfork child shares its parent's AddressSpace but has a GuestProcess of its own, as the kernel's
// tasks share an mm and have descriptors, limits and handlers of their own.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "common/lock.hpp"
#include "common/relaxed.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/async_contexts.hpp"
#include "linux/kernel/directory_positions.hpp"
#include "linux/kernel/hidden_descriptors.hpp"
#include "linux/kernel/i386/vdso.hpp"
#include "linux/kernel/published.hpp"
#include "linux/kernel/root_folder.hpp"
#include "linux/kernel/seccomp_filter.hpp"
#include "linux/kernel/signal_state.hpp"
#include "linux/kernel/small_descriptors.hpp"
#include "linux/kernel/trace_log.hpp"

namespace ferry::linux {

class Executor;
struct Thread;

/// Limits that ferry keeps, because as limits of the host they would restrict ferry itself.
struct GuestLimit {
  Relaxed<uint64_t> soft = UINT64_MAX;
  Relaxed<uint64_t> hard = UINT64_MAX;
};

/// For the guest's accesses to memory that the host has at another address.
class ProcessPages final : public guest::PageAccess {
 public:
  void begin() override;
  void end() override;
  [[nodiscard]] void* reach(uint32_t guest_address, bool write) override;
};

/// What a ferry that an exec started gets from the ferry that executed it.
struct InheritedProgram {
  int program = -1;      ///< the program's descriptor; -1: started from the command line
  int interpreter = -1;  ///< that of PT_INTERP's file; -1: none
  /// RLIMIT_NOFILE's soft limit before the exec; UINT64_MAX: started from the command line.
  uint64_t soft_file_limit = UINT64_MAX;
  const SeccompFilter* seccomp_filter = nullptr;  ///< the newest
  int trace_memory = -1;                          ///< descriptor of TraceLog's memory; -1: none
};

class GuestProcess {
 public:
  explicit GuestProcess(AddressSpace& address_space) : space(&address_space) {}

  AddressSpace* space;

  /// Guards `threads`, `last_ended`, `ended`, `ending`, `actions`, `known_actions`,
  /// `files_written`, and changes of limits. Nothing is waited for, and no other lock taken, while
  /// it is held.
  mutable Lock lock;
  std::vector<Thread*> threads;
  ShownBy threads_shown;
  PublishedProcess* record = nullptr;    ///< null: none, or another process's (a vfork child)
  std::array<int32_t, 64> last_ended{};  ///< numbers of threads
  unsigned ended_count = 0;
  SignalCounts ended;   ///< sums of the threads that ended
  bool ending = false;  ///< a thread ends the process
  std::array<SignalAction, kSignalCount + 1> actions{};
  /// Signals blocked and ignored before an exec. The host's kernel keeps both sets too, but an
  /// emulator in between may lose the signals that it needs itself (SIGSEGV).
  SignalSet inherited_blocked = 0, inherited_ignored = 0;
  /// Signals that faults raise and the guest ignores. For signal handlers, which take no lock.
  Relaxed<SignalSet> ignored_faults = 0;
  HeldSignals held;             ///< signals of the process that wait in no queue of the host's
  SignalSet known_actions = 0;  ///< signals whose inherited disposition was read from the host

  InheritedProgram inherited;
  RootFolder root;                        ///< -L
  std::vector<std::string> exec_options;  ///< options every exec'd ferry gets
  /// FERRY_RUNNER: what runs a ferry binary here; empty: the kernel.
  std::vector<std::string> runner;
  std::string kernel_release;     ///< -r; empty: the host's
  bool writes_core_file = false;  ///< --core
  /// Ferry takes the default action of signals of which the host's kernel would dump ferry
  /// (follow_core_limit).
  bool takes_core_signals = false;

  std::string executable;  ///< guest path, absolute: /proc/self/exe
  HiddenDescriptors::Handle executable_file = HiddenDescriptors::kNone;  ///< the same, open
  std::string executed_path;         ///< as the caller gave it, a script's too: AT_EXECFN
  bool executed_descriptor = false;  ///< execveat of a descriptor without a path
  std::vector<uint32_t> auxiliary_vector;
  ProgramLayout layout;
  uint32_t personality = 0;
  GuestLimit limit_address_space, limit_data, limit_stack;
  Vdso vdso;
  /// RLIMIT_NOFILE's hard limit as the guest sees it. The soft limit is the host's. The host's hard
  /// limit stays as it is, so that ferry can have descriptors of its own above the guest's limit.
  uint64_t limit_files_hard = UINT64_MAX;
  HiddenDescriptors hidden;
  SmallDescriptors small;
  TraceLog trace;
  DirectoryPositions directory_positions;
  AsyncContexts async;
  /// Ferry's own binary, which an exec executes.
  HiddenDescriptors::Handle binary = HiddenDescriptors::kNone;

  Executor* executor = nullptr;  ///< set at the start
  /// The memory is that of another process too: its parent's, or its children's.
  bool shares_memory = false;
  bool is_vfork_child = false;  ///< the parent waits, and lends what it was given to run
  /// Files that reads and writes treat apart.
  enum SpecialFile : uint8_t {
    kSignalfd = 1,          ///< what is read from it may have to be converted
    kMemoryFile = 2,        ///< /proc/PID/mem, opened by this program
    kAnyMemoryFile = 4,     ///< the same, or opened by a program before an exec
    kWrittenAndMapped = 8,  ///< opened for writing, and mapped (file_effects.hpp)
    kEventDevice = 16       ///< reads and writes of it are converted (event_devices.hpp)
  };
  /// Those that the process may have, as bits: mostly none.
  Relaxed<uint8_t> special_files = 0;
  /// Sound cards' timers are read as events (SNDRV_TIMER_IOCTL_TREAD).
  Relaxed<bool> reads_timer_events = false;
  /// Files the guest opened for writing (file_effects.hpp).
  std::set<FileId> files_written;
  Relaxed<bool> opened_for_writing = false;  ///< whether files_written has any
  /// The parent waits until this is closed (only below an emulator).
  HiddenDescriptors::Handle vfork_release = HiddenDescriptors::kNone;

  /// Whether the process may have a file of one of these kinds.
  [[nodiscard]] bool may_have(unsigned special) const { return (special_files & special) != 0; }
  /// Whether a guest's exec started this process, and not a command line.
  [[nodiscard]] bool executed_by_guest() const { return inherited.program >= 0; }
  /// AddressSpace::reach with this process's limit of the stack.
  [[nodiscard]] void* reach(uint32_t guest, bool write) const {
    return space->reach(guest, write, limit_stack.soft);
  }
  /// Whether the process has, or has had, more than one thread.
  [[nodiscard]] bool threaded() const { return space->lock().enabled(); }
  /// Signals that the host's handlers took, of all threads.
  [[nodiscard]] SignalCounts signal_counts() const;
  /// Whether `tid` is the number of one of the guest's threads, or was so: the kernel shows one
  /// that has ended for a moment, and the first one until the process ends. Ferry, or an emulator
  /// below it, may have other threads.
  [[nodiscard]] bool has_thread(int32_t tid) const;
  [[nodiscard]] size_t thread_count() const;
  /// Adds a thread, which does not run yet.
  void add(Thread& thread);
  /// Removes a thread. Returns whether it was the last.
  bool remove(Thread& thread);
  /// Removes all threads but one: in the child of a fork.
  void keep_only(Thread& thread);
  /// From now on `shown` shows the threads.
  void publish(PublishedProcess& shown);
  /// Whether the caller is the first thread that ends the process. The others are to wait for that.
  [[nodiscard]] bool begin_end();
  /// Take and release all locks of the process around a fork, after the memory lock.
  void hold_for_fork();
  void release_after_fork();
  /// Whether a guest may not see or touch host descriptor `fd`.
  [[nodiscard]] bool descriptor_hidden(int fd) const { return hidden.contains(fd); }
};

}  // namespace ferry::linux
