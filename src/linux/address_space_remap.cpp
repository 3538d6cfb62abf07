// AddressSpace: mremap(2).
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "linux/address_space.hpp"
#include "linux/errno_map.hpp"
#include "linux/host_syscall.hpp"
#include "linux/i386/abi_types.hpp"

namespace ferry {

namespace {

using i386::host_pointer;
namespace abi = i386::abi;

constexpr uint32_t kMayMove = 1, kFixed = 2;  // include/uapi/linux/mman.h

}  // namespace

/// Whether the host pages that [begin, end) touches hold nothing else, and begin is at one's start.
bool AddressSpace::owns_host_pages(uint32_t begin, uint32_t end) const {
  return begin == host_floor(begin) && !any_mapped(end, host_ceil(end));
}

Result<uint32_t> AddressSpace::resize_in_place(const Mapping& mapping, uint32_t begin,
                                               uint32_t old_length, uint32_t new_length) {
  const uint32_t old_end = begin + old_length;
  const uint32_t new_end = begin + new_length;
  const bool room = mapping.end == old_end && new_length <= i386::kGuestEnd - begin &&
                    !any_mapped(old_end, host_ceil(new_end));
  if (!room || !owns_host_pages(host_floor(begin), old_end)) return Errno{abi::kENOMEM};
  const uint32_t host_begin = host_floor(begin);
  const uint32_t host_old = host_ceil(old_end) - host_begin;
  const uint32_t host_new = host_ceil(new_end) - host_begin;
  changed(old_end, new_end);
  const Mapping grown = mapping;
  if (host_new > host_old) {
    const long result =
        host_call(SYS_mremap, host_pointer(host_begin), host_old, host_new, 0, nullptr);
    if (result < 0) return errno_from_host(result);
  }
  if (grown.file == 0 && !grown.shared && host_ceil(old_end) != old_end &&
      (grown.protection & kProtWrite) != 0) {
    // The rest of the last host page may hold what an earlier partial unmap left.
    std::memset(host_pointer(old_end), 0, std::min(host_ceil(old_end), new_end) - old_end);
  }
  Mapping added = grown;
  added.begin = old_end;
  added.end = new_end;
  if (added.file != 0) added.offset += old_end - grown.begin;
  insert(added);
  report_shared_code(old_end, new_end);
  return begin;
}

/// Moves [begin, begin + old_length) of `mapping` to `target`, which is free or to be replaced.
Result<uint32_t> AddressSpace::move_mapping(const Mapping& mapping, uint32_t begin,
                                            uint32_t old_length, uint32_t new_length,
                                            uint32_t target) {
  const Mapping source = mapping;
  const uint32_t old_end = begin + old_length;
  changed(begin, old_end);
  changed(target, target + new_length);
  const bool direct =
      owns_host_pages(begin, old_end) && owns_host_pages(target, target + new_length);
  if (direct) {
    const long result =
        host_call(SYS_mremap, host_pointer(begin), host_ceil(old_end) - begin,
                  host_ceil(target + new_length) - target, kMayMove | kFixed, host_pointer(target));
    if (result < 0) return errno_from_host(result);
    erase_range(begin, old_end);
    erase_range(target, target + new_length);
    insert({target, target + new_length, source.protection, source.shared, source.file,
            source.file != 0 ? source.offset + (begin - source.begin) : 0});
    report_shared_code(target, target + new_length);
    return target;
  }
  // Host pages shared with other mappings cannot be moved: copy. Sharing would be lost.
  if (source.shared) return Errno{abi::kENOMEM};
  MapRequest request;
  request.address = target;
  request.length = new_length;
  request.protection = kProtRead | kProtWrite;
  request.placement = MapRequest::Placement::fixed;
  const Result<uint32_t> mapped = map(request);
  if (!mapped.ok()) return mapped;
  if (source.protection == 0) {
    const Errno readable = protect(begin, old_length, kProtRead);
    if (readable.value != 0) return readable;
  }
  std::memcpy(host_pointer(target), host_pointer(begin), std::min(old_length, new_length));
  Errno error = protect(target, new_length, source.protection);
  if (error.value == 0) error = unmap(begin, old_length);
  if (error.value != 0) return error;
  return target;
}

Result<uint32_t> AddressSpace::remap(uint32_t old_begin, uint32_t old_length, uint32_t new_length,
                                     uint32_t flags, uint32_t new_begin) {
  constexpr Errno kInvalid{abi::kEINVAL};
  if ((flags & ~(kMayMove | kFixed)) != 0) return kInvalid;  // MREMAP_DONTUNMAP: not offered
  if ((flags & kFixed) != 0 && (flags & kMayMove) == 0) return kInvalid;
  if ((old_begin & kGuestPageMask) != 0 || new_length == 0 || old_length == 0) return kInvalid;
  if (old_length > i386::kGuestEnd || new_length > i386::kGuestEnd) return Errno{abi::kENOMEM};
  old_length = page_ceil(old_length);
  new_length = page_ceil(new_length);
  const Mapping* mapping = find(old_begin);
  if (mapping == nullptr || mapping->end - old_begin < old_length) return Errno{abi::kEFAULT};
  if ((flags & kFixed) != 0) {
    const bool outside = new_begin < i386::kGuestBegin || new_begin >= i386::kGuestEnd ||
                         new_length > i386::kGuestEnd - new_begin;
    const bool overlap = new_begin < old_begin + old_length && old_begin < new_begin + new_length;
    if ((new_begin & kGuestPageMask) != 0 || outside || overlap) return kInvalid;
    if (new_length < old_length) {
      const Errno error = unmap(old_begin + new_length, old_length - new_length);
      if (error.value != 0) return error;
      old_length = new_length;
    }
    const Errno error = unmap(new_begin, new_length);
    if (error.value != 0) return error;
    return move_mapping(*find(old_begin), old_begin, old_length, new_length, new_begin);
  }
  if (new_length <= old_length) {
    if (new_length < old_length) {
      const Errno error = unmap(old_begin + new_length, old_length - new_length);
      if (error.value != 0) return error;
    }
    return old_begin;
  }
  if (mapped_bytes_ + (new_length - old_length) > space_limit_) return Errno{abi::kENOMEM};
  const Result<uint32_t> in_place = resize_in_place(*mapping, old_begin, old_length, new_length);
  if (in_place.ok() || (flags & kMayMove) == 0) return in_place;
  const uint32_t congruence =
      mapping->file != 0 ? static_cast<uint32_t>((mapping->offset + old_begin - mapping->begin) &
                                                 (host_page_size_ - 1))
                         : 0;
  const uint32_t target = find_free(0, new_length, congruence);
  if (target == 0) return Errno{abi::kENOMEM};
  return move_mapping(*find(old_begin), old_begin, old_length, new_length, target);
}

}  // namespace ferry
