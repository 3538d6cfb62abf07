// Memory: mmap and its family.
#include <errno.h>
#include <sys/mman.h>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/file_effects.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

// Guest flags: include/uapi/asm-generic/mman-common.h and mman.h.
constexpr uint32_t kMapShared = 1, kMapPrivate = 2, kMapSharedValidate = 3, kMapTypeMask = 15,
                   kMapFixed = 0x10, kMapAnonymous = 0x20, kMapGrowsDown = 0x100,
                   kMapFixedNoReplace = 0x100000;
constexpr FlagRow kMapFlags[] = {
    {0x2000, MAP_LOCKED},
    {0x4000, MAP_NORESERVE},
    {0x8000, MAP_POPULATE},
    {0x10000, MAP_NONBLOCK},
};

int32_t result_of(Errno error) {
  return -error.value;
}

int32_t map_call(Thread& t, const Arguments& a, uint64_t offset) {
  const uint32_t flags = a[3];
  const uint32_t type = flags & kMapTypeMask;
  MapRequest request;
  request.address = a[0];
  request.length = a[1];
  request.protection = static_cast<uint8_t>(a[2] & (kProtRead | kProtWrite | kProtExec));
  if ((flags & kMapFixedNoReplace) != 0) {
    request.placement = MapRequest::Placement::fixed_no_replace;
  } else if ((flags & kMapFixed) != 0) {
    request.placement = MapRequest::Placement::fixed;
  }
  if (type != kMapShared && type != kMapPrivate && type != kMapSharedValidate) return -abi::kEINVAL;
  request.shared = type != kMapPrivate;
  request.extra_host_flags = static_cast<int>(flags_to_host(kMapFlags, flags));
  // Only anonymous memory: what would come before the mapped part of a file is anybody's guess.
  request.grows_down = (flags & kMapGrowsDown) != 0 && (flags & kMapAnonymous) != 0;
  if (request.shared && (flags & kMapGrowsDown) != 0) return -abi::kEINVAL;
  if (type == kMapSharedValidate && (flags & kMapAnonymous) != 0) return -abi::kEINVAL;
  if ((flags & kMapAnonymous) == 0) {
    request.descriptor = a.signed_at(4);
    request.offset = offset;
    if (request.descriptor < 0 || t.process->descriptor_hidden(request.descriptor))
      return -abi::kEBADF;
  }
  const Result<uint32_t> mapped = t.process->space->map(request);
  if (mapped.ok() && request.descriptor >= 0) note_mapped(t, request.descriptor);
  return mapped.ok() ? static_cast<int32_t>(mapped.value()) : result_of(mapped.error());
}

/// A range the host may be told about: the guest's mapped pages only.
bool whole_range_mapped(const Thread& t, uint32_t begin, uint32_t length) {
  return length <= guest::kGuestEnd &&
         t.process->space->accessible(begin, guest::page_ceil(length), 0);
}

/// mlock, msync and the like: page-aligned ranges passed on as whole host pages.
template <typename... Words>
int32_t range_call(Thread& t, uint32_t begin, uint32_t length, long number, Words... rest) {
  if (length == 0) return 0;
  if (!whole_range_mapped(t, guest::page_floor(begin), length + (begin & guest::kPageMask)))
    return -abi::kENOMEM;
  return guest_result(t.process->space->for_each_backing(
      guest::page_floor(begin), begin + length, [&](uint8_t* from, uint8_t* to) {
        return host_call(number, from, static_cast<uint32_t>(to - from), rest...);
      }));
}

}  // namespace

int32_t sys_mmap2(Thread& t, const Arguments& a) {
  return map_call(t, a, uint64_t{a[5]} * guest::kPageSize);
}

int32_t sys_mmap(Thread& t, const Arguments& a) {  // old_mmap: one pointer to six words
  Arguments six;
  if (!copy_in(a[0], six)) return -abi::kEFAULT;
  if ((six[5] & guest::kPageMask) != 0) return -abi::kEINVAL;
  return map_call(t, six, six[5]);
}

int32_t sys_munmap(Thread& t, const Arguments& a) {
  return result_of(t.process->space->unmap(a[0], a[1]));
}

/// mm/mprotect.c, do_mprotect_pkey.
int32_t sys_mprotect(Thread& t, const Arguments& a) {
  constexpr uint32_t kProtSem = 8, kGrows = PROT_GROWSDOWN | PROT_GROWSUP;
  AddressSpace& space = *t.process->space;
  if ((a[2] & kGrows) == kGrows || (a[0] & guest::kPageMask) != 0) return -abi::kEINVAL;
  if (a[1] == 0) return 0;
  const uint64_t end = uint64_t{a[0]} + guest::page_ceil(a[1]);
  if (guest::page_ceil(a[1]) == 0 || end > UINT32_MAX) return -abi::kENOMEM;
  if ((a[2] & ~(7u | kProtSem | kGrows)) != 0) return -abi::kEINVAL;
  uint32_t begin = a[0];
  if ((a[2] & kGrows) != 0) {
    const Mapping* mapping = space.find_at_or_above(begin);
    if (mapping == nullptr || mapping->begin >= end) return -abi::kENOMEM;
    if ((a[2] & PROT_GROWSUP) != 0 || !mapping->grows_down) return -abi::kEINVAL;
    begin = mapping->begin;
  }
  const auto length = static_cast<uint32_t>(end - begin);
  return result_of(space.protect(begin, length, static_cast<uint8_t>(a[2] & 7)));
}

int32_t sys_mremap(Thread& t, const Arguments& a) {
  const Result<uint32_t> moved = t.process->space->remap(a[0], a[1], a[2], a[3], a[4]);
  return moved.ok() ? static_cast<int32_t>(moved.value()) : result_of(moved.error());
}

int32_t sys_brk(Thread& t, const Arguments& a) {
  return static_cast<int32_t>(t.process->space->set_break(a[0]));
}

int32_t sys_msync(Thread& t, const Arguments& a) {
  if ((a[0] & guest::kPageMask) != 0) return -abi::kEINVAL;
  return range_call(t, a[0], a[1], SYS_msync, a.signed_at(2));
}
int32_t sys_mlock(Thread& t, const Arguments& a) {
  return range_call(t, a[0], a[1], SYS_mlock);
}
int32_t sys_mlock2(Thread& t, const Arguments& a) {
  return range_call(t, a[0], a[1], SYS_mlock2, a[2]);
}
int32_t sys_munlock(Thread& t, const Arguments& a) {
  return range_call(t, a[0], a[1], SYS_munlock);
}

int32_t sys_mlockall(Thread& t, const Arguments& a) {
  // The guest's pages only: ferry's own would count against RLIMIT_MEMLOCK, and the code cache
  // would be made resident. MCL_FUTURE is not remembered.
  if (a[0] == 0 || (a[0] & ~7u) != 0) return -abi::kEINVAL;
  for (const Mapping& mapping : t.process->space->mappings()) {
    const int32_t result = range_call(t, mapping.begin, mapping.end - mapping.begin, SYS_mlock);
    if (result != 0 && mapping.protection != 0) return result;
  }
  return 0;
}
int32_t sys_munlockall(Thread&, const Arguments&) {
  return guest_result(host_call(SYS_munlockall));
}

namespace {

/// Advice a kernel of 6.1 takes (mm/madvise.c) but that of tests, MADV_HWPOISON.
bool known_advice(uint32_t advice) {
  constexpr uint32_t kLastGeneral = MADV_DONTNEED, kLast = 25;  // MADV_COLLAPSE
  return advice <= kLastGeneral || (advice >= MADV_FREE && advice <= kLast);
}

}  // namespace

int32_t sys_madvise(Thread& t, const Arguments& a) {
  // The numbers are the same everywhere.
  if ((a[0] & guest::kPageMask) != 0 || !known_advice(a[2])) return -abi::kEINVAL;
  if (a[1] == 0) return 0;
  if (guest::page_ceil(a[1]) == 0) return -abi::kEINVAL;
  if (!whole_range_mapped(t, a[0], a[1])) return -abi::kENOMEM;
  AddressSpace& space = *t.process->space;
  const uint32_t end = a[0] + guest::page_ceil(a[1]);
  switch (a[2]) {
    case MADV_DONTNEED:
      return space.discard(a[0], end);
    case MADV_REMOVE:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK: {
      // What a program relies on: as whole host pages, or refused as by a kernel without it.
      const uint32_t mask = space.host_page_size() - 1;
      if (((a[0] | end) & mask) != 0) return -abi::kEINVAL;
      return space.advise_host_pages(a[0], end, static_cast<int>(a[2]));
    }
    default:
      return 0;  // advice
  }
}

int32_t sys_mincore(Thread& t, const Arguments& a) {
  if ((a[0] & guest::kPageMask) != 0) return -abi::kEINVAL;
  if (!whole_range_mapped(t, a[0], a[1])) return -abi::kENOMEM;
  const uint8_t resident = 1;
  for (uint32_t page = 0; page < guest::page_ceil(a[1]) / guest::kPageSize; ++page) {
    if (!copy_out(t, a[2] + page, resident)) return -abi::kEFAULT;
  }
  return 0;
}

}  // namespace ferry::linux
