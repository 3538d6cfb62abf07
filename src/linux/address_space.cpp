#include "linux/address_space.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "linux/errno_map.hpp"
#include "linux/host_syscall.hpp"
#include "linux/i386/abi_types.hpp"

namespace ferry {

namespace {

using i386::host_pointer;
using i386::kGuestBegin;
using i386::kGuestEnd;
namespace abi = i386::abi;

/// Below the stack (guest_process.cpp) and a gap for its growth; explicit addresses may lie above.
constexpr uint32_t kSearchTop = 0x7e000000;

constexpr Errno kOk{0};
constexpr Errno kNoMemory{abi::kENOMEM};
constexpr Errno kInvalid{abi::kEINVAL};

bool valid_range(uint32_t begin, uint32_t length) {
  return begin >= kGuestBegin && begin < kGuestEnd && length <= kGuestEnd - begin;
}

/// Guest protection as the host is to enforce it: write-only and exec-only pages are readable on
/// i386, and the host executes nothing.
int host_bits(int guest_protection) {
  int bits = 0;
  if (guest_protection != 0) bits |= PROT_READ;
  if ((guest_protection & kProtWrite) != 0) bits |= PROT_WRITE;
  return bits;
}

}  // namespace

AddressSpace::AddressSpace(uint32_t host_page_size) : host_page_size_(host_page_size) {
  CHECK(host_page_size >= kGuestPageSize && (host_page_size & (host_page_size - 1)) == 0);
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

int AddressSpace::prot_at(uint32_t address) const {
  const Mapping* mapping = find(address);
  return mapping != nullptr ? mapping->protection : -1;
}

uint32_t AddressSpace::fetch_end(uint32_t address) const {
  const Mapping* mapping = find(address);
  const bool executable = mapping != nullptr && (mapping->protection & kProtExec) != 0;
  return executable ? mapping->end : address;
}

bool AddressSpace::accessible(uint32_t begin, uint32_t length, uint8_t protection) const {
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
    ++last;
  }
  mappings_.erase(mappings_.begin() + static_cast<ptrdiff_t>(first),
                  mappings_.begin() + static_cast<ptrdiff_t>(last));
}

void AddressSpace::insert(const Mapping& mapping) {
  const size_t i = first_ending_after(mapping.begin);
  mappings_.insert(mappings_.begin() + static_cast<ptrdiff_t>(i), mapping);
  mapped_bytes_ += mapping.end - mapping.begin;
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
        a.file == b.file && contiguous) {
      a.end = b.end;
      mappings_.erase(mappings_.begin() + static_cast<ptrdiff_t>(i) + 1);
    } else {
      ++i;
    }
  }
}

uint32_t AddressSpace::find_free(uint32_t hint, uint32_t length, uint32_t congruence) const {
  if (hint >= kGuestBegin && valid_range(hint, length) &&
      ((hint - congruence) & (host_page_size_ - 1)) == 0 && !any_mapped(hint, hint + length)) {
    return hint;
  }
  // Highest gap first, as the kernel does. Gaps begin and end at host pages, so that what the guest
  // lets us choose never shares one.
  uint32_t gap_end = kSearchTop;
  size_t i = first_ending_after(kSearchTop - 1);
  if (i < mappings_.size() && mappings_[i].begin < kSearchTop) ++i;
  for (;;) {
    while (i > 0 && mappings_[i - 1].begin >= gap_end) --i;
    const uint32_t gap_begin =
        i > 0 ? std::max(host_ceil(mappings_[i - 1].end), kGuestBegin) : kGuestBegin;
    const uint32_t top = host_floor(gap_end);
    if (top > gap_begin && top - gap_begin >= static_cast<uint64_t>(length) + congruence) {
      return host_floor(top - length - congruence) + congruence;
    }
    if (i == 0) return 0;
    gap_end = mappings_[i - 1].begin;
    --i;
  }
}

// --- host pages ---------------------------------------------------------------------------------

AddressSpace::HostRange AddressSpace::inner_host_range(uint32_t begin, uint32_t end) const {
  return {host_ceil(begin), host_floor(end)};
}

int AddressSpace::host_protection(uint32_t host_page) const {
  const uint32_t end = host_page + host_page_size_;
  int bits = 0;
  for (size_t i = first_ending_after(host_page); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    bits |= host_bits(mappings_[i].protection);
  }
  if (watched_pages_ != 0 && any_watched(host_page, end)) bits &= ~PROT_WRITE;
  return bits;
}

void AddressSpace::apply_protection(uint32_t begin, uint32_t end) {
  uint32_t run = begin;
  int run_bits = -1;
  for (uint32_t page = begin; page < end; page += host_page_size_) {
    const int bits = any_mapped(page, page + host_page_size_) ? host_protection(page) : -1;
    if (bits == run_bits) continue;
    if (run_bits >= 0) host_call(SYS_mprotect, host_pointer(run), page - run, run_bits);
    run = page;
    run_bits = bits;
  }
  if (run_bits >= 0) host_call(SYS_mprotect, host_pointer(run), end - run, run_bits);
}

void AddressSpace::release_host_pages(uint32_t begin, uint32_t end) {
  const HostRange inner = inner_host_range(begin, end);
  if (inner.begin < inner.end) {
    host_call(SYS_munmap, host_pointer(inner.begin), inner.end - inner.begin);
  }
  const auto release_edge = [this](uint32_t host_page) {
    if (any_mapped(host_page, host_page + host_page_size_)) {
      apply_protection(host_page, host_page + host_page_size_);
    } else {
      host_call(SYS_munmap, host_pointer(host_page), host_page_size_);
    }
  };
  if (begin != host_floor(begin)) release_edge(host_floor(begin));
  if (end != host_floor(end) &&
      (begin == host_floor(begin) || host_floor(begin) != host_floor(end))) {
    release_edge(host_floor(end));
  }
}

namespace {

long map_anonymous(uint32_t begin, uint32_t end, int protection, int extra_flags) {
  return host_call(SYS_mmap, host_pointer(begin), end - begin, protection,
                   MAP_FIXED | MAP_ANONYMOUS | extra_flags, -1, 0);
}

/// Fills [begin, end), which is writable and zero, from the file as far as the file goes.
void read_into(uint32_t begin, uint32_t end, const MapRequest& request) {
  if (request.descriptor < 0) return;
  uint64_t offset = request.offset + (begin - request.address);
  while (begin < end) {
    const long count =
        host_call(SYS_pread64, request.descriptor, host_pointer(begin), end - begin, offset);
    if (count <= 0) return;
    begin += static_cast<uint32_t>(count);
    offset += static_cast<uint64_t>(count);
  }
}

}  // namespace

bool AddressSpace::mappable_directly(const MapRequest& request) const {
  return request.descriptor < 0 ||
         ((request.address - request.offset) & (host_page_size_ - 1)) == 0;
}

/// Backs the part [begin, end) of one host page, of which other parts belong to other mappings.
Errno AddressSpace::back_edge(uint32_t begin, uint32_t end, const MapRequest& request) {
  const uint32_t page = host_floor(begin);
  const uint32_t page_end = page + host_page_size_;
  std::vector<uint8_t> others(host_page_size_);
  host_call(SYS_mprotect, host_pointer(page), host_page_size_, PROT_READ);
  // Where a file has no page (SIGBUS), zeroes are left.
  const auto keep = [&](uint32_t from, uint32_t to) {
    for (; from < to; from += kGuestPageSize) {
      if (any_mapped(from, from + kGuestPageSize))
        static_cast<void>(i386::copy_from_guest(&others[from - page], from, kGuestPageSize));
    }
  };
  keep(page, begin);
  keep(end, page_end);
  const long mapped = map_anonymous(page, page_end, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  if (mapped < 0) return errno_from_host(mapped);
  std::memcpy(host_pointer(page), others.data(), begin - page);
  std::memcpy(host_pointer(end), others.data() + (end - page), page_end - end);
  read_into(begin, end, request);
  return kOk;
}

/// Backs [begin, end), whose first and last host page are not shared with other mappings.
Errno AddressSpace::back_whole(uint32_t begin, uint32_t end, const MapRequest& request) {
  const int protection = host_bits(request.protection);
  const int sharing = (request.shared ? MAP_SHARED : MAP_PRIVATE) | request.extra_host_flags;
  long mapped;
  if (request.descriptor < 0) {
    mapped = map_anonymous(begin, end, protection, sharing);
  } else if (mappable_directly(request) && request.offset + begin >= request.address) {
    mapped = host_call(SYS_mmap, host_pointer(begin), end - begin, protection, MAP_FIXED | sharing,
                       request.descriptor, request.offset + begin - request.address);
  } else {
    // The kernel cannot map this offset here. A trial mapping gives its errors (EACCES, ENODEV,
    // ...).
    mapped =
        host_call(SYS_mmap, nullptr, host_page_size_, protection, sharing, request.descriptor, 0);
    if (mapped < 0) return errno_from_host(mapped);
    host_call(SYS_munmap, mapped, host_page_size_);
    if (request.shared && (request.protection & kProtWrite) != 0) return kInvalid;
    mapped = map_anonymous(begin, end, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    if (mapped >= 0) {
      read_into(std::max(begin, request.address), std::min(end, request.address + request.length),
                request);
      host_call(SYS_mprotect, host_pointer(begin), end - begin, protection);
    }
  }
  return mapped < 0 ? errno_from_host(mapped) : kOk;
}

/// Makes host memory for the guest range of `request` (page-aligned), whatever was there before.
Errno AddressSpace::back_with_host_pages(const MapRequest& request) {
  const uint32_t begin = request.address;
  const uint32_t end = begin + request.length;
  const uint32_t first = host_floor(begin);
  const uint32_t last = host_floor(end);
  const bool begin_shared =
      any_mapped(first, begin) || (first == last && any_mapped(end, first + host_page_size_));
  const bool end_shared = end != last && first != last && any_mapped(end, last + host_page_size_);
  const uint32_t whole_begin = begin_shared ? std::min(first + host_page_size_, end) : first;
  const uint32_t whole_end = end_shared ? last : host_ceil(end);
  if (whole_begin < whole_end && !(begin_shared && first == last)) {
    const Errno error = back_whole(whole_begin, whole_end, request);
    if (error.value != 0) return error;
  }
  if (begin_shared) {
    const Errno error = back_edge(begin, std::min(first + host_page_size_, end), request);
    if (error.value != 0) return error;
  }
  return end_shared ? back_edge(last, end, request) : kOk;
}

void AddressSpace::changed(uint32_t begin, uint32_t end) {
  i386::forget_code_ranges();
  if (observer_ != nullptr) observer_->range_changed(begin, end);
  clear_watch(begin, end);
}

// --- changes ------------------------------------------------------------------------------------

Result<uint32_t> AddressSpace::map(const MapRequest& original) {
  MapRequest request = original;
  if (request.length == 0) return kInvalid;
  if (request.length > kGuestEnd) return kNoMemory;
  request.length = page_ceil(request.length);
  if (mapped_bytes_ + request.length > space_limit_) return kNoMemory;
  if (read_implies_exec_ && (request.protection & kProtRead) != 0) request.protection |= kProtExec;
  if (request.placement == MapRequest::Placement::anywhere) {
    const uint32_t congruence =
        request.descriptor >= 0 ? static_cast<uint32_t>(request.offset & (host_page_size_ - 1)) : 0;
    request.address = find_free(page_floor(request.address), request.length, congruence);
    if (request.address == 0) return kNoMemory;
  } else {
    if ((request.address & kGuestPageMask) != 0) return kInvalid;
    if (request.address < kGuestBegin) return Errno{abi::kEPERM};  // mmap_min_addr
    if (!valid_range(request.address, request.length)) return kNoMemory;
    if (request.placement == MapRequest::Placement::fixed_no_replace &&
        any_mapped(request.address, request.address + request.length)) {
      return Errno{abi::kEEXIST};
    }
  }
  const uint32_t end = request.address + request.length;
  changed(request.address, end);
  const Errno error = back_with_host_pages(request);
  if (error.value != 0) return error;
  erase_range(request.address, end);
  insert({request.address, end, request.protection, request.shared, intern_file(request),
          request.descriptor >= 0 ? request.offset : 0});
  apply_protection_to_edges(request.address, end);
  report_shared_code(request.address, end);
  log_printf(LogChannel::page, "map %08x-%08x prot %x\n", request.address, end, request.protection);
  return request.address;
}

void AddressSpace::apply_protection_to_edges(uint32_t begin, uint32_t end) {
  if (begin != host_floor(begin)) apply_protection(host_floor(begin), host_ceil(begin));
  if (end != host_floor(end)) apply_protection(host_floor(end), host_ceil(end));
}

Errno AddressSpace::unmap(uint32_t begin, uint32_t length) {
  if ((begin & kGuestPageMask) != 0 || length == 0 || length > kGuestEnd) return kInvalid;
  length = page_ceil(length);
  if (!valid_range(begin, length)) return kInvalid;
  const uint32_t end = begin + length;
  if (!any_mapped(begin, end)) return kOk;
  changed(begin, end);
  erase_range(begin, end);
  release_host_pages(begin, end);
  log_printf(LogChannel::page, "unmap %08x-%08x\n", begin, end);
  return kOk;
}

Errno AddressSpace::protect(uint32_t begin, uint32_t length, uint8_t protection) {
  if ((begin & kGuestPageMask) != 0) return kInvalid;
  if (length == 0) return kOk;
  if (length > kGuestEnd) return kNoMemory;
  length = page_ceil(length);
  if (!valid_range(begin, length) || !accessible(begin, length, 0)) return kNoMemory;
  if (read_implies_exec_ && (protection & kProtRead) != 0) protection |= kProtExec;
  const uint32_t end = begin + length;
  changed(begin, end);
  const HostRange inner = inner_host_range(begin, end);
  if (inner.begin < inner.end) {
    const long result = host_call(SYS_mprotect, host_pointer(inner.begin), inner.end - inner.begin,
                                  host_bits(protection));
    if (result < 0) return errno_from_host(result);
  }
  // Whether host pages this range has a part of may become so: not writable those of a file that is
  // shared and open for reading.
  for (const uint32_t edge : {begin, end}) {
    if (edge == host_floor(edge)) continue;
    const uint32_t page = host_floor(edge);
    const long result = host_call(SYS_mprotect, host_pointer(page), host_page_size_,
                                  host_protection(page) | host_bits(protection));
    if (result < 0) return errno_from_host(result);
  }
  split_at(begin);
  split_at(end);
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    mappings_[i].protection = protection;
  }
  merge_around(begin, end);
  apply_protection_to_edges(begin, end);
  report_shared_code(begin, end);
  log_printf(LogChannel::page, "protect %08x-%08x prot %x\n", begin, end, protection);
  return kOk;
}

int32_t AddressSpace::discard(uint32_t begin, uint32_t end) {
  prepare_kernel_write(begin, end - begin);
  const HostRange inner = inner_host_range(begin, end);
  if (inner.begin < inner.end) {
    const long result =
        host_call(SYS_madvise, host_pointer(inner.begin), inner.end - inner.begin, MADV_DONTNEED);
    if (result < 0) return guest_result(result);
  }
  const auto clear_edge = [this](uint32_t edge, uint32_t edge_end) {
    if (edge >= edge_end) return;
    const uint32_t page = host_floor(edge);
    host_call(SYS_mprotect, host_pointer(page), host_page_size_, PROT_READ | PROT_WRITE);
    for (uint32_t at = edge; at < edge_end; at += kGuestPageSize) {
      const Mapping& mapping = *find(at);
      if (!from_file(mapping) && !mapping.shared) std::memset(host_pointer(at), 0, kGuestPageSize);
    }
    apply_protection(page, page + host_page_size_);
  };
  clear_edge(begin, std::min(inner.begin, end));
  if (inner.begin <= inner.end) clear_edge(inner.end, end);
  return 0;
}

// --- brk ----------------------------------------------------------------------------------------

void AddressSpace::start_break(uint32_t address) {
  break_start_ = break_ = address;
}

uint32_t AddressSpace::set_break(uint32_t address) {
  if (address < break_start_ || address >= kGuestEnd || break_start_ == 0) return break_;
  const uint32_t old_end = page_ceil(break_);
  const uint32_t new_end = page_ceil(address);
  if (new_end > old_end) {
    const bool over_limit = address - break_start_ > data_limit_;
    // Keep a page free before the next mapping, as the kernel's stack guard check does.
    if (over_limit || any_mapped(old_end, new_end + kGuestPageSize)) return break_;
    MapRequest request;
    request.address = old_end;
    request.length = new_end - old_end;
    request.protection = kProtRead | kProtWrite;
    request.placement = MapRequest::Placement::fixed;
    request.name = "[heap]";
    if (!map(request).ok()) return break_;
  } else if (new_end < old_end) {
    if (unmap(new_end, old_end - new_end).value != 0) return break_;
  }
  break_ = address;
  return break_;
}

}  // namespace ferry
