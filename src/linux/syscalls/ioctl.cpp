// ioctl: a table of the known requests, with the conversion that each needs. Unknown requests fail
// with ENOTTY and are logged.
#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#include <array>
#include <cstring>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/terminal.hpp"

namespace ferry::linux {

namespace {

/// How the argument is treated.
enum class Kind : uint8_t {
  value,       ///< a number or nothing
  open_flags,  ///< flags of open(2)
  in,          ///< pointer to `size` bytes the kernel reads
  out,         ///< pointer to `size` bytes the kernel writes; in and out too
  long_out,    ///< pointer to a long the kernel writes: 4 bytes for the guest
  long_in,
  termios_out,
  termios_in,
  termios2_out,
  termios2_in,
  ifreq,  ///< struct ifreq without pointers in it
  ifconf,
};

struct Row {
  uint32_t guest;
  unsigned long host;
  Kind kind;
  uint16_t size;
};

// _IOC of i386 (asm-generic), by direction, type, number and size. The host's is ioctl_number.
constexpr uint32_t guest_ioc(uint32_t direction, uint32_t type, uint32_t number, uint32_t size) {
  return direction << 30 | size << 16 | type << 8 | number;
}
constexpr uint32_t kNone = 0, kWrite = 1, kRead = 2;

/// A request made with _IO, _IOR, _IOW: guest and host sizes may differ.
constexpr Row coded(uint32_t direction, uint32_t type, uint32_t number, uint32_t guest_size,
                    uint32_t host_size, Kind kind) {
  return {guest_ioc(direction, type, number, guest_size),
          ioctl_number(direction, type, number, host_size), kind,
          static_cast<uint16_t>(guest_size)};
}
constexpr Row plain(uint32_t type, uint32_t number, Kind kind, uint16_t size = 0) {
  return {guest_ioc(kNone, type, number, 0), ioctl_number(kNone, type, number, 0), kind, size};
}

constexpr uint32_t kTermios2Size = sizeof(HostTermios2);

// Guest numbers: include/uapi/asm-generic/ioctls.h and the headers named.
constexpr Row kRows[] = {
    // terminals
    {0x5401, TCGETS, Kind::termios_out, 0},
    {0x5402, TCSETS, Kind::termios_in, 0},
    {0x5403, TCSETSW, Kind::termios_in, 0},
    {0x5404, TCSETSF, Kind::termios_in, 0},
    {0x5409, TCSBRK, Kind::value, 0},
    {0x540a, TCXONC, Kind::value, 0},
    {0x540b, TCFLSH, Kind::value, 0},
    {0x540c, TIOCEXCL, Kind::value, 0},
    {0x540d, TIOCNXCL, Kind::value, 0},
    {0x540e, TIOCSCTTY, Kind::value, 0},
    {0x540f, TIOCGPGRP, Kind::out, 4},
    {0x5410, TIOCSPGRP, Kind::in, 4},
    {0x5411, TIOCOUTQ, Kind::out, 4},
    {0x5412, TIOCSTI, Kind::in, 1},
    {0x5413, TIOCGWINSZ, Kind::out, 8},
    {0x5414, TIOCSWINSZ, Kind::in, 8},
    {0x5415, TIOCMGET, Kind::out, 4},
    {0x5416, TIOCMBIS, Kind::in, 4},
    {0x5417, TIOCMBIC, Kind::in, 4},
    {0x5418, TIOCMSET, Kind::in, 4},
    {0x5419, TIOCGSOFTCAR, Kind::out, 4},
    {0x541a, TIOCSSOFTCAR, Kind::in, 4},
    {0x541b, FIONREAD, Kind::out, 4},
    {0x541d, TIOCCONS, Kind::value, 0},
    {0x5420, TIOCPKT, Kind::in, 4},
    {0x5421, FIONBIO, Kind::in, 4},
    {0x5422, TIOCNOTTY, Kind::value, 0},
    {0x5423, TIOCSETD, Kind::in, 4},
    {0x5424, TIOCGETD, Kind::out, 4},
    {0x5425, TCSBRKP, Kind::value, 0},
    {0x5427, TIOCSBRK, Kind::value, 0},
    {0x5428, TIOCCBRK, Kind::value, 0},
    {0x5429, TIOCGSID, Kind::out, 4},
    coded(kRead, 'T', 0x2a, sizeof(abi::TermIos2), kTermios2Size, Kind::termios2_out),
    coded(kWrite, 'T', 0x2b, sizeof(abi::TermIos2), kTermios2Size, Kind::termios2_in),
    coded(kWrite, 'T', 0x2c, sizeof(abi::TermIos2), kTermios2Size, Kind::termios2_in),
    coded(kWrite, 'T', 0x2d, sizeof(abi::TermIos2), kTermios2Size, Kind::termios2_in),
    coded(kRead, 'T', 0x30, 4, 4, Kind::out),  // TIOCGPTN
    coded(kWrite, 'T', 0x31, 4, 4, Kind::in),  // TIOCSPTLCK
    coded(kRead, 'T', 0x32, 4, 4, Kind::out),  // TIOCGDEV
    {0x5437, TIOCVHANGUP, Kind::value, 0},
    coded(kRead, 'T', 0x38, 4, 4, Kind::out),  // TIOCGPKT
    coded(kRead, 'T', 0x39, 4, 4, Kind::out),  // TIOCGPTLCK
    coded(kRead, 'T', 0x40, 4, 4, Kind::out),  // TIOCGEXCL
    plain('T', 0x41, Kind::open_flags),        // TIOCGPTPEER
    {0x5450, FIONCLEX, Kind::value, 0},
    {0x5451, FIOCLEX, Kind::value, 0},
    {0x5452, FIOASYNC, Kind::in, 4},
    {0x5460, FIOQSIZE, Kind::out, 8},
    // consoles (linux/kd.h, linux/vt.h): the same numbers everywhere
    {0x4b32, 0x4b32, Kind::value, 0},  // KDSETLED
    {0x4b31, 0x4b31, Kind::out, 1},    // KDGETLED
    {0x4b33, 0x4b33, Kind::out, 1},    // KDGKBTYPE
    {0x4b3a, 0x4b3a, Kind::value, 0},  // KDSETMODE
    {0x4b3b, 0x4b3b, Kind::out, 4},    // KDGETMODE
    {0x4b44, 0x4b44, Kind::out, 4},    // KDGKBMODE
    {0x4b45, 0x4b45, Kind::value, 0},  // KDSKBMODE
    {0x5600, 0x5600, Kind::out, 4},    // VT_OPENQRY
    {0x5603, 0x5603, Kind::out, 6},    // VT_GETSTATE
    {0x5606, 0x5606, Kind::value, 0},  // VT_ACTIVATE
    {0x5607, 0x5607, Kind::value, 0},  // VT_WAITACTIVE
    {0x5608, 0x5608, Kind::value, 0},  // VT_DISALLOCATE
    // block devices and files (linux/fs.h)
    plain(0x12, 93, Kind::in, 4),              // BLKROSET
    plain(0x12, 94, Kind::out, 4),             // BLKROGET
    plain(0x12, 95, Kind::value),              // BLKRRPART
    plain(0x12, 96, Kind::long_out),           // BLKGETSIZE
    plain(0x12, 97, Kind::value),              // BLKFLSBUF
    plain(0x12, 98, Kind::value),              // BLKRASET
    plain(0x12, 99, Kind::long_out),           // BLKRAGET
    plain(0x12, 103, Kind::out, 2),            // BLKSECTGET
    plain(0x12, 104, Kind::out, 4),            // BLKSSZGET
    coded(kRead, 0x12, 112, 4, 8, Kind::out),  // BLKBSZGET: size_t in the number, an int in memory
    coded(kWrite, 0x12, 113, 4, 8, Kind::in),  // BLKBSZSET
    {guest_ioc(kRead, 0x12, 114, 4), ioctl_number(kRead, 0x12, 114, 8), Kind::out,
     8},                                    // BLKGETSIZE64
    plain(0x12, 119, Kind::in, 16),         // BLKDISCARD
    plain(0x12, 120, Kind::out, 4),         // BLKIOMIN
    plain(0x12, 121, Kind::out, 4),         // BLKIOOPT
    plain(0x12, 122, Kind::out, 4),         // BLKALIGNOFF
    plain(0x12, 123, Kind::out, 4),         // BLKPBSZGET
    plain(0, 1, Kind::out, 4),              // FIBMAP
    plain(0, 2, Kind::out, 4),              // FIGETBSZ
    coded(kRead, 'f', 1, 4, 8, Kind::out),  // FS_IOC_GETFLAGS: long in the number, an int in memory
    coded(kWrite, 'f', 2, 4, 8, Kind::in),  // FS_IOC_SETFLAGS
    coded(kRead, 'v', 1, 4, 8, Kind::out),  // FS_IOC_GETVERSION
    coded(kRead | kWrite, 'f', 11, 32, 32, Kind::out),   // FS_IOC_FIEMAP
    coded(kRead | kWrite, 'X', 119, 4, 4, Kind::in),     // FIFREEZE
    coded(kRead | kWrite, 'X', 120, 4, 4, Kind::in),     // FITHAW
    coded(kRead | kWrite, 'X', 121, 24, 24, Kind::out),  // FITRIM
    coded(kWrite, 0x94, 9, 4, 4, Kind::value),           // FICLONE
    coded(kWrite, 0x94, 13, 32, 32, Kind::in),           // FICLONERANGE
    // loop devices (linux/loop.h)
    {0x4c00, 0x4c00, Kind::value, 0},  // LOOP_SET_FD
    {0x4c01, 0x4c01, Kind::value, 0},  // LOOP_CLR_FD
    {0x4c04, 0x4c04, Kind::in, 232},   // LOOP_SET_STATUS64
    {0x4c05, 0x4c05, Kind::out, 232},  // LOOP_GET_STATUS64
    {0x4c07, 0x4c07, Kind::value, 0},  // LOOP_SET_CAPACITY
    {0x4c80, 0x4c80, Kind::value, 0},  // LOOP_CTL_ADD
    {0x4c81, 0x4c81, Kind::value, 0},  // LOOP_CTL_REMOVE
    {0x4c82, 0x4c82, Kind::value, 0},  // LOOP_CTL_GET_FREE
    // clock (linux/rtc.h)
    coded(kRead, 'p', 9, 36, 36, Kind::out),   // RTC_RD_TIME
    coded(kWrite, 'p', 10, 36, 36, Kind::in),  // RTC_SET_TIME
    // sockets (linux/sockios.h)
    {0x8901, FIOSETOWN, Kind::in, 4},
    {0x8902, SIOCSPGRP, Kind::in, 4},
    {0x8903, FIOGETOWN, Kind::out, 4},
    {0x8904, SIOCGPGRP, Kind::out, 4},
    {0x8905, SIOCATMARK, Kind::out, 4},
    {0x8910, SIOCGIFNAME, Kind::ifreq, 0},
    {0x8912, SIOCGIFCONF, Kind::ifconf, 0},
    {0x8913, SIOCGIFFLAGS, Kind::ifreq, 0},
    {0x8914, SIOCSIFFLAGS, Kind::ifreq, 0},
    {0x8915, SIOCGIFADDR, Kind::ifreq, 0},
    {0x8916, SIOCSIFADDR, Kind::ifreq, 0},
    {0x8917, SIOCGIFDSTADDR, Kind::ifreq, 0},
    {0x8918, SIOCSIFDSTADDR, Kind::ifreq, 0},
    {0x8919, SIOCGIFBRDADDR, Kind::ifreq, 0},
    {0x891a, SIOCSIFBRDADDR, Kind::ifreq, 0},
    {0x891b, SIOCGIFNETMASK, Kind::ifreq, 0},
    {0x891c, SIOCSIFNETMASK, Kind::ifreq, 0},
    {0x891d, SIOCGIFMETRIC, Kind::ifreq, 0},
    {0x891e, SIOCSIFMETRIC, Kind::ifreq, 0},
    {0x8921, SIOCGIFMTU, Kind::ifreq, 0},
    {0x8922, SIOCSIFMTU, Kind::ifreq, 0},
    {0x8923, SIOCSIFNAME, Kind::ifreq, 0},
    {0x8924, SIOCSIFHWADDR, Kind::ifreq, 0},
    {0x8927, SIOCGIFHWADDR, Kind::ifreq, 0},
    {0x8933, SIOCGIFINDEX, Kind::ifreq, 0},
    {0x8942, SIOCGIFTXQLEN, Kind::ifreq, 0},
    {0x8943, SIOCSIFTXQLEN, Kind::ifreq, 0},
    {0x89a0, 0x89a0, Kind::in, 16},
    {0x89a1, 0x89a1, Kind::in, 16},
    {0x89a2, 0x89a2, Kind::ifreq, 0},
    {0x89a3, 0x89a3, Kind::ifreq, 0},
};

CallResult interface_request(Thread& t, int fd, unsigned long host_number, uint32_t pointer) {
  abi::IfReq guest;
  struct ifreq host;
  if (!copy_in(pointer, guest)) return abi::kEFAULT;
  std::memset(&host, 0, sizeof host);
  // The union is longer on 64-bit hosts only because of pointers and ifmap, which these requests do
  // not use.
  std::memcpy(&host, &guest, sizeof guest);
  const long result = host_call(SYS_ioctl, fd, host_number, &host);
  if (result < 0) return guest_result(result);
  std::memcpy(&guest, &host, sizeof guest);
  return copy_out(t, pointer, guest) ? guest_result(result) : abi::kEFAULT;
}

CallResult interface_list(Thread& t, int fd, uint32_t pointer) {
  constexpr int kMax = 256;
  struct {
    int32_t length;
    uint32_t buffer;
  } guest;
  if (!copy_in(pointer, guest)) return abi::kEFAULT;
  struct ifreq entries[kMax];
  struct ifconf host {};
  host.ifc_len = sizeof entries;
  host.ifc_req = entries;
  const long result = host_call(SYS_ioctl, fd, SIOCGIFCONF, &host);
  if (result < 0) return guest_result(result);
  auto count = static_cast<uint32_t>(host.ifc_len) / static_cast<uint32_t>(sizeof(struct ifreq));
  constexpr uint32_t kSize = sizeof(abi::IfReq);
  if (guest.buffer != 0) {
    count = std::min(count, static_cast<uint32_t>(std::max(guest.length, 0)) / kSize);
    for (uint32_t i = 0; i < count; ++i) {
      if (!copy_out_bytes(t, guest.buffer + i * kSize, &entries[i], kSize)) return abi::kEFAULT;
    }
  }
  guest.length = static_cast<int32_t>(count * kSize);
  return copy_out(t, pointer, guest) ? kOk : abi::kEFAULT;
}

template <typename Guest, typename Host>
CallResult terminal_get(Thread& t, int fd, unsigned long number, uint32_t pointer) {
  Host host{};
  const long result = host_call(SYS_ioctl, fd, number, &host);
  if (result < 0) return guest_result(result);
  Guest guest{};
  terminal_to_guest(host, guest);
  return copy_out(t, pointer, guest) ? kOk : abi::kEFAULT;
}

template <typename Guest, typename Host>
CallResult terminal_set(Thread& t, int fd, unsigned long number, uint32_t pointer) {
  Guest guest;
  if (!copy_in(pointer, guest)) return abi::kEFAULT;
  Host host{};
  terminal_to_host(guest, host);
  return blocking_call(t, SYS_ioctl, fd, number,
                       &host);  // TCSETSW waits for output; a background job stops
}

CallResult perform(Thread& t, const Row& row, int fd, uint32_t argument) {
  switch (row.kind) {
    case Kind::value:
      return blocking_call(t, SYS_ioctl, fd, row.host, static_cast<unsigned long>(argument));
    case Kind::open_flags:
      return blocking_call(t, SYS_ioctl, fd, row.host,
                           static_cast<unsigned long>(open_flags_to_host(argument)));
    case Kind::in:
      return blocking_call(t, SYS_ioctl, fd, row.host, readable(t, argument, row.size).pointer());
    case Kind::out:
      return guest_result(
          host_call(SYS_ioctl, fd, row.host, writable(t, argument, row.size).pointer()));
    case Kind::long_out: {
      long value = 0;
      const long result = host_call(SYS_ioctl, fd, row.host, &value);
      if (result < 0) return guest_result(result);
      return copy_out(t, argument, static_cast<uint32_t>(value)) ? kOk : abi::kEFAULT;
    }
    case Kind::long_in: {
      uint32_t value;
      if (!copy_in(argument, value)) return abi::kEFAULT;
      const long wide = static_cast<int32_t>(value);
      return guest_result(host_call(SYS_ioctl, fd, row.host, &wide));
    }
    case Kind::termios_out:
      return terminal_get<abi::TermIos, HostTermios>(t, fd, row.host, argument);
    case Kind::termios_in:
      return terminal_set<abi::TermIos, HostTermios>(t, fd, row.host, argument);
    case Kind::termios2_out:
      return terminal_get<abi::TermIos2, HostTermios2>(t, fd, row.host, argument);
    case Kind::termios2_in:
      return terminal_set<abi::TermIos2, HostTermios2>(t, fd, row.host, argument);
    case Kind::ifreq:
      return interface_request(t, fd, row.host, argument);
    case Kind::ifconf:
      return interface_list(t, fd, argument);
  }
  UNREACHABLE();
}

}  // namespace

CallResult sys_ioctl(Thread& t, Fd fd, Word request, Word argument) {
  for (const Row& row : kRows) {
    if (row.guest == request) return perform(t, row, fd, argument);
  }
  log_printf(LogChannel::unimp, "ioctl %#x is not implemented\n", request.number);
  return abi::kENOTTY;
}

}  // namespace ferry::linux
