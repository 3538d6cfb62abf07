// execve: from the guest's words to a program.
#include "linux/load/exec.hpp"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "linux/kernel/path.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kMaxArgumentLength = 131072;  // MAX_ARG_STRLEN
constexpr uint32_t kMaxArguments = 1u << 20;

/// Copies a NUL-terminated string of any allowed length.
Errno copy_in_argument(uint32_t guest, std::string& text) {
  char piece[256];
  for (;;) {
    const uint32_t at = guest + static_cast<uint32_t>(text.size());
    // Up to the end of the page at most, so that a string at the end of mapped memory is read.
    const uint32_t room =
        std::min<uint32_t>(sizeof piece, guest::kPageSize - (at & guest::kPageMask));
    if (!copy_in_bytes(at, piece, room)) return abi::kEFAULT;
    const size_t length = strnlen(piece, room);
    text.append(piece, length);
    if (length < room) return kOk;
    if (text.size() > kMaxArgumentLength) return abi::kE2BIG;
  }
}

/// argv or envp.
Errno copy_in_strings(uint32_t guest, std::vector<std::string>& strings) {
  for (uint32_t i = 0; guest != 0; ++i) {
    uint32_t pointer;
    if (i > kMaxArguments) return abi::kE2BIG;
    if (!copy_in(guest + 4 * i, pointer)) return abi::kEFAULT;
    if (pointer == 0) return kOk;
    std::string text;
    const Errno error = copy_in_argument(pointer, text);
    if (error != kOk) return error;
    strings.push_back(std::move(text));
  }
  return kOk;
}

/// Whether argv and envp exceed their limit (fs/exec.c, bprm_stack_limits): a quarter of the stack,
/// with 8 bytes for each pointer on a 64-bit kernel.
bool too_long(const GuestProcess& process, const std::string& name,
              const std::vector<std::string>& arguments,
              const std::vector<std::string>& environment) {
  constexpr uint64_t kSmallest = 131072, kLargest = (8u << 20) / 4 * 3;  // ARG_MAX; of _STK_LIM
  const uint64_t limit = std::max(std::min(process.limit_stack.soft / 4, kLargest), kSmallest);
  uint64_t size = name.size() + 1 + 8 * (arguments.size() + environment.size());
  for (const std::vector<std::string>* strings : {&arguments, &environment}) {
    for (const std::string& text : *strings) size += text.size() + 1;
  }
  return size > limit;
}

CallResult exec_program(Thread& t, const ProgramName& name, uint32_t argv, uint32_t envp) {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  Errno error = copy_in_strings(argv, arguments);
  if (error == kOk) error = copy_in_strings(envp, environment);
  if (error != kOk) return error;
  if (arguments.empty()) arguments.emplace_back();  // as the kernel does since 5.18
  if (too_long(*t.process, name.shown, arguments, environment)) return abi::kE2BIG;
  Program program;
  const ProgramProblem problem = open_program(*t.process, name, std::move(arguments), program);
  if (problem.error != kOk) return problem.error;
  return replace_process(t, program, name, std::move(environment));
}

}  // namespace

CallResult sys_execve(Thread& t, GuestPath path_pointer, GuestPointer arguments,
                      GuestPointer environment) {
  char path[4096];
  const Result<uint32_t> length = copy_in_string(path_pointer, path, sizeof path);
  if (!length.ok()) return length;
  if (length.value() == 0) return abi::kENOENT;
  ProgramName name;
  name.path = name.shown = path;
  return exec_program(t, name, arguments, environment);
}

CallResult sys_execveat(Thread& t, DirFd directory, GuestPath path_pointer, GuestPointer arguments,
                        GuestPointer environment, Flags options) {
  if ((options & ~static_cast<uint32_t>(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0)
    return abi::kEINVAL;
  char path[4096];
  const Result<uint32_t> length = copy_in_string(path_pointer, path, sizeof path);
  if (!length.ok()) return length;
  if (length.value() == 0 && (options & AT_EMPTY_PATH) == 0) return abi::kENOENT;
  ProgramName name;
  name.directory = directory;
  name.path = name.shown = path;
  if ((options & AT_SYMLINK_NOFOLLOW) != 0) name.last_link = LastLink::keep;
  if (name.directory != AT_FDCWD && !name.path.starts_with('/')) {
    // fs/exec.c, alloc_bprm.
    name.shown = "/dev/fd/" + std::to_string(name.directory);
    if (length.value() > 0) name.shown += "/" + name.path;
    const long flags = host_call(SYS_fcntl, name.directory, F_GETFD);
    if (flags < 0) return guest_result(flags);
    name.closed_by_exec = (flags & FD_CLOEXEC) != 0;
  } else if (length.value() == 0) {
    return abi::kEACCES;  // the working directory
  }
  return exec_program(t, name, arguments, environment);
}

}  // namespace ferry::linux
