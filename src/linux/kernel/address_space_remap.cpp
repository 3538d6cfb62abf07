// AddressSpace: mremap(2).
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/errno_map.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kMayMove = 1, kFixed = 2, kDontUnmap = 4;  // include/uapi/linux/mman.h

}  // namespace

/// Whether the host pages that [begin, end) touches hold nothing else.
bool AddressSpace::owns_host_pages(uint32_t begin, uint32_t end) const {
  return !any_mapped(host_floor(begin), begin) && !any_mapped(end, host_ceil(end));
}

/// Whether host pages can show `mapping`'s file from `begin` on, so that additional ones show more
/// of the file; else the mapping's pages are copies. True for anonymous memory.
bool AddressSpace::follows_file(const Mapping& mapping) const {
  return !from_file(mapping) || ((mapping.begin - mapping.offset) & (host_page_size_ - 1)) == 0;
}

/// Clears what an earlier partial unmap may have left after `old_end` in the host page where
/// `mapping` ended: the bytes by which the mapping grows, up to `new_end`, are zero.
void AddressSpace::clear_rest_of_host_page(const Mapping& mapping, uint32_t old_end,
                                           uint32_t new_end) const {
  const uint32_t end = std::min(host_ceil(old_end), new_end);
  const bool anonymous = !from_file(mapping) && !mapping.shared;
  if (old_end < end && anonymous && (mapping.protection & kProtWrite) != 0)
    std::memset(guest::host_pointer(old_end), 0, end - old_end);
}

Result<uint32_t> AddressSpace::resize_in_place(const Mapping& mapping, uint32_t begin,
                                               uint32_t old_length, uint32_t new_length) {
  const uint32_t old_end = begin + old_length;
  const uint32_t new_end = begin + new_length;
  const bool room = mapping.end == old_end && new_length <= guest::kGuestEnd - begin &&
                    !any_mapped(old_end, host_ceil(new_end)) && !any_split(begin, old_end);
  // Host pages that also hold something else are anonymous: the host's kernel would not show more
  // of the file there.
  const bool alone = mapping.file == 0 ? !any_mapped(old_end, host_ceil(old_end))
                                       : owns_host_pages(begin, old_end);
  if (!room || !alone || !follows_file(mapping)) return abi::kENOMEM;
  const uint32_t host_old = host_ceil(old_end);
  const uint32_t host_new = host_ceil(new_end);
  const Mapping grown = mapping;
  changed(old_end, new_end);
  // The last host page alone grows: those before it may be several mappings of the host's.
  const uint32_t last = host_old - host_page_size_;
  changed(last, host_old);
  if (host_new > host_old) {
    const long result = host_call(SYS_mremap, guest::host_pointer(last), host_page_size_,
                                  host_new - last, 0, nullptr);
    if (result < 0) return errno_from_host(result);
  }
  clear_rest_of_host_page(grown, old_end, new_end);
  Mapping added = grown;
  added.begin = old_end;
  added.end = new_end;
  if (added.file != 0) added.offset += old_end - grown.begin;
  insert(added);
  report_shared_code(old_end, new_end);
  if ((added.traits & kLocked) != 0) static_cast<void>(lock_host_pages(old_end, new_end));
  return begin;
}

/// Moves [begin, begin + old_length) of `mapping` to `target`, and replaces what is mapped there.
Result<uint32_t> AddressSpace::move_mapping(const Mapping& mapping, uint32_t begin,
                                            uint32_t old_length, uint32_t new_length,
                                            uint32_t target) {
  const Mapping source = mapping;
  const uint32_t old_end = begin + old_length;
  changed(begin, old_end);
  changed(target, target + new_length);
  const bool direct = ((begin ^ target) & (host_page_size_ - 1)) == 0 &&
                      owns_host_pages(begin, old_end) && !any_split(begin, old_end) &&
                      owns_host_pages(target, target + new_length) && follows_file(source);
  const uint32_t host_begin = host_floor(begin);
  const uint32_t host_target = host_floor(target);
  const long moved = !direct ? -EFAULT
                             : host_call(SYS_mremap, guest::host_pointer(host_begin),
                                         host_ceil(old_end) - host_begin,
                                         host_ceil(target + new_length) - host_target,
                                         kMayMove | kFixed, guest::host_pointer(host_target));
  // EFAULT: what is one mapping for the guest is several for the host.
  if (moved < 0 && moved != -EFAULT) return errno_from_host(moved);
  if (moved >= 0) {
    clear_rest_of_host_page(source, target + old_length, target + new_length);
    erase_range(begin, old_end);
    erase_range(target, target + new_length);
    insert_moved(source, begin, target, new_length);
    return target;
  }
  if (source.shared) {
    const Errno error = duplicate_shared(source, begin, old_length, new_length, target);
    if (error != kOk) {
      settle_range(target, target + new_length);
      return error;
    }
    if (const Errno left = unmap(begin, old_length); left != kOk) return left;
    return target;
  }
  // Host pages shared with other mappings cannot be moved, so their contents are copied. The copy
  // would lack the part of the file past the old end.
  if (from_file(source) && new_length > old_length) return abi::kENOMEM;
  MapRequest request;
  request.address = target;
  request.length = new_length;
  request.protection = kProtRead | kProtWrite;
  request.placement = MapRequest::Placement::fixed;
  request.traits = static_cast<uint16_t>(source.traits & ~kLockTraits);
  request.grows_down = source.grows_down;
  const Result<uint32_t> mapped = map(request);
  if (!mapped.ok()) return mapped;
  for (uint32_t at = 0; at < std::min(old_length, new_length); at += guest::kPageSize) {
    const uint8_t* const from = open_page(begin + at, PROT_READ);
    // The target's host page may hold watched neighbours. It is opened last: it may be the same.
    uint8_t* const to = open_page(target + at, PROT_READ | PROT_WRITE);
    // A page past the end of its file (SIGBUS) is left zero.
    static_cast<void>(guest::copy_host(to, from, guest::kPageSize));
  }
  Errno error = protect(target, new_length, source.protection);
  if (error == kOk) error = unmap(begin, old_length);
  if (error != kOk) return error;
  change_traits(target, target + new_length, 0, source.traits);
  if ((source.traits & kLocked) != 0)
    static_cast<void>(lock_host_pages(target, target + new_length));
  return target;
}

/// Enters the mapping at `target` that [begin, ...) of `source` has become.
void AddressSpace::insert_moved(const Mapping& source, uint32_t begin, uint32_t target,
                                uint32_t length) {
  Mapping moved = source;
  moved.begin = target;
  moved.end = target + length;
  if (source.file != 0) moved.offset = source.offset + (begin - source.begin);
  insert(moved);
  settle_range(target, target + length);
  report_shared_code(target, target + length);
  if ((source.traits & kLocked) != 0) static_cast<void>(lock_host_pages(target, target + length));
}

/// Maps, at `target`, what [begin, begin + old_length) of the shared mapping `source` shows, and
/// what follows in its file up to `new_length`. The source stays.
Errno AddressSpace::duplicate_shared(const Mapping& source, uint32_t begin, uint32_t old_length,
                                     uint32_t new_length, uint32_t target) {
  const uint32_t in_host_page = host_page_size_ - 1;
  const Mapping original = source;
  const uint32_t end = target + new_length;
  const int bits = host_bits(original.protection);
  changed(target, end);
  const bool direct = ((begin ^ target) & in_host_page) == 0 && follows_file(original) &&
                      !any_split(begin, begin + old_length) && owns_host_pages(target, end);
  const int file = backings_.find(original.file);
  const uint64_t offset = original.offset + (begin - original.begin);
  if (direct) {
    const uint32_t host_target = host_floor(target);
    const uint32_t length = host_ceil(end) - host_target;
    const long made =
        file >= 0 ? host_call(SYS_mmap, guest::host_pointer(host_target), length, bits,
                              MAP_SHARED | MAP_FIXED, file, offset & ~uint64_t{in_host_page})
                  : host_call(SYS_mremap, guest::host_pointer(host_floor(begin)), 0, length,
                              kMayMove | kFixed, guest::host_pointer(host_target));
    if (made < 0) return errno_from_host(made);
    forget_splits(host_target, host_ceil(end));
  }
  for (uint32_t at = 0; !direct && at < new_length; at += guest::kPageSize) {
    if (!splits_.contains(target + at)) {
      const Errno error = split_host_page(host_floor(target + at), target, end);
      if (error != kOk) return error;
    }
    if (file >= 0) {
      const long made = splits_.place_shared(target + at, file, offset + at, bits);
      if (made < 0) return errno_from_host(made);
      continue;
    }
    // A page past the old end is reached from the last one.
    const uint32_t from = begin + std::min(at, old_length - guest::kPageSize);
    uint8_t* const backing = splits_.backing(from);
    const uint8_t* const place = splits_.place(from);
    const uint64_t within =
        (place != nullptr ? static_cast<uint64_t>(place - backing) : from & in_host_page) +
        (begin + at - from);
    const long made =
        splits_.place_duplicate(target + at, backing, within & ~uint64_t{in_host_page},
                                static_cast<uint32_t>(within) & in_host_page, bits);
    if (made < 0) return errno_from_host(made);
  }
  erase_range(target, end);
  insert_moved(original, begin, target, new_length);
  return kOk;
}

/// mremap of nothing: a second mapping of shared pages (mm/mremap.c, vma_to_resize).
Result<uint32_t> AddressSpace::remap_again(const Mapping& mapping, uint32_t begin,
                                           uint32_t new_length, uint32_t flags,
                                           uint32_t new_begin) {
  if (!mapping.shared || (flags & kMayMove) == 0) return abi::kEINVAL;
  const uint64_t offset = mapping.offset + (begin - mapping.begin);
  const uint32_t target =
      (flags & kFixed) != 0
          ? new_begin
          : find_free(new_length, static_cast<uint32_t>(offset) & (host_page_size_ - 1));
  if (target == 0) return abi::kENOMEM;
  const Errno error = duplicate_shared(mapping, begin, guest::kPageSize, new_length, target);
  if (error != kOk) return error;
  return target;
}

bool AddressSpace::any_split(uint32_t begin, uint32_t end) const {
  return splits_.next(host_floor(begin)) < end;
}

/// Moves [begin, begin + length) of `mapping` to `target`, and leaves a mapping of the same kind
/// behind that nobody has written to (MREMAP_DONTUNMAP).
Result<uint32_t> AddressSpace::move_and_keep(const Mapping& mapping, uint32_t begin,
                                             uint32_t length, uint32_t target) {
  const Mapping source = mapping;
  if (!source.shared && from_file(source)) {
    // Where the file's pages are copies, they cannot be read again.
    const bool direct = ((begin ^ target) & (host_page_size_ - 1)) == 0 &&
                        owns_host_pages(begin, begin + length) &&
                        !any_split(begin, begin + length) &&
                        owns_host_pages(target, target + length) && follows_file(source);
    if (!direct) return abi::kENOMEM;
    changed(begin, begin + length);
    const uint32_t host_begin = host_floor(begin);
    const uint32_t bytes = host_ceil(begin + length) - host_begin;
    const long moved =
        host_call(SYS_mremap, guest::host_pointer(host_begin), bytes, bytes,
                  kMayMove | kFixed | kDontUnmap, guest::host_pointer(host_floor(target)));
    if (moved < 0) return errno_from_host(moved);
    insert_moved(source, begin, target, length);
  } else if (source.shared) {
    const Errno error = duplicate_shared(source, begin, length, length, target);
    if (error != kOk) return error;
  } else {
    const Result<uint32_t> moved = move_mapping(source, begin, length, length, target);
    if (!moved.ok()) return moved;
    MapRequest request;
    request.address = begin;
    request.length = length;
    request.protection = source.protection;
    request.placement = MapRequest::Placement::fixed;
    request.grows_down = source.grows_down;
    request.traits = static_cast<uint16_t>(source.traits & ~kLockTraits);
    request.name = source.file != 0 ? files_[source.file]->path.c_str() : nullptr;
    const Result<uint32_t> mapped = map(request);
    if (!mapped.ok()) return mapped;
  }
  change_traits(begin, begin + length, kLockTraits, 0);
  if ((source.traits & kLocked) != 0) static_cast<void>(lock_host_pages(begin, begin + length));
  return target;
}

/// Whether [begin, begin + length) can be remapped: it must lie in one mapping (mm/mremap.c,
/// vma_to_resize).
Errno AddressSpace::check_source(uint32_t begin, uint32_t length) const {
  const Mapping* const mapping = find(begin);
  if (mapping == nullptr) return abi::kEFAULT;
  if (length == 0 && !mapping->shared) return abi::kEINVAL;
  return length <= mapping->end - begin ? kOk : abi::kEFAULT;
}

/// Whether limits allow that `old_length` bytes of `mapping` become `new_length` (the same).
Errno AddressSpace::check_growth(const Mapping& mapping, uint32_t old_length, uint32_t new_length,
                                 uint32_t flags) const {
  const bool data = is_data(mapping);
  if (new_length == old_length)
    return (flags & kDontUnmap) == 0 || may_expand(data, new_length) ? kOk : abi::kENOMEM;
  const uint32_t more = new_length - old_length;
  if ((mapping.traits & kLocked) != 0 && !may_lock_in_all(total_.locked + more))
    return abi::kEAGAIN;
  return may_expand(data, more) ? kOk : abi::kENOMEM;
}

/// mremap with MREMAP_FIXED or MREMAP_DONTUNMAP (mm/mremap.c, mremap_to).
Result<uint32_t> AddressSpace::remap_to(uint32_t old_begin, uint32_t old_length,
                                        uint32_t new_length, uint32_t flags, uint32_t new_begin) {
  const bool overlap =
      new_begin < uint64_t{old_begin} + old_length && old_begin < uint64_t{new_begin} + new_length;
  if ((new_begin & guest::kPageMask) != 0 || overlap || new_begin > kTaskSize - new_length)
    return abi::kEINVAL;
  MapRequest wanted;
  wanted.address = new_begin;
  wanted.length = new_length;
  // Since Linux 6.17 this comes before what is at the new place is unmapped.
  const Errno unfit = check_source(old_begin, std::min(old_length, new_length));
  if (unfit != kOk) return unfit;
  if ((flags & kFixed) != 0) {
    const Errno error = unmap(new_begin, new_length);
    if (error != kOk) return error;
  }
  if (old_length > new_length) {
    const Errno error = unmap(old_begin + new_length, old_length - new_length);
    if (error != kOk) return error;
    old_length = new_length;
  }
  const Mapping& mapping = *find(old_begin);
  const Errno refused = check_growth(mapping, old_length, new_length, flags);
  if (refused != kOk) return refused;
  if ((flags & kFixed) != 0) {
    const Errno misplaced = check_placement(wanted);
    if (misplaced != kOk) return misplaced;
  } else if (!hint_taken(wanted, new_begin)) {
    const uint64_t offset = mapping.offset + (old_begin - mapping.begin);
    const uint32_t congruence = mapping.file != 0 ? static_cast<uint32_t>(offset) : old_begin;
    new_begin = find_free(new_length, congruence & (host_page_size_ - 1));
    if (new_begin == 0) return abi::kENOMEM;
  }
  if (old_length == 0) return remap_again(mapping, old_begin, new_length, flags, new_begin);
  if ((flags & kDontUnmap) != 0) return move_and_keep(mapping, old_begin, old_length, new_begin);
  return move_mapping(mapping, old_begin, old_length, new_length, new_begin);
}

Result<uint32_t> AddressSpace::remap(uint32_t old_begin, uint32_t old_length, uint32_t new_length,
                                     uint32_t flags, uint32_t new_begin) {
  const MemoryGuard guard(lock_);
  if ((flags & ~(kMayMove | kFixed | kDontUnmap)) != 0) return abi::kEINVAL;
  if ((flags & (kFixed | kDontUnmap)) != 0 && (flags & kMayMove) == 0) return abi::kEINVAL;
  if ((flags & kDontUnmap) != 0 && old_length != new_length) return abi::kEINVAL;
  if ((old_begin & guest::kPageMask) != 0 || new_length == 0) return abi::kEINVAL;
  if (find(old_begin) == nullptr) return abi::kEFAULT;
  if (new_length > kTaskSize)
    return (flags & (kFixed | kDontUnmap)) != 0 ? abi::kEINVAL : abi::kENOMEM;
  if (old_length > kTaskSize) old_length = kTaskSize;  // more than is mapped
  old_length = guest::page_ceil(old_length);
  new_length = guest::page_ceil(new_length);
  if ((flags & (kFixed | kDontUnmap)) != 0)
    return remap_to(old_begin, old_length, new_length, flags, new_begin);
  if (new_length <= old_length) {
    // This may be of several mappings.
    if (new_length < old_length) {
      const Errno error = unmap(old_begin + new_length, old_length - new_length);
      if (error != kOk) return error;
    }
    return old_begin;
  }
  const Errno unfit = check_source(old_begin, old_length);
  if (unfit != kOk) return unfit;
  const Mapping& mapping = *find(old_begin);
  const Errno refused = check_growth(mapping, old_length, new_length, flags);
  if (refused != kOk) return refused;
  if (old_length == 0) return remap_again(mapping, old_begin, new_length, flags, 0);
  const Result<uint32_t> in_place = resize_in_place(mapping, old_begin, old_length, new_length);
  if (in_place.ok() || (flags & kMayMove) == 0) return in_place;
  const uint64_t offset = mapping.offset + (old_begin - mapping.begin);
  const uint32_t congruence = mapping.file != 0 ? static_cast<uint32_t>(offset) : 0;
  const uint32_t target = find_free(new_length, congruence & (host_page_size_ - 1));
  if (target == 0) return abi::kENOMEM;
  return move_mapping(*find(old_begin), old_begin, old_length, new_length, target);
}

}  // namespace ferry::linux
