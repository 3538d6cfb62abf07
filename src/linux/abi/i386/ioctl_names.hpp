// Names of ioctl's requests, by i386's numbers.
#pragma once

#include <array>

#include "linux/abi/i386/layout.hpp"
#include "linux/abi/i386/name_table.hpp"

namespace ferry::linux::abi {

inline constexpr NamedValue kIoctlRows[] = {
#define IOCTL_CODED(TEXT, NAME, DIRECTION, TYPE, NUMBER, GUEST_SIZE, HOST_SIZE, HOW, LAYOUT) \
  {ioctl_number_i386(DIRECTION, TYPE, NUMBER, GUEST_SIZE), TEXT},
#define IOCTL_OLD(NAME, GUEST, HOST, HOW, LAYOUT) {GUEST, #NAME},
#define IOCTL_RANGE(NAME, DIRECTION, TYPE, FIRST, LAST, HOW)
#include "linux/abi/i386/ioctls.inc"
};
inline constexpr NameTable kIoctls{kIoctlRows, ""};

/// Requests whose argument may have any size, which the number says.
struct IoctlRangeName {
  uint32_t first, last;  ///< without the size
  const char* name;
};
inline constexpr IoctlRangeName kIoctlRanges[] = {
#define IOCTL_CODED(TEXT, NAME, DIRECTION, TYPE, NUMBER, GUEST_SIZE, HOST_SIZE, HOW, LAYOUT)
#define IOCTL_OLD(NAME, GUEST, HOST, HOW, LAYOUT)
#define IOCTL_RANGE(NAME, DIRECTION, TYPE, FIRST, LAST, HOW)                                  \
  {ioctl_number_i386(DIRECTION, TYPE, FIRST, 0), ioctl_number_i386(DIRECTION, TYPE, LAST, 0), \
   #NAME},
#include "linux/abi/i386/ioctls.inc"
};

}  // namespace ferry::linux::abi
