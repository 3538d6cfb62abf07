// execve: from the guest's words to a ferry that runs the program.
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "linux/kernel/path.hpp"
#include "linux/load/program.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry {

namespace {

constexpr uint32_t kMaxArgumentLength = 131072;  // MAX_ARG_STRLEN
constexpr uint32_t kMaxArguments = 1u << 20;

/// Copies a NUL-terminated string of any allowed length. 0 or -errno.
int32_t copy_in_argument(uint32_t guest, std::string& text) {
  char piece[256];
  for (;;) {
    const uint32_t at = guest + static_cast<uint32_t>(text.size());
    // Up to the end of the page at most, so that a string at the end of mapped memory is read.
    const uint32_t room = std::min<uint32_t>(sizeof piece, kGuestPageSize - (at & kGuestPageMask));
    if (!copy_in_bytes(at, piece, room)) return -abi::kEFAULT;
    const size_t length = strnlen(piece, room);
    text.append(piece, length);
    if (length < room) return 0;
    if (text.size() > kMaxArgumentLength) return -abi::kE2BIG;
  }
}

/// argv or envp. 0 or -errno.
int32_t copy_in_strings(uint32_t guest, std::vector<std::string>& strings) {
  for (uint32_t i = 0; guest != 0; ++i) {
    uint32_t pointer;
    if (i > kMaxArguments) return -abi::kE2BIG;
    if (!copy_in(guest + 4 * i, pointer)) return -abi::kEFAULT;
    if (pointer == 0) return 0;
    std::string text;
    const int32_t error = copy_in_argument(pointer, text);
    if (error != 0) return error;
    strings.push_back(std::move(text));
  }
  return 0;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Room for argv and envp (fs/exec.c, bprm_stack_limits): a quarter of the stack, pointers
/// included, which count 8 bytes each on a 64-bit kernel.
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

/// Ferry's own binary when no descriptor is left for it: what /proc calls it, below an emulator
/// too.
std::string binary_path() {
  char path[4096];
  const long length = host_call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "";
}

/// What the descriptors that an exec'd ferry inherits go through: not closed by the exec while it
/// lives.
class Inherited {
 public:
  explicit Inherited(int descriptor) : descriptor_(descriptor) { set(0); }
  Inherited(const Inherited&) = delete;
  Inherited& operator=(const Inherited&) = delete;
  ~Inherited() { set(FD_CLOEXEC); }

 private:
  void set(int flags) const {
    if (descriptor_ >= 0) host_call(SYS_fcntl, descriptor_, F_SETFD, flags);
  }
  int descriptor_;
};

/// Ferry's command line for `program`.
std::vector<std::string> ferry_arguments(const GuestProcess& process, const Program& program,
                                         int binary) {
  std::vector<std::string> arguments = process.runner;
  if (process.runner.empty()) {
    arguments.emplace_back("ferry");
  } else {
    arguments.push_back(binary >= 0 ? "/proc/self/fd/" + std::to_string(binary) : binary_path());
  }
  arguments.insert(arguments.end(), process.exec_options.begin(), process.exec_options.end());
  if (!process.root.empty()) arguments.insert(arguments.end(), {"-L", process.root});
  arguments.insert(arguments.end(), {"-0", program.arguments[0], "--", program.path});
  arguments.insert(arguments.end(), program.arguments.begin() + 1, program.arguments.end());
  return arguments;
}

/// Replaces the process by a ferry running `program`, which the guest named `name`. Returns -errno.
int32_t exec_ferry(Thread& t, const Program& program, const ProgramName& name,
                   std::vector<std::string> environment) {
  GuestProcess& process = *t.process;
  const int binary = process.hidden[process.binary];
  std::vector<std::string> arguments = ferry_arguments(process, program, binary);
  for (std::string& variable : environment) {
    if (needs_guest_prefix(variable)) variable.insert(0, kGuestVariablePrefix);
  }
  for (std::string& variable : process.private_environment(t.signals.mask, name, program))
    environment.push_back(std::move(variable));
  const std::vector<char*> host_arguments = pointers(arguments);
  const std::vector<char*> host_environment = pointers(environment);

  block_host_signals();
  if (t.signal_pending != 0) {
    restore_host_mask(t);
    return -kErestartNoIntr;
  }
  prepare_signals_for_exec(t);
  long result;
  {
    const Inherited files[] = {Inherited(binary), Inherited(program.descriptor.get()),
                               Inherited(program.interpreter.get())};
    // The next ferry, and an emulator below it, open files before the guest's limit holds again.
    const RaisedFileLimit raised;
    if (!process.runner.empty()) {
      execvpe(host_arguments[0], host_arguments.data(), host_environment.data());
      result = -errno;
    } else if (binary >= 0) {
      result = host_call(SYS_execveat, binary, "", host_arguments.data(), host_environment.data(),
                         AT_EMPTY_PATH);
    } else {
      result =
          host_call(SYS_execve, "/proc/self/exe", host_arguments.data(), host_environment.data());
    }
  }
  restore_signals_after_exec(t);
  return guest_result(result);
}

int32_t exec_program(Thread& t, const ProgramName& name, uint32_t argv, uint32_t envp) {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  int32_t error = copy_in_strings(argv, arguments);
  if (error == 0) error = copy_in_strings(envp, environment);
  if (error != 0) return error;
  if (arguments.empty()) arguments.emplace_back();  // as the kernel does since 5.18
  if (too_long(*t.process, name.shown, arguments, environment)) return -abi::kE2BIG;
  Program program;
  const ProgramProblem problem = open_program(*t.process, name, std::move(arguments), program);
  if (problem.error != 0) return -problem.error;
  return exec_ferry(t, program, name, std::move(environment));
}

}  // namespace

int32_t sys_execve(Thread& t, const Arguments& a) {
  char path[4096];
  const int32_t length = copy_in_string(a[0], path, sizeof path);
  if (length < 0) return length;
  if (length == 0) return -abi::kENOENT;
  ProgramName name;
  name.path = name.shown = path;
  return exec_program(t, name, a[1], a[2]);
}

int32_t sys_execveat(Thread& t, const Arguments& a) {
  if ((a[4] & ~static_cast<uint32_t>(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0)
    return -abi::kEINVAL;
  char path[4096];
  const int32_t length = copy_in_string(a[1], path, sizeof path);
  if (length < 0) return length;
  if (length == 0 && (a[4] & AT_EMPTY_PATH) == 0) return -abi::kENOENT;
  ProgramName name;
  name.directory = a.signed_at(0);
  name.path = name.shown = path;
  if ((a[4] & AT_SYMLINK_NOFOLLOW) != 0) name.last_link = LastLink::keep;
  if (name.directory != AT_FDCWD && !name.path.starts_with('/')) {
    // fs/exec.c, alloc_bprm.
    name.shown = "/dev/fd/" + std::to_string(name.directory);
    if (length > 0) name.shown += "/" + name.path;
    const long flags = host_call(SYS_fcntl, name.directory, F_GETFD);
    if (flags < 0) return guest_result(flags);
    name.closed_by_exec = (flags & FD_CLOEXEC) != 0;
  } else if (length == 0) {
    return -abi::kEACCES;  // the working directory
  }
  return exec_program(t, name, a[2], a[3]);
}

}  // namespace ferry
