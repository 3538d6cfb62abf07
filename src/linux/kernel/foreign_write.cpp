#include "linux/kernel/foreign_write.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/host_file.hpp"

namespace ferry::linux {

namespace {

/// "ferry" and a kind: more than the 32 bits that a guest can give to rt_sigqueueinfo. The code is
/// that of sigqueue(3), because an emulator below passes on no other.
constexpr uint64_t kValue = 0x6665'7272'7900'0001;

/// The text after `name` in its line of /proc/PID/status.
std::string_view status_field(std::string_view status, std::string_view name) {
  const size_t found = status.find(name);
  if (found == std::string_view::npos) return {};
  const std::string_view rest = status.substr(found + name.size());
  return rest.substr(0, rest.find('\n'));
}

/// Whether the process has a handler for SIGTRAP and room in its queue: without room a signal
/// arrives without its siginfo (kernel/signal.c, __send_signal_locked).
bool can_receive(std::string_view status) {
  std::string_view caught = status_field(status, "\nSigCgt:\t");
  caught.remove_prefix(caught.size() - std::min<size_t>(caught.size(), 16));  // MIPS has 128
  uint64_t handled = 0;
  std::from_chars(caught.data(), caught.data() + caught.size(), handled, 16);
  const std::string_view queue = status_field(status, "\nSigQ:\t");
  const size_t slash = std::min(queue.find('/'), queue.size());
  uint64_t used = 0;
  uint64_t limit = 0;
  std::from_chars(queue.data(), queue.data() + slash, used);
  if (slash < queue.size())
    std::from_chars(queue.data() + slash + 1, queue.data() + queue.size(), limit);
  return (handled >> (SIGTRAP - 1) & 1) != 0 && used < limit;
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
  const std::string process = "/proc/" + std::to_string(pid) + "/";
  if (!is_ferry(self, process) || !can_receive(read_host_file((process + "status").c_str())))
    return;
  siginfo_t info;
  std::memset(&info, 0, sizeof info);
  info.si_signo = SIGTRAP;
  info.si_code = SI_QUEUE;
  info.si_pid = static_cast<pid_t>(host_call(SYS_getpid));
  info.si_uid = static_cast<uid_t>(host_call(SYS_getuid));
  std::memcpy(&info.si_value, &kValue, sizeof kValue);
  host_call(SYS_rt_tgsigqueueinfo, pid, pid, SIGTRAP, &info);
}

bool tells_of_write(const siginfo_t& info) {
  if (info.si_signo != SIGTRAP || info.si_code != SI_QUEUE) return false;
  uint64_t value = 0;
  std::memcpy(&value, &info.si_value, sizeof value);
  return value == kValue;
}

}  // namespace ferry::linux
