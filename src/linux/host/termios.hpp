// The kernel's structures of terminal settings; libc's have another layout.
#pragma once

#include <cstdint>

#include "host_abi.hpp"

namespace ferry::linux {

struct HostTermios {
  uint32_t iflag, oflag, cflag, lflag;
  uint8_t line;
  uint8_t cc[kHostControlCharacters];
};
struct HostTermios2 {
  uint32_t iflag, oflag, cflag, lflag;
  uint8_t line;
  uint8_t cc[kHostControlCharacters];
  uint32_t ispeed, ospeed;
};

}  // namespace ferry::linux
