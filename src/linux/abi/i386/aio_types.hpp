// Structures of asynchronous I/O: include/uapi/linux/aio_abi.h. They are the same on every host.
#pragma once

#include <cstdint>

#include "linux/abi/i386/abi_types.hpp"

namespace ferry::linux::abi {

struct ControlBlock {  // struct iocb
  U64 data;
  uint32_t key, write_flags;
  uint16_t operation;
  int16_t priority;
  int32_t descriptor;
  U64 buffer, length;
  S64 offset;
  U64 reserved;
  uint32_t flags;
  int32_t event_descriptor;
};
static_assert(sizeof(ControlBlock) == 64);

}  // namespace ferry::linux::abi
