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

/// Whether the host pages that [begin, end) touches hold nothing else.
bool AddressSpace::owns_host_pages(uint32_t begin, uint32_t end) const {
  return !any_mapped(host_floor(begin), begin) && !any_mapped(end, host_ceil(end));
}

/// Whether host pages can show `mapping`'s file from `begin` on (and so show more of it when they
/// become more); else its pages are copies. True for anonymous memory.
bool AddressSpace::follows_file(const Mapping& mapping) const {
  return !from_file(mapping) || ((mapping.begin - mapping.offset) & (host_page_size_ - 1)) == 0;
}

/// The host page in which `mapping` ended at `old_end` may hold what an earlier partial unmap left
/// behind it; what the mapping grows by, to `new_end`, is zero.
void AddressSpace::clear_rest_of_host_page(const Mapping& mapping, uint32_t old_end,
                                           uint32_t new_end) const {
  const uint32_t end = std::min(host_ceil(old_end), new_end);
  const bool anonymous = !from_file(mapping) && !mapping.shared;
  if (old_end < end && anonymous && (mapping.protection & kProtWrite) != 0)
    std::memset(host_pointer(old_end), 0, end - old_end);
}

Result<uint32_t> AddressSpace::resize_in_place(const Mapping& mapping, uint32_t begin,
                                               uint32_t old_length, uint32_t new_length) {
  const uint32_t old_end = begin + old_length;
  const uint32_t new_end = begin + new_length;
  const bool room = mapping.end == old_end && new_length <= i386::kGuestEnd - begin &&
                    !any_mapped(old_end, host_ceil(new_end));
  // Host pages with something else in them are anonymous: the kernel would not add what the file
  // has.
  const bool alone = mapping.file == 0 ? !any_mapped(old_end, host_ceil(old_end))
                                       : owns_host_pages(begin, old_end);
  if (!room || !alone || !follows_file(mapping)) return Errno{abi::kENOMEM};
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
  clear_rest_of_host_page(grown, old_end, new_end);
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
  const bool direct = ((begin ^ target) & (host_page_size_ - 1)) == 0 &&
                      owns_host_pages(begin, old_end) &&
                      owns_host_pages(target, target + new_length) && follows_file(source);
  if (direct) {
    const uint32_t host_begin = host_floor(begin);
    const uint32_t host_target = host_floor(target);
    const long result = host_call(
        SYS_mremap, host_pointer(host_begin), host_ceil(old_end) - host_begin,
        host_ceil(target + new_length) - host_target, kMayMove | kFixed, host_pointer(host_target));
    if (result < 0) return errno_from_host(result);
    clear_rest_of_host_page(source, target + old_length, target + new_length);
    erase_range(begin, old_end);
    erase_range(target, target + new_length);
    insert({target, target + new_length, source.protection, source.shared, source.file,
            source.file != 0 ? source.offset + (begin - source.begin) : 0});
    report_shared_code(target, target + new_length);
    return target;
  }
  // Host pages shared with other mappings cannot be moved: copy. Sharing would be lost, and what
  // the file has behind the old end.
  const bool grows_file = from_file(source) && new_length > old_length;
  if (source.shared || grows_file) return Errno{abi::kENOMEM};
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
  for (uint32_t at = 0; at < std::min(old_length, new_length); at += kGuestPageSize) {
    // A page behind the end of its file (SIGBUS) is left zero.
    static_cast<void>(i386::copy_from_guest(host_pointer(target + at), begin + at, kGuestPageSize));
  }
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
