// The calls on mounts since Linux 5.2, and fanotify. Their structures are the same everywhere.
#include <algorithm>

#include "host_abi.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/path_calls.hpp"

namespace ferry::linux {

NewFd sys_open_tree(Thread& t, DirFd directory, GuestPath path, Flags flags) {
  return with_path(
      t, directory, path, link_mode((flags & AT_SYMLINK_NOFOLLOW) == 0),
      [&](int host_directory, const char* host_path) {
        return guest_result(host_call(SYS_open_tree, host_directory, host_path, flags));
      });
}

CallResult sys_move_mount(Thread& t, DirFd from_directory, GuestPath from, DirFd to_directory,
                          GuestPath to, Flags flags) {
  constexpr uint32_t kFollowFrom = 1, kFollowTo = 0x10;  // MOVE_MOUNT_*
  return with_path(t, from_directory, from, link_mode((flags & kFollowFrom) != 0),
                   [&](int from_host, const char* from_path) {
                     return with_path(
                         t, to_directory, to, link_mode((flags & kFollowTo) != 0),
                         [&](int to_host, const char* to_path) {
                           return guest_result(host_call(SYS_move_mount, from_host, from_path,
                                                         to_host, to_path, flags));
                         });
                   });
}

NewFd sys_fsopen(Thread& t, GuestString type, Flags flags) {
  return guest_result(host_call(SYS_fsopen, readable(t, type, guest::kPageSize).pointer(), flags));
}

CallResult sys_fsconfig(Thread& t, Fd fd, uint32_t command, GuestString key, Word value,
                        int32_t extra) {
  constexpr uint32_t kBinary = 2, kPath = 3, kPathEmpty = 4, kLongest = 256;  // FSCONFIG_*
  const GuestBuffer host_key = readable(t, key, kLongest);
  const auto make = [&](const void* host_value) {
    return guest_result(
        host_call(SYS_fsconfig, fd, command, host_key.pointer(), host_value, extra));
  };
  if ((command == kPath || command == kPathEmpty) && value != 0) {
    return with_path(t, extra, value, LastLink::follow,
                     [&](int, const char* path) { return make(path); });
  }
  const uint32_t length = command == kBinary ? static_cast<uint32_t>(extra) : kLongest;
  return make(readable(t, value, length).pointer());
}

NewFd sys_fspick(Thread& t, DirFd directory, GuestPath path, Flags flags) {
  constexpr uint32_t kNoFollow = 2;  // FSPICK_SYMLINK_NOFOLLOW
  return with_path(t, directory, path, link_mode((flags & kNoFollow) == 0),
                   [&](int host_directory, const char* host_path) {
                     return guest_result(host_call(SYS_fspick, host_directory, host_path, flags));
                   });
}

CallResult sys_mount_setattr(Thread& t, DirFd directory, GuestPath path, Flags flags,
                             GuestPointer attributes, uint32_t size) {
  // The host compares the size with its own pages (fs/namespace.c, wants_mount_setattr).
  if (size > guest::kPageSize) size = UINT32_MAX;
  const GuestBuffer buffer = readable(t, attributes, std::min(size, guest::kPageSize));
  return with_path(t, directory, path, link_mode((flags & AT_SYMLINK_NOFOLLOW) == 0),
                   [&](int host_directory, const char* host_path) {
                     return guest_result(host_call(SYS_mount_setattr, host_directory, host_path,
                                                   flags, buffer.pointer(), size));
                   });
}

CallResult sys_statmount(Thread& t, GuestPointer request, GuestPointer buffer, uint32_t size,
                         Flags flags) {
  return guest_result(host_call(common_call(457), readable(t, request, guest::kPageSize).pointer(),
                                writable(t, buffer, size).pointer(), size, flags));
}

CallResult sys_listmount(Thread& t, GuestPointer request, GuestPointer ids, uint32_t count,
                         Flags flags) {
  constexpr uint32_t kMost = 1000000;  // the kernel's own limit
  return guest_result(host_call(common_call(458), readable(t, request, guest::kPageSize).pointer(),
                                writable(t, ids, 8 * (count < kMost ? count : kMost)).pointer(),
                                count, flags));
}

// --- fanotify ------------------------------------------------------------------------------------

NewFd sys_fanotify_init(Thread&, Flags flags, Flags event_flags) {
  // fs/notify/fanotify/fanotify_user.c, FANOTIFY_INIT_ALL_EVENT_F_BITS, by the guest's numbers. The
  // host gets a bit that no kernel knows for each other one: its checks have an order.
  constexpr uint32_t kKnown = 07116003, kUnknown = 1u << 30;
  uint32_t host = open_flags_to_host(event_flags & kKnown);
  if ((event_flags & ~kKnown) != 0) host |= kUnknown;
  if ((event_flags & kGuestLargeFile) != 0) host |= kHostLargeFile;
  return guest_result(host_call(SYS_fanotify_init, flags, host));
}

CallResult sys_fanotify_mark(Thread& t, Fd fd, Flags flags, FileOffset mask, DirFd directory,
                             GuestPath path) {
  constexpr uint32_t kDontFollow = 4;  // FAN_MARK_DONT_FOLLOW
  const auto mark = [&](int host_directory, const char* host_path) {
    return guest_result(
        host_call(SYS_fanotify_mark, fd, flags, mask.number, host_directory, host_path));
  };
  if (path == 0) return mark(directory, nullptr);
  return with_path(t, directory, path, link_mode((flags & kDontFollow) == 0), mark);
}

}  // namespace ferry::linux
