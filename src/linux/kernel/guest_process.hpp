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

#include "linux/kernel/address_space.hpp"
#include "linux/kernel/directory_positions.hpp"
#include "linux/kernel/hidden_descriptors.hpp"
#include "linux/kernel/i386/vdso.hpp"
#include "linux/kernel/signal_state.hpp"
#include "linux/kernel/small_descriptors.hpp"

namespace ferry::linux {

struct Thread;

/// Limits that ferry keeps, because as limits of the host they would restrict ferry itself.
struct GuestLimit {
  uint64_t soft = UINT64_MAX;
  uint64_t hard = UINT64_MAX;
};

/// For the guest's accesses to memory that the host has at another address.
class ProcessPages final : public guest::PageAccess {
 public:
  [[nodiscard]] void* reach(uint32_t guest_address, bool write) override;
};

/// Where the program was put, as struct mm_struct of the kernel has it:
/// /proc/self/{stat,cmdline,environ}.
struct ProgramLayout {
  uint32_t start_code = 0, end_code = 0, start_data = 0, end_data = 0;
  uint32_t start_brk = 0;
  uint32_t start_stack = 0;                                         ///< the first esp
  uint32_t arg_start = 0, arg_end = 0, env_start = 0, env_end = 0;  ///< the strings
};

/// What a ferry that an exec started gets from the ferry that executed it.
struct InheritedProgram {
  int program = -1;      ///< the program's descriptor; -1: started from the command line
  int interpreter = -1;  ///< that of PT_INTERP's file; -1: none
  /// RLIMIT_NOFILE's soft limit before the exec; UINT64_MAX: started from the command line.
  uint64_t soft_file_limit = UINT64_MAX;
};

class GuestProcess {
 public:
  explicit GuestProcess(AddressSpace& address_space) : space(&address_space) {}

  AddressSpace* space;
  std::array<SignalAction, kSignalCount + 1> actions{};
  /// Signals blocked and ignored before an exec. The host's kernel keeps both sets too, but an
  /// emulator in between may lose the signals that it needs itself (SIGSEGV).
  SignalSet inherited_blocked = 0, inherited_ignored = 0;
  SignalSet known_actions = 0;  ///< signals whose inherited disposition was read from the host

  InheritedProgram inherited;
  std::string root;                       ///< -L, without a trailing slash; empty: none
  std::vector<std::string> exec_options;  ///< options every exec'd ferry gets
  /// FERRY_RUNNER: what runs a ferry binary here; empty: the kernel.
  std::vector<std::string> runner;
  std::string kernel_release;  ///< -r; empty: the host's

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
  DirectoryPositions directory_positions;
  /// Ferry's own binary, which an exec executes.
  HiddenDescriptors::Handle binary = HiddenDescriptors::kNone;

  /// Set at the start: runs `thread` until its process ends; never returns. vfork children need it.
  void (*run_loop)(Thread& thread) = nullptr;
  bool is_vfork_child = false;
  bool has_signalfd = false;           ///< reads may have to be converted (signalfd)
  bool has_memory_file = false;        ///< /proc/PID/mem was opened
  bool may_write_memory_file = false;  ///< the same, or by a program before an exec
  /// Files the guest opened for writing; whether one of them was mapped too (file_effects.hpp).
  std::set<FileId> files_written;
  bool writes_mapped_files = false;
  /// The parent waits until this is closed (only below an emulator).
  HiddenDescriptors::Handle vfork_release = HiddenDescriptors::kNone;

  /// Whether a guest's exec started this process, and not a command line.
  [[nodiscard]] bool executed_by_guest() const { return inherited.program >= 0; }
  /// AddressSpace::reach with this process's limit of the stack.
  [[nodiscard]] void* reach(uint32_t guest, bool write) const {
    return space->reach(guest, write, limit_stack.soft);
  }
  /// Whether a guest may not see or touch host descriptor `fd`.
  [[nodiscard]] bool descriptor_hidden(int fd) const { return hidden.contains(fd); }
};

}  // namespace ferry::linux
