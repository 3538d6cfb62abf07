#include "guest/i386/memory.hpp"

#if defined(__mips64)
#include "guest/i386/host_access_mips64.hpp"
#elif defined(__x86_64__)
#include "guest/i386/host_access_x86_64.hpp"
#else
#error "no memory access with fault landing pads for this host"
#endif

namespace ferry::i386 {

namespace {

/// What an access leaves in the section ferry_fixups.
struct Fixup {
  uintptr_t first;
  uintptr_t behind;
  uintptr_t landing;
};

// The linker names the ends of a section after it.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" const Fixup __start_ferry_fixups[];
extern "C" const Fixup __stop_ferry_fixups[];
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

StoreObserver store_observer = nullptr;

void note_store(uint32_t guest_address, uint32_t size) {
  if (store_observer != nullptr) [[unlikely]]
    store_observer(guest_address, size);
}

}  // namespace

void set_store_observer(StoreObserver observer) {
  store_observer = observer;
}

template <typename T>
bool load(uint32_t guest_address, T& value) {
  return host_access::load(host_pointer(guest_address), value);
}

template <typename T>
bool store(uint32_t guest_address, T value) {
  note_store(guest_address, sizeof(T));
  return host_access::store(host_pointer(guest_address), value);
}

template <typename T>
bool compare_exchange(uint32_t guest_address, T& expected, T desired, bool& exchanged) {
  note_store(guest_address, sizeof(T));
  return host_access::compare_exchange(host_pointer(guest_address), expected, desired, exchanged);
}

template bool load(uint32_t, uint8_t&);
template bool load(uint32_t, uint16_t&);
template bool load(uint32_t, uint32_t&);
template bool load(uint32_t, uint64_t&);
template bool store(uint32_t, uint8_t);
template bool store(uint32_t, uint16_t);
template bool store(uint32_t, uint32_t);
template bool store(uint32_t, uint64_t);
template bool compare_exchange(uint32_t, uint8_t&, uint8_t, bool&);
template bool compare_exchange(uint32_t, uint16_t&, uint16_t, bool&);
template bool compare_exchange(uint32_t, uint32_t&, uint32_t, bool&);
template bool compare_exchange(uint32_t, uint64_t&, uint64_t, bool&);

namespace {

/// Whether the range leaves the guest's space: its sign extension would jump at 2 GB, and what lies
/// there is never the guest's.
[[nodiscard]] bool outside_guest(uint32_t guest_address, uint32_t size) {
  return guest_address >= kGuestEnd || size > kGuestEnd - guest_address;
}

}  // namespace

bool copy_from_guest(void* destination, uint32_t guest_address, uint32_t size) {
  if (size == 0) return true;
  if (outside_guest(guest_address, size)) return false;
  return host_access::copy(destination, host_pointer(guest_address), size);
}

bool copy_to_guest(uint32_t guest_address, const void* source, uint32_t size) {
  if (size == 0) return true;
  if (outside_guest(guest_address, size)) return false;
  note_store(guest_address, size);
  return host_access::copy(host_pointer(guest_address), source, size);
}

uintptr_t fault_landing_pad(uintptr_t pc) {
  for (const Fixup* fixup = __start_ferry_fixups; fixup != __stop_ferry_fixups; ++fixup) {
    if (pc >= fixup->first && pc < fixup->behind) return fixup->landing;
  }
  return 0;
}

}  // namespace ferry::i386
