#include "linux/load/program.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/errno_map.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/path.hpp"
#include "linux/load/refusal.hpp"

namespace ferry::linux {

namespace {

constexpr unsigned kMaxScripts = 5;      // of a script run by a script (fs/exec.c: exec_binprm)
constexpr size_t kScriptLineSize = 256;  // BINPRM_BUF_SIZE

ProgramProblem problem(Errno error, const std::string& subject) {
  return {error, guest_errno_text(error), subject};
}

/// Opens the file that `host` names or, for an empty name, the file of host.directory itself.
/// Returns the descriptor or -errno.
long open_file(const HostPath& host) {
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  if (host.text[0] != '\0') {
    return make_own_descriptor(
        [&] { return host_call(SYS_openat, host.directory, host.text, flags); });
  }
  char link[40];
  std::snprintf(link, sizeof link, "/proc/thread-self/fd/%d", host.directory);
  const long fd = make_own_descriptor([&] { return host_call(SYS_openat, AT_FDCWD, link, flags); });
  if (fd != -ENOENT) return fd;
  // Without /proc, a duplicate is good enough if the guest opened the file for reading.
  return make_own_descriptor(
      [&] { return host_call(SYS_fcntl, host.directory, F_DUPFD_CLOEXEC, 0); });
}

/// Whether the process may execute the file: its mode allows that, and its file system is not
/// mounted noexec.
bool may_execute(int descriptor) {
  const long result = host_call(SYS_faccessat2, descriptor, "", X_OK, AT_EACCESS | AT_EMPTY_PATH);
  if (result != -ENOSYS) return result == 0;
  char link[40];  // before Linux 5.8
  std::snprintf(link, sizeof link, "/proc/thread-self/fd/%d", descriptor);
  return host_call(SYS_faccessat, AT_FDCWD, link, X_OK) == 0;
}

/// Whether somebody has the file open for writing: then the kernel gives no lease on it. It gives
/// one to the file's owner and to root only; for others the answer is no.
bool open_for_writing(int descriptor) {
  if (host_call(SYS_fcntl, descriptor, F_SETLEASE, F_RDLCK) == -EAGAIN) return true;
  host_call(SYS_fcntl, descriptor, F_SETLEASE, F_UNLCK);
  return false;
}

/// Opens a file for execution: it must be regular and have execute permission (fs/exec.c,
/// do_open_execat).
ProgramProblem open_executable(const GuestProcess& process, const ProgramName& name,
                               OwnedDescriptor& descriptor) {
  const std::string& subject = name.shown;
  HostPath host;
  resolve_path(process, name.directory, name.path, name.last_link, host);
  if (host.error != kOk) return problem(host.error, subject);
  if (name.last_link == LastLink::keep && name.path.find_last_of('/') + 1 != name.path.size()) {
    struct statx status;
    const long result =
        host_call(SYS_statx, host.directory, host.text, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status);
    if (result == 0 && S_ISLNK(status.stx_mode)) return problem(abi::kELOOP, subject);
  }
  const long fd = open_file(host);
  // A program may be executable without being readable; ferry has to read it.
  if (fd < 0) return problem(fd == -ENXIO ? abi::kEACCES : errno_from_host(fd), subject);
  descriptor.reset(static_cast<int>(fd));
  struct statx status;
  const long result = host_call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE, &status);
  if (result < 0) return problem(errno_from_host(result), subject);
  if (S_ISDIR(status.stx_mode)) return {abi::kEACCES, "Is a directory", subject};
  if (!S_ISREG(status.stx_mode)) return {abi::kEACCES, "not a regular file", subject};
  if (!may_execute(descriptor.get())) {
    if ((status.stx_mode & 0111) != 0) return problem(abi::kEACCES, subject);
    return {abi::kEACCES, "not executable (chmod +x makes it so)", subject};
  }
  return open_for_writing(descriptor.get()) ? problem(abi::kETXTBSY, subject) : ProgramProblem{};
}

ProgramProblem open_named(const GuestProcess& process, const std::string& path,
                          OwnedDescriptor& descriptor) {
  ProgramName name;
  name.path = name.shown = path;
  // For getname_kernel the empty name is the working directory.
  if (path.empty()) return problem(abi::kEACCES, path);
  return open_executable(process, name, descriptor);
}

constexpr bool space_or_tab(char c) {
  return c == ' ' || c == '\t';
}

/// "#! interpreter argument" of the first bytes of a file, as fs/binfmt_script.c (6.1) reads it:
/// bytes past the file's end are zeroes, and a NUL ends the argument. False: the file is no script
/// that can be run.
bool parse_script(const char (&line)[kScriptLineSize], std::string& interpreter,
                  std::optional<std::string>& argument) {
  if (line[0] != '#' || line[1] != '!') return false;
  constexpr size_t kLast = kScriptLineSize - 1;
  const auto next_other = [&](size_t from, size_t last) {
    while (from <= last && space_or_tab(line[from])) ++from;
    return from;  // past `last` if there is none
  };
  const auto next_end = [&](size_t from, size_t last) {
    while (from <= last && !space_or_tab(line[from]) && line[from] != '\0') ++from;
    return from;
  };
  const std::string_view text(line, kScriptLineSize);
  size_t end = text.find('\n');
  if (end == std::string_view::npos) {
    // The interpreter's name must end within the bytes read: a truncated name might be that of
    // another program.
    const size_t name = next_other(2, kLast);
    if (name > kLast || next_end(name, kLast) > kLast) return false;
    end = kLast;
  }
  while (space_or_tab(line[end - 1])) --end;
  const size_t name = next_other(2, end);
  if (name >= end) return false;
  const size_t separator = next_end(name, end);
  const auto string_at = [&](size_t at, size_t limit) {
    return std::string(line + at, strnlen(line + at, limit - at));
  };
  argument.reset();
  if (separator <= end && line[separator] != '\0') {
    const size_t from = next_other(separator, end);
    if (from <= end) argument = string_at(from, end);
  }
  interpreter = string_at(name, std::min(separator, end));
  return true;
}

/// The file that PT_INTERP names (load_elf_binary).
ProgramProblem open_interpreter(const GuestProcess& process, Program& program) {
  const ElfImage& image = program.image;
  if (!image.has_interpreter) return {};
  std::string path(image.interpreter_size, '\0');
  const long count = host_call(SYS_pread64, program.descriptor.get(), path.data(), path.size(),
                               image.interpreter_offset);
  if (count != static_cast<long>(path.size()))
    return {abi::kEIO, elf_problem_text(ElfProblem::truncated), program.path};
  if (path.back() != '\0')
    return {abi::kENOEXEC, "name of its interpreter without an end", program.path};
  path.resize(std::strlen(path.c_str()));
  const ProgramProblem found = open_named(process, path, program.interpreter);
  if (found.error == abi::kENOENT || found.error == abi::kENOTDIR)
    return {found.error, missing_loader_text(path, process.root.path()), program.path};
  const auto loader_problem = [&](Errno error, const std::string& reason) -> ProgramProblem {
    return {error, "its loader " + path + ": " + reason, program.path};
  };
  if (found.error != kOk) return loader_problem(found.error, found.reason);
  constexpr long kHeaderSize = 52;
  char header[kHeaderSize];
  if (host_call(SYS_pread64, program.interpreter.get(), header, kHeaderSize, 0) != kHeaderSize)
    return loader_problem(abi::kEIO, elf_problem_text(ElfProblem::truncated));
  const ElfProblem elf =
      parse_elf(program.interpreter.get(), ElfRole::interpreter, program.interpreter_image);
  if (elf == ElfProblem::none) return {};
  return loader_problem(abi::kELIBBAD, refusal_text(program.interpreter.get(), elf));
}

}  // namespace

void OwnedDescriptor::reset(int descriptor) {
  if (descriptor_ >= 0) host_call(SYS_close, descriptor_);
  descriptor_ = descriptor;
}

/// Reads headers and finds PT_INTERP's file.
ProgramProblem examine(const GuestProcess& process, Program& program) {
  const ElfProblem elf = parse_elf(program.descriptor.get(), ElfRole::program, program.image);
  if (elf != ElfProblem::none)
    return {abi::kENOEXEC, refusal_text(program.descriptor.get(), elf), program.path};
  return open_interpreter(process, program);
}

ProgramProblem open_program(const GuestProcess& process, const ProgramName& name,
                            std::vector<std::string> arguments, Program& program) {
  program.path = name.shown;
  program.arguments = std::move(arguments);
  ProgramProblem found = open_executable(process, name, program.descriptor);
  for (unsigned scripts = 0; found.error == kOk; ++scripts) {
    if (scripts > kMaxScripts) return problem(abi::kELOOP, name.shown);
    char line[kScriptLineSize] = {};
    const long count = host_call(SYS_pread64, program.descriptor.get(), line, sizeof line, 0);
    if (count < 0) return problem(errno_from_host(count), program.path);
    std::string interpreter;
    std::optional<std::string> argument;
    if (!parse_script(line, interpreter, argument)) return examine(process, program);
    if (name.closed_by_exec) return problem(abi::kENOENT, program.path);
    std::vector<std::string> extended{interpreter};
    if (argument) extended.push_back(*argument);
    extended.push_back(program.path);
    if (!program.arguments.empty()) {
      extended.insert(extended.end(), program.arguments.begin() + 1, program.arguments.end());
    }
    program.arguments = std::move(extended);
    found = open_named(process, interpreter, program.descriptor);
    if (found.error == abi::kENOENT || found.error == abi::kENOTDIR)
      return {found.error, missing_interpreter_text(interpreter), program.path};
    program.path = interpreter;
  }
  return found;
}

ProgramProblem inherit_program(int descriptor, int interpreter, std::vector<std::string> arguments,
                               Program& program) {
  program.arguments = std::move(arguments);
  program.descriptor.reset(descriptor);
  program.interpreter.reset(interpreter);
  ElfProblem elf = parse_elf(descriptor, ElfRole::program, program.image);
  if (elf == ElfProblem::none && interpreter >= 0)
    elf = parse_elf(interpreter, ElfRole::interpreter, program.interpreter_image);
  if (elf != ElfProblem::none) return {abi::kENOEXEC, elf_problem_text(elf), program.path};
  return {};
}

}  // namespace ferry::linux
