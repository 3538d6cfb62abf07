#include "linux/kernel/user_memory.hpp"

#include <algorithm>
#include <cstring>

#include "guest/memory/memory.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

bool copy_in_bytes(uint32_t guest, void* destination, uint32_t size) {
  return guest::copy_from_guest(destination, guest, size);
}

bool copy_out_bytes(Thread& thread, uint32_t guest, const void* source, uint32_t size) {
  AddressSpace& space = *thread.process->space;
  for (;;) {
    const uint32_t changes = space.watch_changes();
    space.prepare_kernel_write(guest, size);
    if (guest::copy_to_guest(guest, source, size)) return true;
    // Another thread may have executed code there and so begun a watch.
    if (space.watch_changes() == changes) return false;
  }
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
