// Finding what an execve or the command line asks for: permissions, scripts, the ELF file and its
// interpreter.
#pragma once

#include <string>
#include <vector>

#include "linux/kernel/path.hpp"
#include "linux/load/elf_loader.hpp"

namespace ferry::linux {

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
  /// Gives the descriptor away.
  [[nodiscard]] int release() {
    const int descriptor = descriptor_;
    descriptor_ = -1;
    return descriptor;
  }

 private:
  int descriptor_ = -1;
};

/// An i386 program ready to be loaded.
struct Program {
  std::string path;  ///< the ELF file as it was named; for scripts the interpreter
  std::vector<std::string> arguments;  ///< argv; for scripts with the interpreter's in front
  OwnedDescriptor descriptor;
  ElfImage image;
  OwnedDescriptor interpreter;  ///< of PT_INTERP, if any
  ElfImage interpreter_image;
};

/// Why a program cannot run. `error` is what execve returns (kOk: no problem); `reason` the text
/// after "ferry: PATH: ".
struct ProgramProblem {
  Errno error;
  std::string reason;
  std::string subject;  ///< the file that the reason is about
};

/// The program as an exec names it.
struct ProgramName {
  int directory = -100;  ///< AT_FDCWD, or a descriptor
  std::string path;      ///< relative to it; empty: the descriptor itself
  LastLink last_link = LastLink::follow;
  /// The name that the program finds as AT_EXECFN, or a script's interpreter as an argument.
  std::string shown;
  /// `shown` names a descriptor that the exec closes: an interpreter could not open it.
  bool closed_by_exec = false;
};

/// Opens the program `name`, which gets `arguments`; for a script, the script's interpreter.
[[nodiscard]] ProgramProblem open_program(const GuestProcess& process, const ProgramName& name,
                                          std::vector<std::string> arguments, Program& program);

/// Takes over a program whose files a ferry opened before it executed this one.
[[nodiscard]] ProgramProblem inherit_program(int descriptor, int interpreter,
                                             std::vector<std::string> arguments, Program& program);

}  // namespace ferry::linux
