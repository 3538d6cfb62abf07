#include "linux/program.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "linux/errno_map.hpp"
#include "linux/guest_process.hpp"
#include "linux/host_syscall.hpp"
#include "linux/i386/abi_types.hpp"
#include "linux/path.hpp"

namespace ferry {

namespace {

namespace abi = i386::abi;

constexpr unsigned kMaxScripts = 5;      // of a script run by a script (fs/exec.c: exec_binprm)
constexpr size_t kScriptLineSize = 256;  // BINPRM_BUF_SIZE

ProgramProblem problem(int32_t error, const std::string& subject) {
  return {error, guest_errno_text(error), subject};
}

/// Opens a file that is to be executed: regular and with execute permission.
ProgramProblem open_executable(const GuestProcess& process, int directory, const std::string& path,
                               OwnedDescriptor& descriptor) {
  HostPath host;
  resolve_path(process, directory, path, LastLink::follow, host);
  if (host.error != 0) return problem(host.error, path);
  const long fd =
      host_call(SYS_openat, host.directory, host.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  // A program may be executable without being readable; ferry has to read it.
  if (fd < 0) return problem(errno_to_guest(static_cast<int>(-fd)), path);
  descriptor.reset(static_cast<int>(fd));
  struct statx status;
  const long result = host_call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE, &status);
  if (result < 0) return problem(errno_to_guest(static_cast<int>(-result)), path);
  if (S_ISDIR(status.stx_mode)) return {abi::kEACCES, "Is a directory", path};
  if (!S_ISREG(status.stx_mode)) return problem(abi::kEACCES, path);
  if (host_call(SYS_faccessat, host.directory, host.text, X_OK) < 0)
    return problem(abi::kEACCES, path);
  return {};
}

/// Splits "#! interpreter argument" (the rest of the line is one argument). False: not a script.
bool parse_script(std::string_view line, std::string& interpreter, std::string& argument) {
  if (!line.starts_with("#!")) return false;
  line.remove_prefix(2);
  line = line.substr(0, line.find('\n'));
  const auto trim = [](std::string_view text) {
    const size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return std::string_view{};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
  };
  line = trim(line);
  const size_t space = line.find_first_of(" \t");
  interpreter = line.substr(0, space);
  argument = space == std::string_view::npos ? std::string_view{} : trim(line.substr(space));
  return !interpreter.empty();
}

ProgramProblem open_interpreter(const GuestProcess& process, Program& program) {
  const ElfImage& image = program.image;
  if (image.interpreter_size == 0) return {};
  std::string path(image.interpreter_size, '\0');
  const long count = host_call(SYS_pread64, program.descriptor.get(), path.data(), path.size(),
                               image.interpreter_offset);
  if (count != static_cast<long>(path.size())) {
    return {abi::kENOEXEC, elf_problem_text(ElfProblem::truncated), program.path};
  }
  path.resize(std::strlen(path.c_str()));
  ProgramProblem found = open_executable(process, AT_FDCWD, path, program.interpreter);
  if (found.error != 0) return found;
  const ElfProblem elf = parse_elf(program.interpreter.get(), program.interpreter_image);
  if (elf != ElfProblem::none) return {80 /* ELIBBAD */, elf_problem_text(elf), path};
  return {};
}

}  // namespace

void OwnedDescriptor::reset(int descriptor) {
  if (descriptor_ >= 0) host_call(SYS_close, descriptor_);
  descriptor_ = descriptor;
}

ProgramProblem open_program(const GuestProcess& process, int directory, const std::string& path,
                            std::vector<std::string> arguments, Program& program) {
  program.path = path;
  program.arguments = std::move(arguments);
  for (unsigned scripts = 0; scripts <= kMaxScripts; ++scripts) {
    ProgramProblem found = open_executable(process, directory, program.path, program.descriptor);
    if (found.error != 0) return found;
    char line[kScriptLineSize];
    const long count = host_call(SYS_pread64, program.descriptor.get(), line, sizeof line, 0);
    if (count < 0) return problem(errno_to_guest(static_cast<int>(-count)), program.path);
    std::string interpreter;
    std::string argument;
    if (!parse_script({line, static_cast<size_t>(count)}, interpreter, argument)) {
      const ElfProblem elf = parse_elf(program.descriptor.get(), program.image);
      if (elf != ElfProblem::none) return {abi::kENOEXEC, elf_problem_text(elf), program.path};
      return open_interpreter(process, program);
    }
    std::vector<std::string> extended{interpreter};
    if (!argument.empty()) extended.push_back(argument);
    extended.push_back(program.path);
    if (!program.arguments.empty()) {
      extended.insert(extended.end(), program.arguments.begin() + 1, program.arguments.end());
    }
    program.arguments = std::move(extended);
    program.path = interpreter;
    directory = AT_FDCWD;
  }
  return problem(abi::kELOOP, path);
}

}  // namespace ferry
