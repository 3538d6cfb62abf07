#include "linux/load/exec.hpp"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/errno_map.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/load/exec_environment.hpp"

namespace ferry::linux {

namespace {

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// The path of ferry's own binary, for when no descriptor is left for it. /proc has the right path
/// below an emulator too.
std::string binary_path() {
  char path[4096];
  const long length = host_call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "";
}

/// A descriptor that an exec does not close while this lives.
class KeptOpen {
 public:
  explicit KeptOpen(int descriptor) : descriptor_(descriptor) { set(0); }
  KeptOpen(const KeptOpen&) = delete;
  KeptOpen& operator=(const KeptOpen&) = delete;
  ~KeptOpen() { set(FD_CLOEXEC); }

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
  // The root is the parent's, as a process's root folder is, whatever the settings files say.
  arguments.insert(arguments.end(), {"-L", process.root.empty() ? "/" : process.root.path()});
  arguments.insert(arguments.end(), {"-0", program.arguments[0], "--", program.path});
  arguments.insert(arguments.end(), program.arguments.begin() + 1, program.arguments.end());
  return arguments;
}

}  // namespace

CallResult replace_process(Thread& t, const Program& program, const ProgramName& name,
                           std::vector<std::string> environment) {
  GuestProcess& process = *t.process;
  const int binary = process.hidden[process.binary];
  std::vector<std::string> arguments = ferry_arguments(process, program, binary);
  for (std::string& variable : environment) {
    if (needs_guest_prefix(variable)) variable.insert(0, kGuestVariablePrefix);
  }
  for (std::string& variable : private_environment(process, t.signals.mask, name, program))
    environment.push_back(std::move(variable));
  for (std::string& variable : seccomp_environment(t.seccomp_filter))
    environment.push_back(std::move(variable));
  const std::vector<char*> host_arguments = pointers(arguments);
  const std::vector<char*> host_environment = pointers(environment);

  const BlockedSignals blocked(t);
  if (blocked.interrupted()) return kErestartNoIntr;
  prepare_signals_for_exec(t);
  long result;
  {
    const KeptOpen files[] = {KeptOpen(binary), KeptOpen(program.descriptor.get()),
                              KeptOpen(program.interpreter.get()),
                              KeptOpen(process.hidden[process.trace.memory()])};
    // The next ferry, and an emulator below it, open files before the guest's limit applies again.
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

}  // namespace ferry::linux
