// Reading of whole files of the host.
#pragma once

#include <string>

namespace ferry::linux {

/// Empty if it cannot be read.
[[nodiscard]] std::string read_host_file(const char* path);

}  // namespace ferry::linux
