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
  // Most programs have no more, and do not pay for the growth of lists at their start.
  mappings_.reserve(64);
  files_.reserve(16);
  published_files_.reserve(16);
  add_file({});
}

// --- the list of mappings -----------------------------------------------------------------------

[[gnu::noinline]] size_t AddressSpace::search(uint32_t address) const {
  const auto it = std::upper_bound(mappings_.begin(), mappings_.end(), address,
                                   [](uint32_t a, const Mapping& m) { return a < m.end; });
  const auto found = static_cast<size_t>(it - mappings_.begin());
  last_found_ = found;
  return found;
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

// Under the lock, so that the answer, which the interpreter keeps until the next change begins, is
// not one of the middle of a change.
uint32_t AddressSpace::fetch_end(uint32_t address) const {
  const MemoryGuard guard(lock_);
  return states_.executable_until(address, PageStates::Run::any);
}

uint32_t AddressSpace::direct_fetch_end(uint32_t address) const {
  const MemoryGuard guard(lock_);
  return states_.executable_until(address, PageStates::Run::direct);
}

template <typename Suffices>
bool AddressSpace::all_pages(uint32_t begin, uint32_t length, Suffices suffices) const {
  const MemoryGuard guard(lock_);
  if (length == 0) return true;
  if (!valid_range(begin, length)) return false;
  const uint32_t end = begin + length;
  for (size_t i = first_ending_after(begin); begin < end; ++i) {
    if (i == mappings_.size() || mappings_[i].begin > begin) return false;
    if (!suffices(mappings_[i].protection)) return false;
    begin = mappings_[i].end;
  }
  return true;
}

bool AddressSpace::accessible(uint32_t begin, uint32_t length, uint8_t protection) const {
  return all_pages(begin, length, [=](uint8_t has) { return (has & protection) == protection; });
}

bool AddressSpace::accessible_in(uint32_t begin, uint32_t length, uint8_t protection) const {
  return all_pages(begin, length, [=](uint8_t has) { return (has & protection) != 0; });
}

/// How many bytes of [begin, end) are mapped.
uint64_t AddressSpace::mapped_in(uint32_t begin, uint32_t end) const {
  uint64_t bytes = 0;
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    bytes += std::min(end, mappings_[i].end) - std::max(begin, mappings_[i].begin);
  }
  return bytes;
}

bool AddressSpace::any_mapped(uint32_t begin, uint32_t end) const {
  if (begin >= end) return false;
  const size_t i = first_ending_after(begin);
  return i < mappings_.size() && mappings_[i].begin < end;
}

void AddressSpace::split_at(uint32_t address) {
  const size_t i = first_ending_after(address);
  if (i == mappings_.size() || mappings_[i].begin >= address) return;
  const ListChange change(mappings_shown_, mappings_);
  Mapping tail = mappings_[i];
  if (tail.file != 0) tail.offset += address - tail.begin;
  tail.begin = address;
  mappings_[i].end = address;
  mappings_.insert(mappings_.begin() + static_cast<ptrdiff_t>(i) + 1, tail);
}

void AddressSpace::erase_range(uint32_t begin, uint32_t end) {
  size_t first = first_ending_after(begin);
  if (first == mappings_.size() || mappings_[first].begin >= end) return;
  const ListChange change(mappings_shown_, mappings_);
  if (mappings_[first].begin < begin) {
    split_at(begin);
    ++first;
  }
  size_t last = first;
  while (last < mappings_.size() && mappings_[last].begin < end) {
    if (mappings_[last].end > end) split_at(end);
    count(mappings_[last], false);
    states_.unmap(mappings_[last].begin, mappings_[last].end);
    ++last;
  }
  mappings_.erase(mappings_.begin() + static_cast<ptrdiff_t>(first),
                  mappings_.begin() + static_cast<ptrdiff_t>(last));
}

/// Whether RLIMIT_DATA counts the mapping (mm/internal.h, is_data_mapping).
bool AddressSpace::is_data(const Mapping& mapping) {
  return !mapping.shared && !mapping.grows_down && (mapping.protection & kProtWrite) != 0;
}

/// kAccounted, if the mapping becomes that now (mm/mmap.c, accountable_mapping; mm/mprotect.c,
/// mprotect_fixup).
uint16_t AddressSpace::accounted(const Mapping& mapping) {
  const bool counts = !mapping.shared && (mapping.protection & kProtWrite) != 0 &&
                      (mapping.traits & kNoReserve) == 0;
  return counts ? kAccounted : 0;
}

/// Adds `mapping` to the sums over all of them, or takes it away.
void AddressSpace::count(const Mapping& mapping, bool added) {
  const uint64_t bytes = mapping.end - mapping.begin;
  const uint64_t change = added ? bytes : -bytes;
  total_.mapped += change;
  if ((mapping.traits & kLocked) != 0) total_.locked += change;
  if (is_data(mapping)) total_.data += change;
  if (mapping.grows_down) {
    total_.stack += change;
  } else if ((mapping.protection & (kProtWrite | kProtExec)) == kProtExec) {
    total_.code += change;
  }
  total_.most_mapped = std::max(total_.most_mapped, total_.mapped);
}

/// Whether the limits allow `bytes` more; `data`: of memory that RLIMIT_DATA counts (mm/mmap.c,
/// may_expand_vm).
bool AddressSpace::may_expand(bool data, uint64_t bytes) const {
  const auto within = [](uint64_t size, uint64_t limit) {
    return size / guest::kPageSize <= limit / guest::kPageSize;
  };
  if (!within(total_.mapped + bytes, space_limit_)) return false;
  if (!data || within(total_.data + bytes, data_limit_)) return true;
  return data_limit_ == 0 && within(total_.data + bytes, data_limit_hard_);
}

void AddressSpace::insert(const Mapping& mapping) {
  const ListChange change(mappings_shown_, mappings_);
  const size_t i = first_ending_after(mapping.begin);
  mappings_.insert(mappings_.begin() + static_cast<ptrdiff_t>(i), mapping);
  count(mapping, true);
  states_.map(mapping.begin, mapping.end, mapping.protection);
  merge_from(i > 0 ? i - 1 : 0, mapping.end);
}

/// Puts `mapping` where others may be.
void AddressSpace::replace(const Mapping& mapping) {
  const ListChange change(mappings_shown_, mappings_);
  erase_range(mapping.begin, mapping.end);
  insert(mapping);
}

void AddressSpace::merge_around(uint32_t begin, uint32_t end) {
  const ListChange change(mappings_shown_, mappings_);
  const size_t i = first_ending_after(begin);
  merge_from(i > 0 ? i - 1 : 0, end);
}

/// Merges the mappings from index `i` on that begin at `end` or below, where they can be one.
/// Inside a ListChange.
void AddressSpace::merge_from(size_t i, uint32_t end) {
  while (i + 1 < mappings_.size() && mappings_[i].begin <= end) {
    Mapping& a = mappings_[i];
    const Mapping& b = mappings_[i + 1];
    const bool contiguous = from_file(a) ? a.offset + (a.end - a.begin) == b.offset : !a.shared;
    if (a.end == b.begin && a.protection == b.protection && a.shared == b.shared &&
        a.file == b.file && a.grows_down == b.grows_down && a.traits == b.traits && contiguous) {
      a.end = b.end;
      mappings_.erase(mappings_.begin() + static_cast<ptrdiff_t>(i) + 1);
    } else {
      ++i;
    }
  }
}

/// Some mapping is about to change.
void AddressSpace::note_change() {
  changes_.store(changes_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  i386::forget_code_ranges();
}

void AddressSpace::changed(uint32_t begin, uint32_t end) {
  note_change();
  if (observer_ != nullptr) observer_->range_changed(begin, end);
  clear_watch(begin, end);
}

// --- changes ------------------------------------------------------------------------------------

/// What is wrong with the place that the guest wants (mm/mmap.c, do_mmap and get_unmapped_area).
Errno AddressSpace::check_placement(const MapRequest& request) const {
  if (request.length > kTaskSize || request.address > kTaskSize - request.length)
    return abi::kENOMEM;
  if ((request.address & guest::kPageMask) != 0) return abi::kEINVAL;
  if (request.address < guest::kGuestBegin) return abi::kEPERM;  // mmap_min_addr
  if (!valid_range(request.address, request.length)) {
    log_printf(LogChannel::unimp, "memory at %08x: ferry's guests end at %08x\n", request.address,
               guest::kGuestEnd);
    return abi::kENOMEM;
  }
  const bool keep = request.placement == MapRequest::Placement::fixed_no_replace;
  return keep && any_mapped(request.address, request.address + request.length) ? abi::kEEXIST : kOk;
}

Result<uint32_t> AddressSpace::map(const MapRequest& original) {
  const MemoryGuard guard(lock_);
  MapRequest request = original;
  if (request.length == 0) return abi::kEINVAL;
  if (request.length > guest::kGuestEnd) return abi::kENOMEM;
  request.length = guest::page_ceil(request.length);
  if (read_implies_exec_ && (request.protection & kProtRead) != 0) request.protection |= kProtExec;
  const bool replaces = request.placement != MapRequest::Placement::anywhere;
  if (!replaces) {
    uint32_t hint = guest::page_floor(request.address);
    if (hint != 0) hint = std::max(hint, guest::kGuestBegin);
    request.address = hint_taken(request, hint) ? hint : find_place(request);
    if (request.address == 0) return abi::kENOMEM;
  } else if (const Errno refused = check_placement(request); refused != kOk) {
    return refused;
  }
  Mapping made{request.address,
               request.address + request.length,
               request.protection,
               request.shared,
               0,
               0,
               request.grows_down,
               future_locks_};
  if (request.traits) made.traits = *request.traits;
  if (request.no_reserve) made.traits |= kNoReserve;
  made.traits |= accounted(made);
  if (request.lock) {
    if (!may_lock()) return abi::kEPERM;
    made.traits |= kLocked;
  }
  if ((made.traits & kLocked) != 0 && !may_lock_in_all(total_.locked + request.length))
    return abi::kEAGAIN;
  // What is replaced counts for the size of the address space only (mmap_region).
  if (!may_expand(is_data(made), request.length) &&
      !may_expand(is_data(made), request.length - mapped_in(made.begin, made.end))) {
    return abi::kENOMEM;
  }
  // Shared anonymous memory is a file of its own (intern_file), at an offset that fits the host's
  // pages.
  if (request.descriptor < 0)
    request.offset = request.shared ? request.address & (host_page_size_ - 1) : 0;
  const uint32_t end = request.address + request.length;
  replaces ? changed(request.address, end) : note_change();
  const SharedBackings::Handle backing = open_backing(request);
  const Errno error = back_with(request, backing);
  if (error != kOk) {
    backings_.drop(backing);
    return error;
  }
  made.file = intern_file(request);
  made.offset = request.offset;
  backings_.keep(made.file, backing);
  replaces ? replace(made) : insert(made);
  settle_range(request.address, end);
  report_shared_code(request.address, end);
  // Pages that cannot be filled in are not an error of the mapping.
  if ((made.traits & kLocked) != 0) static_cast<void>(lock_host_pages(request.address, end));
  if (log_enabled(LogChannel::page))
    log_printf(LogChannel::page, "map %08x-%08x prot %x\n", request.address, end,
               request.protection);
  return request.address;
}

Errno AddressSpace::unmap(uint32_t begin, uint32_t length) {
  const MemoryGuard guard(lock_);
  if ((begin & guest::kPageMask) != 0 || length == 0 || begin > kTaskSize ||
      length > kTaskSize - begin) {
    return abi::kEINVAL;
  }
  const uint32_t end = std::min(begin + guest::page_ceil(length), guest::kGuestEnd);
  begin = std::max(begin, guest::kGuestBegin);
  if (!any_mapped(begin, end)) return kOk;
  changed(begin, end);
  erase_range(begin, end);
  release_host_pages(begin, end);
  if (log_enabled(LogChannel::page)) log_printf(LogChannel::page, "unmap %08x-%08x\n", begin, end);
  return kOk;
}

/// Where mprotect to `protection` stops in the mapped range [begin, end): at the first mapping that
/// would become data which RLIMIT_DATA forbids (mm/mprotect.c, mprotect_fixup).
uint32_t AddressSpace::protectable_until(uint32_t begin, uint32_t end, uint8_t protection) const {
  if ((protection & kProtWrite) == 0) return end;
  uint64_t added = 0;
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    Mapping changed = mappings_[i];
    changed.protection = protection;
    if (is_data(mappings_[i]) || !is_data(changed)) continue;
    const uint64_t bytes = std::min(end, changed.end) - std::max(begin, changed.begin);
    if (!may_expand(true, added + bytes) && may_expand(false, added + bytes))
      return std::max(begin, changed.begin);
    added += bytes;
  }
  return end;
}

Errno AddressSpace::protect(uint32_t begin, uint32_t length, uint8_t protection) {
  const MemoryGuard guard(lock_);
  if ((begin & guest::kPageMask) != 0) return abi::kEINVAL;
  if (length == 0) return kOk;
  if (length > guest::kGuestEnd) return abi::kENOMEM;
  length = guest::page_ceil(length);
  if (begin < guest::kGuestBegin || begin >= guest::kGuestEnd) return abi::kENOMEM;
  const uint32_t whole_end = begin + std::min(length, guest::kGuestEnd - begin);
  if (read_implies_exec_ && (protection & kProtRead) != 0) protection |= kProtExec;
  const uint32_t end = protectable_until(begin, mapped_until(begin, whole_end), protection);
  const bool stopped = end != whole_end || length > guest::kGuestEnd - begin;
  if (begin == end) return abi::kENOMEM;
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
  const ListChange change(mappings_shown_, mappings_);
  split_at(begin);
  split_at(end);
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    count(mappings_[i], false);
    mappings_[i].protection = protection;
    if (!from_file(mappings_[i])) mappings_[i].traits &= static_cast<uint16_t>(~kAccounted);
    mappings_[i].traits |= accounted(mappings_[i]);
    count(mappings_[i], true);
    states_.map(mappings_[i].begin, mappings_[i].end, protection);
  }
  merge_around(begin, end);
  settle_range(begin, end);
  report_shared_code(begin, end);
  if (log_enabled(LogChannel::page))
    log_printf(LogChannel::page, "protect %08x-%08x prot %x\n", begin, end, protection);
  return stopped ? abi::kENOMEM : kOk;
}

}  // namespace ferry::linux
