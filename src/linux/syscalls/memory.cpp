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

/// The arguments of mmap.
struct MapArguments {
  uint32_t address, length, protection, flags;
  int32_t fd;
  uint64_t offset;  ///< in bytes
};

CallResult map_call(Thread& t, const MapArguments& wanted) {
  const uint32_t flags = wanted.flags;
  const uint32_t type = flags & kMapTypeMask;
  MapRequest request;
  request.address = wanted.address;
  request.length = wanted.length;
  request.protection =
      static_cast<uint8_t>(wanted.protection & (kProtRead | kProtWrite | kProtExec));
  if ((flags & kMapFixedNoReplace) != 0) {
    request.placement = MapRequest::Placement::fixed_no_replace;
  } else if ((flags & kMapFixed) != 0) {
    request.placement = MapRequest::Placement::fixed;
  }
  if (type != kMapShared && type != kMapPrivate && type != kMapSharedValidate) return abi::kEINVAL;
  request.shared = type != kMapPrivate;
  request.extra_host_flags = static_cast<int>(flags_to_host(kMapFlags, flags));
  // Only anonymous memory grows: what comes before the mapped part of a file is undefined.
  request.grows_down = (flags & kMapGrowsDown) != 0 && (flags & kMapAnonymous) != 0;
  if (request.shared && (flags & kMapGrowsDown) != 0) return abi::kEINVAL;
  if (type == kMapSharedValidate && (flags & kMapAnonymous) != 0) return abi::kEINVAL;
  if ((flags & kMapAnonymous) == 0) {
    request.descriptor = wanted.fd;
    request.offset = wanted.offset;
    if (request.descriptor < 0 || t.process->descriptor_hidden(request.descriptor))
      return abi::kEBADF;
  }
  const Result<uint32_t> mapped = t.process->space->map(request);
  if (mapped.ok() && request.descriptor >= 0) note_mapped(t, request.descriptor);
  return mapped;
}

/// A range the host may be told about: the guest's mapped pages only.
bool whole_range_mapped(const Thread& t, uint32_t begin, uint32_t length) {
  return length <= guest::kGuestEnd &&
         t.process->space->accessible(begin, guest::page_ceil(length), 0);
}

/// mlock, msync and the like: page-aligned ranges passed on as whole host pages.
template <typename... Words>
CallResult range_call(Thread& t, uint32_t begin, uint32_t length, long number, Words... rest) {
  if (length == 0) return kOk;
  if (!whole_range_mapped(t, guest::page_floor(begin), length + (begin & guest::kPageMask)))
    return abi::kENOMEM;
  return guest_result(t.process->space->for_each_backing(
      guest::page_floor(begin), begin + length, [&](uint8_t* from, uint8_t* to) {
        return host_call(number, from, static_cast<uint32_t>(to - from), rest...);
      }));
}

}  // namespace

CallResult sys_mmap2(Thread& t, GuestPointer address, uint32_t length, Flags protection,
                     Flags flags, int32_t fd, Word page) {
  return map_call(t, {address, length, protection, flags, fd, uint64_t{page} * guest::kPageSize});
}

/// The old form, whose offset is in bytes (arch/x86/kernel/sys_ia32.c, ia32_mmap).
CallResult sys_mmap(Thread& t, GuestPointer address, uint32_t length, Flags protection, Flags flags,
                    int32_t fd, Word offset) {
  if ((offset & guest::kPageMask) != 0) return abi::kEINVAL;
  return map_call(t, {address, length, protection, flags, fd, offset});
}

CallResult sys_munmap(Thread& t, GuestPointer address, uint32_t length) {
  return t.process->space->unmap(address, length);
}

/// mm/mprotect.c, do_mprotect_pkey.
CallResult sys_mprotect(Thread& t, GuestPointer address, uint32_t size, Flags protection) {
  constexpr uint32_t kProtSem = 8, kGrows = PROT_GROWSDOWN | PROT_GROWSUP;
  AddressSpace& space = *t.process->space;
  if ((protection & kGrows) == kGrows || (address & guest::kPageMask) != 0) return abi::kEINVAL;
  if (size == 0) return kOk;
  const uint64_t end = uint64_t{address} + guest::page_ceil(size);
  if (guest::page_ceil(size) == 0 || end > UINT32_MAX) return abi::kENOMEM;
  if ((protection & ~(7u | kProtSem | kGrows)) != 0) return abi::kEINVAL;
  uint32_t begin = address;
  const MemoryGuard guard(space.lock());
  if ((protection & kGrows) != 0) {
    const Mapping* mapping = space.find_at_or_above(begin);
    if (mapping == nullptr || mapping->begin >= end) return abi::kENOMEM;
    if ((protection & PROT_GROWSUP) != 0 || !mapping->grows_down) return abi::kEINVAL;
    begin = mapping->begin;
  }
  const auto length = static_cast<uint32_t>(end - begin);
  return space.protect(begin, length, static_cast<uint8_t>(protection & 7));
}

CallResult sys_mremap(Thread& t, GuestPointer address, uint32_t old_length, uint32_t length,
                      Flags flags, GuestPointer target) {
  return t.process->space->remap(address, old_length, length, flags, target);
}

CallResult sys_brk(Thread& t, GuestPointer address) {
  return t.process->space->set_break(address);
}

CallResult sys_msync(Thread& t, GuestPointer address, uint32_t length, Flags flags) {
  if ((address & guest::kPageMask) != 0) return abi::kEINVAL;
  return range_call(t, address, length, SYS_msync, flags);
}
CallResult sys_mlock(Thread& t, GuestPointer address, uint32_t length) {
  return range_call(t, address, length, SYS_mlock);
}
CallResult sys_mlock2(Thread& t, GuestPointer address, uint32_t length, Flags flags) {
  return range_call(t, address, length, SYS_mlock2, flags);
}
CallResult sys_munlock(Thread& t, GuestPointer address, uint32_t length) {
  return range_call(t, address, length, SYS_munlock);
}

CallResult sys_mlockall(Thread& t, Flags flags) {
  // The guest's pages only: ferry's own would count against RLIMIT_MEMLOCK, and the code cache
  // would be made resident. MCL_FUTURE is not remembered.
  if (flags == 0 || (flags & ~7u) != 0) return abi::kEINVAL;
  for (const Mapping& mapping : t.process->space->mappings()) {
    const CallResult result = range_call(t, mapping.begin, mapping.end - mapping.begin, SYS_mlock);
    if (!result.ok() && mapping.protection != 0) return result;
  }
  return kOk;
}
CallResult sys_munlockall(Thread&) {
  return guest_result(host_call(SYS_munlockall));
}

namespace {

/// Whether Linux 6.1 knows the advice (mm/madvise.c); without MADV_HWPOISON, which is for tests.
bool known_advice(uint32_t advice) {
  constexpr uint32_t kLastGeneral = MADV_DONTNEED, kLast = 25;  // MADV_COLLAPSE
  return advice <= kLastGeneral || (advice >= MADV_FREE && advice <= kLast);
}

}  // namespace

CallResult sys_madvise(Thread& t, GuestPointer address, uint32_t length, int32_t advice) {
  // The numbers are the same everywhere.
  if ((address & guest::kPageMask) != 0 || !known_advice(advice)) return abi::kEINVAL;
  if (length == 0) return kOk;
  if (guest::page_ceil(length) == 0) return abi::kEINVAL;
  if (!whole_range_mapped(t, address, length)) return abi::kENOMEM;
  AddressSpace& space = *t.process->space;
  const uint32_t end = address + guest::page_ceil(length);
  switch (advice) {
    case MADV_DONTNEED:
      return space.discard(address, end);
    case MADV_REMOVE:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK: {
      // Programs rely on the effect: it is applied to whole host pages, or refused as by a kernel
      // that does not know the advice.
      const uint32_t mask = space.host_page_size() - 1;
      if (((address | end) & mask) != 0) return abi::kEINVAL;
      return space.advise_host_pages(address, end, advice);
    }
    default:
      return kOk;  // advice
  }
}

CallResult sys_mincore(Thread& t, GuestPointer address, uint32_t length, GuestPointer vector) {
  if ((address & guest::kPageMask) != 0) return abi::kEINVAL;
  if (!whole_range_mapped(t, address, length)) return abi::kENOMEM;
  const uint8_t resident = 1;
  for (uint32_t page = 0; page < guest::page_ceil(length) / guest::kPageSize; ++page) {
    if (!copy_out(t, vector + page, resident)) return abi::kEFAULT;
  }
  return kOk;
}

}  // namespace ferry::linux
