// What ioctl_probe.c finds in the kernel's headers.
#pragma once

#include <stdint.h>

/// A request with its number, or with the size and the members of its structure.
struct Probed {
  char name[48];
  uint32_t number;
  uint32_t size;
  struct {
    uint32_t offset, size;
  } members[48];  ///< up to one of no size
};
