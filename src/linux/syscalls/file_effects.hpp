// What writing through a descriptor does to guest memory: /proc/self/mem, and files that are
// mapped.
#pragma once

#include <cstdint>

#include "linux/syscalls/calls.hpp"

namespace ferry::linux {

/// To be called when `fd` was opened as `name` with the host's `flags`.
void note_opened(Thread& thread, int fd, const char* name, uint32_t flags);
/// To be called when `fd` was mapped.
void note_mapped(Thread& thread, int fd);
/// To be called after a call may have changed the file of `fd`: what was translated from private
/// mappings of it is dropped, as pages the guest has not written show the file.
void note_written(Thread& thread, int fd);
/// The same, whether or not the guest was seen opening the file for writing: ftruncate and the
/// like.
void note_resized(Thread& thread, int fd);

/// Whether `fd` is this process's /proc/self/mem.
[[nodiscard]] bool is_own_memory(const Thread& thread, int fd);
/// read(2) and write(2) of it at `position`: any mapped page, whatever its protection (mm/gup.c,
/// FOLL_FORCE), but for shared pages that may not be written. Bytes done, or -EIO.
[[nodiscard]] int32_t read_own_memory(Thread& thread, const GuestBuffer& buffer, uint64_t position);
[[nodiscard]] int32_t write_own_memory(Thread& thread, const GuestBuffer& buffer,
                                       uint64_t position);

}  // namespace ferry::linux
