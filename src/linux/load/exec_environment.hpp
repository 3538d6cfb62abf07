// The environment that a ferry gives to the ferry it executes: the guest's variables, and the parts
// of the guest's process that the host's kernel does not keep through an exec.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linux/kernel/guest_process.hpp"
#include "linux/load/program.hpp"

namespace ferry::linux {

/// The host environment's variables that mean something to ferry begin so.
inline constexpr std::string_view kOwnPrefix = "FERRY_";

/// A guest's environment variable that would change the runner (LD_PRELOAD, QEMU_*) or that has a
/// private name of ferry's travels through an exec under a name with this prefix. FERRY_LOG and the
/// like stay as they are: they are options for children too, as qemu-user's are.
inline constexpr std::string_view kGuestVariablePrefix = "FERRY_GUEST_";
[[nodiscard]] bool needs_guest_prefix(std::string_view variable);

/// Whether the process has rights that its caller may not have (AT_SECURE), as when binfmt_misc's
/// flag C gives it those of a set-user-ID i386 program. Then the FERRY_* variables of the
/// environment count for nothing, and the guest does not get them: it might pass them on with its
/// rights.
[[nodiscard]] bool has_foreign_rights();

/// The name of the file that a guest's exec executed, as ps shows it but in full, from the strings
/// NAME=VALUE of the environment that begin with FERRY_. Empty if a command line started this
/// process.
[[nodiscard]] std::string executed_name(std::span<const char* const> variables);

/// Reads FERRY_RUNNER and the like from `host_environment`, opens ferry's own binary under a hidden
/// descriptor, and returns the environment that the guest sees. Call it once, before anything else.
[[nodiscard]] std::vector<std::string> take_environment(GuestProcess& process,
                                                        char** host_environment);

/// Environment strings that make an exec'd ferry continue `process`, which blocks the signals
/// `blocked`: runner, binary, limits, the name the guest gave to execve, and the files opened for
/// it.
[[nodiscard]] std::vector<std::string> private_environment(const GuestProcess& process,
                                                           SignalSet blocked,
                                                           const ProgramName& name,
                                                           const Program& program);

/// The same for the filters of the thread that calls exec: an exec'd ferry has them from its first
/// call on.
[[nodiscard]] std::vector<std::string> seccomp_environment(const SeccompFilter* newest);

}  // namespace ferry::linux
