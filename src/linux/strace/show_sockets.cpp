#include "linux/strace/show_sockets.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/abi/i386/socket_names.hpp"
#include "linux/strace/show_files.hpp"
#include "linux/strace/show_times.hpp"

namespace ferry::linux::strace {

namespace {

constexpr uint32_t kUnix = 1, kInet = 2, kInet6 = 10, kNetlink = 16;

}  // namespace

void show_socket_type(Printer& p, uint32_t type) {
  constexpr uint32_t kKinds = 15;
  p.value_and_flags(abi::kSocketTypes, kKinds, abi::kSocketFlags, type);
}

void show_protocol(Printer& p, const uint32_t* words) {
  switch (words[-2]) {
    case kInet:
    case kInet6:
      return p.value(abi::kIpProtocols, words[0]);
    case kNetlink:
      return p.value(abi::kNetlinkProtocols, words[0]);
    default:
      return p.add("%u", words[0]);
  }
}

namespace {

struct Address {
  uint8_t bytes[128] = {};
  uint32_t length = 0;

  [[nodiscard]] uint16_t u16(uint32_t at) const {
    uint16_t number;
    std::memcpy(&number, bytes + at, sizeof number);
    return number;
  }
  [[nodiscard]] uint32_t u32(uint32_t at) const {
    uint32_t number;
    std::memcpy(&number, bytes + at, sizeof number);
    return number;
  }
};

void add_unix(Printer& p, const Address& address) {
  const auto* path = reinterpret_cast<const char*>(address.bytes + 2);
  const size_t room = address.length - 2;
  p.text += ", sun_path=";
  if (path[0] == '\0') {
    p.text += "@";
    p.bytes({path + 1, room - 1}, false);
  } else {
    p.bytes({path, ::strnlen(path, room)}, false);
  }
}

void add_inet(Printer& p, const Address& address) {
  char text[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, address.bytes + 4, text, sizeof text);
  p.add(", sin_port=htons(%u), sin_addr=inet_addr(\"%s\")", ntohs(address.u16(2)), text);
}

void add_inet6(Printer& p, const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET6, address.bytes + 8, text, sizeof text);
  p.add(", sin6_port=htons(%u), sin6_flowinfo=htonl(%u)", ntohs(address.u16(2)),
        ntohl(address.u32(4)));
  p.add(", inet_pton(AF_INET6, \"%s\", &sin6_addr), sin6_scope_id=%u", text, address.u32(24));
}

/// `length` bytes at `guest`.
void add_address(Printer& p, uint32_t guest, uint32_t length) {
  Address address;
  address.length = std::min<uint32_t>(length, sizeof address.bytes);
  if (guest == 0 || length < 2 || !copy_in_bytes(guest, address.bytes, address.length))
    return p.address(guest);
  const uint32_t family = address.u16(0);
  p.text += "{sa_family=";
  p.value(abi::kFamilies, family);
  if (family == kUnix && address.length > 2) {
    add_unix(p, address);
  } else if (family == kInet && address.length >= 16) {
    add_inet(p, address);
  } else if (family == kInet6 && address.length >= 28) {
    add_inet6(p, address);
  } else if (family == kNetlink && address.length >= 12) {
    p.add(", nl_pid=%u, nl_groups=%08x", address.u32(4), address.u32(8));
  } else if (address.length > 2) {
    p.text += ", sa_data=";
    p.bytes({reinterpret_cast<const char*>(address.bytes + 2), address.length - 2}, false);
  }
  p.text += "}";
}

}  // namespace

void show_address(Printer& p, const uint32_t* words) {
  add_address(p, words[0], words[1]);
  p.add(", %d", static_cast<int32_t>(words[1]));
}

void show_got_address(Printer& p, const uint32_t* words) {
  uint32_t length = 0;
  if (!p.exiting) {
    // Only where it can be read; the call may write it.
    p.remembered = copy_in(words[1], length) ? length : 0;
    return;
  }
  if (words[1] == 0 || !copy_in(words[1], length)) {
    p.address(words[0]);
    p.text += ", ";
    return p.address(words[1]);
  }
  p.failed() ? p.address(words[0]) : add_address(p, words[0], std::min(length, p.remembered));
  p.failed() || length == p.remembered
      ? p.add(", [%d]", static_cast<int32_t>(p.remembered))
      : p.add(", [%d => %d]", static_cast<int32_t>(p.remembered), static_cast<int32_t>(length));
}

void show_received(Printer& p, const uint32_t* words) {
  if (p.exiting) {
    p.failed() ? p.address(words[0]) : p.data(words[0], p.result.value());
    p.add(", %u, ", words[1]);
    p.flags(abi::kMsgFlags, words[2]);
    p.text += ", ";
  }
  show_got_address(p, words + 3);
}

namespace {

constexpr uint32_t kSolIp = 0, kSolSocket = 1, kSolTcp = 6, kSolUdp = 17, kSolIpv6 = 41,
                   kSolNetlink = 270;
constexpr uint32_t kSoLinger = 13, kSoPeerCredentials = 17;

const abi::NameTable* options_of(uint32_t level) {
  switch (level) {
    case kSolIp:
      return &abi::kIpOptions;
    case kSolSocket:
      return &abi::kSocketOptions;
    case kSolTcp:
      return &abi::kTcpOptions;
    case kSolUdp:
      return &abi::kUdpOptions;
    case kSolIpv6:
      return &abi::kIpv6Options;
    case kSolNetlink:
      return &abi::kNetlinkOptions;
    default:
      return nullptr;
  }
}

void add_level_and_option(Printer& p, const uint32_t* words) {
  p.value(abi::kSocketLevels, words[0]);
  p.text += ", ";
  const abi::NameTable* options = options_of(words[0]);
  options != nullptr ? p.value(*options, words[1]) : p.add("%u", words[1]);
  p.text += ", ";
}

void add_option_value(Printer& p, const uint32_t* words, uint32_t guest, uint32_t length) {
  int32_t number[3];
  const uint32_t option = words[0] == kSolSocket ? words[1] : 0;
  if (option == kSoLinger && length >= 8) {
    if (p.fetch_bytes(guest, number, 8)) p.add("{l_onoff=%d, l_linger=%d}", number[0], number[1]);
  } else if (option == kSoPeerCredentials && length >= 12) {
    if (p.fetch_bytes(guest, number, 12))
      p.add("{pid=%d, uid=%u, gid=%u}", number[0], static_cast<uint32_t>(number[1]),
            static_cast<uint32_t>(number[2]));
  } else if (length == 4) {
    show_number(p, guest);
  } else if (length < 4) {
    p.address(guest);
  } else {
    p.data(guest, length);
  }
}

}  // namespace

void show_set_option(Printer& p, const uint32_t* words) {
  add_level_and_option(p, words);
  add_option_value(p, words, words[2], words[3]);
  p.add(", %d", static_cast<int32_t>(words[3]));
}

void show_got_option(Printer& p, const uint32_t* words) {
  uint32_t length = 0;
  const bool readable = copy_in(words[3], length);
  if (!p.exiting) {
    add_level_and_option(p, words);
    p.remembered = length;
    return;
  }
  if (!readable) {
    p.address(words[2]);
    p.text += ", ";
    return p.address(words[3]);
  }
  p.failed() ? p.address(words[2]) : add_option_value(p, words, words[2], length);
  p.failed() || length == p.remembered ? p.add(", [%u]", p.remembered)
                                       : p.add(", [%u => %u]", p.remembered, length);
}

namespace {

void add_control_data(Printer& p, const abi::CMsgHdr& header, uint32_t guest, uint32_t length) {
  constexpr int32_t kRights = 1, kCredentials = 2;
  if (header.level == static_cast<int32_t>(kSolSocket) && header.type == kRights) {
    p.text += ", cmsg_data=";
    p.array<int32_t>(guest, length / 4, [&](int32_t fd) { p.add("%d", fd); });
  } else if (header.level == static_cast<int32_t>(kSolSocket) && header.type == kCredentials) {
    int32_t ids[3];
    p.text += ", cmsg_data=";
    if (p.fetch(guest, ids))
      p.add("{pid=%d, uid=%u, gid=%u}", ids[0], static_cast<uint32_t>(ids[1]),
            static_cast<uint32_t>(ids[2]));
  } else if (length > 0) {
    p.text += ", cmsg_data=";
    p.data(guest, length);
  }
}

void add_control(Printer& p, uint32_t guest, uint32_t length) {
  abi::CMsgHdr header;
  if (length < sizeof header || !copy_in(guest, header)) return p.address(guest);
  p.text += "[";
  const char* separator = "";
  const uint32_t end = guest + length;
  for (uint32_t at = guest; at + sizeof header <= end && copy_in(at, header);) {
    if (header.length < sizeof header) break;
    p.add("%s{cmsg_len=%u, cmsg_level=", separator, header.length);
    p.value(abi::kSocketLevels, static_cast<uint32_t>(header.level));
    p.text += ", cmsg_type=";
    header.level == static_cast<int32_t>(kSolSocket)
        ? p.value(abi::kControlTypes, static_cast<uint32_t>(header.type))
        : p.add("%#x", static_cast<uint32_t>(header.type));
    const uint32_t data = std::min(header.length, end - at) - sizeof header;
    add_control_data(p, header, static_cast<uint32_t>(at + sizeof header), data);
    p.text += "}";
    separator = ", ";
    at += (header.length + 3) & ~3u;
  }
  p.text += "]";
}

/// `bytes`: how many of the vectors' bytes count. `room`: the name's length before the call.
void add_message(Printer& p, const abi::MsgHdr& header, uint32_t bytes, uint32_t room) {
  p.text += "{msg_name=";
  add_address(p, header.name, std::min(header.name_length, room));
  p.add(room != header.name_length && p.exiting ? ", msg_namelen=%u => %u" : ", msg_namelen=%u",
        header.name_length == room || !p.exiting ? header.name_length : room, header.name_length);
  p.text += ", msg_iov=";
  show_iovec(p, header.iov, header.iov_length, bytes);
  p.add(", msg_iovlen=%u", header.iov_length);
  if (header.control != 0 && header.control_length != 0) {
    p.text += ", msg_control=";
    add_control(p, header.control, header.control_length);
  }
  p.add(", msg_controllen=%u, msg_flags=", header.control_length);
  p.flags(abi::kMsgFlags, header.flags);
  p.text += "}";
}

void add_messages(Printer& p, uint32_t guest, uint32_t count, bool received) {
  p.array<abi::MMsgHdr>(guest, count, [&](const abi::MMsgHdr& message) {
    p.text += "{msg_hdr=";
    add_message(p, message.header, received ? message.length : UINT32_MAX,
                message.header.name_length);
    if (p.exiting) p.add(", msg_len=%u", message.length);
    p.text += "}";
  });
}

}  // namespace

void show_message(Printer& p, uint32_t guest) {
  abi::MsgHdr header;
  if (p.fetch(guest, header)) add_message(p, header, UINT32_MAX, header.name_length);
}

void show_got_message(Printer& p, const uint32_t* words) {
  abi::MsgHdr header;
  const bool readable = copy_in(words[0], header);
  if (!p.exiting) {
    p.remembered = readable ? header.name_length : 0;
    return;
  }
  if (!readable) return p.address(words[0]);
  p.failed() ? p.add("{msg_namelen=%u}", p.remembered)
             : add_message(p, header, p.result.value(), p.remembered);
}

void show_messages(Printer& p, const uint32_t* words) {
  if (!p.result.ok()) {
    add_messages(p, words[0], 0, false);
  } else {
    add_messages(p, words[0], p.result.value(), false);
  }
  p.add(", %u", words[1]);
}

void show_got_messages(Printer& p, const uint32_t* words) {
  add_messages(p, words[0], p.result.value(), true);
  p.add(", %u", words[1]);
}

}  // namespace ferry::linux::strace
