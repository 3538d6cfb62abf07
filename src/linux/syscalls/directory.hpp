// Positions in directories.
#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace ferry::linux {

struct Thread;

/// The host's position for one that getdents gave the guest; other offsets stay as they are.
[[nodiscard]] int64_t host_directory_position(const Thread& thread, int descriptor, int64_t guest);

/// After a statx of `path` relative to `directory` (of `directory` itself, if `path` is empty):
/// takes what ferry hides in folders of procfs out of `status`.
void hide_in_status(const Thread& thread, int directory, const char* path, struct statx& status);

}  // namespace ferry::linux
