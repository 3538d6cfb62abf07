// Flag words and small structures between the i386 ABI and the host's. On x86-64 most are the same
// numbers; on MIPS few are. Every table here has a test in
// tests/linux/conversions_test.cpp.
#pragma once

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#include <cstdint>
#include <optional>
#include <span>

#include "linux/abi/i386/abi_types.hpp"

namespace ferry::linux {

struct Thread;

struct FlagRow {
  uint32_t guest;
  uint32_t host;
};
[[nodiscard]] uint32_t flags_to_host(std::span<const FlagRow> table, uint32_t guest);
[[nodiscard]] uint32_t flags_to_guest(std::span<const FlagRow> table, uint32_t host);

/// open(2) flags; the access mode is the same everywhere.
[[nodiscard]] uint32_t open_flags_to_host(uint32_t guest);
/// Without O_LARGEFILE, which the host cannot tell (small_files.hpp).
[[nodiscard]] uint32_t open_flags_to_guest(uint32_t host);
inline constexpr uint32_t kGuestLargeFile = 0100000;
/// Flags of pipe2, dup3, eventfd2, epoll_create1, ...: O_NONBLOCK, O_CLOEXEC and O_DIRECT. All
/// others are the same everywhere.
[[nodiscard]] uint32_t creation_flags_to_host(uint32_t guest);

/// Socket type with SOCK_NONBLOCK and SOCK_CLOEXEC.
[[nodiscard]] int socket_type_to_host(uint32_t guest);
[[nodiscard]] int socket_type_to_guest(int host);
/// SOL_SOCKET and its options (-1 for none); other levels are the same everywhere.
[[nodiscard]] int socket_level_to_host(int guest);
[[nodiscard]] int socket_level_to_guest(int host);
[[nodiscard]] int socket_option_to_host(int guest);

/// RLIMIT_*.
[[nodiscard]] int resource_to_host(uint32_t guest);

/// SIG_BLOCK 0, SIG_UNBLOCK 1, SIG_SETMASK 2 of i386 are applied by ferry itself; MIPS has 1, 2, 3.

[[nodiscard]] abi::Stat64 stat64_from(const struct statx& host);
/// The kernel gives EOVERFLOW where a field does not fit (cp_new_stat).
[[nodiscard]] std::optional<abi::Stat32> stat32_from(const struct statx& host);
[[nodiscard]] std::optional<abi::OldStat> old_stat_from(const struct statx& host);

[[nodiscard]] abi::RUsage rusage_from(const struct rusage& host);

// --- times: read a guest time in either width into the host's ------------------------------------
enum class TimeWidth : uint8_t { time32, time64 };
[[nodiscard]] bool copy_in_time(uint32_t guest, TimeWidth width, struct timespec& time);
[[nodiscard]] bool copy_out_time(Thread& thread, uint32_t guest, TimeWidth width,
                                 const struct timespec& time);
/// Whether the kernel waits so long (include/linux/time64.h, timespec64_valid).
[[nodiscard]] inline bool is_valid(const struct timespec& time) {
  return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < 1'000'000'000;
}
[[nodiscard]] bool copy_in_timeval(uint32_t guest, struct timeval& time);
[[nodiscard]] bool copy_out_timeval(Thread& thread, uint32_t guest, const struct timeval& time);
[[nodiscard]] bool copy_in_itimerspec(uint32_t guest, TimeWidth width, struct itimerspec& time);
[[nodiscard]] bool copy_out_itimerspec(Thread& thread, uint32_t guest, TimeWidth width,
                                       const struct itimerspec& time);

/// 16-bit user ids of the old calls (include/linux/highuid.h).
[[nodiscard]] constexpr uint32_t wide_id(uint32_t id16) {
  return (id16 & 0xffff) == 0xffff ? ~0u : id16 & 0xffff;
}
[[nodiscard]] constexpr uint16_t narrow_id(uint32_t id) {
  return id > 0xffff ? uint16_t{65534} : static_cast<uint16_t>(id);
}

}  // namespace ferry::linux
