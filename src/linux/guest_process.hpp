// What the kernel keeps per process, and the start of a program in it.
//
// A vfork child shares its parent's AddressSpace but has a GuestProcess of its own (design 7.16).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "linux/address_space.hpp"
#include "linux/i386/vdso.hpp"
#include "linux/signals.hpp"

namespace ferry {

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

  std::string executable;     ///< guest path, absolute: /proc/self/exe
  std::string executed_path;  ///< as it was given, a script's too: AT_EXECFN
  std::string command_line;   ///< NUL-separated: /proc/self/cmdline
  std::vector<uint32_t> auxiliary_vector;
  uint32_t stack_top = 0;
  uint32_t personality = 0;
  GuestLimit limit_address_space, limit_data, limit_stack;
  i386::Vdso vdso;
  int binary_descriptor = -1;  ///< ferry's own binary, hidden from the guest

  /// Set by main: runs `thread` until its process ends; never returns. vfork children need it.
  void (*run_loop)(Thread& thread) = nullptr;
  bool is_vfork_child = false;
  bool has_signalfd = false;  ///< what is read may have to be converted (signalfd)
  int vfork_release = -1;     ///< the parent waits until this is closed (only below an emulator)

  /// Whether a guest may not see or touch host descriptor `fd`.
  [[nodiscard]] bool descriptor_hidden(int fd) const;
  /// The guest wants number `fd` for itself (dup2): moves a hidden descriptor out of its way.
  void make_room_for(int fd);
  /// Environment strings that make an exec'd ferry continue this process: runner, binary, limits,
  /// and the `path` the guest gave to execve.
  [[nodiscard]] std::vector<std::string> private_environment(SignalSet blocked,
                                                             const std::string& path) const;

 private:
  void take_private_variable(std::string_view name, std::string_view value);
  void open_own_binary(int inherited);
};

}  // namespace ferry
