// Finding what an execve or the command line asks for: permissions, scripts, the ELF file and its
// interpreter.
#pragma once

#include <string>
#include <vector>

#include "linux/elf_loader.hpp"

namespace ferry {

class GuestProcess;

/// A descriptor closed at the end of its scope.
class OwnedDescriptor {
 public:
  OwnedDescriptor() = default;
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  ~OwnedDescriptor() { reset(-1); }
  void reset(int descriptor);
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

/// An i386 program ready to be loaded.
struct Program {
  std::string path;                    ///< guest path of the ELF file: a script's interpreter
  std::vector<std::string> arguments;  ///< argv; for scripts with the interpreter's in front
  OwnedDescriptor descriptor;
  ElfImage image;
  OwnedDescriptor interpreter;  ///< of PT_INTERP, if any
  ElfImage interpreter_image;
};

/// Why not. `error` is what execve returns (0: no problem); `reason` the text behind "ferry: PATH:
/// ".
struct ProgramProblem {
  int32_t error = 0;
  const char* reason = nullptr;
  std::string subject;  ///< the file the reason is about
};

/// Opens `path` relative to `directory` for `arguments`.
[[nodiscard]] ProgramProblem open_program(const GuestProcess& process, int directory,
                                          const std::string& path,
                                          std::vector<std::string> arguments, Program& program);

}  // namespace ferry
