// Guest addresses, and where on the host they are: guest addresses are host addresses,
// sign-extended from 32 bits.
//
// The guest owns [kGuestBegin, kGuestEnd). Addresses of 2 GB and up sign-extend to kernel addresses
// of the host, which fault by themselves.
#pragma once

#include <cstdint>

#include "common/guest_range.hpp"

namespace ferry::guest {

inline constexpr uint32_t kGuestBegin = 0x10000;
inline constexpr uint32_t kGuestEnd = 0x7fff0000;

/// Bytes of a guest page. A host's may be larger.
inline constexpr uint32_t kPageSize = kGuestPageSize;
inline constexpr uint32_t kPageMask = kPageSize - 1;
[[nodiscard]] constexpr uint32_t page_floor(uint32_t address) {
  return address & ~kPageMask;
}
[[nodiscard]] constexpr uint32_t page_ceil(uint32_t address) {
  return (address + kPageMask) & ~kPageMask;
}

/// Host pointer of a guest address. The pointer may be invalid: only the accesses of memory.hpp may
/// follow it before the range was checked.
[[nodiscard]] inline void* host_pointer(uint32_t guest_address) {
  return reinterpret_cast<void*>(static_cast<intptr_t>(static_cast<int32_t>(guest_address)));
}

}  // namespace ferry::guest
