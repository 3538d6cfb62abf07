// What the host says an open descriptor is.
#pragma once

#include <string>

namespace ferry::linux {

/// What the host's /proc/self/fd says an open descriptor is: a path, or a word like
/// "anon_inode:[signalfd]"; empty if unknown.
[[nodiscard]] std::string descriptor_link(int descriptor);

/// The host's path of an open descriptor, or of the working directory for AT_FDCWD; empty if
/// unknown.
[[nodiscard]] std::string descriptor_path(int descriptor);

}  // namespace ferry::linux
