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

/// A path walked inside ROOT. Every call of a guest that names a file comes here if there is a
/// ROOT, so one buffer serves both names of a file.
struct Walk {
  std::string text;  ///< ROOT, then the path as the guest sees it: absolute, no links, no dots
  size_t root_size = 0;
  bool exists = true;
  bool plain_on_host = false;  ///< not in ROOT; the host has it, and its last component is no link
  bool below_host = false;     ///< only the host is asked, until a link names an absolute path
  bool too_many_links = false;

  /// The path as the guest and the host see it.
  [[nodiscard]] const char* path() const { return text.c_str() + root_size; }
  [[nodiscard]] bool is_top() const { return text.size() == root_size; }
  void shorten_to(size_t size) {
    text.resize(size);
    if (size < missing_size_) missing_size_ = std::string::npos;
  }
  /// Takes the last component away.
  void leave() {
    if (!is_top()) shorten_to(text.rfind('/'));
  }

  /// readlink(2) of the path in ROOT. There is nothing below what is missing: it is not asked for
  /// again.
  [[nodiscard]] long read_link_in_root(char (&target)[4096]) {
    if (missing_size_ != std::string::npos) return -ENOENT;
    const long length = host_call(SYS_readlinkat, AT_FDCWD, text.c_str(), target, sizeof target);
    if (length < 0 && length != -EINVAL) missing_size_ = text.size();
    return length;
  }
  [[nodiscard]] long read_link_of_host(char (&target)[4096]) const {
    return host_call(SYS_readlinkat, AT_FDCWD, path(), target, sizeof target);
  }

 private:
  size_t missing_size_ =
      std::string::npos;  ///< of `text` up to the first component missing in ROOT
};

/// Walks `guest_path`, from where `walk` is.
void walk_in_root(Walk& walk, std::string_view guest_path, LastLink last_link) {
  unsigned links = 0;
  const bool wants_directory = guest_path.ends_with('/');
  std::string after_link;  // what is left of the path, from the first link on
  std::string_view rest = guest_path;
  for (;;) {
    const size_t start = rest.find_first_not_of('/');
    if (start == std::string_view::npos) break;
    rest.remove_prefix(start);
    const std::string_view component = rest.substr(0, rest.find('/'));
    rest.remove_prefix(component.size());
    if (component == ".") continue;
    walk.plain_on_host = false;
    if (component == "..") {
      walk.leave();
      continue;
    }
    walk.text += '/';
    walk.text += component;
    char target[4096];
    long length = walk.below_host ? -ENOENT : walk.read_link_in_root(target);
    if (length == -EINVAL) continue;  // exists, no link
    const bool is_last = rest.find_first_not_of('/') == std::string_view::npos;
    const bool in_root = length >= 0;
    // The path may be the host's, who would look for what a link there names outside of ROOT.
    if (!in_root && !always_host(walk.path())) length = walk.read_link_of_host(target);
    const bool kept = is_last && last_link == LastLink::keep && !wants_directory;
    if (length < 0 || (kept && !in_root)) {
      walk.exists = false;
      walk.plain_on_host = length == -EINVAL;
      if (is_last) break;
      continue;  // nothing below it either; `..` still counts
    }
    if (kept) break;
    if (++links > kMaxLinks) {
      walk.too_many_links = true;
      return;
    }
    const std::string_view link(target, static_cast<size_t>(length));
    walk.leave();
    if (link.starts_with('/')) {
      walk.exists = true;
      walk.below_host = false;
      walk.shorten_to(walk.root_size);
    }
    after_link = std::string(link).append(rest);
    rest = after_link;
  }
  if (walk.is_top()) walk.text += '/';
  if (wants_directory && !walk.text.ends_with('/')) walk.text += '/';
}

Walk walk_from_top(const std::string& root, std::string_view guest_path, LastLink last_link) {
  Walk walk;
  walk.text.reserve(root.size() + guest_path.size() + 1);
  walk.text = root;
  walk.root_size = root.size();
  walk_in_root(walk, guest_path, last_link);
  return walk;
}

std::string parent_of(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  const size_t slash = path.rfind('/', end);
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// Whether the host alone has the file that a walk did not find in ROOT, or would have it: a new
/// one goes where its folder is, to the host if both have that.
bool belongs_to_host(const Walk& walk) {
  if (host_exists(walk.path())) return true;
  const std::string parent = parent_of(walk.path());
  if (host_exists(parent.c_str())) return true;
  return !host_exists((walk.text.substr(0, walk.root_size) + parent).c_str());
}

/// What a walk from an absolute path found. Returns whether the host may still have to follow the
/// last link.
bool take_walk(const Walk& walk, HostPath& result) {
  if (walk.too_many_links) {
    result.error = abi::kELOOP;
    return false;
  }
  const bool host =
      always_host(walk.path()) || (!walk.exists && (walk.plain_on_host || belongs_to_host(walk)));
  set_text(result, host ? walk.path() : std::string_view(walk.text));
  return host && !walk.plain_on_host;
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
  return take_walk(walk_from_top(process.root.path(), path, last_link), result);
}

/// A path relative to the host's folder `base`, or to no known folder if that is empty. Returns
/// what take_walk does.
bool resolve_below_host(const GuestProcess& process, const std::string& base,
                        std::string_view guest_path, LastLink last_link, HostPath& result) {
  if (base.starts_with('/') && !always_host(base)) {
    Walk walk;
    walk.text = process.root.path() + (base == "/" ? "" : base);
    walk.root_size = process.root.path().size();
    walk.exists = false;
    walk.below_host = true;
    walk_in_root(walk, guest_path, last_link);
    if (!walk.below_host) return take_walk(walk, result);
  }
  set_text(result, guest_path);
  return true;
}

/// Whether `host` is ROOT or inside it.
bool inside_root(const GuestProcess& process, std::string_view host) {
  const std::string& root = process.root.path();
  return host.starts_with(root) && (host.size() == root.size() || host[root.size()] == '/');
}

}  // namespace

std::string_view guest_view(const GuestProcess& process, std::string_view host) {
  if (process.root.empty() || !inside_root(process, host)) return host;
  host.remove_prefix(process.root.path().size());
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
  const std::string from_root =
      base.substr(process.root.path().size()) + "/" + std::string(guest_path);
  const Walk walk = walk_from_top(process.root.path(), from_root, last_link);
  if (walk.too_many_links) {
    result.error = abi::kELOOP;
    return false;
  }
  const bool host = always_host(walk.path());
  set_text(result, host ? walk.path() : std::string_view(walk.text));
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
