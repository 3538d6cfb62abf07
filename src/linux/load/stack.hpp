// The stack a program finds at its start (fs/exec.c, fs/binfmt_elf.c).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "linux/kernel/guest_process.hpp"
#include "linux/load/elf_loader.hpp"
#include "linux/load/program.hpp"

namespace ferry::linux {

inline constexpr uint32_t kStackTop = 0x7f000000;
/// Exit status of ferry for a program that was found but cannot be run; shells use the same.
inline constexpr int kNotRunnable = 126;

/// What the command line asks for.
struct LaunchRequest {
  std::string program;                   ///< guest path, as given
  std::vector<std::string> arguments;    ///< argv with argv[0]
  std::vector<std::string> environment;  ///< what the guest sees
  uint32_t stack_size = 0;               ///< -s; 0: RLIMIT_STACK
};

/// Where the parts of a program are in memory.
struct LoadedProgram {
  LoadedElf executable;
  LoadedElf interpreter;
  bool has_interpreter = false;
};

/// Maps the first part of the stack; returns its bottom. Does not return if there is no room.
[[nodiscard]] uint32_t map_stack(GuestProcess& process, const Program& program,
                                 const LaunchRequest& request);

/// Puts arguments, environment and auxiliary vector on the stack that map_stack made, and notes in
/// `process` where they are. Returns the first esp. Does not return if they do not fit.
[[nodiscard]] uint32_t build_stack(GuestProcess& process, const Program& program,
                                   const LaunchRequest& request, const LoadedProgram& loaded,
                                   uint32_t stack_begin);

}  // namespace ferry::linux
