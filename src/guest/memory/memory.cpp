#include "guest/memory/memory.hpp"

#include <algorithm>

#include "fault_access.hpp"

namespace ferry::guest {

namespace {

/// What an access leaves in the section ferry_fixups.
struct Fixup {
  uintptr_t first;
  uintptr_t past;
  uintptr_t landing;
};

// The linker names the ends of a section after it.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" const Fixup __start_ferry_fixups[];
extern "C" const Fixup __stop_ferry_fixups[];
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

StoreObserver store_observer = nullptr;
PageAccess* page_access = nullptr;
ExclusiveAccess* exclusive_access = nullptr;

void* reach(uint32_t guest_address, bool write) {
  return page_access != nullptr ? page_access->reach(guest_address, write) : nullptr;
}

/// Between begin() and end() of what `kPointer` points to, if anything, while an object lives.
template <auto& kPointer>
class During {
 public:
  During() {
    if (kPointer != nullptr) kPointer->begin();
  }
  ~During() {
    if (kPointer != nullptr) kPointer->end();
  }
  During(const During&) = delete;
  During& operator=(const During&) = delete;
};
/// What reach() returned stays good: no other thread takes that memory away or gives it another
/// use.
using Steady = During<page_access>;
/// No other thread touches guest memory for the guest.
using Alone = During<exclusive_access>;

/// An operand whose plain access has faulted: where its bytes are, in one page or in two.
struct Pieces {
  Pieces(uint32_t guest_address, uint32_t size, bool write)
      : first_size(std::min(size, kPageSize - guest_address % kPageSize)),
        rest_size(size - first_size),
        first(reach(guest_address, write)),
        rest(first != nullptr && rest_size != 0 ? reach(guest_address + first_size, write)
                                                : nullptr) {}

  [[nodiscard]] bool whole() const { return first != nullptr && rest_size == 0; }
  [[nodiscard]] bool split() const { return first != nullptr && rest != nullptr; }
  [[nodiscard]] bool copy_to(void* buffer) const {
    auto* const bytes = static_cast<uint8_t*>(buffer);
    return host_access::copy(bytes, first, first_size) &&
           host_access::copy(bytes + first_size, rest, rest_size);
  }
  [[nodiscard]] bool copy_from(const void* buffer) const {
    const auto* const bytes = static_cast<const uint8_t*>(buffer);
    return host_access::copy(first, bytes, first_size) &&
           host_access::copy(rest, bytes + first_size, rest_size);
  }

  Steady steady;
  uint32_t first_size;
  uint32_t rest_size;
  void* first;
  void* rest;
};

template <typename T>
[[gnu::noinline, gnu::cold]] bool load_pieces(uint32_t guest_address, T& value) {
  const Pieces pieces(guest_address, sizeof(T), false);
  if (pieces.whole()) return host_access::load(pieces.first, value);
  return pieces.split() && pieces.copy_to(&value);
}

template <typename T>
[[gnu::noinline, gnu::cold]] bool store_pieces(uint32_t guest_address, T value) {
  const Pieces pieces(guest_address, sizeof(T), true);
  if (pieces.whole()) return host_access::store(pieces.first, value);
  return pieces.split() && pieces.copy_from(&value);
}

/// An exchange that the host cannot make atomic: the operand crosses a doubleword of MIPS, or lies
/// in pages that are not side by side.
template <typename T>
[[gnu::noinline, gnu::cold]] bool exchange_alone(uint32_t guest_address, T& expected, T desired,
                                                 bool& exchanged) {
  const Alone alone;
  T old = 0;
  if (!load(guest_address, old)) return false;
  exchanged = old == expected;
  expected = old;
  // A comparison that fails needs a writable page too.
  const T value = exchanged ? desired : old;
  return host_access::store(host_pointer(guest_address), value) ||
         store_pieces(guest_address, value);
}

template <typename T>
[[gnu::noinline, gnu::cold]] bool exchange_pieces(uint32_t guest_address, T& expected, T desired,
                                                  bool& exchanged) {
  {
    const Pieces pieces(guest_address, sizeof(T), true);
    if (pieces.whole())
      return host_access::compare_exchange(pieces.first, expected, desired, exchanged);
  }
  // Waits for other threads, so the pieces must be given back before.
  return exchange_alone(guest_address, expected, desired, exchanged);
}

/// Calls `copy(place, done, size)` for what lies in each page of a guest range.
template <typename Copy>
[[gnu::noinline, gnu::cold]] bool copy_pieces(uint32_t guest_address, uint32_t size, bool write,
                                              Copy copy) {
  for (uint32_t done = 0; done < size;) {
    const uint32_t at = guest_address + done;
    const uint32_t piece = std::min(size - done, kPageSize - at % kPageSize);
    const Steady steady;
    void* const place = reach(at, write);
    if (place == nullptr || !copy(place, done, piece)) return false;
    done += piece;
  }
  return true;
}

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
  return host_access::load(host_pointer(guest_address), value) || load_pieces(guest_address, value);
}

template <typename T>
bool store(uint32_t guest_address, T value) {
  note_store(guest_address, sizeof(T));
  return host_access::store(host_pointer(guest_address), value) ||
         store_pieces(guest_address, value);
}

template <typename T>
bool compare_exchange(uint32_t guest_address, T& expected, T desired, bool& exchanged) {
  note_store(guest_address, sizeof(T));
  const T wanted = expected;
  void* const cell = host_pointer(guest_address);
  if (!host_access::is_atomic<T>(cell))
    return exchange_alone(guest_address, expected, desired, exchanged);
  if (host_access::compare_exchange(cell, expected, desired, exchanged)) return true;
  expected = wanted;  // a fault may have changed it
  return exchange_pieces(guest_address, expected, desired, exchanged);
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
  if (host_access::copy(destination, host_pointer(guest_address), size)) return true;
  auto* const bytes = static_cast<uint8_t*>(destination);
  return copy_pieces(guest_address, size, false, [&](void* place, uint32_t done, uint32_t piece) {
    return host_access::copy(bytes + done, place, piece);
  });
}

bool copy_to_guest(uint32_t guest_address, const void* source, uint32_t size) {
  if (size == 0) return true;
  if (outside_guest(guest_address, size)) return false;
  note_store(guest_address, size);
  if (host_access::copy(host_pointer(guest_address), source, size)) return true;
  const auto* const bytes = static_cast<const uint8_t*>(source);
  return copy_pieces(guest_address, size, true, [&](void* place, uint32_t done, uint32_t piece) {
    return host_access::copy(place, bytes + done, piece);
  });
}

void set_page_access(PageAccess* access) {
  page_access = access;
}

void set_exclusive_access(ExclusiveAccess* access) {
  exclusive_access = access;
}

bool copy_host(void* destination, const void* source, uint32_t size) {
  return host_access::copy(destination, source, size);
}

uintptr_t fault_landing_pad(uintptr_t pc) {
  for (const Fixup* fixup = __start_ferry_fixups; fixup != __stop_ferry_fixups; ++fixup) {
    if (pc >= fixup->first && pc < fixup->past) return fixup->landing;
  }
  return 0;
}

}  // namespace ferry::guest
