// AddressSpace: madvise(2), and what it has to do with fork.
//
// Guest pages are 4 KB also where the host's are larger. So ferry itself does at fork what the
// guest asked for, clears pages by writing zeroes where they are only part of a host page, and
// passes on to the host only what changes nothing that the guest can see.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/errno_map.hpp"

namespace ferry::linux {

namespace {

/// Advice that sets or clears traits of a mapping, and changes nothing else.
struct TraitAdvice {
  int advice;
  uint16_t clear, set;
  bool of_use_to_host;  ///< the host's kernel may use it too
};
constexpr TraitAdvice kTraitAdvice[] = {
    {MADV_NORMAL, kSequential | kRandom, 0, true},
    {MADV_RANDOM, kSequential, kRandom, true},
    {MADV_SEQUENTIAL, kRandom, kSequential, true},
    {MADV_DONTFORK, 0, kDontFork, false},
    {MADV_DOFORK, kDontFork, 0, false},
    {MADV_WIPEONFORK, 0, kWipeOnFork, false},
    {MADV_KEEPONFORK, kWipeOnFork, 0, false},
    {MADV_DONTDUMP, 0, kDontDump, false},
    {MADV_DODUMP, kDontDump, 0, false},
    {MADV_MERGEABLE, 0, kMergeable, true},
    {MADV_UNMERGEABLE, kMergeable, 0, true},
    {MADV_HUGEPAGE, kNoHugePage, kHugePage, true},
    {MADV_NOHUGEPAGE, kHugePage, kNoHugePage, true},
};

constexpr int kPopulateRead = 22, kPopulateWrite = 23, kDontNeedLocked = 24;  // since Linux 5.14

/// Whether the host frees pages of shared memory for MADV_REMOVE. An emulator may ignore it.
bool host_removes_pages() {
  static const bool removes = [] {
    const long page = sysconf(_SC_PAGESIZE);
    const long memory = host_call(SYS_mmap, nullptr, page, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory < 0) return false;
    auto* const byte = reinterpret_cast<volatile uint8_t*>(memory);
    *byte = 1;
    host_call(SYS_madvise, memory, page, MADV_REMOVE);
    const bool removed = *byte == 0;
    host_call(SYS_munmap, memory, page);
    return removed;
  }();
  return removes;
}

constexpr std::array<uint8_t, guest::kPageSize> kZeroes{};

}  // namespace

/// Walks the mappings as mm/madvise.c, madvise_walk_vmas: holes are skipped and reported at the
/// end, the first error of a mapping ends the walk.
Errno AddressSpace::advise(uint32_t begin, uint32_t end, int advice) {
  const MemoryGuard guard(lock_);
  bool holes = end > guest::kGuestEnd;
  end = std::min(end, guest::kGuestEnd);
  while (begin < end) {
    const Mapping* const mapping = find_at_or_above(begin);
    if (mapping == nullptr || mapping->begin >= end) return abi::kENOMEM;
    holes |= mapping->begin > begin;
    const uint32_t from = std::max(begin, mapping->begin);
    const uint32_t to = std::min(end, mapping->end);
    const Errno error = advise_mapping(*mapping, from, to, advice);
    if (error != kOk) return error;
    begin = to;
  }
  return holes ? abi::kENOMEM : kOk;
}

/// Advice for [begin, end) of `mapping`, which may be gone afterwards (madvise_vma_behavior).
Errno AddressSpace::advise_mapping(const Mapping& mapping, uint32_t begin, uint32_t end,
                                   int advice) {
  const bool locked = (mapping.traits & kLocked) != 0;
  const bool of_file = from_file(mapping);  // shared anonymous memory is a file's too
  for (const TraitAdvice& each : kTraitAdvice) {
    if (each.advice != advice) continue;
    if (advice == MADV_WIPEONFORK && of_file) return abi::kEINVAL;
    change_traits(begin, end, each.clear, each.set);
    if (each.of_use_to_host) pass_advice(begin, end, advice);
    return kOk;
  }
  switch (advice) {
    case MADV_DONTNEED:
      return locked ? abi::kEINVAL : discard(begin, end);
    case kDontNeedLocked:
      return discard(begin, end);
    case MADV_FREE:
      if (locked || of_file) return abi::kEINVAL;
      changed(begin, end);
      pass_advice(begin, end, advice);  // the pages may also be kept
      return kOk;
    case MADV_COLD:
    case MADV_PAGEOUT:
      if (locked) return abi::kEINVAL;
      pass_advice(begin, end, advice);
      return kOk;
    case MADV_REMOVE:
      if (locked || !of_file) return abi::kEINVAL;
      if (!mapping.shared || (mapping.protection & kProtWrite) == 0) return abi::kEACCES;
      return remove_pages(begin, end);
    case kPopulateRead:
    case kPopulateWrite: {
      const uint8_t needed = advice == kPopulateWrite ? kProtWrite : kProtRead;
      if ((mapping.protection & needed) == 0) return abi::kEINVAL;
      return populate(begin, end, advice == kPopulateWrite);
    }
    case MADV_WILLNEED:
      pass_advice(begin, end, advice);
      return kOk;
    default:  // MADV_COLLAPSE
      return kOk;
  }
}

/// Gives [begin, end), all mapped, other traits.
void AddressSpace::change_traits(uint32_t begin, uint32_t end, uint16_t clear, uint16_t set) {
  const ListChange change(mappings_shown_, mappings_);
  split_at(begin);
  split_at(end);
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    Mapping& mapping = mappings_[i];
    count(mapping, false);
    mapping.traits = static_cast<uint16_t>((mapping.traits & ~clear) | set);
    count(mapping, true);
  }
  merge_around(begin, end);
}

/// Tells the host of advice that it may ignore, for whole host pages at the guest's own addresses.
void AddressSpace::pass_advice(uint32_t begin, uint32_t end, int advice) const {
  const HostRange inner = inner_host_range(begin, end);
  for (uint32_t at = inner.begin; at < inner.end;) {
    const uint32_t split = std::min(splits_.next(at), inner.end);
    if (at < split) host_call(SYS_madvise, guest::host_pointer(at), split - at, advice);
    at = split < inner.end ? split + host_page_size_ : inner.end;
  }
}

/// Zeroes a page of private anonymous memory in place.
void AddressSpace::clear_page(uint32_t page) {
  const Mapping& mapping = *find(page);
  if (from_file(mapping) || mapping.shared) return;
  std::memset(open_page(page, PROT_READ | PROT_WRITE), 0, guest::kPageSize);
  settle(host_floor(page));
}

/// MADV_DONTNEED of mapped pages: private anonymous memory reads as zeroes afterwards. Private
/// mappings of files read as the file again in whole host pages.
Errno AddressSpace::discard(uint32_t begin, uint32_t end) {
  changed(begin, end);
  const HostRange inner = inner_host_range(begin, end);
  for (uint32_t at = begin; at < end;) {
    if (at >= inner.begin && at < inner.end && !splits_.contains(at)) {
      at = std::min(splits_.next(at), inner.end);  // whole host pages
      continue;
    }
    clear_page(at);
    at += guest::kPageSize;
  }
  for (uint32_t at = inner.begin; at < inner.end;) {
    const uint32_t split = std::min(splits_.next(at), inner.end);
    if (at < split) {
      // The host's pages may be locked by MCL_FUTURE or with a neighbour: that is undone first.
      if (total_.locked != 0) host_call(SYS_munlock, guest::host_pointer(at), split - at);
      const long result =
          host_call(SYS_madvise, guest::host_pointer(at), split - at, MADV_DONTNEED);
      if (result < 0) return errno_from_host(result);
    }
    at = split < inner.end ? split + host_page_size_ : inner.end;
  }
  if (total_.locked != 0) static_cast<void>(lock_host_pages(begin, end));
  return kOk;
}

/// MADV_REMOVE of [begin, end), pages of one shared mapping: its file has zeroes there afterwards.
Errno AddressSpace::remove_pages(uint32_t begin, uint32_t end) {
  changed(begin, end);
  const HostRange inner = inner_host_range(begin, end);
  for (uint32_t at = begin; at < end;) {
    const uint32_t split = std::min(splits_.next(host_floor(at)), inner.end);
    if (at >= inner.begin && at < split && host_removes_pages()) {
      const long result = host_call(SYS_madvise, guest::host_pointer(at), split - at, MADV_REMOVE);
      if (result < 0) return errno_from_host(result);
      at = split;
      continue;
    }
    // A page past the end of the file is none to clear.
    uint8_t* const page = open_page(at, PROT_READ | PROT_WRITE);
    static_cast<void>(guest::copy_host(page, kZeroes.data(), guest::kPageSize));
    settle(host_floor(at));
    at += guest::kPageSize;
  }
  return kOk;
}

/// MADV_POPULATE_READ and _WRITE of pages that the guest may read or write so. EFAULT where the
/// mapping's file has no page.
Errno AddressSpace::populate(uint32_t begin, uint32_t end, bool write) {
  const long failed = for_each_backing(begin, end, [&](const uint8_t* from, const uint8_t* to) {
    for (const uint8_t* page = from; page < to; page += guest::kPageSize) {
      uint8_t byte;
      if (!guest::copy_host(&byte, page, 1)) return 1;
    }
    // What is watched is not writable now, but was written before.
    if (write) host_call(SYS_madvise, from, to - from, kPopulateWrite);
    return 0;
  });
  return failed == 0 ? kOk : abi::kEFAULT;
}

void AddressSpace::after_fork_in_child() {
  const MemoryGuard guard(lock_);
  future_locks_ = 0;  // locks are not inherited (kernel/fork.c, dup_mmap), nor are the host's
  std::vector<Mapping> marked;
  const ListChange change(mappings_shown_, mappings_);
  for (Mapping& mapping : mappings_) {
    if ((mapping.traits & (kDontFork | kWipeOnFork)) != 0) marked.push_back(mapping);
    count(mapping, false);
    mapping.traits &= static_cast<uint16_t>(~kLockTraits);
    count(mapping, true);
  }
  if (!mappings_.empty()) merge_around(mappings_.front().begin, mappings_.back().end);
  for (const Mapping& mapping : marked) {
    const bool dropped = (mapping.traits & kDontFork) != 0;
    const Errno error = dropped ? unmap(mapping.begin, mapping.end - mapping.begin)
                                : discard(mapping.begin, mapping.end);
    if (error != kOk) die(126, "cannot drop the memory of a parent: %s", guest_errno_text(error));
  }
}

}  // namespace ferry::linux
