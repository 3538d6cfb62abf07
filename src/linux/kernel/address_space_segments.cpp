// AddressSpace: System V shared memory.
//
// An attached segment is a mapping of the host's segment, so that the host counts attachments,
// forks them and detaches what an exec or an exit leaves. It begins at a multiple of the host's
// pages: anywhere else each of its guest pages would need an attachment of its own, and would be
// counted. Where others share its last host page, that page is split, and counts as a second
// attachment.
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/errno_map.hpp"

namespace ferry::linux {

namespace {

/// Attaches `segment`, of `length` bytes, somewhere above the guest's memory. The address or
/// -errno. It takes a place that it has reserved: qemu-user looks for one in low memory, and may
/// find none.
long attach_above(const SegmentRequest& segment, uint32_t length) {
  const long room = long{length} + kHostSegmentAlignment;
  const long begin = host_call(SYS_mmap, nullptr, room, PROT_NONE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (begin < 0) return begin;
  const long place =
      (begin + kHostSegmentAlignment - 1) & ~(static_cast<long>(kHostSegmentAlignment) - 1);
  const long attached =
      host_call(SYS_shmat, segment.id, place, segment.host_flags | uint32_t{SHM_REMAP});
  if (attached < 0) {
    host_call(SYS_munmap, begin, room);
    return attached;
  }
  if (place != begin) host_call(SYS_munmap, begin, place - begin);
  const long end = place + length;
  host_call(SYS_munmap, end, begin + room - end);
  return attached;
}

/// The same, but its `length` bytes (whole pages of the kernel) become `whole`; there is no memory
/// past what is added.
long attach_elsewhere(const SegmentRequest& segment, uint32_t length, uint32_t whole) {
  const long attached = attach_above(segment, length);
  if (attached < 0 || length == whole) return attached;
  const long grown = host_call(SYS_mremap, attached, length, whole, MREMAP_MAYMOVE, nullptr);
  if (grown < 0) host_call(SYS_shmdt, attached);
  return grown;
}

}  // namespace

/// Room for a segment of `length` bytes: where the host attaches it, if there is such.
uint32_t AddressSpace::find_segment_place(uint32_t length) const {
  const uint32_t slack = std::max(kHostSegmentAlignment, host_page_size_) - host_page_size_;
  if (slack != 0 && length <= guest::kGuestEnd - slack) {
    const uint32_t found = find_free(length + slack, 0);
    if (found != 0) return (found + slack) & ~(kHostSegmentAlignment - 1);
  }
  return find_free(length, 0);
}

/// Moves the attachment at `attached` to [begin, end). Host pages up to `edge` are the segment's
/// alone. 0 or -errno; then it is detached.
long AddressSpace::place_segment(long attached, uint32_t begin, uint32_t edge, uint32_t end) {
  const uint32_t alone = edge - begin;
  uint8_t* const rest = reinterpret_cast<uint8_t*>(attached) + alone;
  const bool shares = edge < end;
  long result = 0;
  if (shares && !splits_.contains(edge) && split_host_page(edge, begin, end) != kOk)
    result = -ENOMEM;
  if (result == 0 && alone != 0) {
    result = host_call(SYS_mremap, attached, alone, alone, MREMAP_MAYMOVE | MREMAP_FIXED,
                       guest::host_pointer(begin));
  }
  if (result < 0) {
    host_call(SYS_munmap, attached, host_ceil(end) - begin);
    return result;
  }
  if (shares) splits_.adopt(edge, end, rest);
  return 0;
}

/// Backs the guest range of `request` by its segment.
Errno AddressSpace::attach_segment(const MapRequest& request) {
  const uint32_t begin = request.address;
  const uint32_t end = begin + request.length;
  if (begin != host_floor(begin)) {
    log_printf(LogChannel::unimp, "shmat at %08x: no multiple of the host's pages\n", begin);
    return abi::kENOMEM;
  }
  static const auto page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  const uint32_t length = (request.length + page - 1) & ~(page - 1);
  const uint32_t whole = host_ceil(end) - begin;
  const uint32_t edge = any_mapped(end, host_ceil(end)) ? host_floor(end) : host_ceil(end);
  long result;
  // The host's shmat takes few places. Anywhere else the attachment is moved to, which sets the
  // time when it was last detached.
  if (begin % kHostSegmentAlignment == 0 && edge == begin + length) {
    result = host_call(SYS_shmat, request.segment->id, guest::host_pointer(begin),
                       request.segment->host_flags | uint32_t{SHM_REMAP});
  } else {
    result = attach_elsewhere(*request.segment, length, whole);
    if (result >= 0) result = place_segment(result, begin, edge, end);
  }
  if (result < 0) return errno_from_host(result);
  forget_splits(begin, edge);
  // The host executes no guest memory.
  if ((request.protection & kProtExec) != 0)
    host_call(SYS_mprotect, guest::host_pointer(begin), edge - begin,
              host_bits(request.protection));
  return kOk;
}

/// The file of a new attachment. As in the kernel, each has one of its own; one of an attachment
/// that is gone is used again.
uint32_t AddressSpace::intern_segment(const MapRequest& request) {
  char name[32];
  std::snprintf(name, sizeof name, "/SYSV%08x (deleted)",
                static_cast<uint32_t>(request.segment->key));
  MappedFile file;
  file.path = name;
  file.id.inode = static_cast<uint32_t>(request.segment->id);
  file.id.device_minor = 1;
  file.segment_bytes = request.length;
  for (uint32_t i = 1; i < files_.size(); ++i) {
    const MappedFile& known = *files_[i];
    if (known.segment_bytes != file.segment_bytes || known.id != file.id ||
        known.path != file.path) {
      continue;
    }
    if (std::none_of(mappings_.begin(), mappings_.end(),
                     [i](const Mapping& mapping) { return mapping.file == i; })) {
      return i;
    }
  }
  return add_file(file);
}

/// ipc/shm.c, ksys_shmdt: the first piece of an attachment that began at `address`, and then all
/// that are left of the same one.
Errno AddressSpace::detach_segment(uint32_t address) {
  const MemoryGuard guard(lock_);
  if ((address & guest::kPageMask) != 0) return abi::kEINVAL;
  const auto begins_there = [&](const Mapping& mapping) {
    return files_[mapping.file]->segment_bytes != 0 && mapping.begin >= address &&
           mapping.begin - address == mapping.offset;
  };
  size_t i = first_ending_after(address);
  while (i < mappings_.size() && !begins_there(mappings_[i])) ++i;
  if (i == mappings_.size()) return abi::kEINVAL;
  const uint32_t file = mappings_[i].file;
  const uint64_t last_end = uint64_t{address} + files_[file]->segment_bytes;
  // The first piece may end farther away: mremap can have made it longer.
  for (bool first = true; i < mappings_.size() && (first || mappings_[i].end <= last_end);) {
    const Mapping piece = mappings_[i];
    if (piece.file != file || !begins_there(piece)) {
      ++i;
      continue;
    }
    const Errno error = unmap(piece.begin, piece.end - piece.begin);
    if (error != kOk) return error;
    first = false;
  }
  return kOk;
}

}  // namespace ferry::linux
