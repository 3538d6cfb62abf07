#include "linux/kernel/core_dump.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "common/diagnostics.hpp"
#include "linux/kernel/executor.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/host_file.hpp"
#include "linux/kernel/i386/core_file.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

/// min_coredump of the i386 kernel's ELF loader: under a smaller limit it dumps nothing.
constexpr uint64_t kSmallestLimit = 4096;

enum class Destination : uint8_t {
  pipe,       ///< a program that the kernel starts
  directory,  ///< the current directory
  elsewhere,
};

struct CorePattern {
  Destination destination = Destination::directory;
  std::string text;
};

CorePattern core_pattern() {
  CorePattern pattern{.text = read_host_file("/proc/sys/kernel/core_pattern")};
  std::string& text = pattern.text;
  text.erase(std::find(text.begin(), text.end(), '\n'), text.end());
  if (text.starts_with('|')) {
    pattern.destination = Destination::pipe;
    text = "core";  // for --core
  } else if (text.find('/') != std::string::npos) {
    pattern.destination = Destination::elsewhere;
  }
  const std::string with_pid = read_host_file("/proc/sys/kernel/core_uses_pid");
  if (text.find("%p") == std::string::npos && !with_pid.starts_with('0') && !with_pid.empty())
    text += ".%p";
  return pattern;
}

/// As part of a file's name (cn_esc_printf of the kernel).
std::string escaped(std::string text) {
  if (text == "." || text == "..") text.front() = '!';
  std::replace(text.begin(), text.end(), '/', '!');
  return text;
}

/// What stands for %`specifier`: format_corename of fs/coredump.c (6.1).
std::string expansion(char specifier, const Thread& thread, int signal, uint64_t limit) {
  const std::string& executable = thread.process->executable;
  char name[16] = {};
  struct utsname system {};
  switch (specifier) {
    case '%':
      return "%";
    case 'p':
    case 'P':
      return std::to_string(host_call(SYS_getpid));
    case 'i':
    case 'I':
      return std::to_string(thread.tid);
    case 'u':
      return std::to_string(host_call(SYS_getuid));
    case 'g':
      return std::to_string(host_call(SYS_getgid));
    case 'd':
      return std::to_string(host_call(SYS_prctl, PR_GET_DUMPABLE));
    case 's':
      return std::to_string(signal);
    case 't':
      return std::to_string(::time(nullptr));
    case 'h':
      ::uname(&system);
      return escaped(system.nodename);
    case 'e':
      host_call(SYS_prctl, PR_GET_NAME, name);
      return escaped(name);
    case 'f':
      return escaped(executable.substr(executable.rfind('/') + 1));
    case 'E':
      return escaped(executable);
    case 'c':
      return std::to_string(limit);
    default:
      return {};
  }
}

std::string core_name(std::string_view pattern, const Thread& thread, int signal, uint64_t limit) {
  std::string name;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      name += pattern[i];
    } else if (++i < pattern.size()) {
      name += expansion(pattern[i], thread, signal, limit);
    }
  }
  return name;
}

void write_file(const char* path, std::string_view text) {
  const long file = host_call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  host_call(SYS_write, file, text.data(), text.size());
  host_call(SYS_close, file);
}

void set_core_limit(const HostLimit& limit) {
  host_call(SYS_prlimit64, 0, RLIMIT_CORE, &limit, nullptr);
}

// --- the host's own dump
// --------------------------------------------------------------------------

/// Namespaces in which this process, which must have one thread, may mount.
bool enter_namespaces() {
  const std::string user = std::to_string(host_call(SYS_geteuid));
  const std::string group = std::to_string(host_call(SYS_getegid));
  if (host_call(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  write_file("/proc/self/uid_map", user + " " + user + " 1");
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/gid_map", group + " " + group + " 1");
  return true;
}

/// Descriptor of a file system in memory that is mounted nowhere, or a negative number.
long mount_nowhere() {
  constexpr int kCreate = 6;  // FSCONFIG_CMD_CREATE
  constexpr int kCloseOnExec = 1;
  long system = host_call(SYS_fsopen, "tmpfs", kCloseOnExec);
  if (system == -EPERM && enter_namespaces()) system = host_call(SYS_fsopen, "tmpfs", kCloseOnExec);
  if (system < 0 || host_call(SYS_fsconfig, system, kCreate, nullptr, nullptr, 0) != 0) return -1;
  return host_call(SYS_fsmount, system, kCloseOnExec, 0);
}

/// The kernel reports a dump only if it has written a file, which it then has truncated at the
/// limit: so it gets one page, in a directory that goes with the process. False if there is none.
bool hide_host_dump(Destination destination) {
  write_file("/proc/self/coredump_filter", "0");
  if (destination == Destination::pipe) return true;
  if (destination == Destination::elsewhere) return false;
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (host_limit(RLIMIT_CORE).hard < page) return false;
  const RaisedFileLimit raised;
  const long directory = mount_nowhere();
  if (directory < 0 || host_call(SYS_fchdir, directory) != 0) return false;
  set_core_limit({page, page});
  return true;
}

/// The limit alone would not keep a dump from a pipe; below an emulator it is the limit that
/// counts.
void forbid_host_dump() {
  set_core_limit({0, 0});
  host_call(SYS_prctl, PR_SET_DUMPABLE, 0);
}

/// Whether the current directory takes new files. Asked by making one: permissions do not tell.
bool can_create_files() {
  const std::string name = ".core-" + std::to_string(host_call(SYS_gettid));
  const RaisedFileLimit raised;
  const long file = host_call(SYS_openat, AT_FDCWD, name.c_str(),
                              O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return false;
  host_call(SYS_unlinkat, AT_FDCWD, name.c_str(), 0);
  host_call(SYS_close, file);
  return true;
}

/// Whether an i386 kernel would write a dump (do_coredump, 6.1).
bool would_dump(const CorePattern& pattern, int signal, uint64_t limit) {
  if (!contains(kCoreByDefault, signal)) return false;
  if (host_call(SYS_prctl, PR_GET_DUMPABLE) != 1) return false;
  switch (pattern.destination) {
    case Destination::pipe:
      return limit != 1;
    case Destination::directory:
      return limit >= kSmallestLimit && can_create_files();
    case Destination::elsewhere:
      return limit >= kSmallestLimit;
  }
  UNREACHABLE();
}

/// All threads of the process, `dying` first. None runs guest code any more; those that wait in
/// system calls stay there. The parent of a vfork child, and its other threads, go on.
std::vector<Thread*> stopped_threads(Thread& dying) {
  GuestProcess& process = *dying.process;
  if (process.threaded() && !process.shares_memory) process.executor->stop_others();
  const LockGuard guard(process.lock);
  std::vector<Thread*> threads = {&dying};
  std::copy_if(process.threads.begin(), process.threads.end(), std::back_inserter(threads),
               [&dying](const Thread* thread) { return thread != &dying; });
  return threads;
}

}  // namespace

void dump_core(Thread& dying, const abi::SigInfo& info) {
  const CorePattern pattern = core_pattern();
  const uint64_t limit = host_limit(RLIMIT_CORE).soft;
  if (!would_dump(pattern, info.signo, limit)) return forbid_host_dump();
  if (dying.process->writes_core_file) {
    const bool piped = pattern.destination == Destination::pipe;
    const std::vector<Thread*> threads = stopped_threads(dying);
    const RaisedFileLimit raised;
    write_core_file(core_name(pattern.text, dying, info.signo, limit), piped ? UINT64_MAX : limit,
                    threads, info);
  }
  if (!hide_host_dump(pattern.destination)) forbid_host_dump();
}

}  // namespace ferry::linux
