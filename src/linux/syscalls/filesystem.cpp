// Paths: opening, status, directories, links, ownership, times, mounting.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "linux/kernel/path.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/directory.hpp"
#include "linux/syscalls/file_effects.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/path_calls.hpp"
#include "linux/syscalls/proc_files.hpp"
#include "linux/syscalls/small_files.hpp"

namespace ferry::linux {

namespace {

CallResult open_call(Thread& t, int directory, uint32_t path, uint32_t guest_flags, uint32_t mode) {
  PathArgument argument;
  const uint32_t flags = open_flags_to_host(guest_flags);
  const bool creates_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  argument.load(t, directory, path, link_mode((flags & O_NOFOLLOW) == 0 && !creates_new));
  const Errno error = argument.host.error;
  if (error != kOk) return error;
  const bool small = (guest_flags & kGuestLargeFile) == 0 && (flags & O_PATH) == 0;
  if (const auto own = open_proc_file(t, argument.host.file, flags)) {
    if (own->ok()) {
      t.process->small.set(static_cast<int>(own->value()),
                           small ? SmallKind::unlimited : SmallKind::large);
    }
    return *own;
  }
  // An emulator below opens its own idea of /proc/self/exe, whatever the flags.
  const bool no_link = (flags & (O_NOFOLLOW | O_PATH | O_CREAT | O_DIRECTORY)) == O_NOFOLLOW;
  if (argument.host.file.entry == ProcEntry::exe && no_link) return abi::kELOOP;
  const CallResult opened = small ? open_small(t, argument.host, flags, mode)
                                  : blocking_call(t, SYS_openat, argument.host.directory,
                                                  argument.host.text, flags, mode);
  if (!opened.ok()) return opened;
  const auto fd = static_cast<int>(opened.value());
  if (!small) t.process->small.set(fd, SmallKind::large);
  note_opened(t, fd, argument.host.text, flags);
  return opened;
}

}  // namespace

NewFd sys_open(Thread& t, GuestPath path, Flags flags, FileMode mode) {
  return open_call(t, AT_FDCWD, path, flags, mode);
}
NewFd sys_openat(Thread& t, DirFd directory, GuestPath path, Flags flags, FileMode mode) {
  return open_call(t, directory, path, flags, mode);
}
NewFd sys_creat(Thread& t, GuestPath path, FileMode mode) {
  // A 64-bit kernel has no creat of its own for i386, so O_LARGEFILE is set (fs/open.c).
  constexpr uint32_t kGuestFlags = 0100 | 01000 | O_WRONLY;  // O_CREAT | O_TRUNC
  return open_call(t, AT_FDCWD, path, kGuestFlags | kGuestLargeFile, mode);
}

// --- status -------------------------------------------------------------------------------------

namespace {

CallResult status_of(Thread& t, int directory, uint32_t path, uint32_t flags, uint32_t mask,
                     struct statx& status) {
  PathArgument argument;
  const LastLink last_link = link_mode((flags & AT_SYMLINK_NOFOLLOW) == 0);
  argument.load(t, directory, path, last_link);
  const HostPath& host = argument.host;
  const long result = host_call(SYS_statx, host.directory, argument.text(), flags, mask, &status);
  if (result == 0) hide_in_status(t, host.directory, host.text, status);
  return argument.settle(guest_result(result));
}

template <typename Guest>
CallResult give(Thread& t, uint32_t pointer, const std::optional<Guest>& guest) {
  if (!guest) return abi::kEOVERFLOW;
  return copy_out(t, pointer, *guest) ? kOk : abi::kEFAULT;
}

/// The stat family: `convert` makes the structure of the call from the host's statx.
template <typename Convert>
CallResult path_status(Thread& t, GuestPath path, GuestPointer status_pointer, int flags,
                       Convert convert) {
  struct statx status;
  const CallResult result = status_of(t, AT_FDCWD, path, flags, STATX_BASIC_STATS, status);
  return !result.ok() ? result : give(t, status_pointer, convert(status));
}

template <typename Convert>
CallResult descriptor_status(Thread& t, Fd fd, GuestPointer status_pointer, Convert convert) {
  struct statx status;
  if (fd < 0) return abi::kEBADF;  // AT_FDCWD is not allowed here
  const long result = host_call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status);
  if (result != 0) return guest_result(result);
  hide_in_status(t, fd, "", status);
  return give(t, status_pointer, convert(status));
}

std::optional<abi::Stat64> wide_status(const struct statx& host) {
  return stat64_from(host);
}

}  // namespace

CallResult sys_oldstat(Thread& t, GuestPath path, GuestPointer status) {
  return path_status(t, path, status, 0, old_stat_from);
}
CallResult sys_oldlstat(Thread& t, GuestPath path, GuestPointer status) {
  return path_status(t, path, status, AT_SYMLINK_NOFOLLOW, old_stat_from);
}
CallResult sys_oldfstat(Thread& t, Fd fd, GuestPointer status) {
  return descriptor_status(t, fd, status, old_stat_from);
}
CallResult sys_stat(Thread& t, GuestPath path, GuestPointer status) {
  return path_status(t, path, status, 0, stat32_from);
}
CallResult sys_lstat(Thread& t, GuestPath path, GuestPointer status) {
  return path_status(t, path, status, AT_SYMLINK_NOFOLLOW, stat32_from);
}
CallResult sys_fstat(Thread& t, Fd fd, GuestPointer status) {
  return descriptor_status(t, fd, status, stat32_from);
}
CallResult sys_stat64(Thread& t, GuestPath path, GuestPointer status) {
  return path_status(t, path, status, 0, wide_status);
}
CallResult sys_lstat64(Thread& t, GuestPath path, GuestPointer status) {
  return path_status(t, path, status, AT_SYMLINK_NOFOLLOW, wide_status);
}
CallResult sys_fstat64(Thread& t, Fd fd, GuestPointer status) {
  return descriptor_status(t, fd, status, wide_status);
}
CallResult sys_fstatat64(Thread& t, DirFd directory, GuestPath path, GuestPointer status_pointer,
                         Flags flags) {
  struct statx status;
  const CallResult result = status_of(t, directory, path, flags, STATX_BASIC_STATS, status);
  return !result.ok() ? result : give(t, status_pointer, wide_status(status));
}

CallResult sys_statx(Thread& t, DirFd directory, GuestPath path, Flags flags, Flags mask,
                     GuestPointer status_pointer) {
  struct statx status;  // the same structure everywhere
  const CallResult result = status_of(t, directory, path, flags, mask, status);
  return !result.ok() ? result : give(t, status_pointer, std::optional(status));
}

namespace {

template <typename Guest>
CallResult give_statfs(Thread& t, uint32_t pointer, CallResult result, const struct statfs& host) {
  if (!result.ok()) return result;
  Guest guest;
  std::memset(&guest, 0, sizeof guest);
  guest.type = static_cast<uint32_t>(host.f_type);
  guest.bsize = static_cast<uint32_t>(host.f_bsize);
  guest.blocks = static_cast<decltype(guest.blocks + 0)>(host.f_blocks);
  guest.bfree = static_cast<decltype(guest.bfree + 0)>(host.f_bfree);
  guest.bavail = static_cast<decltype(guest.bavail + 0)>(host.f_bavail);
  guest.files = static_cast<decltype(guest.files + 0)>(host.f_files);
  guest.ffree = static_cast<decltype(guest.ffree + 0)>(host.f_ffree);
  std::memcpy(guest.fsid, &host.f_fsid, sizeof guest.fsid);
  guest.namelen = static_cast<uint32_t>(host.f_namelen);
  guest.frsize = static_cast<uint32_t>(host.f_frsize);
  guest.flags = static_cast<uint32_t>(host.f_flags);
  if (guest.blocks != host.f_blocks) return abi::kEOVERFLOW;
  return copy_out(t, pointer, guest) ? kOk : abi::kEFAULT;
}

/// The 64-bit calls pass the structure's size; the kernel takes 84 and, for old libcs, 88.
bool statfs64_size_ok(uint32_t size) {
  return size == sizeof(abi::StatFs64) || size == 88;
}

}  // namespace

CallResult sys_statfs(Thread& t, GuestPath path, GuestPointer status) {
  struct statfs host {};
  const CallResult result = plain_path_call(t, path, LastLink::follow, SYS_statfs, &host);
  return give_statfs<abi::StatFs32>(t, status, result, host);
}
CallResult sys_fstatfs(Thread& t, Fd fd, GuestPointer status) {
  struct statfs host {};
  return give_statfs<abi::StatFs32>(t, status, guest_result(host_call(SYS_fstatfs, fd, &host)),
                                    host);
}
CallResult sys_statfs64(Thread& t, GuestPath path, uint32_t size, GuestPointer status) {
  if (!statfs64_size_ok(size)) return abi::kEINVAL;
  struct statfs host {};
  const CallResult result = plain_path_call(t, path, LastLink::follow, SYS_statfs, &host);
  return give_statfs<abi::StatFs64>(t, status, result, host);
}
CallResult sys_fstatfs64(Thread& t, Fd fd, uint32_t size, GuestPointer status) {
  if (!statfs64_size_ok(size)) return abi::kEINVAL;
  struct statfs host {};
  return give_statfs<abi::StatFs64>(t, status, guest_result(host_call(SYS_fstatfs, fd, &host)),
                                    host);
}

CallResult sys_access(Thread& t, GuestPath path, FileMode mode) {
  return path_call(t, AT_FDCWD, path, LastLink::follow, SYS_faccessat, mode);
}
CallResult sys_faccessat(Thread& t, DirFd directory, GuestPath path, FileMode mode) {
  return path_call(t, directory, path, LastLink::follow, SYS_faccessat, mode);
}
CallResult sys_faccessat2(Thread& t, DirFd directory, GuestPath path, FileMode mode, Flags flags) {
  return path_call(t, directory, path, link_mode((flags & AT_SYMLINK_NOFOLLOW) == 0),
                   SYS_faccessat2, mode, flags);
}

// --- the working directory and links ------------------------------------------------------------

CallResult sys_chdir(Thread& t, GuestPath path) {
  return plain_path_call(t, path, LastLink::follow, SYS_chdir);
}

/// With -L, a chroot to ROOT itself changes nothing, so the host keeps its own; one to another
/// folder leaves ROOT: the host's root is the guest's then, with none of the host's files besides.
CallResult sys_chroot(Thread& t, GuestPath path) {
  PathArgument argument;
  argument.load(t, AT_FDCWD, path, LastLink::follow);
  RootFolder& root = t.process->root;
  const bool leaves = !root.empty();
  const bool stays =
      leaves && argument.host.error == kOk && guest_view(*t.process, argument.host.text) == "/";
  const CallResult result =
      argument.settle(guest_result(host_call(SYS_chroot, stays ? "/" : argument.text())));
  if (result.ok() && leaves && !stays) root.leave();
  return result;
}

CallResult sys_getcwd(Thread& t, GuestPointer buffer_pointer, uint32_t room) {
  char buffer[4096];
  const long length = host_call(SYS_getcwd, buffer, sizeof buffer);
  if (length < 0) return guest_result(length);
  const std::string text(guest_view(*t.process, {buffer, static_cast<size_t>(length) - 1}));
  const uint32_t size = static_cast<uint32_t>(text.size()) + 1;
  if (size > room) return abi::kERANGE;
  if (!copy_out_bytes(t, buffer_pointer, text.c_str(), size)) return abi::kEFAULT;
  return size;
}

namespace {

CallResult read_link(Thread& t, int directory, uint32_t path, uint32_t buffer, uint32_t size) {
  if (static_cast<int32_t>(size) <= 0) return abi::kEINVAL;
  PathArgument argument;
  argument.load(t, directory, path, LastLink::keep);
  const Errno error = argument.host.error;
  if (error != kOk) return error;
  const GuestProcess& process = *t.process;
  const ProcFile& file = argument.host.file;
  // Of an executable, what the kernel says now: the file may have been renamed or deleted.
  const std::string executable =
      file.entry == ProcEntry::exe ? executable_descriptor(process, file) : "";
  const char* const host_path = executable.empty() ? argument.host.text : executable.c_str();
  char text[4096];
  const long result =
      host_call(SYS_readlinkat, argument.host.directory, host_path, text, sizeof text);
  if (result < 0) return guest_result(result);
  // Links in /proc show the host's view: cwd, fd/N. No other link leads into ROOT from outside.
  std::string_view target = guest_view(process, {text, static_cast<size_t>(result)});
  if (executable.empty() && file.entry == ProcEntry::exe && is_own_process(process, file.pid))
    target = process.executable;
  target = target.substr(0, size);
  const auto length = static_cast<uint32_t>(target.size());
  if (!copy_out_bytes(t, buffer, target.data(), length)) return abi::kEFAULT;
  return length;
}

}  // namespace

CallResult sys_readlink(Thread& t, GuestPath path, GuestPointer buffer, uint32_t size) {
  return read_link(t, AT_FDCWD, path, buffer, size);
}
CallResult sys_readlinkat(Thread& t, DirFd directory, GuestPath path, GuestPointer buffer,
                          uint32_t size) {
  return read_link(t, directory, path, buffer, size);
}

namespace {

/// The result of a host call that was given both paths: the kernel looks at the first one first.
CallResult settle(const PathArgument& source, const PathArgument& target, CallResult result) {
  return source.host.error != kOk ? source.settle(result) : target.settle(result);
}

/// link, rename: two paths. `first_link` is for linkat's AT_SYMLINK_FOLLOW.
template <typename... Words>
CallResult two_paths(Thread& t, int from_directory, uint32_t from, int to_directory, uint32_t to,
                     LastLink first_link, long number, Words... rest) {
  PathArgument source;
  PathArgument target;
  source.load(t, from_directory, from, first_link);
  target.load(t, to_directory, to, LastLink::keep);
  const long result = host_call(number, source.host.directory, source.text(), target.host.directory,
                                target.text(), rest...);
  return settle(source, target, guest_result(result));
}

CallResult make_symlink(Thread& t, uint32_t contents, int directory, uint32_t path) {
  char text[4096];
  const Result<uint32_t> length = copy_in_string(contents, text, sizeof text);
  return with_path(t, directory, path, LastLink::keep, [&](int host_directory, const char* name) {
    const long result =
        host_call(SYS_symlinkat, length.ok() ? text : nowhere(), host_directory, name);
    return length.ok() ? guest_result(result) : in_order(guest_result(result), length.error());
  });
}

}  // namespace

CallResult sys_link(Thread& t, GuestPath from, GuestPath to) {
  return two_paths(t, AT_FDCWD, from, AT_FDCWD, to, LastLink::keep, SYS_linkat, 0);
}
CallResult sys_linkat(Thread& t, DirFd from_directory, GuestPath from, DirFd to_directory,
                      GuestPath to, Flags flags) {
  return two_paths(t, from_directory, from, to_directory, to,
                   link_mode((flags & AT_SYMLINK_FOLLOW) != 0), SYS_linkat, flags);
}
CallResult sys_rename(Thread& t, GuestPath from, GuestPath to) {
  return two_paths(t, AT_FDCWD, from, AT_FDCWD, to, LastLink::keep, SYS_renameat2, 0);
}
CallResult sys_renameat(Thread& t, DirFd from_directory, GuestPath from, DirFd to_directory,
                        GuestPath to) {
  return two_paths(t, from_directory, from, to_directory, to, LastLink::keep, SYS_renameat2, 0);
}
CallResult sys_renameat2(Thread& t, DirFd from_directory, GuestPath from, DirFd to_directory,
                         GuestPath to, Flags flags) {
  return two_paths(t, from_directory, from, to_directory, to, LastLink::keep, SYS_renameat2, flags);
}
CallResult sys_symlink(Thread& t, GuestString contents, GuestPath path) {
  return make_symlink(t, contents, AT_FDCWD, path);
}
CallResult sys_symlinkat(Thread& t, GuestString contents, DirFd directory, GuestPath path) {
  return make_symlink(t, contents, directory, path);
}

CallResult sys_unlink(Thread& t, GuestPath path) {
  return path_call(t, AT_FDCWD, path, LastLink::keep, SYS_unlinkat, 0);
}
CallResult sys_unlinkat(Thread& t, DirFd directory, GuestPath path, Flags flags) {
  return path_call(t, directory, path, LastLink::keep, SYS_unlinkat, flags);
}
CallResult sys_rmdir(Thread& t, GuestPath path) {
  return path_call(t, AT_FDCWD, path, LastLink::keep, SYS_unlinkat, AT_REMOVEDIR);
}
CallResult sys_mkdir(Thread& t, GuestPath path, FileMode mode) {
  return path_call(t, AT_FDCWD, path, LastLink::keep, SYS_mkdirat, mode);
}
CallResult sys_mkdirat(Thread& t, DirFd directory, GuestPath path, FileMode mode) {
  return path_call(t, directory, path, LastLink::keep, SYS_mkdirat, mode);
}
CallResult sys_mknod(Thread& t, GuestPath path, FileMode mode, Word device) {
  return path_call(t, AT_FDCWD, path, LastLink::keep, SYS_mknodat, mode, device);
}
CallResult sys_mknodat(Thread& t, DirFd directory, GuestPath path, FileMode mode, Word device) {
  return path_call(t, directory, path, LastLink::keep, SYS_mknodat, mode, device);
}

// --- mode, owner, size, times --------------------------------------------------------------------

CallResult sys_chmod(Thread& t, GuestPath path, FileMode mode) {
  return path_call(t, AT_FDCWD, path, LastLink::follow, SYS_fchmodat, mode);
}
CallResult sys_fchmodat(Thread& t, DirFd directory, GuestPath path, FileMode mode) {
  return path_call(t, directory, path, LastLink::follow, SYS_fchmodat, mode);
}

/// A host older than 6.6 has only what fchmodat does.
CallResult sys_fchmodat2(Thread& t, DirFd directory, GuestPath path, FileMode mode, Flags flags) {
  if ((flags & ~static_cast<uint32_t>(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
    return abi::kEINVAL;
  const CallResult result =
      path_call(t, directory, path, link_mode((flags & AT_SYMLINK_NOFOLLOW) == 0), common_call(452),
                mode, flags);
  if (result != abi::kENOSYS || flags != 0) return result;
  return sys_fchmodat(t, directory, path, mode);
}

CallResult sys_chown(Thread& t, GuestPath path, int32_t owner, int32_t group) {
  return path_call(t, AT_FDCWD, path, LastLink::follow, SYS_fchownat, wide_id(owner),
                   wide_id(group), 0);
}
CallResult sys_lchown(Thread& t, GuestPath path, int32_t owner, int32_t group) {
  return path_call(t, AT_FDCWD, path, LastLink::keep, SYS_fchownat, wide_id(owner), wide_id(group),
                   AT_SYMLINK_NOFOLLOW);
}
CallResult sys_fchown(Thread&, Fd fd, int32_t owner, int32_t group) {
  return guest_result(host_call(SYS_fchown, fd, wide_id(owner), wide_id(group)));
}
CallResult sys_chown32(Thread& t, GuestPath path, int32_t owner, int32_t group) {
  return path_call(t, AT_FDCWD, path, LastLink::follow, SYS_fchownat, owner, group, 0);
}
CallResult sys_lchown32(Thread& t, GuestPath path, int32_t owner, int32_t group) {
  return path_call(t, AT_FDCWD, path, LastLink::keep, SYS_fchownat, owner, group,
                   AT_SYMLINK_NOFOLLOW);
}
CallResult sys_fchownat(Thread& t, DirFd directory, GuestPath path, int32_t owner, int32_t group,
                        Flags flags) {
  return path_call(t, directory, path, link_mode((flags & AT_SYMLINK_NOFOLLOW) == 0), SYS_fchownat,
                   owner, group, flags);
}

namespace {

CallResult truncate_call(Thread& t, uint32_t path, int64_t length) {
  PathArgument argument;
  argument.load(t, AT_FDCWD, path, LastLink::follow);
  const CallResult result =
      argument.settle(guest_result(host_call(SYS_truncate, argument.text(), length)));
  const long fd =
      result.ok() ? host_call(SYS_openat, AT_FDCWD, argument.host.text, O_PATH | O_CLOEXEC) : -1;
  if (fd >= 0) {
    note_resized(t, static_cast<int>(fd));
    host_call(SYS_close, fd);
  }
  return result;
}

}  // namespace

CallResult sys_truncate(Thread& t, GuestPath path, int32_t length) {
  return truncate_call(t, path, length);
}
CallResult sys_truncate64(Thread& t, GuestPath path, FileOffset length) {
  return truncate_call(t, path, length);
}

namespace {

CallResult set_times(Thread& t, int directory, uint32_t path, const struct timespec* times,
                     uint32_t flags) {
  if (path == 0) return guest_result(host_call(SYS_utimensat, directory, nullptr, times, flags));
  return path_call(t, directory, path, link_mode((flags & AT_SYMLINK_NOFOLLOW) == 0), SYS_utimensat,
                   times, flags);
}

CallResult set_times_from_spec(Thread& t, DirFd directory, GuestPath path,
                               GuestPointer times_pointer, Flags flags, TimeWidth width) {
  struct timespec times[2];
  if (times_pointer == 0) return set_times(t, directory, path, nullptr, flags);
  const uint32_t size = width == TimeWidth::time32 ? 8 : 16;
  if (!copy_in_time(times_pointer, width, times[0]) ||
      !copy_in_time(times_pointer + size, width, times[1]))
    return abi::kEFAULT;
  return set_times(t, directory, path, times, flags);
}

CallResult set_times_from_values(Thread& t, int directory, uint32_t path, uint32_t values) {
  if (values == 0) return set_times(t, directory, path, nullptr, 0);
  struct timeval pair[2];
  if (!copy_in_timeval(values, pair[0]) || !copy_in_timeval(values + 8, pair[1]))
    return abi::kEFAULT;
  struct timespec times[2];
  for (unsigned i = 0; i < 2; ++i) {
    if (pair[i].tv_usec < 0 || pair[i].tv_usec >= 1000000) return abi::kEINVAL;
    times[i] = {pair[i].tv_sec, pair[i].tv_usec * 1000};
  }
  return set_times(t, directory, path, times, 0);
}

}  // namespace

CallResult sys_utimensat(Thread& t, DirFd directory, GuestPath path, GuestPointer times,
                         Flags flags) {
  return set_times_from_spec(t, directory, path, times, flags, TimeWidth::time32);
}
CallResult sys_utimensat_time64(Thread& t, DirFd directory, GuestPath path, GuestPointer times,
                                Flags flags) {
  return set_times_from_spec(t, directory, path, times, flags, TimeWidth::time64);
}
CallResult sys_utimes(Thread& t, GuestPath path, GuestPointer times) {
  return set_times_from_values(t, AT_FDCWD, path, times);
}
CallResult sys_futimesat(Thread& t, DirFd directory, GuestPath path, GuestPointer times) {
  return set_times_from_values(t, directory, path, times);
}
CallResult sys_utime(Thread& t, GuestPath path, GuestPointer times_pointer) {
  if (times_pointer == 0) return set_times(t, AT_FDCWD, path, nullptr, 0);
  int32_t seconds[2];
  if (!copy_in(times_pointer, seconds)) return abi::kEFAULT;
  const struct timespec times[2] = {{seconds[0], 0}, {seconds[1], 0}};
  return set_times(t, AT_FDCWD, path, times, 0);
}

CallResult sys_inotify_add_watch(Thread& t, Fd fd, GuestPath path, Flags mask) {
  return with_path(t, AT_FDCWD, path, LastLink::follow, [&](int, const char* text) {
    return guest_result(host_call(SYS_inotify_add_watch, fd, text, mask));
  });
}

// --- mounting ------------------------------------------------------------------------------------

CallResult sys_mount(Thread& t, GuestString source_pointer, GuestPath target_pointer,
                     GuestString type_pointer, Flags flags, GuestPointer data_pointer) {
  PathArgument source;
  PathArgument target;
  if (source_pointer != 0) {
    source.load(t, AT_FDCWD, source_pointer, LastLink::follow);
    const Errno error = source.host.error;
    if (error != kOk) return error;
  }
  target.load(t, AT_FDCWD, target_pointer, LastLink::follow);
  const Errno error = target.host.error;
  if (error != kOk) return error;
  // A source may be a word like "proc": only one that begins with a slash is a path.
  const bool is_path = source_pointer != 0 && source.guest[0] == '/';
  const void* name = source_pointer == 0 ? nullptr : is_path ? source.host.text : source.guest;
  const GuestBuffer type = readable(t, type_pointer, guest::kPageSize);
  const GuestBuffer data = readable(t, data_pointer, guest::kPageSize);
  return guest_result(
      host_call(SYS_mount, name, target.host.text, type.pointer(), flags, data.pointer()));
}
CallResult sys_umount(Thread& t, GuestPath path) {
  return plain_path_call(t, path, LastLink::follow, SYS_umount2, 0);
}
CallResult sys_umount2(Thread& t, GuestPath path, Flags flags) {
  return plain_path_call(t, path, LastLink::follow, SYS_umount2, flags);
}
CallResult sys_swapon(Thread& t, GuestPath path, Flags flags) {
  return plain_path_call(t, path, LastLink::follow, SYS_swapon, flags);
}
CallResult sys_swapoff(Thread& t, GuestPath path) {
  return plain_path_call(t, path, LastLink::follow, SYS_swapoff);
}
CallResult sys_pivot_root(Thread& t, GuestPath root, GuestPath old) {
  PathArgument source;
  PathArgument target;
  source.load(t, AT_FDCWD, root, LastLink::follow);
  target.load(t, AT_FDCWD, old, LastLink::follow);
  const long result = host_call(SYS_pivot_root, source.text(), target.text());
  return settle(source, target, guest_result(result));
}

}  // namespace ferry::linux
