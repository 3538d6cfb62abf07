// Sockets, direct and through socketcall.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "linux/kernel/path.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kMaxControl = 20480;  // net.core.optmem_max allows that much by default

/// A sockaddr argument; paths of AF_UNIX go through ROOT.
struct SocketAddress {
  sockaddr_storage storage;
  uint32_t length = 0;

  /// 0 or -errno.
  int32_t load(Thread& t, uint32_t guest, uint32_t guest_length) {
    if (guest_length > sizeof storage) return -abi::kEINVAL;
    std::memset(&storage, 0, sizeof storage);
    if (!copy_in_bytes(guest, &storage, guest_length)) return -abi::kEFAULT;
    length = guest_length;
    auto* unix_address = reinterpret_cast<sockaddr_un*>(&storage);
    constexpr uint32_t kPathAt = offsetof(sockaddr_un, sun_path);
    if (length <= kPathAt || storage.ss_family != AF_UNIX || unix_address->sun_path[0] == '\0' ||
        t.process->root.empty()) {
      return 0;
    }
    HostPath host;
    resolve_path(*t.process, AT_FDCWD,
                 {unix_address->sun_path, strnlen(unix_address->sun_path, length - kPathAt)},
                 LastLink::follow, host);
    const size_t path_length = std::strlen(host.text);
    if (host.error != 0 || path_length >= sizeof unix_address->sun_path) return -abi::kENAMETOOLONG;
    std::memcpy(unix_address->sun_path, host.text, path_length + 1);
    length = kPathAt + static_cast<uint32_t>(path_length) + 1;
    return 0;
  }
  [[nodiscard]] const void* pointer() const { return length != 0 ? &storage : nullptr; }
};

/// accept, getsockname, recvfrom: the kernel fills in an address and its length.
template <typename Call>
int32_t with_returned_address(Thread& t, uint32_t address, uint32_t length_pointer, Call call) {
  sockaddr_storage storage;
  int32_t room = 0;
  if (address != 0) {
    if (!copy_in(length_pointer, room)) return -abi::kEFAULT;
    if (room < 0) return -abi::kEINVAL;
  }
  socklen_t length = sizeof storage;
  const int32_t result = call(address != 0 ? &storage : nullptr, address != 0 ? &length : nullptr);
  if (result < 0 || address == 0) return result;
  const uint32_t copied =
      std::min(static_cast<uint32_t>(room), std::min<uint32_t>(length, sizeof storage));
  if (!copy_out_bytes(t, address, &storage, copied) || !copy_out(t, length_pointer, length))
    return -abi::kEFAULT;
  return result;
}

}  // namespace

int32_t sys_socket(Thread&, const Arguments& a) {
  return guest_result(
      host_call(SYS_socket, a.signed_at(0), socket_type_to_host(a[1]), a.signed_at(2)));
}

int32_t sys_socketpair(Thread& t, const Arguments& a) {
  int32_t pair[2];
  const long result =
      host_call(SYS_socketpair, a.signed_at(0), socket_type_to_host(a[1]), a.signed_at(2), pair);
  if (result < 0) return guest_result(result);
  for (const int32_t end : pair) t.process->hidden.guest_got(end);
  return copy_out(t, a[3], pair) ? 0 : -abi::kEFAULT;
}

int32_t sys_bind(Thread& t, const Arguments& a) {
  SocketAddress address;
  const int32_t error = address.load(t, a[1], a[2]);
  if (error != 0) return error;
  return guest_result(host_call(SYS_bind, a.signed_at(0), address.pointer(), address.length));
}

int32_t sys_connect(Thread& t, const Arguments& a) {
  SocketAddress address;
  const int32_t error = address.load(t, a[1], a[2]);
  if (error != 0) return error;
  return blocking_call(t, SYS_connect, a.signed_at(0), address.pointer(), address.length);
}

int32_t sys_accept4(Thread& t, const Arguments& a) {
  return with_returned_address(t, a[1], a[2], [&](void* address, socklen_t* length) {
    return blocking_call(t, SYS_accept4, a.signed_at(0), address, length,
                         creation_flags_to_host(a[3]));
  });
}
int32_t sys_accept(Thread& t, const Arguments& a) {
  return sys_accept4(t, {{a[0], a[1], a[2], 0, 0, 0}});
}

int32_t sys_getsockname(Thread& t, const Arguments& a) {
  return with_returned_address(t, a[1], a[2], [&](void* address, socklen_t* length) {
    return guest_result(host_call(SYS_getsockname, a.signed_at(0), address, length));
  });
}
int32_t sys_getpeername(Thread& t, const Arguments& a) {
  return with_returned_address(t, a[1], a[2], [&](void* address, socklen_t* length) {
    return guest_result(host_call(SYS_getpeername, a.signed_at(0), address, length));
  });
}

int32_t sys_sendto(Thread& t, const Arguments& a) {
  SocketAddress address;
  if (a[4] != 0) {
    const int32_t error = address.load(t, a[4], a[5]);
    if (error != 0) return error;
  }
  const GuestBuffer buffer = readable(t, a[1], a[2]);
  return blocking_call(t, SYS_sendto, a.signed_at(0), buffer.pointer(), buffer.length(), a[3],
                       address.pointer(), address.length);
}
int32_t sys_recvfrom(Thread& t, const Arguments& a) {
  const GuestBuffer buffer = writable(t, a[1], a[2]);
  return with_returned_address(t, a[4], a[5], [&](void* address, socklen_t* length) {
    return blocking_call(t, SYS_recvfrom, a.signed_at(0), buffer.pointer(), buffer.length(), a[3],
                         address, length);
  });
}

// --- options -------------------------------------------------------------------------------------

namespace {

bool is_timeout(int level, int option) {
  return level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO);
}

/// A BPF program: struct sock_fprog has a pointer.
int32_t attach_filter(Thread& t, const Arguments& a, int option) {
  abi::SockFilterProgram guest;
  if (a[4] != sizeof guest) return -abi::kEINVAL;
  if (!copy_in(a[3], guest)) return -abi::kEFAULT;
  const GuestBuffer filter =
      readable(t, guest.filter, guest.length * static_cast<uint32_t>(sizeof(sock_filter)));
  struct sock_fprog host {
    guest.length, static_cast<struct sock_filter*>(filter.pointer())
  };
  return guest_result(
      host_call(SYS_setsockopt, a.signed_at(0), SOL_SOCKET, option, &host, sizeof host));
}

/// Gives an option's value, cut to the room the guest says it has.
template <typename Value>
int32_t give_option(Thread& t, const Arguments& a, const Value& value) {
  int32_t size;
  if (!copy_in(a[4], size)) return -abi::kEFAULT;
  if (size < 0) return -abi::kEINVAL;
  size = std::min(size, static_cast<int32_t>(sizeof value));
  return copy_out_bytes(t, a[3], &value, static_cast<uint32_t>(size)) && copy_out(t, a[4], size)
             ? 0
             : -abi::kEFAULT;
}

}  // namespace

int32_t sys_setsockopt(Thread& t, const Arguments& a) {
  const int level = socket_level_to_host(a.signed_at(1));
  const int option = level == SOL_SOCKET ? socket_option_to_host(a.signed_at(2)) : a.signed_at(2);
  if (is_timeout(level, option)) {
    struct timeval time;
    if (a[4] < sizeof(abi::TimeVal32)) return -abi::kEINVAL;
    if (!copy_in_timeval(a[3], time)) return -abi::kEFAULT;
    return guest_result(
        host_call(SYS_setsockopt, a.signed_at(0), level, option, &time, sizeof time));
  }
  if (level == SOL_SOCKET && (option == SO_ATTACH_FILTER || option == SO_ATTACH_REUSEPORT_CBPF))
    return attach_filter(t, a, option);
  return guest_result(host_call(SYS_setsockopt, a.signed_at(0), level, option,
                                readable(t, a[3], a[4]).pointer(), a.signed_at(4)));
}

int32_t sys_getsockopt(Thread& t, const Arguments& a) {
  const int level = socket_level_to_host(a.signed_at(1));
  const int option = level == SOL_SOCKET ? socket_option_to_host(a.signed_at(2)) : a.signed_at(2);
  if (is_timeout(level, option)) {
    struct timeval time;
    socklen_t size = sizeof time;
    const long result = host_call(SYS_getsockopt, a.signed_at(0), level, option, &time, &size);
    if (result < 0) return guest_result(result);
    return give_option(
        t, a,
        abi::TimeVal32{static_cast<int32_t>(time.tv_sec), static_cast<int32_t>(time.tv_usec)});
  }
  if (level == SOL_SOCKET && (option == SO_ERROR || option == SO_TYPE)) {
    int value = 0;
    socklen_t size = sizeof value;
    const long result = host_call(SYS_getsockopt, a.signed_at(0), level, option, &value, &size);
    if (result < 0) return guest_result(result);
    return give_option(t, a,
                       option == SO_ERROR ? errno_to_guest(value) : socket_type_to_guest(value));
  }
  uint32_t size;
  if (!copy_in(a[4], size)) return -abi::kEFAULT;
  return guest_result(host_call(SYS_getsockopt, a.signed_at(0), level, option,
                                writable(t, a[3], size).pointer(), writable(t, a[4], 4).pointer()));
}

// --- messages ------------------------------------------------------------------------------------

namespace {

constexpr uint32_t align4(uint32_t size) {
  return (size + 3) & ~3u;
}

/// A guest's msghdr with everything it points to.
struct Message {
  msghdr host{};
  SocketAddress address;
  HostVectors vectors;
  alignas(8) char control[kMaxControl];

  int32_t load(Thread& t, const abi::MsgHdr& guest, bool receives);
  int32_t load_control(const Thread& t, const abi::MsgHdr& guest);
  int32_t store(Thread& t, uint32_t pointer, abi::MsgHdr guest);
  uint32_t store_control(Thread& t, const abi::MsgHdr& guest, uint32_t& flags);
};

int32_t Message::load(Thread& t, const abi::MsgHdr& guest, bool receives) {
  const auto name_length = static_cast<int32_t>(guest.name_length);
  if (guest.name != 0 && name_length < 0) return -abi::kEINVAL;
  if (guest.iov_length > HostVectors::kMax) return -abi::kEMSGSIZE;
  vectors.load(t, guest.iov, guest.iov_length, receives);
  if (vectors.error != 0) return -vectors.error;
  host.msg_iov = vectors.entries;
  host.msg_iovlen = vectors.count;
  host.msg_flags = static_cast<int>(guest.flags);
  if (receives) {
    if (guest.name != 0) {
      host.msg_name = &address.storage;
      host.msg_namelen = sizeof address.storage;
    }
    if (guest.control != 0) {
      host.msg_control = control;
      // Room for all that the guest can take, with the host's wider headers and times.
      host.msg_controllen =
          std::min<size_t>(2 * size_t{guest.control_length} + CMSG_LEN(0), sizeof control);
    }
    return 0;
  }
  if (guest.name != 0 && name_length > 0) {
    const uint32_t length = std::min<uint32_t>(guest.name_length, sizeof address.storage);
    const int32_t error = address.load(t, guest.name, length);
    if (error != 0) return error;
    host.msg_name = &address.storage;
    host.msg_namelen = address.length;
  }
  return load_control(t, guest);
}

/// SCM_RIGHTS: whether one of the descriptors is not the guest's to send.
bool sends_hidden(const GuestProcess& process, const cmsghdr& message, uint32_t size) {
  if (message.cmsg_level != SOL_SOCKET || message.cmsg_type != SCM_RIGHTS) return false;
  const int* descriptors = reinterpret_cast<const int*>(CMSG_DATA(&message));
  return std::any_of(descriptors, descriptors + size / 4,
                     [&](int fd) { return process.descriptor_hidden(fd); });
}

int32_t Message::load_control(const Thread& t, const abi::MsgHdr& guest) {
  // net/compat.c, cmsghdr_from_user_compat_to_kern: bytes behind the last message are an error too.
  if (guest.control_length > INT32_MAX) return -abi::kENOBUFS;
  if (guest.control_length != 0 && guest.control_length < sizeof(abi::CMsgHdr))
    return -abi::kEINVAL;
  size_t used = 0;
  for (uint32_t at = 0; at < guest.control_length;) {
    abi::CMsgHdr header;
    if (!copy_in(guest.control + at, header.length)) return -abi::kEFAULT;
    if (header.length < sizeof header || header.length > guest.control_length - at)
      return -abi::kEINVAL;
    if (!copy_in(guest.control + at, header)) return -abi::kEFAULT;
    const uint32_t size = header.length - static_cast<uint32_t>(sizeof header);
    if (size > sizeof control || used + CMSG_SPACE(size) > sizeof control) return -abi::kEINVAL;
    auto* out = reinterpret_cast<cmsghdr*>(control + used);
    std::memset(out, 0, CMSG_SPACE(size));
    out->cmsg_len = CMSG_LEN(size);
    out->cmsg_level = socket_level_to_host(header.level);
    out->cmsg_type = header.type;
    if (!copy_in_bytes(guest.control + at + static_cast<uint32_t>(sizeof header), CMSG_DATA(out),
                       size))
      return -abi::kEFAULT;
    if (sends_hidden(*t.process, *out, size)) return -abi::kEBADF;
    used += CMSG_SPACE(size);
    at += align4(header.length);
  }
  host.msg_control = used != 0 ? control : nullptr;
  host.msg_controllen = used;
  return 0;
}

/// SCM_RIGHTS: closes the descriptors the guest has no room for. Returns the bytes it takes.
uint32_t keep_descriptors(const int* descriptors, uint32_t size, uint32_t room) {
  const uint32_t kept = std::min<uint32_t>(size, room & ~3u);
  for (uint32_t i = kept / 4; i < size / 4; ++i) host_call(SYS_close, descriptors[i]);
  return kept;
}

/// Makes the data of a control message the guest's, in place; returns its size. Times get narrower,
/// and an error carries its i386 number.
uint32_t control_data_to_guest(const cmsghdr& message, uint8_t* data, uint32_t size) {
  const int type = message.cmsg_type;
  if (message.cmsg_level == SOL_SOCKET &&
      (type == SO_TIMESTAMP || type == SO_TIMESTAMPNS || type == SO_TIMESTAMPING)) {
    // timeval, timespec, three timespecs: pairs of longs.
    for (uint32_t at = 0; at < size; at += sizeof(long)) {
      long wide;
      std::memcpy(&wide, data + at, sizeof wide);
      const auto narrow = static_cast<int32_t>(wide);
      std::memcpy(data + at / 2, &narrow, sizeof narrow);
    }
    return size / 2;
  }
  const bool is_error = (message.cmsg_level == SOL_IP && type == IP_RECVERR) ||
                        (message.cmsg_level == SOL_IPV6 && type == IPV6_RECVERR);
  if (is_error && size >= sizeof(int32_t)) {  // struct sock_extended_err begins with it
    int32_t error;
    std::memcpy(&error, data, sizeof error);
    error = errno_to_guest(error);
    std::memcpy(data, &error, sizeof error);
  }
  return size;
}

uint32_t Message::store_control(Thread& t, const abi::MsgHdr& guest, uint32_t& flags) {
  constexpr auto kHeader = static_cast<uint32_t>(sizeof(abi::CMsgHdr));
  uint32_t used = 0;
  for (cmsghdr* in = CMSG_FIRSTHDR(&host); in != nullptr; in = CMSG_NXTHDR(&host, in)) {
    const bool rights = in->cmsg_level == SOL_SOCKET && in->cmsg_type == SCM_RIGHTS;
    uint8_t* data = CMSG_DATA(in);
    const uint32_t size =
        control_data_to_guest(*in, data, static_cast<uint32_t>(in->cmsg_len - CMSG_LEN(0)));
    const uint32_t left = guest.control_length - used;
    const uint32_t room = left < kHeader ? 0 : left - kHeader;
    const uint32_t given = rights ? keep_descriptors(reinterpret_cast<const int*>(data), size, room)
                                  : std::min(size, room);
    for (uint32_t at = 0; rights && at + 4 <= given; at += 4) {
      int fd;
      std::memcpy(&fd, data + at, sizeof fd);
      t.process->hidden.guest_got(fd);
    }
    if (given < size) flags |= MSG_CTRUNC;
    if (left < kHeader || (rights && given == 0)) continue;
    const abi::CMsgHdr header{kHeader + given, socket_level_to_guest(in->cmsg_level),
                              in->cmsg_type};
    if (!copy_out(t, guest.control + used, header) ||
        !copy_out_bytes(t, guest.control + used + kHeader, data, given)) {
      break;
    }
    used += std::min(align4(header.length), left);
  }
  return used;
}

int32_t Message::store(Thread& t, uint32_t pointer, abi::MsgHdr guest) {
  guest.flags = static_cast<uint32_t>(host.msg_flags);
  if (guest.name != 0) {
    const uint32_t copied = std::min(guest.name_length, static_cast<uint32_t>(host.msg_namelen));
    if (!copy_out_bytes(t, guest.name, &address.storage, copied)) return -abi::kEFAULT;
    guest.name_length = host.msg_namelen;
  }
  guest.control_length = guest.control != 0 ? store_control(t, guest, guest.flags) : 0;
  return copy_out(t, pointer, guest) ? 0 : -abi::kEFAULT;
}

int32_t send_message(Thread& t, int fd, uint32_t pointer, uint32_t flags) {
  abi::MsgHdr guest;
  if (!copy_in(pointer, guest)) return -abi::kEFAULT;
  Message message;
  const int32_t error = message.load(t, guest, false);
  return error != 0 ? error : blocking_call(t, SYS_sendmsg, fd, &message.host, flags);
}

int32_t receive_message(Thread& t, int fd, uint32_t pointer, uint32_t flags) {
  // MSG_CMSG_CLOEXEC and all other MSG_* are the same everywhere (include/linux/socket.h).
  abi::MsgHdr guest;
  if (!copy_in(pointer, guest)) return -abi::kEFAULT;
  Message message;
  int32_t error = message.load(t, guest, true);
  if (error != 0) return error;
  const int32_t result = blocking_call(t, SYS_recvmsg, fd, &message.host, flags);
  if (result < 0) return result;
  error = message.store(t, pointer, guest);
  return error != 0 ? error : result;
}

/// sendmmsg and recvmmsg: one message after the other; an error counts only if it is the first.
template <typename One>
int32_t many_messages(Thread& t, uint32_t vector, uint32_t count, One one) {
  constexpr uint32_t kMax = 1024;  // UIO_MAXIOV
  uint32_t done = 0;
  for (; done < std::min(count, kMax); ++done) {
    const uint32_t at = vector + done * static_cast<uint32_t>(sizeof(abi::MMsgHdr));
    const int32_t result = one(at, done);
    if (result < 0) return done > 0 ? static_cast<int32_t>(done) : result;
    if (!copy_out(t, at + static_cast<uint32_t>(offsetof(abi::MMsgHdr, length)), result))
      return -abi::kEFAULT;
  }
  return static_cast<int32_t>(done);
}

}  // namespace

int32_t sys_sendmsg(Thread& t, const Arguments& a) {
  return send_message(t, a.signed_at(0), a[1], a[2]);
}
int32_t sys_recvmsg(Thread& t, const Arguments& a) {
  return receive_message(t, a.signed_at(0), a[1], a[2]);
}
int32_t sys_sendmmsg(Thread& t, const Arguments& a) {
  return many_messages(t, a[1], a[2], [&](uint32_t at, uint32_t) {
    return send_message(t, a.signed_at(0), at, a[3]);
  });
}
int32_t sys_recvmmsg(Thread& t, const Arguments& a) {
  // The timeout is looked at between messages only, as in the kernel; after the first one we do not
  // wait.
  return many_messages(t, a[1], a[2], [&](uint32_t at, uint32_t index) {
    const uint32_t no_wait = index > 0 ? static_cast<uint32_t>(MSG_DONTWAIT) : 0;
    return receive_message(t, a.signed_at(0), at,
                           (a[3] & ~static_cast<uint32_t>(MSG_WAITFORONE)) | no_wait);
  });
}

// --- socketcall ----------------------------------------------------------------------------------

namespace {

int32_t sys_listen(Thread&, const Arguments& a) {
  return guest_result(host_call(SYS_listen, a.signed_at(0), a.signed_at(1)));
}
int32_t sys_shutdown(Thread&, const Arguments& a) {
  return guest_result(host_call(SYS_shutdown, a.signed_at(0), a.signed_at(1)));
}
int32_t sys_send(Thread& t, const Arguments& a) {
  return sys_sendto(t, {{a[0], a[1], a[2], a[3], 0, 0}});
}
int32_t sys_recv(Thread& t, const Arguments& a) {
  return sys_recvfrom(t, {{a[0], a[1], a[2], a[3], 0, 0}});
}

struct SocketCall {
  SyscallHandler handler;
  uint8_t arguments;
};

// include/uapi/linux/net.h: SYS_SOCKET 1 ... SYS_SENDMMSG 20
constexpr SocketCall kSocketCalls[] = {
    {nullptr, 0},        {sys_socket, 3},   {sys_bind, 3},        {sys_connect, 3},
    {sys_listen, 2},     {sys_accept, 3},   {sys_getsockname, 3}, {sys_getpeername, 3},
    {sys_socketpair, 4}, {sys_send, 4},     {sys_recv, 4},        {sys_sendto, 6},
    {sys_recvfrom, 6},   {sys_shutdown, 2}, {sys_setsockopt, 5},  {sys_getsockopt, 5},
    {sys_sendmsg, 3},    {sys_recvmsg, 3},  {sys_accept4, 4},     {sys_recvmmsg, 5},
    {sys_sendmmsg, 4},
};

}  // namespace

int32_t sys_socketcall(Thread& t, const Arguments& a) {
  if (a[0] == 0 || a[0] >= std::size(kSocketCalls)) return -abi::kEINVAL;
  const SocketCall& call = kSocketCalls[a[0]];
  Arguments arguments{};
  if (!copy_in_bytes(a[1], arguments.a, call.arguments * 4u)) return -abi::kEFAULT;
  const bool has_descriptor = a[0] != 1 && a[0] != 8;  // not socket, not socketpair
  if (has_descriptor && t.process->descriptor_hidden(arguments.signed_at(0))) return -abi::kEBADF;
  const int32_t result = call.handler(t, arguments);
  const bool gives_descriptor = a[0] == 1 || a[0] == 5 || a[0] == 18;  // socket, accept, accept4
  if (gives_descriptor) t.process->hidden.guest_got(result);
  return result;
}

}  // namespace ferry::linux
