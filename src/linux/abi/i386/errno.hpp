// Errors of the i386 ABI. Errno values above 34 differ between architectures.
#pragma once

#include <cstdint>

#include "common/result.hpp"

namespace ferry::linux {

/// An error of the i386 Linux ABI, 1..4095 (include/uapi/asm-generic/errno*.h), or 0 for success.
struct [[nodiscard]] Errno {
  int32_t value = 0;

  [[nodiscard]] friend constexpr bool operator==(Errno, Errno) = default;
};

/// Success.
inline constexpr Errno kOk{};

/// Either a T or an error as the guest sees it.
template <typename T>
using Result = ferry::Result<T, Errno>;

namespace abi {

// kEPERM, kENOENT, ...
#define ERRNO(name, number) inline constexpr Errno k##name{number};
#include "linux/abi/i386/errno.inc"
#undef ERRNO

}  // namespace abi

}  // namespace ferry::linux
