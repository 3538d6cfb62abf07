#include "linux/kernel/user_memory.hpp"

#include <algorithm>
#include <cstring>

#include "guest/memory/memory.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

// The second attempts of copies that failed, at most because another thread changes the address
// space meanwhile.

[[gnu::noinline, gnu::cold]] bool copy_in_again(uint32_t guest, void* destination, uint32_t size) {
  if (current_thread() == nullptr) return false;
  return current_thread()->process->space->repeat_while_changing(
      guest, size, kProtRead | kProtWrite | kProtExec,
      [&] { return guest::copy_from_guest(destination, guest, size); });
}

/// Another thread may have executed code there, and so begun a watch.
[[gnu::noinline, gnu::cold]] bool copy_out_again(AddressSpace& space, uint32_t guest,
                                                 const void* source, uint32_t size) {
  return space.repeat_while_changing(guest, size, kProtWrite, [&] {
    space.prepare_kernel_write(guest, size);
    return guest::copy_to_guest(guest, source, size);
  });
}

}  // namespace

bool copy_in_bytes(uint32_t guest, void* destination, uint32_t size) {
  return guest::copy_from_guest(destination, guest, size) ||
         copy_in_again(guest, destination, size);
}

bool copy_out_bytes(Thread& thread, uint32_t guest, const void* source, uint32_t size) {
  AddressSpace& space = *thread.process->space;
  space.prepare_kernel_write(guest, size);
  return guest::copy_to_guest(guest, source, size) || copy_out_again(space, guest, source, size);
}

Errno copy_in_versioned_bytes(uint32_t guest, uint32_t size, void* value, uint32_t known) {
  for (uint32_t at = known; at < size; ++at) {
    uint8_t byte;
    if (!copy_in(guest + at, byte)) return abi::kEFAULT;
    if (byte != 0) return abi::kE2BIG;
  }
  return copy_in_bytes(guest, value, std::min(size, known)) ? kOk : abi::kEFAULT;
}

Result<uint32_t> copy_in_string(uint32_t guest, char* destination, uint32_t size) {
  for (uint32_t length = 0; length < size;) {
    // One page at a time: the page after the string's end may be missing.
    const uint32_t at = guest + length;
    const uint32_t piece =
        std::min({size - length, 64u, guest::kPageSize - (at & guest::kPageMask)});
    if (!copy_in_bytes(at, destination + length, piece)) return abi::kEFAULT;
    const void* end = std::memchr(destination + length, '\0', piece);
    if (end != nullptr) return static_cast<uint32_t>(static_cast<const char*>(end) - destination);
    length += piece;
  }
  return abi::kENAMETOOLONG;
}

}  // namespace ferry::linux
