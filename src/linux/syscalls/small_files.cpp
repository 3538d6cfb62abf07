#include "linux/syscalls/small_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "host_abi.hpp"
#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/hidden_descriptors.hpp"

namespace ferry::linux {

namespace {

bool appends(long file_flags, uint32_t call_flags) {
  constexpr uint32_t kAppend = 0x10, kNoAppend = 0x20;  // include/uapi/linux/fs.h, RWF_*
  return ((file_flags & O_APPEND) != 0 && (call_flags & kNoAppend) == 0) ||
         (call_flags & kAppend) != 0;
}

/// What the host says of the file open as `fd`; a mode of 0 if it says nothing.
struct statx type_and_size(int fd) {
  struct statx status;
  const long result = host_call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &status);
  if (result < 0) status.stx_mode = 0;
  return status;
}

/// Size of a regular file; -1 for others.
int64_t regular_file_size(const struct statx& status) {
  return S_ISREG(status.stx_mode) ? static_cast<int64_t>(status.stx_size) : -1;
}

}  // namespace

CallResult open_small(Thread& t, const HostPath& host, uint32_t flags, uint32_t mode) {
  if ((flags & O_TRUNC) != 0) {
    struct statx status;
    const int follow = (flags & O_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0;
    const long found =
        host_call(SYS_statx, host.directory, host.text, follow, STATX_TYPE | STATX_SIZE, &status);
    if (found == 0 && regular_file_size(status) > kLargestSmallFile) {
      // The file is opened with the rights that truncating needs: other errors come first.
      flags &= ~static_cast<uint32_t>(O_TRUNC);
      if ((flags & O_ACCMODE) == O_RDONLY) flags |= O_RDWR;
    }
  }
  const CallResult opened = blocking_call(t, SYS_openat, host.directory, host.text, flags, mode);
  if (!opened.ok()) return opened;
  const auto fd = static_cast<int>(opened.value());
  const struct statx status = type_and_size(fd);
  if (regular_file_size(status) > kLargestSmallFile) {
    host_call(SYS_close, fd);
    return abi::kEOVERFLOW;
  }
  const bool limited = S_ISREG(status.stx_mode) || S_ISBLK(status.stx_mode);
  t.process->small.set(fd, limited ? SmallKind::limited : SmallKind::unlimited);
  return opened;
}

Result<uint64_t> small_write_length(int fd, uint64_t length, const WritePlace& place) {
  if (length == 0 && !place.even_nothing) return 0;
  const long flags = host_call(SYS_fcntl, fd, F_GETFL);
  // The host refuses what fails for another reason.
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return length;
  const bool append = appends(flags, place.flags);
  if (append && !place.may_append) return length;
  int64_t position = place.position;
  if (append) {
    position = regular_file_size(type_and_size(fd));
  } else if (position == WritePlace::kOwn) {
    position = host_call(SYS_lseek, fd, 0, SEEK_CUR);
  }
  const bool below = static_cast<uint64_t>(position) + length < kLargestSmallFile;
  if (position < 0 || below) return length;
  if (!append && regular_file_size(type_and_size(fd)) < 0) return length;
  // The limit does not apply to files of procfs, although they count as regular: /proc/PID/mem can
  // be written anywhere.
  if (in_procfs(fd)) return length;
  if (position < kLargestSmallFile)
    return std::min(length, static_cast<uint64_t>(kLargestSmallFile - position));
  // RLIMIT_FSIZE comes first, and sends SIGXFSZ.
  if (host_limit(RLIMIT_FSIZE).soft <= static_cast<uint64_t>(position)) return length;
  return abi::kEFBIG;
}

bool shows_large_file(const Thread& thread, int fd, uint32_t host_flags) {
  if ((host_flags & O_PATH) != 0) return false;
  // A block device has the flag however it was opened (block/fops.c, blkdev_open).
  if (thread.process->small.contains(fd)) return S_ISBLK(type_and_size(fd).stx_mode);
  // An emulator below may not pass the flag on. Files opened by a name have the flag, and memfds.
  return (host_flags & kHostLargeFile) != 0 || descriptor_link(fd).starts_with('/');
}

}  // namespace ferry::linux
