// Guest memory: an access is one host load or store at the guest's address (address.hpp). One that
// faults returns false instead of unwinding: the host's SIGSEGV or SIGBUS handler asks
// `fault_landing_pad` and resumes there.
#pragma once

#include <cstdint>

#include "guest/memory/address.hpp"

namespace ferry::guest {

/// Loads a little-endian T (1, 2, 4 or 8 bytes, any alignment, 8 bytes in one access when aligned).
/// Returns false if the page cannot be read; `value` is then unspecified.
template <typename T>
[[nodiscard]] bool load(uint32_t guest_address, T& value);

/// Stores a T. Returns false if the page cannot be written; nothing was stored then.
template <typename T>
[[nodiscard]] bool store(uint32_t guest_address, T value);

/// One locked compare-and-exchange with full fences; 1, 2, 4 or 8 bytes, any alignment. `expected`
/// receives the old value.
/// Returns false on a fault; `exchanged` says whether `desired` was stored. A failed compare still
/// needs a writable page.
template <typename T>
[[nodiscard]] bool compare_exchange(uint32_t guest_address, T& expected, T desired,
                                    bool& exchanged);

/// While not null, told of every range that `store`, `compare_exchange` and `copy_to_guest` are
/// about to write (--engine=check takes the writes back). One thread only.
using StoreObserver = void (*)(uint32_t guest_address, uint32_t size);
void set_store_observer(StoreObserver observer);

/// Copies between guest and ferry memory; false if any byte faults (bytes before it may be copied).
[[nodiscard]] bool copy_from_guest(void* destination, uint32_t guest_address, uint32_t size);
[[nodiscard]] bool copy_to_guest(uint32_t guest_address, const void* source, uint32_t size);

/// Knows of guest memory that an access by its address cannot reach although the guest may: it lies
/// elsewhere, or is not there before it is asked for.
class PageAccess {
 public:
  /// Between these two no other thread changes mappings. Neither is signal-safe.
  virtual void begin() = 0;
  virtual void end() = 0;
  /// Where the byte at `guest_address` is on the host, good to the end of its 4 KB page and until
  /// the next change of mappings; null if the guest may not read (or write) it. Not signal-safe.
  [[nodiscard]] virtual void* reach(uint32_t guest_address, bool write) = 0;

 protected:
  ~PageAccess() = default;
};
/// Consulted by the accesses above after a fault. Initially null: the fault stands. Set before any
/// thread runs.
void set_page_access(PageAccess* access);

/// Lets the calling thread be the only one that touches guest memory, for accesses that the host
/// cannot make atomic.
class ExclusiveAccess {
 public:
  virtual void begin() = 0;
  virtual void end() = 0;

 protected:
  ~ExclusiveAccess() = default;
};
/// Used by compare_exchange. Initially null: there is one thread. Set before any thread runs.
void set_exclusive_access(ExclusiveAccess* access);

/// Copies between two places in ferry's memory, of which one may fault; false if it did.
[[nodiscard]] bool copy_host(void* destination, const void* source, uint32_t size);

/// For the host's fault handler: if host code at `pc` is one of the accesses above, the address to
/// go on at, else 0. Signal-safe.
[[nodiscard]] uintptr_t fault_landing_pad(uintptr_t pc);

}  // namespace ferry::guest
