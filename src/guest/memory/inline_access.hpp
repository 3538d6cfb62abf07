// Loads and stores of guest memory in line, in the host's fewest instructions, for operations in
// which every instruction counts. An access that faults returns false and has done nothing; those
// of memory.hpp find out whether the guest may reach the bytes in another way.
#pragma once

#include <cstdint>

#include "fault_access.hpp"
#include "guest/memory/address.hpp"

namespace ferry::guest {

/// Loads a little-endian T of 2, 4 or 8 bytes, any alignment, zero-extended.
template <typename T>
[[nodiscard]] inline bool load_inline(uint32_t guest_address, uint64_t& value) {
  if constexpr (sizeof(T) == 2) {
    uint16_t loaded = 0;
    const bool done = host_access::load(host_pointer(guest_address), loaded);
    value = loaded;
    return done;
  } else {
    uint64_t loaded = 0;
    const bool done = host_access::load_fast<T>(host_pointer(guest_address), loaded);
    value = static_cast<T>(loaded);
    return done;
  }
}

/// Stores a T that lies in one page; false also if it crosses pages.
template <typename T>
[[nodiscard]] inline bool store_inline(uint32_t guest_address, T value) {
  return host_access::store_fast(host_pointer(guest_address), value);
}

}  // namespace ferry::guest
