// The limits of descriptors opened without O_LARGEFILE: they cannot write at 2^31 - 1 and above
// (fs/read_write.c, generic_write_check_limits, Linux 6.1).
#pragma once

#include <cstdint>

#include "linux/kernel/path.hpp"
#include "linux/syscalls/calls.hpp"

namespace ferry::linux {

/// MAX_NON_LFS: the largest file without O_LARGEFILE.
inline constexpr uint32_t kLargestSmallFile = INT32_MAX;

/// Opens a file without O_LARGEFILE: its descriptor, entered among the small ones. A file that is
/// too large is refused (fs/open.c, generic_file_open) before O_TRUNC could make it small.
[[nodiscard]] CallResult open_small(Thread& thread, const HostPath& host, uint32_t flags,
                                    uint32_t mode);

/// Where a write would begin.
struct WritePlace {
  static constexpr int64_t kOwn = -1;  ///< at the descriptor's position
  int64_t position = kOwn;
  uint32_t flags = 0;  ///< of pwritev2: RWF_*
  /// splice and the like do not append; the host refuses it.
  bool may_append = true;
  bool even_nothing = false;  ///< a write of no bytes is checked too
};

/// The part of a write of `length` bytes to small descriptor `fd` that is below the limit, or
/// EFBIG if it would begin there.
[[nodiscard]] Result<uint64_t> small_write_length(int fd, uint64_t length, const WritePlace& place);

/// The same for any descriptor.
[[nodiscard]] inline Result<uint64_t> write_length(const Thread& thread, int fd, uint64_t length,
                                                   const WritePlace& place) {
  if (!thread.process->small.limits(fd)) return length;
  return small_write_length(fd, length, place);
}

/// Whether F_GETFL of `fd`, for which the host says `host_flags`, shows O_LARGEFILE.
[[nodiscard]] bool shows_large_file(const Thread& thread, int fd, uint32_t host_flags);

}  // namespace ferry::linux
