// Memory: mmap and its family.
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <optional>

#include "linux/kernel/shared_memory.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/file_effects.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

// Guest flags: include/uapi/asm-generic/mman-common.h and mman.h.
constexpr uint32_t kMapShared = 1, kMapPrivate = 2, kMapSharedValidate = 3, kMapTypeMask = 15,
                   kMapFixed = 0x10, kMapAnonymous = 0x20, kMapGrowsDown = 0x100,
                   kMapLocked = 0x2000, kMapNoReserve = 0x4000, kMapHugeTlb = 0x40000,
                   kMapFixedNoReplace = 0x100000;
/// LEGACY_MAP_MASK (include/linux/mman.h): what MAP_SHARED_VALIDATE allows for most files.
constexpr uint32_t kMapValidated = 0x7c07f9f3;
constexpr FlagRow kMapFlags[] = {
    {kMapNoReserve, MAP_NORESERVE},
    {0x8000, MAP_POPULATE},
    {0x10000, MAP_NONBLOCK},
};

/// The arguments of mmap.
struct MapArguments {
  uint32_t address, length, protection, flags;
  int32_t fd;
  uint64_t offset;  ///< in bytes
};

/// The end of the whole pages that hold `length` bytes from page-aligned `begin` on.
uint64_t pages_end(uint32_t begin, uint64_t length) {
  return begin + ((length + guest::kPageMask) & ~uint64_t{guest::kPageMask});
}

CallResult map_call(Thread& t, const MapArguments& wanted) {
  const uint32_t flags = wanted.flags;
  const uint32_t type = flags & kMapTypeMask;
  const bool anonymous = (flags & kMapAnonymous) != 0;
  if (!anonymous && (wanted.fd < 0 || t.process->descriptor_hidden(wanted.fd))) return abi::kEBADF;
  if (type != kMapShared && type != kMapPrivate && type != kMapSharedValidate) return abi::kEINVAL;
  // As a kernel without huge pages in reserve, and of files that have none.
  if ((flags & kMapHugeTlb) != 0) return anonymous ? abi::kENOMEM : abi::kEINVAL;
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
  request.shared = type != kMapPrivate;
  request.no_reserve = (flags & kMapNoReserve) != 0;
  request.extra_host_flags = static_cast<int>(flags_to_host(kMapFlags, flags));
  request.lock = (flags & kMapLocked) != 0;
  // Only private anonymous memory grows.
  request.grows_down = (flags & kMapGrowsDown) != 0;
  if (request.grows_down && (request.shared || !anonymous)) return abi::kEINVAL;
  if (type == kMapSharedValidate && anonymous) return abi::kEINVAL;
  if (type == kMapSharedValidate && (flags & ~kMapValidated) != 0) return abi::kEOPNOTSUPP;
  if (!anonymous) {
    request.descriptor = wanted.fd;
    request.offset = wanted.offset;
  }
  const Result<uint32_t> mapped = t.process->space->map(request);
  if (request.shared && mapped.ok() && seen_by_others(request))
    t.process->space->order_memory(t.cpu);
  if (request.descriptor < 0) return mapped;
  if (mapped.ok()) {
    note_mapped(t, request.descriptor);
  } else if (host_call(SYS_fcntl, request.descriptor, F_GETFD) < 0) {
    return abi::kEBADF;  // the kernel looks at the descriptor first
  }
  return mapped;
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

namespace {

/// The shared mapping of one file with one protection that holds [begin, end), or null. Under the
/// space's lock.
const Mapping* shared_mapping_of(const AddressSpace& space, uint32_t begin, uint64_t end) {
  const Mapping* const first = space.find_at_or_above(begin);
  if (first == nullptr || first->begin > begin || !first->shared) return nullptr;
  for (const Mapping* each = first; each->end < end;) {
    const uint32_t at = each->end;
    each = space.find_at_or_above(at);
    const bool continues = each != nullptr && each->begin == at && each->shared &&
                           each->file == first->file && each->protection == first->protection;
    if (!continues) return nullptr;
  }
  return first;
}

/// A descriptor of the mapped file, opened again by its name; -1 if that is not possible.
int open_again(const MappedFile& file, uint8_t protection) {
  const bool writes = (protection & kProtWrite) != 0;
  const long fd = make_own_descriptor([&] {
    return host_call(SYS_openat, AT_FDCWD, file.path.c_str(),
                     (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
  });
  FileId found;
  if (fd >= 0 && identify_file(static_cast<int>(fd), found) && found == file.id)
    return static_cast<int>(fd);
  if (fd >= 0) host_call(SYS_close, fd);
  return -1;
}

}  // namespace

/// mm/mmap.c, remap_file_pages: mmap of the file that is mapped there (Linux 4.0).
CallResult sys_remap_file_pages(Thread& t, GuestPointer address, uint32_t size, Word protection,
                                Word page, Flags) {
  MapRequest request;
  request.address = guest::page_floor(address);
  request.length = guest::page_floor(size);
  const uint64_t end = uint64_t{request.address} + request.length;
  if (protection != 0 || request.length == 0 || end > guest::kGuestEnd) return abi::kEINVAL;
  AddressSpace& space = *t.process->space;
  const MemoryGuard guard(space.lock());
  const Mapping* const mapping = shared_mapping_of(space, request.address, end);
  if (mapping == nullptr) return abi::kEINVAL;
  request.protection = mapping->protection;
  request.placement = MapRequest::Placement::fixed;
  request.shared = true;
  request.lock = (mapping->traits & kLocked) != 0;
  request.offset = uint64_t{page} * guest::kPageSize;
  request.descriptor = open_again(space.file(mapping->file), mapping->protection);
  if (request.descriptor < 0) {
    log_printf(LogChannel::unimp, "remap_file_pages of a file that cannot be opened again\n");
    return abi::kEINVAL;
  }
  const Result<uint32_t> mapped = space.map(request);
  host_call(SYS_close, request.descriptor);
  return mapped.ok() ? kOk : mapped.error();
}

CallResult sys_brk(Thread& t, GuestPointer address) {
  return t.process->space->set_break(address);
}

/// mm/msync.c.
CallResult sys_msync(Thread& t, GuestPointer address, uint32_t length, Flags flags) {
  constexpr uint32_t kKnown = MS_ASYNC | MS_INVALIDATE | MS_SYNC;
  if ((flags & ~kKnown) != 0 || (address & guest::kPageMask) != 0) return abi::kEINVAL;
  if ((flags & MS_ASYNC) != 0 && (flags & MS_SYNC) != 0) return abi::kEINVAL;
  return t.process->space->synchronize(address, pages_end(address, length), flags);
}

// --- mlock ---------------------------------------------------------------------------------------

namespace {

/// mlock's and munlock's range: whole pages that hold the bytes.
CallResult lock_call(Thread& t, uint32_t address, uint32_t length, uint16_t traits) {
  const uint32_t begin = guest::page_floor(address);
  const uint64_t end = pages_end(begin, uint64_t{length} + (address & guest::kPageMask));
  return t.process->space->lock_pages(begin, end - begin, traits);
}

}  // namespace

CallResult sys_mlock(Thread& t, GuestPointer address, uint32_t length) {
  return lock_call(t, address, length, kLocked);
}
CallResult sys_mlock2(Thread& t, GuestPointer address, uint32_t length, Flags flags) {
  constexpr uint32_t kOnFault = 1;  // MLOCK_ONFAULT
  if ((flags & ~kOnFault) != 0) return abi::kEINVAL;
  return lock_call(t, address, length, flags != 0 ? kLockTraits : kLocked);
}
CallResult sys_munlock(Thread& t, GuestPointer address, uint32_t length) {
  return lock_call(t, address, length, 0);
}

/// The flags have i386's numbers on every host that ferry has.
CallResult sys_mlockall(Thread& t, Flags flags) {
  constexpr uint32_t kCurrent = 1, kFuture = 2, kOnFault = 4;
  if (flags == 0 || (flags & ~(kCurrent | kFuture | kOnFault)) != 0 || flags == kOnFault)
    return abi::kEINVAL;
  const uint16_t traits = (flags & kOnFault) != 0 ? kLockTraits : kLocked;
  std::optional<uint16_t> current;
  if ((flags & kCurrent) != 0) current = traits;
  return t.process->space->lock_all(current, (flags & kFuture) != 0 ? traits : uint16_t{0});
}
CallResult sys_munlockall(Thread& t) {
  return t.process->space->lock_all(uint16_t{0}, 0);
}

// --- madvise, mincore ----------------------------------------------------------------------------

namespace {

/// Whether Linux 6.1 knows the advice (mm/madvise.c); without MADV_HWPOISON, which is for tests.
bool known_advice(int32_t advice) {
  constexpr int32_t kLast = 25;  // MADV_COLLAPSE
  return (advice >= 0 && advice <= MADV_DONTNEED) || (advice >= MADV_FREE && advice <= kLast);
}

}  // namespace

/// mm/madvise.c, do_madvise. The numbers are the same everywhere.
CallResult sys_madvise(Thread& t, GuestPointer address, uint32_t length, int32_t advice) {
  if (!known_advice(advice) || (address & guest::kPageMask) != 0) return abi::kEINVAL;
  const uint64_t end = pages_end(address, length);
  if (end > UINT32_MAX) return abi::kEINVAL;  // it wraps, on a kernel of 32 bits
  return t.process->space->advise(address, static_cast<uint32_t>(end), advice);
}

/// mm/mincore.c.
CallResult sys_mincore(Thread& t, GuestPointer address, uint32_t length, GuestPointer vector) {
  if ((address & guest::kPageMask) != 0) return abi::kEINVAL;
  std::array<uint8_t, guest::kPageSize> residency;
  auto left = static_cast<uint32_t>((pages_end(address, length) - address) / guest::kPageSize);
  for (uint32_t done = 0; left != 0;) {
    const auto most = std::min(left, static_cast<uint32_t>(residency.size()));
    const uint32_t pages =
        t.process->space->residency(address + done * guest::kPageSize, most, residency.data());
    if (pages == 0) return abi::kENOMEM;
    if (!copy_out_bytes(t, vector + done, residency.data(), pages)) return abi::kEFAULT;
    done += pages;
    left -= pages;
  }
  return kOk;
}

}  // namespace ferry::linux
