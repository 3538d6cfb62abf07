// Errors of the i386 ABI. Errno values above 34 differ between architectures.
#pragma once

#include <cstdint>

#include "common/result.hpp"

namespace ferry::linux {

/// An error of the i386 Linux ABI, 1..4095 (include/uapi/asm-generic/errno*.h).
struct Errno {
  int32_t value;
};

/// Either a T or an error as the guest sees it.
template <typename T>
using Result = ferry::Result<T, Errno>;

}  // namespace ferry::linux
