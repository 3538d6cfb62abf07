#include "linux/syscalls/terminal.hpp"

#include <termios.h>

#include <algorithm>

#include "linux/syscalls/convert.hpp"

namespace ferry::linux {

namespace {

// Guest values: include/uapi/asm-generic/termbits.h. Input, output and control flags are the same
// on MIPS.
constexpr FlagRow kLocalFlags[] = {
    {0000001, ISIG},   {0000002, ICANON},  {0000004, XCASE},   {0000010, ECHO},
    {0000020, ECHOE},  {0000040, ECHOK},   {0000100, ECHONL},  {0000200, NOFLSH},
    {0000400, TOSTOP}, {0001000, ECHOCTL}, {0002000, ECHOPRT}, {0004000, ECHOKE},
    {0010000, FLUSHO}, {0040000, PENDIN},  {0100000, IEXTEN},  {0200000, EXTPROC},
};

/// Host index of guest index 0..16.
constexpr uint8_t kControlIndex[] = {VINTR,    VQUIT,    VERASE,  VKILL,  VEOF,  VTIME,
                                     VMIN,     VSWTC,    VSTART,  VSTOP,  VSUSP, VEOL,
                                     VREPRINT, VDISCARD, VWERASE, VLNEXT, VEOL2};

template <typename Host, typename Guest>
void to_guest(const Host& host, Guest& guest) {
  guest.iflag = host.iflag;
  guest.oflag = host.oflag;
  guest.cflag = host.cflag;
  guest.lflag = flags_to_guest(kLocalFlags, host.lflag);
  guest.line = host.line;
  for (unsigned i = 0; i < sizeof kControlIndex; ++i) guest.cc[i] = host.cc[kControlIndex[i]];
}

template <typename Guest, typename Host>
void to_host(const Guest& guest, Host& host) {
  host.iflag = guest.iflag;
  host.oflag = guest.oflag;
  host.cflag = guest.cflag;
  host.lflag = flags_to_host(kLocalFlags, guest.lflag);
  host.line = guest.line;
  for (unsigned i = 0; i < sizeof kControlIndex; ++i) host.cc[kControlIndex[i]] = guest.cc[i];
}

}  // namespace

void terminal_to_guest(const HostTermios& host, abi::TermIos& guest) {
  to_guest(host, guest);
}
void terminal_to_host(const abi::TermIos& guest, HostTermios& host) {
  to_host(guest, host);
}

void terminal_to_guest(const HostTermios2& host, abi::TermIos2& guest) {
  to_guest(host, guest);
  guest.ispeed = host.ispeed;
  guest.ospeed = host.ospeed;
}

void terminal_to_host(const abi::TermIos2& guest, HostTermios2& host) {
  to_host(guest, host);
  host.ispeed = guest.ispeed;
  host.ospeed = guest.ospeed;
}

abi::TermIo short_settings(const abi::TermIos& settings) {
  abi::TermIo guest{};
  guest.iflag = static_cast<uint16_t>(settings.iflag);
  guest.oflag = static_cast<uint16_t>(settings.oflag);
  guest.cflag = static_cast<uint16_t>(settings.cflag);
  guest.lflag = static_cast<uint16_t>(settings.lflag);
  guest.line = settings.line;
  std::copy_n(settings.cc, sizeof guest.cc, guest.cc);
  return guest;
}

void change_settings(const abi::TermIo& change, abi::TermIos& settings) {
  const auto with_low_half = [](uint32_t flags, uint16_t low) {
    return (flags & 0xffff0000) | low;
  };
  settings.iflag = with_low_half(settings.iflag, change.iflag);
  settings.oflag = with_low_half(settings.oflag, change.oflag);
  settings.cflag = with_low_half(settings.cflag, change.cflag);
  settings.lflag = with_low_half(settings.lflag, change.lflag);
  settings.line = change.line;
  std::copy_n(change.cc, sizeof change.cc, settings.cc);
}

}  // namespace ferry::linux
