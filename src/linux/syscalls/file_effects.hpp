// What writing through a descriptor does to guest memory: /proc/self/mem, and files that are
// mapped.
#pragma once

#include <cstdint>
#include <span>

#include "linux/syscalls/calls.hpp"

namespace ferry::linux {

/// To be called when `fd` was opened as `name` with the host's `flags`.
void note_opened(Thread& thread, int fd, const char* name, uint32_t flags);
/// To be called when `fd` was mapped.
void note_mapped(Thread& thread, int fd);
/// To be called after a call may have changed the file of `fd`: drops what was translated from
/// private mappings of the file, because pages that the guest has not written show the file. If the
/// file is the memory of another process, that process is told.
void note_written(Thread& thread, int fd);
/// The same, whether or not the guest was seen opening the file for writing: ftruncate and the
/// like.
void note_resized(Thread& thread, int fd);

/// Whether `fd` is this process's /proc/self/mem.
[[nodiscard]] bool is_own_memory(const Thread& thread, int fd);
/// read(2), write(2) and the calls with vectors on such a descriptor, at `position` (-1: the
/// descriptor's own). They reach any mapped page, whatever its protection (mm/gup.c, FOLL_FORCE),
/// except shared pages that may not be written. `flags`: RWF_*. The value is the number of bytes
/// moved.
[[nodiscard]] CallResult read_own_memory(Thread& thread, int fd,
                                         std::span<const struct iovec> buffers,
                                         int64_t position = -1, uint32_t flags = 0);
[[nodiscard]] CallResult write_own_memory(Thread& thread, int fd,
                                          std::span<const struct iovec> buffers,
                                          int64_t position = -1, uint32_t flags = 0);

}  // namespace ferry::linux
