// System V shared memory (ipc/shm.c). The segments are the host's; where they are attached:
// address_space_segments.cpp.
#include <sys/shm.h>

#include <algorithm>
#include <climits>

#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/ipc.hpp"

namespace ferry::linux {

namespace {

/// Flags of shmat (include/uapi/linux/shm.h); the same on every host.
constexpr uint32_t kReadOnly = 010000, kRound = 020000, kRemap = 040000, kExecute = 0100000;

/// copy_compat_shmid_to_user.
template <typename Structure>
Structure segment_from(const struct shmid_ds& host) {
  Structure guest{};
  set_permissions(guest.permissions, host.shm_perm);
  guest.bytes = static_cast<uint32_t>(host.shm_segsz);
  set_ipc_time(guest.attached, host.shm_atime);
  set_ipc_time(guest.detached, host.shm_dtime);
  set_ipc_time(guest.changed, host.shm_ctime);
  guest.creator = static_cast<decltype(guest.creator)>(host.shm_cpid);
  guest.last_user = static_cast<decltype(guest.last_user)>(host.shm_lpid);
  guest.attachments = static_cast<decltype(guest.attachments)>(host.shm_nattch);
  return guest;
}

/// copy_compat_shminfo_to_user.
template <typename Structure>
Structure limits_from(const struct shminfo& host) {
  Structure guest{};
  guest.most_bytes = static_cast<uint32_t>(std::min<uint64_t>(host.shmmax, INT_MAX));
  guest.least_bytes = static_cast<uint32_t>(host.shmmin);
  guest.most_segments = static_cast<uint32_t>(host.shmmni);
  guest.most_of_process = static_cast<uint32_t>(host.shmseg);
  guest.most_pages = static_cast<uint32_t>(host.shmall);
  return guest;
}

/// put_compat_shm_info.
abi::SegmentUse use_from(const struct shm_info& host) {
  abi::SegmentUse guest{};
  guest.segments = host.used_ids;
  guest.pages = static_cast<uint32_t>(host.shm_tot);
  guest.resident_pages = static_cast<uint32_t>(host.shm_rss);
  guest.swapped_pages = static_cast<uint32_t>(host.shm_swp);
  guest.swap_attempts = static_cast<uint32_t>(host.swap_attempts);
  guest.swap_successes = static_cast<uint32_t>(host.swap_successes);
  return guest;
}

/// The protection that shmat's flags ask for.
uint8_t protection_of(uint32_t flags) {
  uint8_t protection = kProtRead;
  if ((flags & kReadOnly) == 0) protection |= kProtWrite;
  if ((flags & kExecute) != 0) protection |= kProtExec;
  return protection;
}

/// The error of attaching segment `id`, of `bytes`, anywhere, which comes before that of a place.
Errno refused(int32_t id, size_t bytes, uint32_t flags) {
  const long attached = host_call(SYS_shmat, id, nullptr, flags & (kReadOnly | kExecute));
  if (attached < 0) return errno_from_host(attached);
  host_call(SYS_munmap, attached, bytes);
  return kOk;
}

}  // namespace

CallResult sys_shmget(Thread&, int32_t key, uint32_t bytes, Flags flags) {
  return guest_result(host_call(SYS_shmget, key, bytes, static_cast<int32_t>(flags.number)));
}

/// do_shmat.
CallResult sys_shmat(Thread& t, int32_t id, GuestPointer address, Flags flags) {
  if (id < 0) return abi::kEINVAL;
  if ((address & guest::kPageMask) != 0 && (flags & kRound) == 0) return abi::kEINVAL;
  MapRequest request;
  request.address = guest::page_floor(address);
  if (request.address == 0 && (flags & kRemap) != 0) return abi::kEINVAL;
  struct shmid_ds segment {};
  const long result = host_control(SYS_shmctl, id, abi::kIpcStat, &segment);
  if (result < 0) return guest_result(result);
  request.length = static_cast<uint32_t>(std::min<uint64_t>(segment.shm_segsz, UINT32_MAX));
  request.protection = protection_of(flags);
  request.shared = true;
  if (address != 0) {
    request.placement = (flags & kRemap) != 0 ? MapRequest::Placement::fixed
                                              : MapRequest::Placement::fixed_no_replace;
  }
  request.segment = {id, segment.shm_perm.__key, flags & (kReadOnly | kExecute)};
  const Result<uint32_t> mapped = t.process->space->map(request);
  if (mapped.ok()) {
    t.process->space->order_memory(t.cpu);
    return mapped;
  }
  if (mapped.error() == abi::kEACCES) return mapped;
  if (const Errno error = refused(id, segment.shm_segsz, flags); error != kOk) return error;
  return mapped.error() == abi::kEEXIST ? abi::kEINVAL : mapped.error();
}

CallResult sys_shmdt(Thread& t, GuestPointer address) {
  return t.process->space->detach_segment(address);
}

CallResult control_segment(Thread& t, int32_t id, int32_t command, uint32_t pointer,
                           IpcVersion version) {
  const bool with64 = version == IpcVersion::with64;
  const auto copied_out = [&](long result, const auto& wide, const auto& old) -> CallResult {
    if (result < 0) return guest_result(result);
    const bool copied = with64 ? copy_out(t, pointer, wide) : copy_out(t, pointer, old);
    return copied ? guest_result(result) : abi::kEFAULT;
  };
  if (id < 0 || command < 0) return abi::kEINVAL;
  struct shmid_ds segment {};
  switch (command) {
    case abi::kIpcInfo: {
      struct shminfo limits {};
      const long result = host_control(SYS_shmctl, id, command, &limits);
      return copied_out(result, limits_from<abi::SegmentLimits>(limits),
                        limits_from<abi::OldSegmentLimits>(limits));
    }
    case abi::kShmInfo: {
      struct shm_info use {};
      const long result = host_control(SYS_shmctl, id, command, &use);
      return copied_out(result, use_from(use), use_from(use));
    }
    case abi::kIpcStat:
    case abi::kShmStat:
    case abi::kShmStatAny: {
      const long result = host_control(SYS_shmctl, id, command, &segment);
      return copied_out(result, segment_from<abi::Segment>(segment),
                        segment_from<abi::OldSegment>(segment));
    }
    case abi::kIpcSet:
      if (!copy_in_permissions(pointer, version, segment.shm_perm)) return abi::kEFAULT;
      [[fallthrough]];
    case abi::kIpcRemove:
    case abi::kShmLock:
    case abi::kShmUnlock:
      return guest_result(host_control(SYS_shmctl, id, command, &segment));
    default:
      return abi::kEINVAL;
  }
}

CallResult sys_shmctl(Thread& t, int32_t id, int32_t command, GuestPointer segment) {
  return control_segment(t, id, command, segment, IpcVersion::with64);
}

}  // namespace ferry::linux
