#include "linux/syscalls/convert.hpp"

#include <asm/socket.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include <cstring>
#include <iterator>

#include "linux/syscalls/arguments.hpp"

namespace ferry::linux {

namespace {

// Guest values: include/uapi/asm-generic/fcntl.h, which i386 uses as it is.
constexpr FlagRow kOpenFlags[] = {
    {0100, O_CREAT},       {0200, O_EXCL},
    {0400, O_NOCTTY},      {01000, O_TRUNC},
    {02000, O_APPEND},     {04000, O_NONBLOCK},
    {010000, O_DSYNC},     {020000, O_ASYNC},
    {040000, O_DIRECT},    {0200000, O_DIRECTORY},
    {0400000, O_NOFOLLOW}, {01000000, O_NOATIME},
    {02000000, O_CLOEXEC}, {04000000, static_cast<uint32_t>(O_SYNC & ~O_DSYNC)},
    {010000000, O_PATH},   {020000000, static_cast<uint32_t>(O_TMPFILE & ~O_DIRECTORY)},
};
constexpr uint32_t kAccessMode = 3;

constexpr uint32_t kGuestNonBlock = 04000, kGuestCloExec = 02000000, kGuestDirect = 040000;
/// A flag that every call refuses. It replaces flags that the guest's kernel would refuse, and that
/// the host's kernel would take for others.
constexpr uint32_t kRefused = 1u << 30;

struct NumberRow {
  int guest;
  int host;
};

constexpr NumberRow kSocketTypes[] = {{1, SOCK_STREAM}, {2, SOCK_DGRAM},     {3, SOCK_RAW},
                                      {4, SOCK_RDM},    {5, SOCK_SEQPACKET}, {6, SOCK_DCCP},
                                      {10, SOCK_PACKET}};

constexpr int kGuestSolSocket = 1;

constexpr NumberRow kSocketOptions[] = {
#define SOCKET_OPTION(NUMBER, NAME) {NUMBER, NAME},
#include "linux/abi/i386/socket_options.inc"
#undef SOCKET_OPTION
};
/// Later options have the same number everywhere, below those that only MIPS has.
constexpr int kLaterSocketOptions = std::end(kSocketOptions)[-1].guest + 1,
              kSocketOptionsOfMips = 0x80;

constexpr NumberRow kResources[] = {
    {0, RLIMIT_CPU},       {1, RLIMIT_FSIZE}, {2, RLIMIT_DATA},    {3, RLIMIT_STACK},
    {4, RLIMIT_CORE},      {5, RLIMIT_RSS},   {6, RLIMIT_NPROC},   {7, RLIMIT_NOFILE},
    {8, RLIMIT_MEMLOCK},   {9, RLIMIT_AS},    {10, RLIMIT_LOCKS},  {11, RLIMIT_SIGPENDING},
    {12, RLIMIT_MSGQUEUE}, {13, RLIMIT_NICE}, {14, RLIMIT_RTPRIO}, {15, RLIMIT_RTTIME}};

int to_host(std::span<const NumberRow> table, int guest, int unknown) {
  for (const NumberRow& row : table) {
    if (row.guest == guest) return row.host;
  }
  return unknown;
}

int to_guest(std::span<const NumberRow> table, int host, int unknown) {
  for (const NumberRow& row : table) {
    if (row.host == host) return row.guest;
  }
  return unknown;
}

/// new_encode_dev of the kernel: what stat64 and 32-bit stat show.
uint32_t device_number(uint32_t major, uint32_t minor) {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

}  // namespace

uint32_t flags_to_host(std::span<const FlagRow> table, uint32_t guest) {
  uint32_t host = 0;
  for (const FlagRow& row : table) {
    if ((guest & row.guest) != 0) host |= row.host;
  }
  return host;
}

uint32_t flags_to_guest(std::span<const FlagRow> table, uint32_t host) {
  uint32_t guest = 0;
  for (const FlagRow& row : table) {
    if ((host & row.host) != 0) guest |= row.guest;
  }
  return guest;
}

uint32_t open_flags_to_host(uint32_t guest) {
  return (guest & kAccessMode) | flags_to_host(kOpenFlags, guest);
}

uint32_t open_flags_to_guest(uint32_t host) {
  return (host & kAccessMode) | flags_to_guest(kOpenFlags, host);
}

uint32_t creation_flags_to_host(uint32_t guest) {
  constexpr uint32_t kKnown = kGuestNonBlock | kGuestCloExec | kGuestDirect;
  uint32_t host = guest & ~kKnown;
  // The guest's bit for something else, or for nothing, must not become one of these.
  if ((host & (O_NONBLOCK | O_CLOEXEC | O_DIRECT)) != 0) return kRefused;
  if ((guest & kGuestNonBlock) != 0) host |= O_NONBLOCK;
  if ((guest & kGuestCloExec) != 0) host |= O_CLOEXEC;
  if ((guest & kGuestDirect) != 0) host |= O_DIRECT;
  return host;
}

int socket_type_to_host(uint32_t guest) {
  const uint32_t flags = guest & (kGuestNonBlock | kGuestCloExec);
  const int type = static_cast<int>(guest & ~(kGuestNonBlock | kGuestCloExec));
  constexpr int kTypeMask = 15;  // SOCK_TYPE_MASK: other bits may be flags of the host
  if ((type & ~kTypeMask) != 0) return static_cast<int>(kRefused);
  return to_host(kSocketTypes, type, type) | static_cast<int>(creation_flags_to_host(flags));
}

int socket_type_to_guest(int host) {
  return to_guest(kSocketTypes, host, host);
}

int socket_level_to_host(int guest) {
  if (guest == kGuestSolSocket) return SOL_SOCKET;
  return guest == SOL_SOCKET ? -1 : guest;  // i386 has no such level
}
int socket_level_to_guest(int host) {
  return host == SOL_SOCKET ? kGuestSolSocket : host;
}
int socket_option_to_host(int guest) {
  const bool later = guest >= kLaterSocketOptions && guest < kSocketOptionsOfMips;
  return to_host(kSocketOptions, guest, later ? guest : -1);
}

int resource_to_host(uint32_t guest) {
  return to_host(kResources, static_cast<int>(guest), -1);
}

abi::Stat64 stat64_from(const struct statx& host) {
  abi::Stat64 guest;
  std::memset(&guest, 0, sizeof guest);
  guest.dev = device_number(host.stx_dev_major, host.stx_dev_minor);
  guest.short_ino = static_cast<uint32_t>(host.stx_ino);
  guest.mode = host.stx_mode;
  guest.nlink = host.stx_nlink;
  guest.uid = host.stx_uid;
  guest.gid = host.stx_gid;
  guest.rdev = device_number(host.stx_rdev_major, host.stx_rdev_minor);
  guest.size = static_cast<int64_t>(host.stx_size);
  guest.blksize = host.stx_blksize;
  guest.blocks = host.stx_blocks;
  guest.atime = static_cast<uint32_t>(host.stx_atime.tv_sec);
  guest.atime_nsec = host.stx_atime.tv_nsec;
  guest.mtime = static_cast<uint32_t>(host.stx_mtime.tv_sec);
  guest.mtime_nsec = host.stx_mtime.tv_nsec;
  guest.ctime = static_cast<uint32_t>(host.stx_ctime.tv_sec);
  guest.ctime_nsec = host.stx_ctime.tv_nsec;
  guest.ino = host.stx_ino;
  return guest;
}

std::optional<abi::Stat32> stat32_from(const struct statx& host) {
  if (host.stx_size > INT32_MAX || host.stx_ino > UINT32_MAX || host.stx_nlink > UINT16_MAX)
    return {};
  abi::Stat32 guest;
  std::memset(&guest, 0, sizeof guest);
  guest.dev = device_number(host.stx_dev_major, host.stx_dev_minor);
  guest.ino = static_cast<uint32_t>(host.stx_ino);
  guest.mode = host.stx_mode;
  guest.nlink = static_cast<uint16_t>(host.stx_nlink);
  guest.uid = narrow_id(host.stx_uid);
  guest.gid = narrow_id(host.stx_gid);
  guest.rdev = device_number(host.stx_rdev_major, host.stx_rdev_minor);
  guest.size = static_cast<uint32_t>(host.stx_size);
  guest.blksize = host.stx_blksize;
  guest.blocks = static_cast<uint32_t>(host.stx_blocks);
  guest.atime = static_cast<uint32_t>(host.stx_atime.tv_sec);
  guest.atime_nsec = host.stx_atime.tv_nsec;
  guest.mtime = static_cast<uint32_t>(host.stx_mtime.tv_sec);
  guest.mtime_nsec = host.stx_mtime.tv_nsec;
  guest.ctime = static_cast<uint32_t>(host.stx_ctime.tv_sec);
  guest.ctime_nsec = host.stx_ctime.tv_nsec;
  return guest;
}

std::optional<abi::OldStat> old_stat_from(const struct statx& host) {
  if (host.stx_size > INT32_MAX || host.stx_ino > UINT16_MAX || host.stx_nlink > UINT16_MAX)
    return {};
  abi::OldStat guest;
  std::memset(&guest, 0, sizeof guest);
  const auto short_device = [](uint32_t major, uint32_t minor) {
    return static_cast<uint16_t>((major << 8) | (minor & 0xff));
  };
  guest.dev = short_device(host.stx_dev_major, host.stx_dev_minor);
  guest.ino = static_cast<uint16_t>(host.stx_ino);
  guest.mode = host.stx_mode;
  guest.nlink = static_cast<uint16_t>(host.stx_nlink);
  guest.uid = narrow_id(host.stx_uid);
  guest.gid = narrow_id(host.stx_gid);
  guest.rdev = short_device(host.stx_rdev_major, host.stx_rdev_minor);
  guest.size = static_cast<uint32_t>(host.stx_size);
  guest.atime = static_cast<uint32_t>(host.stx_atime.tv_sec);
  guest.mtime = static_cast<uint32_t>(host.stx_mtime.tv_sec);
  guest.ctime = static_cast<uint32_t>(host.stx_ctime.tv_sec);
  return guest;
}

abi::RUsage rusage_from(const struct rusage& host) {
  abi::RUsage guest{};
  guest.user = {static_cast<int32_t>(host.ru_utime.tv_sec),
                static_cast<int32_t>(host.ru_utime.tv_usec)};
  guest.system = {static_cast<int32_t>(host.ru_stime.tv_sec),
                  static_cast<int32_t>(host.ru_stime.tv_usec)};
  const long rest[14] = {host.ru_maxrss,  host.ru_ixrss,  host.ru_idrss,  host.ru_isrss,
                         host.ru_minflt,  host.ru_majflt, host.ru_nswap,  host.ru_inblock,
                         host.ru_oublock, host.ru_msgsnd, host.ru_msgrcv, host.ru_nsignals,
                         host.ru_nvcsw,   host.ru_nivcsw};
  for (unsigned i = 0; i < 14; ++i) guest.rest[i] = static_cast<int32_t>(rest[i]);
  return guest;
}

// --- times --------------------------------------------------------------------------------------

bool copy_in_time(uint32_t guest, TimeWidth width, struct timespec& time) {
  if (width == TimeWidth::time32) {
    abi::TimeSpec32 value;
    if (!copy_in(guest, value)) return false;
    time = {value.seconds, value.nanoseconds};
    return true;
  }
  abi::TimeSpec64 value;
  if (!copy_in(guest, value)) return false;
  // The upper half of a 32-bit program's tv_nsec is padding (get_timespec64).
  time = {static_cast<time_t>(value.seconds), static_cast<int32_t>(value.nanoseconds)};
  return true;
}

bool copy_out_time(Thread& thread, uint32_t guest, TimeWidth width, const struct timespec& time) {
  if (width == TimeWidth::time32) {
    return copy_out(
        thread, guest,
        abi::TimeSpec32{static_cast<int32_t>(time.tv_sec), static_cast<int32_t>(time.tv_nsec)});
  }
  return copy_out(thread, guest, abi::TimeSpec64{time.tv_sec, time.tv_nsec});
}

bool copy_in_timeval(uint32_t guest, struct timeval& time) {
  abi::TimeVal32 value;
  if (!copy_in(guest, value)) return false;
  time = {value.seconds, value.microseconds};
  return true;
}

bool copy_out_timeval(Thread& thread, uint32_t guest, const struct timeval& time) {
  return copy_out(
      thread, guest,
      abi::TimeVal32{static_cast<int32_t>(time.tv_sec), static_cast<int32_t>(time.tv_usec)});
}

namespace {

uint32_t time_size(TimeWidth width) {
  return width == TimeWidth::time32 ? sizeof(abi::TimeSpec32) : sizeof(abi::TimeSpec64);
}

}  // namespace

bool copy_in_itimerspec(uint32_t guest, TimeWidth width, struct itimerspec& time) {
  return copy_in_time(guest, width, time.it_interval) &&
         copy_in_time(guest + time_size(width), width, time.it_value);
}

bool copy_out_itimerspec(Thread& thread, uint32_t guest, TimeWidth width,
                         const struct itimerspec& time) {
  return copy_out_time(thread, guest, width, time.it_interval) &&
         copy_out_time(thread, guest + time_size(width), width, time.it_value);
}

}  // namespace ferry::linux
