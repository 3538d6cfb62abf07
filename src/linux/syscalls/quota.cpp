// quotactl (fs/quota/quota.c; the i386 layouts are those of fs/quota/compat.h).
#include <cstring>

#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/path_calls.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kOn = 0x800002, kGetFormat = 0x800004, kGetInfo = 0x800005, kSetInfo = 0x800006,
                   kGet = 0x800007, kSet = 0x800008, kGetNext = 0x800009;
constexpr uint32_t kXfs = 'X' << 8;
constexpr uint32_t kXfsOn = kXfs + 1, kXfsOff = kXfs + 2, kXfsGet = kXfs + 3, kXfsSet = kXfs + 4,
                   kXfsGetState = kXfs + 5, kXfsRemove = kXfs + 6, kXfsGetStateV = kXfs + 8,
                   kXfsGetNext = kXfs + 9;

struct Quota {  // struct if_dqblk: i386 has no padding at its end
  abi::U64 limits[8];
  uint32_t valid;
};
struct HostQuota {
  uint64_t limits[8];
  uint32_t valid;
};
static_assert(sizeof(Quota) == 68 && sizeof(HostQuota) == 72);

struct FileState {  // struct fs_qfilestat
  abi::U64 inode, blocks;
  uint32_t extents;
};
struct HostFileState {
  uint64_t inode, blocks;
  uint32_t extents;
};
template <typename File>
struct QuotaState {  // struct fs_quota_stat
  int8_t version;
  uint16_t flags;
  int8_t pad;
  File user, group;
  uint32_t in_core;
  int32_t block_limit, inode_limit, real_time_limit;
  uint16_t block_warnings, inode_warnings;
};
static_assert(sizeof(QuotaState<FileState>) == 68 && sizeof(QuotaState<HostFileState>) == 80);

FileState file_to_guest(const HostFileState& host) {
  return {host.inode, host.blocks, host.extents};
}

/// Makes `call(data)`, where `data` is what the host expects of the command, and converts it.
template <typename Call>
CallResult with_data(Thread& t, uint32_t command, uint32_t data, Call call) {
  const auto given = [&](uint32_t size) { return call(readable(t, data, size).pointer()); };
  const auto taken = [&](uint32_t size) { return call(writable(t, data, size).pointer()); };
  switch (command >> 8) {
    case kGet: {
      HostQuota host{};
      const CallResult result = call(&host);
      if (!result.ok()) return result;
      Quota guest{};
      std::memcpy(&guest, &host, sizeof guest);
      return copy_out(t, data, guest) ? result : abi::kEFAULT;
    }
    case kSet: {
      Quota guest;
      HostQuota host{};
      if (!copy_in(data, guest)) return given(sizeof host);
      std::memcpy(&host, &guest, sizeof guest);
      return call(&host);
    }
    case kXfsGetState: {
      QuotaState<HostFileState> host{};
      const CallResult result = call(&host);
      if (!result.ok()) return result;
      const QuotaState<FileState> guest{host.version,
                                        host.flags,
                                        host.pad,
                                        file_to_guest(host.user),
                                        file_to_guest(host.group),
                                        host.in_core,
                                        host.block_limit,
                                        host.inode_limit,
                                        host.real_time_limit,
                                        host.block_warnings,
                                        host.inode_warnings};
      return copy_out(t, data, guest) ? result : abi::kEFAULT;
    }
    case kGetFormat:
      return taken(4);
    case kGetInfo:
      return taken(24);  // struct if_dqinfo
    case kSetInfo:
      return given(24);
    case kGetNext:
      return taken(72);  // struct if_nextdqblk
    case kXfsGet:
    case kXfsGetNext:
      return taken(112);  // struct fs_disk_quota
    case kXfsSet:
      return given(112);
    case kXfsGetStateV:
      return taken(200);  // struct fs_quota_statv
    case kXfsOn:
    case kXfsOff:
    case kXfsRemove:
      return given(4);
    default:
      return call(nullptr);
  }
}

/// Q_QUOTAON's data is the path of the file with the quotas.
template <typename Call>
CallResult quota_call(Thread& t, uint32_t command, uint32_t data, Call call) {
  if (command >> 8 != kOn) return with_data(t, command, data, call);
  return with_path(t, AT_FDCWD, data, LastLink::follow,
                   [&](int, const char* path) { return call(path); });
}

}  // namespace

CallResult sys_quotactl(Thread& t, Flags command, GuestPath special, Word id, Word data) {
  const auto on_device = [&](const char* device) {
    return quota_call(t, command, data, [&](const void* value) {
      return guest_result(
          host_call(SYS_quotactl, command, device, static_cast<int32_t>(id), value));
    });
  };
  if (special == 0) return on_device(nullptr);
  return with_path(t, AT_FDCWD, special, LastLink::follow,
                   [&](int, const char* device) { return on_device(device); });
}

CallResult sys_quotactl_fd(Thread& t, Fd fd, Flags command, Word id, Word data) {
  return quota_call(t, command, data, [&](const void* value) {
    return guest_result(host_call(SYS_quotactl_fd, fd, command, static_cast<int32_t>(id), value));
  });
}

}  // namespace ferry::linux
