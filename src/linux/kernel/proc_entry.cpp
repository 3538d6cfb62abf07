#include "linux/kernel/proc_entry.hpp"

#include <fcntl.h>
#include <sys/statfs.h>

#include <charconv>
#include <string>
#include <string_view>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/guest_process.hpp"

namespace ferry::linux {

namespace {

constexpr unsigned kMaxLinks = 40;   // MAXSYMLINKS of the kernel
constexpr long kProcMagic = 0x9fa0;  // PROC_SUPER_MAGIC

struct NamedEntry {
  std::string_view name;
  ProcEntry entry;
};
constexpr NamedEntry kEntries[] = {
    {"exe", ProcEntry::exe},         {"maps", ProcEntry::maps},
    {"cmdline", ProcEntry::cmdline}, {"environ", ProcEntry::environ},
    {"auxv", ProcEntry::auxv},       {"stat", ProcEntry::stat},
    {"statm", ProcEntry::statm},     {"status", ProcEntry::status},
    {"smaps", ProcEntry::smaps},     {"smaps_rollup", ProcEntry::smaps_rollup},
    {"cpuinfo", ProcEntry::cpuinfo},
};

bool is_number(std::string_view text, int32_t& number) {
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

/// Decides by the name alone, so that other files cost nothing. `hidden_number` stands for all
/// numbers that may be in fd, fdinfo or task.
ProcEntry candidate(std::string_view path) {
  const std::string_view trimmed = without_trailing_slashes(path);
  const std::string_view name = last_component(trimmed);
  for (const NamedEntry& each : kEntries) {
    if (name == each.name) return each.entry;
  }
  int32_t number;
  if (!is_number(name, number)) return ProcEntry::none;
  const std::string_view folder = folder_of(trimmed);
  const bool may_be = folder.empty() || folder.ends_with("fd/") || folder.ends_with("fdinfo/") ||
                      folder.ends_with("task/") || folder.ends_with("./");
  return may_be ? ProcEntry::hidden_number : ProcEntry::none;
}

/// What `path`, without dots and links, is if procfs is mounted at what remains in `path`.
ProcFolder parse_folder(std::string_view& path) {
  using Kind = ProcFolder::Kind;
  // From the end, as procfs may be mounted anywhere: [PID/task/]PID[/fd].
  const auto take = [&path] {
    path = without_trailing_slashes(path);
    const std::string_view name = last_component(path);
    path.remove_suffix(name.size());
    return name;
  };
  std::string_view before = path;
  std::string_view name = take();
  ProcFolder folder{Kind::process};
  if (name == "fd" || name == "fdinfo" || name == "task") {
    folder.kind = name == "fd"       ? Kind::descriptors
                  : name == "fdinfo" ? Kind::descriptor_infos
                                     : Kind::tasks;
    before = path;
    name = take();
  }
  if (!is_number(name, folder.pid)) {
    path = before;
    return {folder.kind == Kind::process ? Kind::top : Kind::none};
  }
  if (last_component(without_trailing_slashes(path)) == "task") {
    folder.tid = folder.pid;
    take();
    if (!is_number(take(), folder.pid)) return {};
  }
  return folder;
}

}  // namespace

bool in_procfs(int descriptor) {
  struct statfs system;
  return host_call(SYS_fstatfs, descriptor, &system) == 0 && system.f_type == kProcMagic;
}

bool is_own_process(const GuestProcess& process, int32_t pid) {
  return pid == host_call(SYS_getpid) || process.has_thread(pid);
}

ProcFolder proc_folder(int descriptor) {
  if (!in_procfs(descriptor)) return {};
  const std::string path = descriptor_path(descriptor);
  std::string_view rest = path;
  return parse_folder(rest);
}

HiddenNumbers::HiddenNumbers(const GuestProcess& process, const ProcFolder& folder)
    : process_(process), folder_(folder) {
  using Kind = ProcFolder::Kind;
  const bool has_hidden = folder.kind == Kind::descriptors ||
                          folder.kind == Kind::descriptor_infos || folder.kind == Kind::tasks;
  if (!has_hidden) return;
  is_own_ = is_own_process(process, folder.pid);
  if (!is_own_) other_ = view_of_other(process, folder.pid, ViewParts::numbers);
}

bool HiddenNumbers::contain(int number) const {
  if (folder_.kind == ProcFolder::Kind::tasks)
    return is_own_ ? !process_.has_thread(number) : other_ && !other_->has_thread(number);
  return is_own_ ? process_.descriptor_hidden(number) : other_ && other_->hides_descriptor(number);
}

size_t HiddenNumbers::descriptor_count() const {
  if (is_own_) return process_.hidden.numbers().size();
  return other_ ? other_->hidden.size() : 0;
}

size_t HiddenNumbers::thread_count() const {
  if (is_own_) return process_.thread_count();
  return other_ ? other_->thread_count() : 0;
}

namespace {

/// The folder that `path` relative to `directory` is in.
ProcFolder folder_of_path(int directory, std::string_view path) {
  constexpr std::string_view kSelf = "/proc/self/";
  constexpr std::string_view kThreadSelf = "/proc/thread-self/";
  std::string folder(folder_of(without_trailing_slashes(path)));
  if (folder.starts_with(kSelf)) {
    folder.replace(0, kSelf.size(), "/proc/" + std::to_string(host_call(SYS_getpid)) + "/");
  } else if (folder.starts_with(kThreadSelf)) {
    folder.replace(0, kThreadSelf.size(),
                   "/proc/" + std::to_string(host_call(SYS_getpid)) + "/task/" +
                       std::to_string(host_call(SYS_gettid)) + "/");
  }
  std::string_view mount = folder;
  if (const ProcFolder plain = parse_folder(mount); mount == "/proc/" || mount == "/proc")
    return plain;
  if (folder.empty()) folder = ".";
  const long fd = make_own_descriptor([&] {
    return host_call(SYS_openat, directory, folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  });
  if (fd < 0) return {};
  const ProcFolder found = proc_folder(static_cast<int>(fd));
  host_call(SYS_close, fd);
  return found;
}

ProcFile file_at(const GuestProcess& process, int directory, std::string_view path) {
  using Kind = ProcFolder::Kind;
  const ProcEntry entry = candidate(path);
  if (entry == ProcEntry::none) return {};
  const ProcFolder folder = folder_of_path(directory, path);
  if (entry == ProcEntry::hidden_number) {
    int32_t number = -1;
    static_cast<void>(is_number(last_component(without_trailing_slashes(path)), number));
    const HiddenNumbers hidden(process, folder);
    if (hidden.contain(number)) return {entry, folder.pid, folder.tid};
    if (folder.kind == Kind::descriptor_infos)
      return {ProcEntry::descriptor_info, folder.pid, folder.tid, number};
    return {};
  }
  const Kind wanted = entry == ProcEntry::cpuinfo ? Kind::top : Kind::process;
  if (folder.kind != wanted) return {};
  return {entry, folder.pid, folder.tid};
}

}  // namespace

ProcFile find_proc_file(const GuestProcess& process, int directory, std::string_view host_path,
                        bool follow) {
  ProcFile file = file_at(process, directory, host_path);
  if (file.entry != ProcEntry::none || !follow || host_path.empty()) return file;
  // A link may lead to such a file, so links are followed here, up to procfs's own, which the
  // kernel follows.
  std::string path(host_path);
  for (unsigned links = 0; links < kMaxLinks; ++links) {
    char target[4096];
    const long length = host_call(SYS_readlinkat, directory, path.c_str(), target, sizeof target);
    if (length <= 0) return {};
    const std::string_view link(target, static_cast<size_t>(length));
    path = link.starts_with('/') ? std::string(link)
                                 : std::string(folder_of(path)) + std::string(link);
    file = file_at(process, directory, path);
    if (file.entry != ProcEntry::none) return file;
    if (path.starts_with("/proc/")) return {};
  }
  return {};
}

}  // namespace ferry::linux
