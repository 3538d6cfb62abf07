// AddressSpace: mlock(2) and its family, msync(2) and mincore(2).
//
// What is locked is a trait of the guest's mappings, and RLIMIT_MEMLOCK counts the guest's pages
// alone. The host locks the host pages that hold them: none of ferry's own memory, which would
// count against the limit, and would make the whole code cache resident.
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/errno_map.hpp"
#include "linux/kernel/hidden_descriptors.hpp"

namespace ferry::linux {

namespace {

/// Whether the process may lock what it likes (CAP_IPC_LOCK).
bool may_lock_anything() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (host_call(SYS_capget, &header, data) < 0) return false;
  return (data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK)) != 0;
}

}  // namespace

/// Whether anything may be locked (mm/mlock.c, can_do_mlock).
bool AddressSpace::may_lock() {
  return host_limit(RLIMIT_MEMLOCK).soft != 0 || may_lock_anything();
}

/// Whether RLIMIT_MEMLOCK allows `bytes` to be locked, all in all.
bool AddressSpace::may_lock_in_all(uint64_t bytes) {
  const uint64_t limit = host_limit(RLIMIT_MEMLOCK).soft;
  return bytes / guest::kPageSize <= limit / guest::kPageSize || may_lock_anything();
}

uint64_t AddressSpace::locked_in(uint32_t begin, uint32_t end) const {
  uint64_t bytes = 0;
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    if ((mappings_[i].traits & kLocked) != 0)
      bytes += std::min(end, mappings_[i].end) - std::max(begin, mappings_[i].begin);
  }
  return bytes;
}

/// Locks the host pages of locked pages of [begin, end), and unlocks the others. ENOMEM if
/// pages cannot be filled in; all that can be locked is locked all the same.
Errno AddressSpace::lock_host_pages(uint32_t begin, uint32_t end) {
  constexpr unsigned kOnFault = 1;  // MLOCK_ONFAULT
  begin = host_floor(begin);
  end = std::min(host_ceil(end), guest::kGuestEnd);
  Errno error = kOk;
  for (const bool locked : {false, true}) {
    for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
         ++i) {
      const Mapping& mapping = mappings_[i];
      if (((mapping.traits & kLocked) != 0) != locked) continue;
      const bool on_fault = (mapping.traits & kLockOnFault) != 0;
      const uint32_t from = std::max(begin, mapping.begin);
      const uint32_t to = std::min(end, mapping.end);
      const long result =
          for_each_backing(from, to, [&](const uint8_t* first, const uint8_t* last) {
            if (!locked) return host_call(SYS_munlock, first, last - first);
            return on_fault ? host_call(SYS_mlock2, first, last - first, kOnFault)
                            : host_call(SYS_mlock, first, last - first);
          });
      if (!locked || on_fault) continue;
      // The host's larger pages may exceed a limit that the guest's do not.
      const bool filled_in =
          mapping.protection != 0 && (result == 0 || (host_page_size_ != guest::kPageSize &&
                                                      populate(from, to, false) == kOk));
      if (!filled_in) error = abi::kENOMEM;
    }
  }
  return error;
}

/// mm/mlock.c, do_mlock and apply_vma_lock_flags.
Errno AddressSpace::lock_pages(uint32_t begin, uint64_t length, uint16_t traits) {
  const MemoryGuard guard(lock_);
  const bool locks = traits != 0;
  if (locks && !may_lock()) return abi::kEPERM;
  const uint64_t wanted_end = begin + length;
  const auto end = static_cast<uint32_t>(std::min<uint64_t>(wanted_end, guest::kGuestEnd));
  const uint64_t already = begin < end ? locked_in(begin, end) : 0;
  if (locks && !may_lock_in_all(total_.locked + length - already)) return abi::kENOMEM;
  if (length == 0) return kOk;
  if (begin >= end) return abi::kENOMEM;
  const uint32_t stop = mapped_until(begin, end);
  if (begin == stop) return abi::kENOMEM;
  change_traits(begin, stop, kLockTraits, traits);
  const Errno error = lock_host_pages(begin, stop);
  return stop != wanted_end ? abi::kENOMEM : error;
}

/// mm/mlock.c, mlockall and apply_mlockall_flags.
Errno AddressSpace::lock_all(std::optional<uint16_t> current, uint16_t future) {
  const MemoryGuard guard(lock_);
  const bool locks_current = current.value_or(0) != 0;
  if (locks_current || future != 0) {
    if (!may_lock()) return abi::kEPERM;
    if (locks_current && !may_lock_in_all(total_.mapped)) return abi::kENOMEM;
  }
  future_locks_ = future;
  if (!current || mappings_.empty()) return kOk;
  const uint32_t begin = mappings_.front().begin;
  const uint32_t end = mappings_.back().end;
  change_traits(begin, end, kLockTraits, *current);
  static_cast<void>(lock_host_pages(begin, end));  // the kernel reports no page that it misses
  return kOk;
}

/// mm/msync.c.
Errno AddressSpace::synchronize(uint32_t begin, uint64_t end, uint32_t flags) {
  const MemoryGuard guard(lock_);
  bool holes = false;
  while (begin < end) {
    const Mapping* const mapping = find_at_or_above(begin);
    if (mapping == nullptr) return abi::kENOMEM;
    if (begin < mapping->begin) {
      if (flags == MS_ASYNC || mapping->begin >= end) return abi::kENOMEM;
      holes = true;
    }
    if ((flags & MS_INVALIDATE) != 0 && (mapping->traits & kLocked) != 0) return abi::kEBUSY;
    const uint32_t from = std::max(begin, mapping->begin);
    const auto to = static_cast<uint32_t>(std::min<uint64_t>(end, mapping->end));
    if ((flags & MS_SYNC) != 0 && mapping->shared) {
      const long result = for_each_backing(from, to, [](const uint8_t* first, const uint8_t* last) {
        return host_call(SYS_msync, first, last - first, MS_SYNC);
      });
      if (result < 0) return errno_from_host(result);
    }
    begin = to;
  }
  return holes ? abi::kENOMEM : kOk;
}

uint32_t AddressSpace::residency(uint32_t begin, uint32_t pages, uint8_t* residency) const {
  const MemoryGuard guard(lock_);
  const Mapping* const mapping = find(begin);
  if (mapping == nullptr) return 0;
  const uint32_t count = std::min(pages, (mapping->end - begin) / guest::kPageSize);
  static const auto host_page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  const bool at_once = host_page == guest::kPageSize && splits_.empty();
  for (uint32_t i = 0; i < count; i += at_once ? count : 1) {
    const auto place = reinterpret_cast<uint64_t>(place_of(begin + i * guest::kPageSize));
    const uint32_t bytes = at_once ? count * guest::kPageSize : host_page;
    const uint64_t from = place & ~uint64_t{host_page - 1};
    CHECK(host_call(SYS_mincore, from, bytes, residency + i) == 0);
  }
  return count;
}

}  // namespace ferry::linux
