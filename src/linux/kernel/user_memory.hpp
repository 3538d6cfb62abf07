// Copies between the guest's memory and ferry's.
#pragma once

#include <cstdint>

#include "linux/abi/i386/errno.hpp"

namespace ferry::linux {

struct Thread;

/// `size` bytes at `guest` into ferry's memory. False for EFAULT; what was copied before the fault
/// stays.
[[nodiscard]] bool copy_in_bytes(uint32_t guest, void* destination, uint32_t size);
/// The other way. What was translated from the bytes written is dropped.
[[nodiscard]] bool copy_out_bytes(Thread& thread, uint32_t guest, const void* source,
                                  uint32_t size);

template <typename T>
[[nodiscard]] bool copy_in(uint32_t guest, T& value) {
  return copy_in_bytes(guest, &value, sizeof(T));
}
template <typename T>
[[nodiscard]] bool copy_out(Thread& thread, uint32_t guest, const T& value) {
  return copy_out_bytes(thread, guest, &value, sizeof(T));
}
/// A structure that grows with the kernel's versions, of which the guest gives `size` bytes: what
/// `value` has more is left alone. EFAULT, or E2BIG if the guest's bytes past it are not all 0
/// (include/linux/uaccess.h, copy_struct_from_user).
[[nodiscard]] Errno copy_in_versioned_bytes(uint32_t guest, uint32_t size, void* value,
                                            uint32_t known);
template <typename T>
[[nodiscard]] Errno copy_in_versioned(uint32_t guest, uint32_t size, T& value) {
  return copy_in_versioned_bytes(guest, size, &value, sizeof(T));
}
/// Copies a NUL-terminated string; returns its length, or EFAULT, or ENAMETOOLONG if it does not
/// fit.
[[nodiscard]] Result<uint32_t> copy_in_string(uint32_t guest, char* destination, uint32_t size);

}  // namespace ferry::linux
