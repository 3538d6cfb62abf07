// Sockets, direct and through socketcall.
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "linux/kernel/path.hpp"
#include "linux/syscalls/call_traits.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/event_devices.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kMaxControl = 20480;  // net.core.optmem_max allows that much by default

/// A sockaddr argument; paths of AF_UNIX go through ROOT.
struct SocketAddress {
  sockaddr_storage storage;
  uint32_t length = 0;
  bool given = false;
  bool missing = false;  ///< not in the guest's memory, or of no possible length

  /// What is missing is for the host to find: it looks at the socket first.
  Errno load(Thread& t, uint32_t guest, uint32_t guest_length) {
    given = guest != 0;  // of no bytes, too
    length = guest_length;
    std::memset(&storage, 0, sizeof storage);
    missing = length > sizeof storage || !copy_in_bytes(guest, &storage, length);
    if (missing) return kOk;
    auto* unix_address = reinterpret_cast<sockaddr_un*>(&storage);
    constexpr uint32_t kPathAt = offsetof(sockaddr_un, sun_path);
    if (length <= kPathAt || storage.ss_family != AF_UNIX || unix_address->sun_path[0] == '\0' ||
        t.process->root.empty()) {
      return kOk;
    }
    HostPath host;
    resolve_path(*t.process, AT_FDCWD,
                 {unix_address->sun_path, strnlen(unix_address->sun_path, length - kPathAt)},
                 LastLink::follow, host);
    const size_t path_length = std::strlen(host.text);
    if (host.error != kOk || path_length >= sizeof unix_address->sun_path)
      return abi::kENAMETOOLONG;
    std::memcpy(unix_address->sun_path, host.text, path_length + 1);
    length = kPathAt + static_cast<uint32_t>(path_length) + 1;
    return kOk;
  }
  [[nodiscard]] void* pointer() {
    if (missing) return nowhere();
    return given ? &storage : nullptr;
  }
};

/// accept, getsockname, recvfrom: the kernel fills in an address and its length.
template <typename Call>
CallResult with_returned_address(Thread& t, uint32_t address, uint32_t length_pointer, Call call) {
  sockaddr_storage storage;
  int32_t room = 0;
  if (address != 0) {
    // The host finds it, after what comes before.
    if (!copy_in(length_pointer, room))
      return call(&storage, reinterpret_cast<socklen_t*>(nowhere()));
  }
  socklen_t length = room < 0 ? static_cast<socklen_t>(room) : sizeof storage;
  const CallResult result =
      call(address != 0 ? &storage : nullptr, address != 0 ? &length : nullptr);
  if (!result.ok() || address == 0) return result;
  const uint32_t copied =
      std::min(static_cast<uint32_t>(room), std::min<uint32_t>(length, sizeof storage));
  if (!copy_out_bytes(t, address, &storage, copied) || !copy_out(t, length_pointer, length))
    return abi::kEFAULT;
  return result;
}

}  // namespace

NewFd sys_socket(Thread&, int32_t domain, Flags type, int32_t protocol) {
  return guest_result(host_call(SYS_socket, domain, socket_type_to_host(type), protocol));
}

CallResult sys_socketpair(Thread& t, int32_t domain, Flags type, int32_t protocol,
                          GuestPointer pair_pointer) {
  int32_t pair[2];
  // net/socket.c, __sys_socketpair: the numbers are written before the sockets are made.
  if (!t.process->space->accessible(pair_pointer, sizeof pair, kProtWrite)) {
    return guest_result(
        host_call(SYS_socketpair, domain, socket_type_to_host(type), protocol, nowhere()));
  }
  const long result = host_call(SYS_socketpair, domain, socket_type_to_host(type), protocol, pair);
  if (result < 0) return guest_result(result);
  for (const int32_t end : pair) t.process->hidden.guest_got(end);
  return copy_out(t, pair_pointer, pair) ? kOk : abi::kEFAULT;
}

CallResult sys_bind(Thread& t, Fd fd, GuestPointer address_pointer, uint32_t length) {
  SocketAddress address;
  const Errno error = address.load(t, address_pointer, length);
  if (error != kOk) return error;
  return guest_result(host_call(SYS_bind, fd, address.pointer(), address.length));
}

CallResult sys_connect(Thread& t, Fd fd, GuestPointer address_pointer, uint32_t length) {
  SocketAddress address;
  const Errno error = address.load(t, address_pointer, length);
  if (error != kOk) return error;
  return blocking_call(t, SYS_connect, fd, address.pointer(), address.length);
}

NewFd sys_accept4(Thread& t, Fd fd, GuestPointer address_pointer, GuestPointer length_pointer,
                  Flags flags) {
  return with_returned_address(
      t, address_pointer, length_pointer, [&](void* address, socklen_t* length) {
        return blocking_call(t, SYS_accept4, fd, address, length, creation_flags_to_host(flags));
      });
}
NewFd sys_accept(Thread& t, Fd fd, GuestPointer address, GuestPointer length) {
  return sys_accept4(t, fd, address, length, Flags{0});
}

CallResult sys_getsockname(Thread& t, Fd fd, GuestPointer address_pointer,
                           GuestPointer length_pointer) {
  return with_returned_address(
      t, address_pointer, length_pointer, [&](void* address, socklen_t* length) {
        return guest_result(host_call(SYS_getsockname, fd, address, length));
      });
}
CallResult sys_getpeername(Thread& t, Fd fd, GuestPointer address_pointer,
                           GuestPointer length_pointer) {
  return with_returned_address(
      t, address_pointer, length_pointer, [&](void* address, socklen_t* length) {
        return guest_result(host_call(SYS_getpeername, fd, address, length));
      });
}

CallResult sys_sendto(Thread& t, Fd fd, GuestPointer buffer_pointer, uint32_t size, Flags flags,
                      GuestPointer address_pointer, uint32_t length) {
  SocketAddress address;
  if (address_pointer != 0) {
    const Errno error = address.load(t, address_pointer, length);
    if (error != kOk) return error;
  }
  const GuestBuffer buffer = readable(t, buffer_pointer, size);
  return blocking_call(t, SYS_sendto, fd, buffer.pointer(), buffer.length(), flags,
                       address.pointer(), address.length);
}
CallResult sys_recvfrom(Thread& t, Fd fd, GuestPointer buffer_pointer, uint32_t size, Flags flags,
                        GuestPointer address_pointer, GuestPointer length_pointer) {
  const GuestBuffer buffer = writable(t, buffer_pointer, size);
  return with_returned_address(t, address_pointer, length_pointer,
                               [&](void* address, socklen_t* length) {
                                 return blocking_call(t, SYS_recvfrom, fd, buffer.pointer(),
                                                      buffer.length(), flags, address, length);
                               });
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

  Errno load(Thread& t, const abi::MsgHdr& guest, bool receives);
  Errno load_control(const Thread& t, const abi::MsgHdr& guest);
  Errno store(Thread& t, uint32_t pointer, abi::MsgHdr guest);
  uint32_t store_control(Thread& t, const abi::MsgHdr& guest, uint32_t& flags);
};

Errno Message::load(Thread& t, const abi::MsgHdr& guest, bool receives) {
  const auto name_length = static_cast<int32_t>(guest.name_length);
  if (guest.name != 0 && name_length < 0) return abi::kEINVAL;
  if (guest.iov_length > HostVectors::kMax) return abi::kEMSGSIZE;
  vectors.load(t, guest.iov, guest.iov_length, receives);
  if (vectors.error != kOk) return vectors.error;
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
    return kOk;
  }
  if (guest.name != 0 && name_length > 0) {
    const uint32_t length = std::min<uint32_t>(guest.name_length, sizeof address.storage);
    const Errno error = address.load(t, guest.name, length);
    if (error != kOk) return error;
    host.msg_name = address.pointer();
    host.msg_namelen = address.length;
  }
  return load_control(t, guest);
}

/// SCM_RIGHTS: whether one of the descriptors is hidden from the guest.
bool sends_hidden(const GuestProcess& process, const cmsghdr& message, uint32_t size) {
  if (message.cmsg_level != SOL_SOCKET || message.cmsg_type != SCM_RIGHTS) return false;
  const int* descriptors = reinterpret_cast<const int*>(CMSG_DATA(&message));
  return std::any_of(descriptors, descriptors + size / 4,
                     [&](int fd) { return process.descriptor_hidden(fd); });
}

Errno Message::load_control(const Thread& t, const abi::MsgHdr& guest) {
  // net/compat.c, cmsghdr_from_user_compat_to_kern: bytes after the last message are an error too.
  if (guest.control_length > INT32_MAX) return abi::kENOBUFS;
  if (guest.control_length != 0 && guest.control_length < sizeof(abi::CMsgHdr)) return abi::kEINVAL;
  size_t used = 0;
  for (uint32_t at = 0; at < guest.control_length;) {
    abi::CMsgHdr header;
    if (!copy_in(guest.control + at, header.length)) return abi::kEFAULT;
    if (header.length < sizeof header || header.length > guest.control_length - at)
      return abi::kEINVAL;
    if (!copy_in(guest.control + at, header)) return abi::kEFAULT;
    const uint32_t size = header.length - static_cast<uint32_t>(sizeof header);
    if (size > sizeof control || used + CMSG_SPACE(size) > sizeof control) return abi::kEINVAL;
    auto* out = reinterpret_cast<cmsghdr*>(control + used);
    std::memset(out, 0, CMSG_SPACE(size));
    out->cmsg_len = CMSG_LEN(size);
    out->cmsg_level = socket_level_to_host(header.level);
    out->cmsg_type = header.type;
    if (!copy_in_bytes(guest.control + at + static_cast<uint32_t>(sizeof header), CMSG_DATA(out),
                       size))
      return abi::kEFAULT;
    if (sends_hidden(*t.process, *out, size)) return abi::kEBADF;
    used += CMSG_SPACE(size);
    at += align4(header.length);
  }
  host.msg_control = used != 0 ? control : nullptr;
  host.msg_controllen = used;
  return kOk;
}

/// SCM_RIGHTS: closes the descriptors that the guest has no room for. Returns the bytes of the
/// others.
uint32_t keep_descriptors(const int* descriptors, uint32_t size, uint32_t room) {
  const uint32_t kept = std::min<uint32_t>(size, room & ~3u);
  for (uint32_t i = kept / 4; i < size / 4; ++i) host_call(SYS_close, descriptors[i]);
  return kept;
}

/// Converts the data of a control message to the guest's form, in place; returns its size. Times
/// become 32 bits wide, and an error gets its i386 number.
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
      note_event_device(*t.process, fd);
    }
    constexpr int kPidFd = 4;  // SCM_PIDFD
    int pidfd;
    if (in->cmsg_level == SOL_SOCKET && in->cmsg_type == kPidFd && size == sizeof pidfd) {
      std::memcpy(&pidfd, data, sizeof pidfd);
      t.process->hidden.guest_got(pidfd);
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

Errno Message::store(Thread& t, uint32_t pointer, abi::MsgHdr guest) {
  guest.flags = static_cast<uint32_t>(host.msg_flags);
  if (guest.name != 0) {
    const uint32_t copied = std::min(guest.name_length, static_cast<uint32_t>(host.msg_namelen));
    if (!copy_out_bytes(t, guest.name, &address.storage, copied)) return abi::kEFAULT;
    guest.name_length = host.msg_namelen;
  }
  guest.control_length = guest.control != 0 ? store_control(t, guest, guest.flags) : 0;
  return copy_out(t, pointer, guest) ? kOk : abi::kEFAULT;
}

/// The error of a call whose message is wrong: the kernel looks at the socket first.
CallResult refuse_message(int fd, Errno error) {
  return in_order(guest_result(host_call(SYS_sendmsg, fd, nowhere(), 0)), error);
}

CallResult send_message(Thread& t, int fd, uint32_t pointer, uint32_t flags) {
  abi::MsgHdr guest;
  if (!copy_in(pointer, guest)) return refuse_message(fd, abi::kEFAULT);
  Message message;
  const Errno error = message.load(t, guest, false);
  if (error != kOk) return refuse_message(fd, error);
  return blocking_call(t, SYS_sendmsg, fd, &message.host, flags);
}

CallResult receive_message(Thread& t, int fd, uint32_t pointer, uint32_t flags) {
  // MSG_CMSG_CLOEXEC and all other MSG_* are the same everywhere (include/linux/socket.h).
  abi::MsgHdr guest;
  if (!copy_in(pointer, guest)) return refuse_message(fd, abi::kEFAULT);
  Message message;
  Errno error = message.load(t, guest, true);
  if (error != kOk) return refuse_message(fd, error);
  const CallResult result = blocking_call(t, SYS_recvmsg, fd, &message.host, flags);
  if (!result.ok()) return result;
  error = message.store(t, pointer, guest);
  if (error != kOk) return error;
  return result;
}

/// sendmmsg: one message after the other; an error counts only if it is the first.
template <typename One>
CallResult many_messages(Thread& t, int fd, uint32_t vector, uint32_t count, One one) {
  constexpr uint32_t kMax = 1024;  // UIO_MAXIOV
  if (count == 0) return refuse_message(fd, kOk);
  uint32_t done = 0;
  for (; done < std::min(count, kMax); ++done) {
    const uint32_t at = vector + done * static_cast<uint32_t>(sizeof(abi::MMsgHdr));
    const CallResult result = one(at, done);
    if (!result.ok()) return done > 0 ? CallResult(done) : result;
    if (!copy_out(t, at + static_cast<uint32_t>(offsetof(abi::MMsgHdr, length)), result.value()))
      return abi::kEFAULT;
  }
  return done;
}

/// The time from now until `end` of the monotonic clock; 0 if it is over.
struct timespec time_until(const struct timespec& end) {
  struct timespec now;
  host_call(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  const int64_t left = (end.tv_sec - now.tv_sec) * 1000000000 + end.tv_nsec - now.tv_nsec;
  if (left <= 0) return {0, 0};
  return {left / 1000000000, left % 1000000000};
}

/// One message after the other until `left` is over, which is looked at after each message only. An
/// error counts only if it is the first result. (The kernel keeps a later error for the socket's
/// next call; here it is lost, unless the socket itself still has it.)
CallResult receive_messages(Thread& t, int fd, uint32_t vector, uint32_t count, uint32_t flags,
                            struct timespec* left) {
  struct timespec end {};
  if (left != nullptr) {
    host_call(SYS_clock_gettime, CLOCK_MONOTONIC, &end);
    end.tv_sec = left->tv_sec > INT32_MAX ? INT64_MAX / 2000000000 : end.tv_sec + left->tv_sec;
    end.tv_nsec += left->tv_nsec;
  }
  for (uint32_t done = 0; done < count;) {
    const uint32_t at = vector + done * static_cast<uint32_t>(sizeof(abi::MMsgHdr));
    const CallResult result =
        receive_message(t, fd, at, flags & ~static_cast<uint32_t>(MSG_WAITFORONE));
    if (!result.ok()) return done > 0 ? CallResult(done) : result;
    if (!copy_out(t, at + static_cast<uint32_t>(offsetof(abi::MMsgHdr, length)), result.value()))
      return done > 0 ? CallResult(done) : abi::kEFAULT;
    ++done;
    if ((flags & MSG_WAITFORONE) != 0) flags |= MSG_DONTWAIT;
    if (left != nullptr) {
      *left = time_until(end);
      if (left->tv_sec == 0 && left->tv_nsec == 0) return done;
    }
    uint32_t found = 0;
    static_cast<void>(copy_in(at + static_cast<uint32_t>(offsetof(abi::MsgHdr, flags)), found));
    if ((found & MSG_OOB) != 0) return done;
  }
  return count;
}

/// net/socket.c, __sys_recvmmsg and do_recvmmsg, in their order.
CallResult receive_until(Thread& t, int fd, uint32_t vector, uint32_t count, uint32_t flags,
                         uint32_t timeout, TimeWidth width) {
  struct timespec left {};
  if (timeout != 0) {
    if (!copy_in_time(timeout, width, left)) return abi::kEFAULT;
    if (!is_valid(left)) return abi::kEINVAL;
  }
  if ((flags & MSG_ERRQUEUE) == 0) {
    int error = 0;
    socklen_t size = sizeof error;
    const long asked = host_call(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (asked < 0) return guest_result(asked);
    if (error != 0) return Errno{errno_to_guest(error)};
  }
  const CallResult result =
      receive_messages(t, fd, vector, count, flags, timeout != 0 ? &left : nullptr);
  if (result.value() == 0 || timeout == 0) return result;
  return copy_out_time(t, timeout, width, left) ? result : abi::kEFAULT;
}

}  // namespace

CallResult sys_sendmsg(Thread& t, Fd fd, GuestPointer message, Flags flags) {
  return send_message(t, fd, message, flags);
}
CallResult sys_recvmsg(Thread& t, Fd fd, GuestPointer message, Flags flags) {
  return receive_message(t, fd, message, flags);
}
CallResult sys_sendmmsg(Thread& t, Fd fd, GuestPointer messages, uint32_t count, Flags flags) {
  return many_messages(t, fd, messages, count,
                       [&](uint32_t at, uint32_t) { return send_message(t, fd, at, flags); });
}
CallResult sys_recvmmsg(Thread& t, Fd fd, GuestPointer messages, uint32_t count, Flags flags,
                        GuestPointer timeout) {
  return receive_until(t, fd, messages, count, flags, timeout, TimeWidth::time32);
}
CallResult sys_recvmmsg_time64(Thread& t, Fd fd, GuestPointer messages, uint32_t count, Flags flags,
                               GuestPointer timeout) {
  return receive_until(t, fd, messages, count, flags, timeout, TimeWidth::time64);
}

// --- socketcall ----------------------------------------------------------------------------------

namespace {

CallResult sys_send(Thread& t, Fd fd, GuestPointer buffer, uint32_t size, Flags flags) {
  return sys_sendto(t, fd, buffer, size, flags, GuestPointer{0}, 0);
}
CallResult sys_recv(Thread& t, Fd fd, GuestPointer buffer, uint32_t size, Flags flags) {
  return sys_recvfrom(t, fd, buffer, size, flags, GuestPointer{0}, GuestPointer{0});
}

// By number (include/uapi/linux/net.h), SYS_SOCKET 1 to SYS_SENDMMSG 20.
constexpr Call kSocketCalls[] = {
    {},
    call_of<sys_socket>(),
    call_of<sys_bind>(),
    call_of<sys_connect>(),
    pass_of<SYS_listen, CallResult(Fd, int32_t)>(),
    call_of<sys_accept>(),
    call_of<sys_getsockname>(),
    call_of<sys_getpeername>(),
    call_of<sys_socketpair>(),
    call_of<sys_send>(),
    call_of<sys_recv>(),
    call_of<sys_sendto>(),
    call_of<sys_recvfrom>(),
    pass_of<SYS_shutdown, CallResult(Fd, int32_t)>(),
    call_of<sys_setsockopt>(),
    call_of<sys_getsockopt>(),
    call_of<sys_sendmsg>(),
    call_of<sys_recvmsg>(),
    call_of<sys_accept4>(),
    call_of<sys_recvmmsg>(),
    call_of<sys_sendmmsg>(),
};

}  // namespace

CallResult sys_socketcall(Thread& t, int32_t number, GuestPointer words) {
  const auto index = static_cast<uint32_t>(number);
  if (index == 0 || index >= std::size(kSocketCalls)) return abi::kEINVAL;
  return call_with_words(t, kSocketCalls[index], words);
}

}  // namespace ferry::linux
