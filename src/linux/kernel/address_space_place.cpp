// AddressSpace: where mappings go, and mappings that grow: the stack and the heap.
#include <algorithm>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/kernel/address_space.hpp"

namespace ferry::linux {

namespace {

/// stack_guard_gap (mm/mmap.c): kept free below a mapping that grows down.
constexpr uint32_t kStackGap = 256 * guest::kPageSize;
/// The least that mmap_base leaves for the stack (arch/x86/mm/mmap.c).
constexpr uint32_t kLeastStackRoom = 128u << 20;

}  // namespace

void AddressSpace::place_below_stack(uint32_t stack_top, uint64_t stack_limit) {
  const MemoryGuard guard(lock_);
  const uint32_t most = (stack_top - guest::kGuestBegin) / 6 * 5;
  const uint64_t wanted = stack_limit > most ? most : stack_limit + kStackGap;
  const uint64_t room = std::clamp<uint64_t>(wanted, kLeastStackRoom, most);
  mmap_top_ = host_floor(stack_top - static_cast<uint32_t>(room));
}

/// Whether a mapping may be placed at the address that the guest proposes: where that is free, and
/// no host page would have to be split for it.
bool AddressSpace::hint_taken(const MapRequest& request, uint32_t hint) const {
  if (hint < guest::kGuestBegin || hint >= guest::kGuestEnd ||
      request.length > guest::kGuestEnd - hint)
    return false;
  const uint32_t end = hint + request.length;
  if (any_mapped(hint, end)) return false;
  const size_t next = first_ending_after(end - 1);
  if (next < mappings_.size() && mappings_[next].grows_down &&
      mappings_[next].begin - end < kStackGap) {
    return false;
  }
  MapRequest there = request;
  there.address = hint;
  if (request.shared && (!mappable_directly(there) || any_mapped(host_floor(hint), hint) ||
                         any_mapped(end, host_ceil(end)))) {
    return false;
  }
  return !any_shared(host_floor(hint), hint) && !any_shared(end, host_ceil(end));
}

/// The highest room below `top`. Rooms begin and end at host pages, so that a mapping whose place
/// ferry chooses never shares a host page.
uint32_t AddressSpace::free_below(uint32_t top, uint32_t length, uint32_t congruence) const {
  const uint64_t needed = uint64_t{length} + congruence;
  size_t i = first_ending_after(top - 1);
  if (i < mappings_.size() && mappings_[i].begin < top) ++i;
  uint32_t gap_end = top;
  for (;;) {
    const uint32_t gap_begin =
        i > 0 ? std::max(host_ceil(mappings_[i - 1].end), guest::kGuestBegin) : guest::kGuestBegin;
    uint32_t usable = host_floor(std::min(gap_end, top));
    if (i < mappings_.size() && mappings_[i].grows_down && gap_end == mappings_[i].begin)
      usable = usable > kStackGap ? host_floor(usable - kStackGap) : 0;
    if (usable > gap_begin && usable - gap_begin >= needed) {
      return host_floor(usable - length - congruence) + congruence;
    }
    if (i == 0) return 0;
    --i;
    gap_end = mappings_[i].begin;
  }
}

/// The lowest room from `bottom` on.
uint32_t AddressSpace::free_above(uint32_t bottom, uint32_t length, uint32_t congruence) const {
  const uint64_t needed = uint64_t{length} + congruence;
  uint32_t gap_begin = host_ceil(bottom);
  for (size_t i = first_ending_after(bottom); gap_begin < guest::kGuestEnd; ++i) {
    const bool last = i >= mappings_.size();
    uint32_t gap_end = last ? guest::kGuestEnd : mappings_[i].begin;
    if (!last && mappings_[i].grows_down) gap_end = gap_end > kStackGap ? gap_end - kStackGap : 0;
    if (host_floor(gap_end) > gap_begin && host_floor(gap_end) - gap_begin >= needed)
      return gap_begin + congruence;
    if (last) break;
    gap_begin = std::max(gap_begin, host_ceil(mappings_[i].end));
  }
  return 0;
}

/// Room for a mapping whose address is `congruence` above a host page: downwards from the base, as
/// in the kernel's top-down layout, or above the base if there is none below
/// (arch_get_unmapped_area_topdown).
uint32_t AddressSpace::find_free(uint32_t length, uint32_t congruence) const {
  uint32_t found = free_below(mmap_top_, length, congruence);
  if (found == 0) found = free_above(mmap_top_, length, congruence);
  constexpr uint32_t kThreeGigabytes = 0xc0000000;  // what the leanest i386 kernel gives
  if (found == 0 && total_.mapped + length < kThreeGigabytes) {
    log_printf(LogChannel::unimp,
               "no room for %u KB of memory: ferry's guests have 2 GB, i386 kernels give 3 or 4\n",
               length / 1024);
  }
  return found;
}

/// Room for what `request` maps.
uint32_t AddressSpace::find_place(const MapRequest& request) const {
  if (request.segment) return find_segment_place(request.length);
  const uint64_t offset = request.descriptor >= 0 ? request.offset : 0;
  return find_free(request.length, static_cast<uint32_t>(offset & (host_page_size_ - 1)));
}

// --- growing mappings ---------------------------------------------------------------------------

/// expand_downwards (mm/mmap.c). Whole host pages at once.
bool AddressSpace::grow_down_to(uint32_t address, uint64_t stack_limit) {
  if (address < guest::kGuestBegin || address >= guest::kGuestEnd) return false;
  const size_t i = first_ending_after(address);
  if (i >= mappings_.size() || !mappings_[i].grows_down || mappings_[i].begin <= address)
    return false;
  const Mapping above = mappings_[i];
  const uint32_t begin = std::max(host_floor(address), guest::kGuestBegin);
  if (above.end - guest::page_floor(address) > stack_limit) return false;
  if (!may_expand(false, above.begin - begin)) return false;
  if ((above.traits & kLocked) != 0 && !may_lock_in_all(total_.locked + (above.begin - begin)))
    return false;
  if (i > 0) {
    const Mapping& below = mappings_[i - 1];
    const bool keeps_away = !below.grows_down && below.protection != 0;
    if (begin < below.end || (keeps_away && begin - below.end < kStackGap)) return false;
  }
  MapRequest request;
  request.address = begin;
  request.length = above.begin - begin;
  request.protection = above.protection;
  request.placement = MapRequest::Placement::fixed;
  request.grows_down = true;
  request.traits = above.traits;
  request.name = above.file != 0 ? files_[above.file]->path.c_str() : nullptr;
  return map(request).ok();
}

void AddressSpace::start_break(uint32_t address, uint32_t data_bytes) {
  const MemoryGuard guard(lock_);
  break_start_ = break_ = address;
  program_data_ = data_bytes;
}

uint32_t AddressSpace::set_break(uint32_t address) {
  const MemoryGuard guard(lock_);
  if (address < break_start_ || address >= guest::kGuestEnd || break_start_ == 0) return break_;
  const uint32_t old_end = guest::page_ceil(break_);
  const uint32_t new_end = guest::page_ceil(address);
  if (new_end > old_end) {
    // check_data_rlimit (include/linux/mm.h)
    const bool over_limit = uint64_t{address} - break_start_ + program_data_ > data_limit_;
    // A page stays free before the next mapping, and more before one that grows down.
    const Mapping* const next = find_at_or_above(old_end);
    const uint32_t gap = next != nullptr && next->grows_down ? kStackGap : 0;
    const bool in_the_way =
        next != nullptr && uint64_t{new_end} + guest::kPageSize + gap > next->begin;
    if (over_limit || in_the_way) return break_;
    MapRequest request;
    request.address = old_end;
    request.length = new_end - old_end;
    request.protection = kProtRead | kProtWrite;
    request.placement = MapRequest::Placement::fixed;
    request.name = "[heap]";
    if (!map(request).ok()) return break_;
  } else if (new_end < old_end) {
    if (unmap(new_end, old_end - new_end) != kOk) return break_;
  }
  break_ = address;
  return break_;
}

}  // namespace ferry::linux
