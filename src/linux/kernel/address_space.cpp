#include "linux/kernel/address_space.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/errno_map.hpp"

namespace ferry::linux {

namespace {

bool valid_range(uint32_t begin, uint32_t length) {
  return begin >= guest::kGuestBegin && begin < guest::kGuestEnd &&
         length <= guest::kGuestEnd - begin;
}

}  // namespace

AddressSpace::AddressSpace(uint32_t host_page_size) : host_page_size_(host_page_size) {
  CHECK(host_page_size <= SplitPages::kMostGuestPages * guest::kPageSize);
  CHECK(host_page_size >= guest::kPageSize && (host_page_size & (host_page_size - 1)) == 0);
  files_.push_back(std::make_unique<MappedFile>());
}

// --- the list of mappings -----------------------------------------------------------------------

size_t AddressSpace::first_ending_after(uint32_t address) const {
  const auto it = std::upper_bound(mappings_.begin(), mappings_.end(), address,
                                   [](uint32_t a, const Mapping& m) { return a < m.end; });
  return static_cast<size_t>(it - mappings_.begin());
}

const Mapping* AddressSpace::find(uint32_t address) const {
  const size_t i = first_ending_after(address);
  return i < mappings_.size() && mappings_[i].begin <= address ? &mappings_[i] : nullptr;
}

const Mapping* AddressSpace::find_at_or_above(uint32_t address) const {
  const size_t i = first_ending_after(address);
  return i < mappings_.size() ? &mappings_[i] : nullptr;
}

/// The end of the run of mapped pages that begins at `begin`, at most `end`.
uint32_t AddressSpace::mapped_until(uint32_t begin, uint32_t end) const {
  size_t i = first_ending_after(begin);
  while (begin < end && i < mappings_.size() && mappings_[i].begin <= begin)
    begin = mappings_[i++].end;
  return std::min(begin, end);
}

uint32_t AddressSpace::fetch_end(uint32_t address) const {
  return states_.executable_until(address, PageStates::Run::any);
}

uint32_t AddressSpace::direct_fetch_end(uint32_t address) const {
  return states_.executable_until(address, PageStates::Run::direct);
}

bool AddressSpace::accessible(uint32_t begin, uint32_t length, uint8_t protection) const {
  const MemoryGuard guard(lock_);
  if (length == 0) return true;
  if (!valid_range(begin, length)) return false;
  const uint32_t end = begin + length;
  for (size_t i = first_ending_after(begin); begin < end; ++i) {
    if (i == mappings_.size() || mappings_[i].begin > begin) return false;
    if ((mappings_[i].protection & protection) != protection) return false;
    begin = mappings_[i].end;
  }
  return true;
}

bool AddressSpace::any_mapped(uint32_t begin, uint32_t end) const {
  if (begin >= end) return false;
  const size_t i = first_ending_after(begin);
  return i < mappings_.size() && mappings_[i].begin < end;
}

void AddressSpace::split_at(uint32_t address) {
  const size_t i = first_ending_after(address);
  if (i == mappings_.size() || mappings_[i].begin >= address) return;
  Mapping tail = mappings_[i];
  if (tail.file != 0) tail.offset += address - tail.begin;
  tail.begin = address;
  mappings_[i].end = address;
  mappings_.insert(mappings_.begin() + static_cast<ptrdiff_t>(i) + 1, tail);
}

void AddressSpace::erase_range(uint32_t begin, uint32_t end) {
  split_at(begin);
  split_at(end);
  const size_t first = first_ending_after(begin);
  size_t last = first;
  while (last < mappings_.size() && mappings_[last].begin < end) {
    mapped_bytes_ -= mappings_[last].end - mappings_[last].begin;
    states_.unmap(mappings_[last].begin, mappings_[last].end);
    ++last;
  }
  mappings_.erase(mappings_.begin() + static_cast<ptrdiff_t>(first),
                  mappings_.begin() + static_cast<ptrdiff_t>(last));
}

void AddressSpace::insert(const Mapping& mapping) {
  const size_t i = first_ending_after(mapping.begin);
  mappings_.insert(mappings_.begin() + static_cast<ptrdiff_t>(i), mapping);
  mapped_bytes_ += mapping.end - mapping.begin;
  states_.map(mapping.begin, mapping.end, mapping.protection);
  merge_around(mapping.begin, mapping.end);
}

void AddressSpace::merge_around(uint32_t begin, uint32_t end) {
  size_t i = first_ending_after(begin);
  if (i > 0) --i;
  while (i + 1 < mappings_.size() && mappings_[i].begin <= end) {
    Mapping& a = mappings_[i];
    const Mapping& b = mappings_[i + 1];
    const bool contiguous = from_file(a) ? a.offset + (a.end - a.begin) == b.offset : !a.shared;
    if (a.end == b.begin && a.protection == b.protection && a.shared == b.shared &&
        a.file == b.file && a.grows_down == b.grows_down && contiguous) {
      a.end = b.end;
      mappings_.erase(mappings_.begin() + static_cast<ptrdiff_t>(i) + 1);
    } else {
      ++i;
    }
  }
}

void AddressSpace::changed(uint32_t begin, uint32_t end) {
  i386::forget_code_ranges();
  if (observer_ != nullptr) observer_->range_changed(begin, end);
  clear_watch(begin, end);
}

// --- changes ------------------------------------------------------------------------------------

Result<uint32_t> AddressSpace::map(const MapRequest& original) {
  const MemoryGuard guard(lock_);
  MapRequest request = original;
  if (request.length == 0) return abi::kEINVAL;
  if (request.length > guest::kGuestEnd) return abi::kENOMEM;
  request.length = guest::page_ceil(request.length);
  if (mapped_bytes_ + request.length > space_limit_) return abi::kENOMEM;
  if (read_implies_exec_ && (request.protection & kProtRead) != 0) request.protection |= kProtExec;
  if (request.placement == MapRequest::Placement::anywhere) {
    const uint32_t congruence =
        request.descriptor >= 0 ? static_cast<uint32_t>(request.offset & (host_page_size_ - 1)) : 0;
    uint32_t hint = guest::page_floor(request.address);
    if (hint != 0) hint = std::max(hint, guest::kGuestBegin);
    request.address = hint_taken(request, hint) ? hint : find_free(request.length, congruence);
    if (request.address == 0) return abi::kENOMEM;
  } else {
    if ((request.address & guest::kPageMask) != 0) return abi::kEINVAL;
    if (request.address < guest::kGuestBegin) return abi::kEPERM;  // mmap_min_addr
    if (!valid_range(request.address, request.length)) return abi::kENOMEM;
    if (request.placement == MapRequest::Placement::fixed_no_replace &&
        any_mapped(request.address, request.address + request.length)) {
      return abi::kEEXIST;
    }
  }
  // Shared anonymous memory is a file of its own (intern_file), at an offset that fits the host's
  // pages.
  if (request.descriptor < 0)
    request.offset = request.shared ? request.address & (host_page_size_ - 1) : 0;
  const uint32_t end = request.address + request.length;
  changed(request.address, end);
  const SharedBackings::Handle backing = open_backing(request);
  MapRequest backed = request;
  if (backing != HiddenDescriptors::kNone) backed.descriptor = backings_.descriptor(backing);
  const Errno error = back_with_host_pages(backed);
  if (error != kOk) {
    backings_.drop(backing);
    return error;
  }
  erase_range(request.address, end);
  const uint32_t file = intern_file(request);
  backings_.keep(file, backing);
  insert({request.address, end, request.protection, request.shared, file, request.offset,
          request.grows_down});
  settle_range(request.address, end);
  report_shared_code(request.address, end);
  log_printf(LogChannel::page, "map %08x-%08x prot %x\n", request.address, end, request.protection);
  return request.address;
}

Errno AddressSpace::unmap(uint32_t begin, uint32_t length) {
  const MemoryGuard guard(lock_);
  if ((begin & guest::kPageMask) != 0 || length == 0 || length > guest::kGuestEnd)
    return abi::kEINVAL;
  length = guest::page_ceil(length);
  if (!valid_range(begin, length)) return abi::kEINVAL;
  const uint32_t end = begin + length;
  if (!any_mapped(begin, end)) return kOk;
  changed(begin, end);
  erase_range(begin, end);
  release_host_pages(begin, end);
  log_printf(LogChannel::page, "unmap %08x-%08x\n", begin, end);
  return kOk;
}

Errno AddressSpace::protect(uint32_t begin, uint32_t length, uint8_t protection) {
  const MemoryGuard guard(lock_);
  if ((begin & guest::kPageMask) != 0) return abi::kEINVAL;
  if (length == 0) return kOk;
  if (length > guest::kGuestEnd) return abi::kENOMEM;
  length = guest::page_ceil(length);
  if (begin < guest::kGuestBegin || begin >= guest::kGuestEnd) return abi::kENOMEM;
  const uint32_t whole_end = begin + std::min(length, guest::kGuestEnd - begin);
  const uint32_t end = mapped_until(begin, whole_end);
  const bool holes = end != whole_end || length > guest::kGuestEnd - begin;
  if (begin == end) return abi::kENOMEM;
  if (read_implies_exec_ && (protection & kProtRead) != 0) protection |= kProtExec;
  changed(begin, end);
  // The host refuses what the guest may not have, such as writable pages of a shared file that is
  // open for reading only.
  const int bits = host_bits(protection);
  for (uint32_t page = splits_.next(host_floor(begin)); page < end;
       page = splits_.next(page + host_page_size_)) {
    const long result = protect_places(page, begin, end, bits);
    if (result < 0) return errno_from_host(result);
  }
  const HostRange inner = inner_host_range(begin, end);
  if (inner.begin < inner.end) {
    const long result = protect_host_pages(inner.begin, inner.end, bits);
    if (result < 0) return errno_from_host(result);
  }
  for (const uint32_t edge : {begin, end}) {
    const uint32_t page = host_floor(edge);
    if (edge == page || splits_.contains(page)) continue;
    const long result = host_call(SYS_mprotect, guest::host_pointer(page), host_page_size_,
                                  host_protection(page) | bits);
    if (result < 0) return errno_from_host(result);
  }
  split_at(begin);
  split_at(end);
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    mappings_[i].protection = protection;
    states_.map(mappings_[i].begin, mappings_[i].end, protection);
  }
  merge_around(begin, end);
  settle_range(begin, end);
  report_shared_code(begin, end);
  log_printf(LogChannel::page, "protect %08x-%08x prot %x\n", begin, end, protection);
  return holes ? abi::kENOMEM : kOk;
}

}  // namespace ferry::linux
