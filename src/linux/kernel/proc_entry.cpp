#include "linux/kernel/proc_entry.hpp"

#include <fcntl.h>
#include <sys/statfs.h>

#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/hidden_descriptors.hpp"

namespace ferry::linux {

namespace {

constexpr unsigned kMaxLinks = 40;   // MAXSYMLINKS of the kernel
constexpr long kProcMagic = 0x9fa0;  // PROC_SUPER_MAGIC

struct NamedEntry {
  std::string_view name;
  ProcEntry entry;
};
constexpr NamedEntry kEntries[] = {
    {"exe", ProcEntry::exe},         {"maps", ProcEntry::maps}, {"cmdline", ProcEntry::cmdline},
    {"environ", ProcEntry::environ}, {"auxv", ProcEntry::auxv}, {"stat", ProcEntry::stat},
    {"cpuinfo", ProcEntry::cpuinfo},
};

bool is_number(std::string_view text, long& number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

std::string_view without_trailing_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}
std::string_view last_component(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}
/// Everything before the last component; empty if there is nothing.
std::string_view folder_of(std::string_view path) {
  return path.substr(0, path.rfind('/') + 1);
}

/// Decides by the name alone, so that other files cost nothing.
ProcEntry candidate(const GuestProcess& process, std::string_view path) {
  const std::string_view name = last_component(without_trailing_slashes(path));
  for (const NamedEntry& each : kEntries) {
    if (name == each.name) return each.entry;
  }
  long number = -1;
  const bool hidden = is_number(name, number) && number <= INT32_MAX &&
                      process.descriptor_hidden(static_cast<int>(number));
  return hidden ? ProcEntry::hidden_descriptor : ProcEntry::none;
}

}  // namespace

bool in_procfs(int descriptor) {
  struct statfs system;
  return host_call(SYS_fstatfs, descriptor, &system) == 0 && system.f_type == kProcMagic;
}

namespace {

/// Where a folder lies in procfs.
enum class ProcFolder : uint8_t { none, top, own_process, own_descriptors };

/// The folder open as `descriptor`.
ProcFolder folder_of_descriptor(int descriptor) {
  if (!in_procfs(descriptor)) return ProcFolder::none;
  const std::string path = descriptor_path(descriptor);
  std::string_view rest = path;
  // From the end, as procfs may be mounted anywhere: [PID/task/]PID[/fd].
  const auto take = [&rest] {
    const std::string_view name = last_component(rest);
    rest = rest.substr(0, rest.size() - name.size());
    rest = without_trailing_slashes(rest);
    return name;
  };
  std::string_view name = take();
  ProcFolder folder = ProcFolder::own_process;
  if (name == "fd" || name == "fdinfo") {
    folder = ProcFolder::own_descriptors;
    name = take();
  }
  long number;
  if (!is_number(name, number))
    return folder == ProcFolder::own_process ? ProcFolder::top : ProcFolder::none;
  if (last_component(rest) == "task") {
    take();
    if (!is_number(take(), number)) return ProcFolder::none;
  }
  return number == host_call(SYS_getpid) ? folder : ProcFolder::none;
}

/// The folder that `path` relative to `directory` is in.
ProcFolder folder_of_path(int directory, std::string_view path) {
  const std::string_view folder = folder_of(without_trailing_slashes(path));
  if (folder == "/proc/self/" || folder == "/proc/thread-self/") return ProcFolder::own_process;
  if (folder == "/proc/self/fd/" || folder == "/proc/self/fdinfo/")
    return ProcFolder::own_descriptors;
  if (folder == "/proc/") return ProcFolder::top;
  const std::string name = folder.empty() ? std::string(".") : std::string(folder);
  const long fd = make_own_descriptor([&] {
    return host_call(SYS_openat, directory, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  });
  if (fd < 0) return ProcFolder::none;
  const ProcFolder found = folder_of_descriptor(static_cast<int>(fd));
  host_call(SYS_close, fd);
  return found;
}

ProcEntry entry_at(const GuestProcess& process, int directory, std::string_view path) {
  const ProcEntry entry = candidate(process, path);
  if (entry == ProcEntry::none) return entry;
  const ProcFolder folder = folder_of_path(directory, path);
  const ProcFolder wanted = entry == ProcEntry::hidden_descriptor ? ProcFolder::own_descriptors
                            : entry == ProcEntry::cpuinfo         ? ProcFolder::top
                                                                  : ProcFolder::own_process;
  return folder == wanted ? entry : ProcEntry::none;
}

}  // namespace

ProcEntry find_proc_entry(const GuestProcess& process, int directory, std::string_view host_path,
                          bool follow) {
  ProcEntry entry = entry_at(process, directory, host_path);
  if (entry != ProcEntry::none || !follow || host_path.empty()) return entry;
  // A link may lead to such a file, so links are followed here, up to procfs's own, which the
  // kernel follows.
  std::string path(host_path);
  for (unsigned links = 0; links < kMaxLinks; ++links) {
    char target[4096];
    const long length = host_call(SYS_readlinkat, directory, path.c_str(), target, sizeof target);
    if (length <= 0) return ProcEntry::none;
    const std::string_view link(target, static_cast<size_t>(length));
    path = link.starts_with('/') ? std::string(link)
                                 : std::string(folder_of(path)) + std::string(link);
    entry = entry_at(process, directory, path);
    if (entry != ProcEntry::none) return entry;
    if (path.starts_with("/proc/")) return ProcEntry::none;
  }
  return ProcEntry::none;
}

bool lists_own_descriptors(int descriptor) {
  return folder_of_descriptor(descriptor) == ProcFolder::own_descriptors;
}

}  // namespace ferry::linux
