#include "linux/kernel/messages.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/host_file.hpp"
#include "linux/kernel/host_status.hpp"
#include "linux/kernel/process_view.hpp"

namespace ferry::linux {

namespace {

/// "ferry" and a kind: more than the 32 bits that a guest can give to rt_sigqueueinfo. The code is
/// that of sigqueue(3), because an emulator below passes on no other.
constexpr uint64_t kForeignWrite = 0x6665'7272'7900'0001;
constexpr uint64_t kNudge = 0x6665'7272'7900'0002;

siginfo_t message(int signal, uint64_t value) {
  siginfo_t info;
  std::memset(&info, 0, sizeof info);
  info.si_signo = signal;
  info.si_code = SI_QUEUE;
  info.si_pid = static_cast<pid_t>(host_call(SYS_getpid));
  info.si_uid = static_cast<uid_t>(host_call(SYS_getuid));
  std::memcpy(&info.si_value, &value, sizeof value);
  return info;
}

/// Whether the process has a handler for SIGTRAP and room in its queue: without room a signal
/// arrives without its siginfo (kernel/signal.c, __send_signal_locked).
bool can_receive(std::string_view status) {
  const std::string_view queue = status_field(status, "SigQ:");
  const size_t slash = std::min(queue.find('/'), queue.size());
  uint64_t used = 0;
  uint64_t limit = 0;
  std::from_chars(queue.data(), queue.data() + slash, used);
  if (slash < queue.size())
    std::from_chars(queue.data() + slash + 1, queue.data() + queue.size(), limit);
  return contains(host_signals(status, "SigCgt:"), abi::kSIGTRAP) && used < limit;
}

/// The thread that gets a message: the first one, or, if it has ended and is still listed, the
/// last. (An emulator below has threads of its own.)
int receiver(const std::string& process, int pid, std::string_view status) {
  if (!status_field(status, "State:").starts_with('Z')) return pid;
  const std::vector<int> threads = numbers_below(process + "task");
  return threads.empty() ? pid : threads.back();
}

/// Whether the process executes the same binary as this one, and has ferry's binary open, as every
/// ferry does. The first alone says nothing below an emulator, because it is the emulator's binary.
bool is_ferry(const GuestProcess& self, const std::string& process) {
  FileId own, other;
  if (!identify_file_at(AT_FDCWD, "/proc/self/exe", own) ||
      !identify_file_at(AT_FDCWD, (process + "exe").c_str(), other) || own != other ||
      !identify_file(self.hidden[self.binary], own)) {
    return false;
  }
  const long folder = make_own_descriptor([&] {
    return host_call(SYS_openat, AT_FDCWD, (process + "fd").c_str(),
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  });
  if (folder < 0) return false;
  const std::vector<int> numbers = numbers_in(static_cast<int>(folder));
  const bool found = std::any_of(numbers.begin(), numbers.end(), [&](int number) {
    const std::string name = std::to_string(number);
    return identify_file_at(static_cast<int>(folder), name.c_str(), other) && other == own;
  });
  host_call(SYS_close, folder);
  return found;
}

}  // namespace

int memory_file_owner(int fd) {
  constexpr std::string_view kProc = "/proc/";
  const std::string link = descriptor_link(fd);
  if (!link.starts_with(kProc) || !link.ends_with("/mem")) return 0;
  int pid = 0;
  std::from_chars(link.data() + kProc.size(), link.data() + link.size(), pid);
  return pid;
}

void tell_of_write(const GuestProcess& self, int pid) {
  const std::string process = proc_path(pid);
  if (!is_ferry(self, process)) return;
  const std::string status = read_host_file((process + "status").c_str());
  if (!can_receive(status)) return;
  siginfo_t info = message(SIGTRAP, kForeignWrite);
  host_call(SYS_rt_tgsigqueueinfo, pid, receiver(process, pid, status), SIGTRAP, &info);
}

void nudge(int tid) {
  siginfo_t info = message(SIGILL, kNudge);
  if (host_call(SYS_rt_tgsigqueueinfo, info.si_pid, tid, SIGILL, &info) != -ESRCH) return;
  // The thread has ended, or is one of another process that shares the memory.
  const std::string status = read_host_file((proc_path(tid) + "status").c_str());
  const std::string_view group = status_field(status, "Tgid:");
  int pid = 0;
  if (std::from_chars(group.data(), group.data() + group.size(), pid).ec == std::errc{})
    host_call(SYS_rt_tgsigqueueinfo, pid, tid, SIGILL, &info);
}

Message message_in(const siginfo_t& info) {
  if (info.si_code != SI_QUEUE) return Message::none;
  uint64_t value = 0;
  std::memcpy(&value, &info.si_value, sizeof value);
  if (info.si_signo == SIGILL && value == kNudge) return Message::nudge;
  return info.si_signo == SIGTRAP && value == kForeignWrite ? Message::foreign_write
                                                            : Message::none;
}

}  // namespace ferry::linux
