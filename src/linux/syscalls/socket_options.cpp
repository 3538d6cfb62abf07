// setsockopt and getsockopt. The rules for 32-bit programs on a 64-bit kernel are in net/socket.c,
// net/core/sock.c and net/ipv4/ip_sockglue.c.
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "linux/abi/i386/device_layouts.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/converted_struct.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

/// An option as the host has it.
struct Option {
  int level, number;
};

Option option_to_host(int32_t guest_level, int32_t guest_option) {
  const int level = socket_level_to_host(guest_level);
  return {level, level == SOL_SOCKET ? socket_option_to_host(guest_option) : guest_option};
}

bool is_timeout(const Option& option) {
  return option.level == SOL_SOCKET &&
         (option.number == SO_RCVTIMEO || option.number == SO_SNDTIMEO);
}

constexpr int kTcpZeroCopyReceive = 35, kSolPacket = 263, kPacketFanoutData = 22;

/// TCP_ZEROCOPY_RECEIVE puts pages into the caller's memory, of which ferry keeps account.
bool is_refused(const Option& option) {
  if (option.level != IPPROTO_TCP || option.number != kTcpZeroCopyReceive) return false;
  log_printf(LogChannel::unimp, "TCP_ZEROCOPY_RECEIVE is not implemented\n");
  return true;
}

/// Whether the option is a filter: struct sock_fprog, or its instructions.
bool is_filter(const Option& option) {
  if (option.level == kSolPacket) return option.number == kPacketFanoutData;
  return option.level == SOL_SOCKET &&
         (option.number == SO_ATTACH_FILTER || option.number == SO_ATTACH_REUSEPORT_CBPF);
}

using abi::kFilterProgram, abi::kGroup, abi::kGroupFilter, abi::kGroupSource;

constexpr uint32_t kSourceSize = sizeof(sockaddr_storage);

/// The layout of an option's structure, if it is another one on the host.
std::string_view layout_of(const Option& option) {
  if (is_filter(option)) return kFilterProgram;
  if (option.level != IPPROTO_IP && option.level != IPPROTO_IPV6) return {};
  switch (option.number) {
    case MCAST_JOIN_GROUP:
    case MCAST_LEAVE_GROUP:
      return kGroup;
    case MCAST_BLOCK_SOURCE:
    case MCAST_UNBLOCK_SOURCE:
    case MCAST_JOIN_SOURCE_GROUP:
    case MCAST_LEAVE_SOURCE_GROUP:
      return kGroupSource;
    default:
      return {};
  }
}

bool is_group_filter(const Option& option) {
  return (option.level == IPPROTO_IP || option.level == IPPROTO_IPV6) &&
         option.number == MCAST_MSFILTER;
}

/// Numbers of options that the kernel's headers may be too old to name.
constexpr int kPeerPidFd = 77;

CallResult set_timeout(const Thread& /*t*/, Fd fd, const Option& option, uint32_t value,
                       uint32_t size) {
  struct timeval time;
  if (size < sizeof(abi::TimeVal32)) return abi::kEINVAL;
  if (!copy_in_timeval(value, time)) return abi::kEFAULT;
  return guest_result(
      host_call(SYS_setsockopt, fd, option.level, option.number, &time, sizeof time));
}

CallResult set_structure(Thread& t, Fd fd, const Option& option, std::string_view layout,
                         uint32_t value, uint32_t size) {
  const uint32_t guest_size = abi::shape_of(layout, abi::kI386).size;
  // More bytes than that do not matter, but for filters.
  if (size < guest_size || (is_filter(option) && size != guest_size)) return abi::kEINVAL;
  ConvertedStruct structure(t, layout, value);
  return guest_result(host_call(SYS_setsockopt, fd, option.level, option.number, structure.host(),
                                abi::shape_of(layout, kHost).size));
}

/// struct group_filter has an array at its end.
CallResult set_group_filter(Fd fd, const Option& option, uint32_t value, uint32_t size) {
  constexpr uint32_t kGuestHead = abi::shape_of(kGroupFilter, abi::kI386).size;
  constexpr uint32_t kHostHead = abi::shape_of(kGroupFilter, kHost).size;
  constexpr uint32_t kMost = 128 * 1024;  // net.core.optmem_max of newer kernels
  if (size < kGuestHead) return abi::kEINVAL;
  if (size > kMost) return abi::kENOBUFS;
  std::vector<uint8_t> guest(size), host(kHostHead + size - kGuestHead);
  if (!copy_in_bytes(value, guest.data(), size)) return abi::kEFAULT;
  structure_to_host(kGroupFilter, guest.data(), host.data());
  std::copy(guest.begin() + kGuestHead, guest.end(), host.begin() + kHostHead);
  return guest_result(host_call(SYS_setsockopt, fd, option.level, option.number, host.data(),
                                static_cast<int32_t>(host.size())));
}

CallResult get_group_filter(Thread& t, Fd fd, const Option& option, uint32_t value,
                            uint32_t size_pointer) {
  constexpr uint32_t kGuestHead = abi::shape_of(kGroupFilter, abi::kI386).size;
  constexpr uint32_t kHostHead = abi::shape_of(kGroupFilter, kHost).size;
  constexpr uint32_t kCountAt = kGuestHead - 4;
  std::array<uint8_t, kGuestHead> head;
  int32_t room;
  if (!copy_in(size_pointer, room)) return abi::kEFAULT;
  if (room < static_cast<int32_t>(kGuestHead)) return abi::kEINVAL;
  if (!copy_in(value, head)) return abi::kEFAULT;
  uint32_t asked, count;
  std::memcpy(&asked, head.data() + kCountAt, sizeof asked);
  // The kernel gives as many sources as there are, and room was asked for.
  asked = std::min(asked, (static_cast<uint32_t>(room) - kGuestHead) / kSourceSize);
  std::memcpy(head.data() + kCountAt, &asked, sizeof asked);
  std::vector<uint8_t> host(kHostHead + size_t{asked} * kSourceSize);
  structure_to_host(kGroupFilter, head.data(), host.data());
  auto host_size = static_cast<socklen_t>(host.size());
  const long result =
      host_call(SYS_getsockopt, fd, option.level, option.number, host.data(), &host_size);
  if (result < 0) return guest_result(result);
  structure_to_guest(kGroupFilter, host.data(), head.data());
  std::memcpy(&count, head.data() + kCountAt, sizeof count);
  const uint32_t bytes = std::min(count, asked) * kSourceSize;
  return copy_out(t, value, head) &&
                 copy_out_bytes(t, value + kGuestHead, host.data() + kHostHead, bytes) &&
                 copy_out(t, size_pointer, kGuestHead + bytes)
             ? kOk
             : abi::kEFAULT;
}

/// Gives the guest an option's value, cut to the size that the guest states.
template <typename Value>
CallResult give_option(Thread& t, GuestPointer destination, GuestPointer size_pointer,
                       const Value& value) {
  int32_t size;
  if (!copy_in(size_pointer, size)) return abi::kEFAULT;
  if (size < 0) return abi::kEINVAL;
  size = std::min(size, static_cast<int32_t>(sizeof value));
  return copy_out_bytes(t, destination, &value, static_cast<uint32_t>(size)) &&
                 copy_out(t, size_pointer, size)
             ? kOk
             : abi::kEFAULT;
}

/// An option whose value is another one on the host.
template <typename HostValue, typename ToGuest>
CallResult get_converted(Thread& t, Fd fd, const Option& option, GuestPointer value,
                         GuestPointer size_pointer, ToGuest to_guest) {
  HostValue host{};
  socklen_t size = sizeof host;
  const long result = host_call(SYS_getsockopt, fd, option.level, option.number, &host, &size);
  if (result < 0) return guest_result(result);
  return give_option(t, value, size_pointer, to_guest(host));
}

}  // namespace

CallResult sys_setsockopt(Thread& t, Fd fd, int32_t guest_level, int32_t guest_option,
                          GuestPointer value, uint32_t size) {
  const Option option = option_to_host(guest_level, guest_option);
  if (is_timeout(option)) return set_timeout(t, fd, option, value, size);
  if (is_refused(option)) return abi::kENOPROTOOPT;
  if (is_group_filter(option)) return set_group_filter(fd, option, value, size);
  if (const std::string_view layout = layout_of(option); !layout.empty())
    return set_structure(t, fd, option, layout, value, size);
  return guest_result(host_call(SYS_setsockopt, fd, option.level, option.number,
                                readable(t, value, size).pointer(), static_cast<int32_t>(size)));
}

CallResult sys_getsockopt(Thread& t, Fd fd, int32_t guest_level, int32_t guest_option,
                          GuestPointer value, GuestPointer size_pointer) {
  const Option option = option_to_host(guest_level, guest_option);
  const bool of_socket = option.level == SOL_SOCKET;
  if (is_timeout(option)) {
    return get_converted<timeval>(t, fd, option, value, size_pointer, [](const timeval& time) {
      return abi::TimeVal32{static_cast<int32_t>(time.tv_sec), static_cast<int32_t>(time.tv_usec)};
    });
  }
  if (of_socket && option.number == SO_ERROR)
    return get_converted<int>(t, fd, option, value, size_pointer, errno_to_guest);
  if (of_socket && option.number == SO_TYPE)
    return get_converted<int>(t, fd, option, value, size_pointer, socket_type_to_guest);
  if (is_refused(option)) return abi::kENOPROTOOPT;
  if (is_group_filter(option)) return get_group_filter(t, fd, option, value, size_pointer);
  uint32_t size;
  if (!copy_in(size_pointer, size)) {
    return guest_result(
        host_call(SYS_getsockopt, fd, option.level, option.number, nowhere(), nowhere()));
  }
  // SO_GET_FILTER counts instructions.
  const uint32_t bytes =
      is_filter(option) ? size * static_cast<uint32_t>(sizeof(sock_filter)) : size;
  const CallResult result = guest_result(host_call(SYS_getsockopt, fd, option.level, option.number,
                                                   writable(t, value, bytes).pointer(),
                                                   writable(t, size_pointer, 4).pointer()));
  int32_t descriptor;
  if (result.ok() && of_socket && option.number == kPeerPidFd && copy_in(value, descriptor))
    t.process->hidden.guest_got(descriptor);
  return result;
}

}  // namespace ferry::linux
