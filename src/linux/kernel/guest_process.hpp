// What the kernel keeps per process, and the start of a program in it.
//
// A vfork child shares its parent's AddressSpace but has a GuestProcess of its own (design 7.16).
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/hidden_descriptors.hpp"
#include "linux/kernel/i386/vdso.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/small_descriptors.hpp"

namespace ferry {

struct Program;
struct ProgramName;
struct ProgramProblem;
struct Thread;

/// Limits that ferry keeps, because the host's would hit ferry itself (design 7.17).
struct GuestLimit {
  uint64_t soft = UINT64_MAX;
  uint64_t hard = UINT64_MAX;
};

/// A guest's environment variable that would change the runner (LD_PRELOAD, QEMU_*) or that has a
/// private name of ferry's travels through an exec under a name with this prefix. FERRY_LOG and the
/// like stay as they are: they are options for children too, as qemu-user's are.
inline constexpr std::string_view kGuestVariablePrefix = "FERRY_GUEST_";
[[nodiscard]] bool needs_guest_prefix(std::string_view variable);

/// What the command line asks for.
struct LaunchRequest {
  std::string program;                   ///< guest path, as given
  std::vector<std::string> arguments;    ///< argv with argv[0]
  std::vector<std::string> environment;  ///< what the guest sees
  uint32_t stack_size = 0;               ///< -s; 0: RLIMIT_STACK
};

/// The guest's own accesses, where they do not reach memory by its address.
class ProcessPages final : public i386::PageAccess {
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

class GuestProcess {
 public:
  explicit GuestProcess(AddressSpace& address_space) : space(&address_space) {}

  /// Reads FERRY_RUNNER and the like from `host_environment`, opens ferry's own binary under a
  /// protected descriptor, and returns the environment the guest is to see. Call once, first of
  /// all.
  [[nodiscard]] std::vector<std::string> take_environment(char** host_environment);

  /// Loads `request.program` (scripts through their interpreter) and sets up stack and registers of
  /// `thread`. Does not return on failure: one line on stderr, status 127 (not found) or 126.
  void launch(Thread& thread, const LaunchRequest& request);

  AddressSpace* space;
  std::array<SignalAction, kSignalCount + 1> actions{};
  /// Blocked and ignored before an exec. The host kernel keeps them too, but an emulator between
  /// may not for the signals it needs itself (SIGSEGV).
  SignalSet inherited_blocked = 0, inherited_ignored = 0;
  SignalSet known_actions = 0;  ///< signals whose inherited disposition was read from the host

  std::string root;                       ///< -L, without a trailing slash; empty: none
  std::vector<std::string> exec_options;  ///< options every exec'd ferry gets (set by main)
  std::vector<std::string>
      runner;                  ///< FERRY_RUNNER: what runs a ferry binary here; empty: the kernel
  std::string kernel_release;  ///< -r; empty: the host's

  std::string executable;  ///< guest path, absolute: /proc/self/exe
  HiddenDescriptors::Handle executable_file = HiddenDescriptors::kNone;  ///< the same, open
  std::string executed_path;         ///< as it was given, a script's too: AT_EXECFN
  bool executed_descriptor = false;  ///< execveat of a descriptor without a path
  std::vector<uint32_t> auxiliary_vector;
  ProgramLayout layout;
  uint32_t personality = 0;
  GuestLimit limit_address_space, limit_data, limit_stack;
  i386::Vdso vdso;
  /// RLIMIT_NOFILE's hard limit as the guest sees it. The soft one is the host's; the host's hard
  /// one stays, so that ferry can have descriptors of its own above the guest's limit.
  uint64_t limit_files_hard = UINT64_MAX;
  HiddenDescriptors hidden;
  SmallDescriptors small;
  HiddenDescriptors::Handle binary =
      HiddenDescriptors::kNone;  ///< ferry's own, which an exec executes

  /// Set by main: runs `thread` until its process ends; never returns. vfork children need it.
  void (*run_loop)(Thread& thread) = nullptr;
  bool is_vfork_child = false;
  bool has_signalfd = false;     ///< what is read may have to be converted (signalfd)
  bool has_memory_file = false;  ///< /proc/PID/mem was opened
  /// Files the guest opened for writing; whether one of them was mapped too (file_effects.hpp).
  std::set<FileId> files_written;
  bool writes_mapped_files = false;
  /// The parent waits until this is closed (only below an emulator).
  HiddenDescriptors::Handle vfork_release = HiddenDescriptors::kNone;

  /// Whether an exec of a guest's began this process, not a command line.
  [[nodiscard]] bool executed_by_guest() const { return inherited_program_ >= 0; }
  /// AddressSpace::reach within this process's limit of the stack.
  [[nodiscard]] void* reach(uint32_t guest, bool write) const {
    return space->reach(guest, write, limit_stack.soft);
  }
  /// Whether a guest may not see or touch host descriptor `fd`.
  [[nodiscard]] bool descriptor_hidden(int fd) const { return hidden.contains(fd); }
  /// Environment strings that make an exec'd ferry continue this process: runner, binary, limits,
  /// the name the guest gave to execve, and the files opened for it.
  [[nodiscard]] std::vector<std::string> private_environment(SignalSet blocked,
                                                             const ProgramName& name,
                                                             const Program& program) const;

 private:
  void take_private_variable(std::string_view name, std::string_view value);
  void take_state(std::string_view numbers);
  void hide_descriptors();
  void lower_file_limit() const;
  [[nodiscard]] ProgramProblem open_requested(const LaunchRequest& request, Program& program) const;

  int inherited_program_ = -1,
      inherited_interpreter_ = -1;  ///< descriptors; -1: begun from the command line, none
  uint64_t limit_files_soft_ =
      UINT64_MAX;  ///< before the exec; UINT64_MAX: begun from the command line
};

}  // namespace ferry
