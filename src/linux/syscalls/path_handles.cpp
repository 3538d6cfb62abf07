// openat2, and files by handles instead of names.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/hidden_descriptors.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/file_effects.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/path_calls.hpp"
#include "linux/syscalls/proc_files.hpp"
#include "linux/syscalls/small_files.hpp"

namespace ferry::linux {

namespace {

struct OpenHow {  // struct open_how, the same everywhere
  abi::U64 flags, mode, resolve;
};

// Guest flags: include/uapi/asm-generic/fcntl.h.
constexpr uint32_t kCreate = 0100, kTruncate = 01000, kDirectory = 0200000, kNoFollow = 0400000,
                   kCloseOnExec = 02000000, kPath = 010000000, kTemporary = 020000000;
/// VALID_OPEN_FLAGS of include/linux/fcntl.h.
constexpr uint64_t kValidFlags = 037777703;
constexpr uint64_t kScoped = RESOLVE_BENEATH | RESOLVE_IN_ROOT;
constexpr uint64_t kValidResolve =
    kScoped | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_CACHED;

/// fs/open.c, build_open_flags (6.12).
Errno check_how(const OpenHow& how) {
  constexpr uint64_t kModes = 07777;  // S_IALLUGO
  const bool creates = (how.flags & (kCreate | kTemporary)) != 0;
  if ((how.flags & ~kValidFlags) != 0 || (how.resolve & ~kValidResolve) != 0) return abi::kEINVAL;
  if ((how.resolve & kScoped) == kScoped) return abi::kEINVAL;
  if (how.mode != 0 && (!creates || (how.mode & ~kModes) != 0)) return abi::kEINVAL;
  if ((how.flags & (kDirectory | kCreate)) == (kDirectory | kCreate)) return abi::kEINVAL;
  const bool writes = (how.flags & O_ACCMODE) != O_RDONLY;
  if ((how.flags & kTemporary) != 0 && ((how.flags & kDirectory) == 0 || !writes))
    return abi::kEINVAL;
  constexpr uint64_t kWithPath = kDirectory | kNoFollow | kPath | kCloseOnExec;
  if ((how.flags & kPath) != 0 && (how.flags & ~kWithPath) != 0) return abi::kEINVAL;
  if ((how.resolve & RESOLVE_CACHED) != 0 && (how.flags & (kTruncate | kCreate | kTemporary)) != 0)
    return abi::kEAGAIN;
  return kOk;
}

/// The host's call. The scope of `directory` needs no ROOT: nothing leads out of it.
CallResult open_on_host(Thread& t, int directory, const char* path, const OpenHow& how) {
  const struct open_how host {
    open_flags_to_host(static_cast<uint32_t>(how.flags)), how.mode, how.resolve
  };
  return blocking_call(t, SYS_openat2, directory, path, &host, sizeof host);
}

/// A path in ROOT, `guest_path` as the guest sees it from the root.
CallResult open_in_root(Thread& t, const char* guest_path, OpenHow how) {
  const long root = make_own_descriptor([&] {
    return host_call(SYS_openat, AT_FDCWD, t.process->root.path().c_str(),
                     O_PATH | O_DIRECTORY | O_CLOEXEC);
  });
  if (root < 0) return guest_result(root);
  how.resolve |= RESOLVE_IN_ROOT;
  const CallResult result = open_on_host(t, static_cast<int>(root), guest_path, how);
  host_call(SYS_close, root);
  return result;
}

/// Opens `path` under the rules of `how.resolve`, where they leave ROOT's rules (path.hpp) alone:
/// links are followed by the host, from the place in ROOT or outside that the path begins at.
CallResult open_by_rules(Thread& t, int directory, const char* path, const OpenHow& how,
                         const HostPath& resolved) {
  const std::string& root = t.process->root.path();
  const std::string_view found(resolved.text);
  const bool in_root = !root.empty() && found.starts_with(root) && found.size() > root.size() &&
                       found[root.size()] == '/';
  if ((how.resolve & kScoped) != 0 || !in_root) return open_on_host(t, directory, path, how);
  if (path[0] == '/') return open_in_root(t, path, how);
  const std::string base(guest_view(*t.process, descriptor_path(directory)));
  return open_in_root(t, (base + "/" + path).c_str(), how);
}

/// What the guest gets instead of what the host opened as `fd`, if `file` must show the guest.
CallResult replace_opened(Thread& t, int fd, const ProcFile& file, uint32_t host_flags) {
  CallResult result = static_cast<uint32_t>(fd);
  if (file.entry == ProcEntry::exe) {
    const std::string executable = executable_descriptor(*t.process, file);
    if (!executable.empty())
      result = guest_result(host_call(SYS_openat, AT_FDCWD, executable.c_str(), host_flags));
  } else if (const auto own = open_proc_file(t, file, host_flags)) {
    result = *own;
  }
  if (result.ok() ? static_cast<int>(result.value()) != fd : true) host_call(SYS_close, fd);
  return result;
}

}  // namespace

NewFd sys_openat2(Thread& t, DirFd directory, GuestPath path_pointer, GuestPointer how_pointer,
                  uint32_t size) {
  OpenHow how{};
  if (size < sizeof how) return abi::kEINVAL;
  if (size > guest::kPageSize) return abi::kE2BIG;
  Errno error = copy_in_versioned(how_pointer, size, how);
  if (error == kOk) error = check_how(how);
  if (error != kOk) return error;
  // A 64-bit kernel sets O_LARGEFILE (fs/open.c, sys_openat2).
  auto flags = static_cast<uint32_t>(how.flags);
  if ((flags & kPath) == 0) flags |= kGuestLargeFile;
  if (how.resolve == 0)
    return sys_openat(t, directory, path_pointer, Flags{flags},
                      FileMode{static_cast<uint32_t>(how.mode)});
  char path[4096];
  const Result<uint32_t> length = copy_in_string(path_pointer, path, sizeof path);
  if (!length.ok()) return length.error();
  // Below the directory even if it begins with a slash.
  const char* const inside =
      (how.resolve & RESOLVE_IN_ROOT) != 0 ? path + std::strspn(path, "/") : path;
  HostPath resolved;
  resolve_path(*t.process, directory, inside, link_mode((flags & kNoFollow) == 0), resolved);
  if (resolved.error != kOk && resolved.error != abi::kELOOP) return resolved.error;
  const CallResult opened = open_by_rules(t, directory, path, how, resolved);
  if (!opened.ok()) return opened;
  const uint32_t host_flags = open_flags_to_host(flags);
  const auto fd = static_cast<int>(opened.value());
  if (resolved.file.entry != ProcEntry::none && (flags & kPath) == 0)
    return replace_opened(t, fd, resolved.file, host_flags);
  t.process->small.set(fd, SmallKind::large);
  note_opened(t, fd, inside, host_flags);
  return opened;
}

/// fs/fhandle.c. A handle is the same everywhere.
CallResult sys_name_to_handle_at(Thread& t, DirFd directory, GuestPath path, GuestPointer handle,
                                 GuestPointer mount, Flags flags) {
  constexpr uint32_t kUniqueMount = 1, kConnectable = 2, kForId = 0x200;  // AT_HANDLE_*
  constexpr uint32_t kHeader = 8, kMost = 128;                            // MAX_HANDLE_SZ
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | kUniqueMount | kConnectable | kForId)) != 0)
    return abi::kEINVAL;
  uint32_t bytes = 0;
  static_cast<void>(copy_in(handle, bytes));  // the host finds a fault in its turn
  const GuestBuffer buffer = writable(t, handle, kHeader + std::min(bytes, kMost));
  const GuestBuffer number = writable(t, mount, (flags & kUniqueMount) != 0 ? 8 : 4);
  return path_call(t, directory, path, link_mode((flags & AT_SYMLINK_FOLLOW) != 0),
                   SYS_name_to_handle_at, buffer.pointer(), number.pointer(), flags);
}

NewFd sys_open_by_handle_at(Thread& t, DirFd mount, GuestPointer handle, Flags guest_flags) {
  constexpr uint32_t kHeader = 8, kMost = 128;
  uint32_t bytes = 0;
  static_cast<void>(copy_in(handle, bytes));
  const GuestBuffer buffer = readable(t, handle, kHeader + std::min(bytes, kMost));
  const uint32_t flags = open_flags_to_host(guest_flags);
  const CallResult opened = blocking_call(t, SYS_open_by_handle_at, mount, buffer.pointer(), flags);
  if (!opened.ok()) return opened;
  const auto fd = static_cast<int>(opened.value());
  t.process->small.set(fd, SmallKind::large);
  note_opened(t, fd, "", flags);
  if ((guest_flags & (kGuestLargeFile | kPath)) != 0) return opened;
  // Again by the descriptor's name, for the rules of descriptors without O_LARGEFILE.
  HostPath host;
  const std::string name = "/proc/self/fd/" + std::to_string(fd);
  std::copy_n(name.c_str(), name.size() + 1, host.text);
  host.directory = AT_FDCWD;
  const CallResult small = open_small(t, host, flags & ~static_cast<uint32_t>(O_NOFOLLOW), 0);
  host_call(SYS_close, fd);
  return small;
}

}  // namespace ferry::linux
