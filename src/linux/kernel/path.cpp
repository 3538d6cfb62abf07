#include "linux/kernel/path.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/guest_process.hpp"

namespace ferry::linux {

namespace {

constexpr unsigned kMaxLinks = 40;  // MAXSYMLINKS of the kernel

void set_text(HostPath& result, std::string_view text) {
  if (text.size() >= sizeof result.text) {
    result.error = abi::kENAMETOOLONG;
    return;
  }
  std::memcpy(result.text, text.data(), text.size());
  result.text[text.size()] = '\0';
}

bool host_exists(const char* path) {
  struct statx status;
  return host_call(SYS_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &status) == 0;
}

bool always_host(std::string_view path) {
  for (const std::string_view top : {"/proc", "/sys", "/dev"}) {
    if (path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/'))
      return true;
  }
  return false;
}

/// A path walked inside ROOT.
struct Walk {
  std::string path;  ///< as the guest sees it: absolute, no links, no dots
  bool exists = true;
  bool below_host = false;  ///< only the host is asked, until a link names an absolute path
  bool too_many_links = false;
};

/// Takes the next component off `rest`.
std::string next_component(std::string& rest) {
  const size_t start = rest.find_first_not_of('/');
  if (start == std::string::npos) {
    rest.clear();
    return {};
  }
  const size_t end = rest.find('/', start);
  std::string component = rest.substr(start, end == std::string::npos ? end : end - start);
  rest = end == std::string::npos ? std::string{} : rest.substr(end);
  return component;
}

/// The bytes of the link's text, or a negative error.
long read_link(const std::string& path, char (&target)[4096]) {
  return host_call(SYS_readlinkat, AT_FDCWD, path.c_str(), target, sizeof target);
}

Walk walk_in_root(const std::string& root, std::string rest, LastLink last_link, Walk walk = {}) {
  unsigned links = 0;
  const bool wants_directory = rest.ends_with('/');
  while (!rest.empty()) {
    const std::string component = next_component(rest);
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      const size_t slash = walk.path.rfind('/');
      walk.path.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    walk.path += '/';
    walk.path += component;
    char target[4096];
    long length = walk.below_host ? -ENOENT : read_link(root + walk.path, target);
    const bool is_last = rest.find_first_not_of('/') == std::string::npos;
    if (length == -EINVAL) continue;  // exists, no link
    const bool in_root = length >= 0;
    // The path may be the host's, who would look for what a link there names outside of ROOT.
    if (!in_root && !always_host(walk.path)) length = read_link(walk.path, target);
    const bool kept = is_last && last_link == LastLink::keep && !wants_directory;
    if (length < 0 || (kept && !in_root)) {
      walk.exists = false;
      if (is_last) break;
      continue;  // nothing below it either; `..` still counts
    }
    if (kept) break;
    if (++links > kMaxLinks) {
      walk.too_many_links = true;
      break;
    }
    const std::string_view link(target, static_cast<size_t>(length));
    if (link.starts_with('/')) {
      walk.exists = true;
      walk.below_host = false;
    }
    const size_t slash = walk.path.rfind('/');
    walk.path.resize(link.starts_with('/') ? 0 : slash);
    rest.insert(0, link);
  }
  if (walk.path.empty()) walk.path = "/";
  if (wants_directory && walk.path != "/") walk.path += '/';
  return walk;
}

std::string parent_of(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  const size_t slash = path.rfind('/', end);
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// What a walk from an absolute path found. Returns whether the host may still have to follow the
/// last link.
bool take_walk(const GuestProcess& process, const Walk& walk, HostPath& result) {
  if (walk.too_many_links) {
    result.error = abi::kELOOP;
    return false;
  }
  const bool host_only =
      !walk.exists &&
      (host_exists(walk.path.c_str()) || host_exists(parent_of(walk.path).c_str()) ||
       !host_exists((process.root + parent_of(walk.path)).c_str()));
  const bool host = always_host(walk.path) || host_only;
  set_text(result, host ? walk.path : process.root + walk.path);
  return host;
}

/// What follows the root link of a ferry process's folder in /proc, as an absolute path: the
/// guest's root is ROOT there. Nothing for other paths, and for the link itself unless it is
/// followed.
std::optional<std::string> below_root_link(const GuestProcess& process, std::string_view path,
                                           LastLink last_link) {
  constexpr std::string_view kProc = "/proc/";
  constexpr std::string_view kRoot = "/root";
  if (!path.starts_with(kProc)) return {};
  const std::string_view inside = path.substr(kProc.size());
  const std::string_view name = inside.substr(0, inside.find('/'));
  std::string_view rest = inside.substr(name.size());
  if (!rest.starts_with(kRoot)) return {};
  rest.remove_prefix(kRoot.size());
  if (rest.empty() ? last_link == LastLink::keep : rest.front() != '/') return {};
  if (name != "self" && name != "thread-self") {
    int32_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) return {};
    if (!is_own_process(process, pid) && !view_of_other(process, pid, ViewParts::numbers))
      return {};
  }
  return rest.empty() ? "/" : std::string(rest);
}

/// Returns what take_walk does.
bool resolve_absolute(const GuestProcess& process, std::string_view path, LastLink last_link,
                      HostPath& result) {
  if (const auto below = below_root_link(process, path, last_link))
    return resolve_absolute(process, *below, last_link, result);
  if (always_host(path)) {
    set_text(result, path);
    return true;
  }
  return take_walk(process, walk_in_root(process.root, std::string(path), last_link), result);
}

/// A path relative to the host's folder `base`, or to no known folder if that is empty. Returns
/// what take_walk does.
bool resolve_below_host(const GuestProcess& process, const std::string& base,
                        std::string_view guest_path, LastLink last_link, HostPath& result) {
  if (base.starts_with('/') && !always_host(base)) {
    const Walk walk =
        walk_in_root(process.root, std::string(guest_path), last_link,
                     {.path = base == "/" ? "" : base, .exists = false, .below_host = true});
    if (!walk.below_host) return take_walk(process, walk, result);
  }
  set_text(result, guest_path);
  return true;
}

/// Whether `host` is ROOT or inside it.
bool inside_root(const GuestProcess& process, std::string_view host) {
  const std::string& root = process.root;
  return host.starts_with(root) && (host.size() == root.size() || host[root.size()] == '/');
}

}  // namespace

std::string_view guest_view(const GuestProcess& process, std::string_view host) {
  if (process.root.empty() || !inside_root(process, host)) return host;
  host.remove_prefix(process.root.size());
  return host.empty() ? "/" : host;
}

namespace {

/// Resolves `directory` and `guest_path` without regard to /proc. Returns whether the host may
/// still have to follow the path's last link.
bool resolve_in_root(const GuestProcess& process, int directory, std::string_view guest_path,
                     LastLink last_link, HostPath& result) {
  if (process.root.empty() || guest_path.empty()) {
    set_text(result, guest_path);
    return true;
  }
  if (guest_path.starts_with('/')) return resolve_absolute(process, guest_path, last_link, result);
  const std::string base = descriptor_path(directory);
  if (base.empty() || !inside_root(process, base))
    return resolve_below_host(process, base, guest_path, last_link, result);
  const std::string from_root = base.substr(process.root.size()) + "/" + std::string(guest_path);
  const Walk walk = walk_in_root(process.root, from_root, last_link);
  if (walk.too_many_links) {
    result.error = abi::kELOOP;
    return false;
  }
  const bool host = always_host(walk.path);
  set_text(result, host ? walk.path : process.root + walk.path);
  return host;
}

}  // namespace

std::string executable_descriptor(const GuestProcess& process, const ProcFile& file) {
  if (is_own_process(process, file.pid)) {
    const int own = process.hidden[process.executable_file];
    return own < 0 ? "" : "/proc/thread-self/fd/" + std::to_string(own);
  }
  const auto other = view_of_other(process, file.pid, ViewParts::numbers);
  if (!other || other->executable < 0) return {};
  return proc_path(file.pid, file.tid) + "fd/" + std::to_string(other->executable);
}

void resolve_path(const GuestProcess& process, int directory, std::string_view guest_path,
                  LastLink last_link, HostPath& result) {
  result.error = kOk;
  result.file = {};
  result.directory = directory;
  const bool may_be_link = resolve_in_root(process, directory, guest_path, last_link, result);
  if (result.error != kOk) return;
  const bool follow = last_link == LastLink::follow;
  result.file = find_proc_file(process, result.directory, result.text, follow && may_be_link);
  const ProcFile& file = result.file;
  if (file.entry == ProcEntry::hidden_number) {
    result.error = abi::kENOENT;
  } else if (file.entry == ProcEntry::exe && follow) {
    // The descriptor is right even if the file was renamed or deleted, or never had a name.
    const std::string executable = executable_descriptor(process, file);
    if (!executable.empty()) set_text(result, executable);
  }
}

}  // namespace ferry::linux
