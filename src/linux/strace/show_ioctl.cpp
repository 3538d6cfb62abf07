// ioctl: declared in show_system.hpp.
#include "linux/abi/i386/abi_types.hpp"
#include "linux/abi/i386/ioctl_names.hpp"
#include "linux/abi/i386/socket_names.hpp"
#include "linux/strace/show_system.hpp"
#include "linux/strace/show_times.hpp"

namespace ferry::linux::strace {

namespace {

void add_request(Printer& p, uint32_t request) {
  if (const char* name = name_of(abi::kIoctls, request)) return p.add("%s", name);
  const uint32_t size = request >> 16 & 0x3fff;
  for (const abi::IoctlRangeName& range : abi::kIoctlRanges) {
    const uint32_t number = (request & 0xc000ffff) - range.first;
    if (number > range.last - range.first) continue;
    return range.first == range.last ? p.add("%s(%u)", range.name, size)
                                     : p.add("%s(%#x, %u)", range.name, number, size);
  }
  constexpr const char* kDirections[] = {"_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
                                         "_IOC_READ|_IOC_WRITE"};
  p.add("_IOC(%s, %#x, %#x, %#x)", kDirections[request >> 30], request >> 8 & 0xff, request & 0xff,
        size);
}

void add_output_flags(Printer& p, uint32_t flags) {
  // Delays by their bits: newline, carriage return, tab, backspace, vertical tab, form feed.
  const uint32_t tab = flags >> 11 & 3;
  p.add("NL%u|CR%u|%s|BS%u|VT%u|FF%u", flags >> 8 & 1, flags >> 9 & 3,
        tab == 0   ? "TAB0"
        : tab == 1 ? "TAB1"
        : tab == 2 ? "TAB2"
                   : "XTABS",
        flags >> 13 & 1, flags >> 14 & 1, flags >> 15 & 1);
  if ((flags & 0xff) == 0) return;
  p.text += "|";
  p.flags(abi::kTermIosOutput, flags & 0xff);
}

void add_control_flags(Printer& p, uint32_t flags) {
  constexpr uint32_t kBaud = 010017, kSize = 060;
  p.value(abi::kBauds, flags & kBaud);
  p.add("|CS%u", 5 + (flags >> 4 & 3));
  const uint32_t input = flags >> 16 & kBaud;
  if (input != 0) {
    p.text += "|";
    p.value(abi::kBauds, input);
    p.text += "<<IBSHIFT";
  }
  const uint32_t rest = flags & ~(kBaud | kSize | kBaud << 16);
  if (rest == 0) return;
  p.text += "|";
  p.flags(abi::kTermIosControl, rest);
}

void show_termios(Printer& p, uint32_t guest) {
  abi::TermIos settings;
  if (!p.fetch(guest, settings)) return;
  p.text += "{c_iflag=";
  p.flags(abi::kTermIosInput, settings.iflag);
  p.text += ", c_oflag=";
  add_output_flags(p, settings.oflag);
  p.text += ", c_cflag=";
  add_control_flags(p, settings.cflag);
  p.text += ", c_lflag=";
  p.flags(abi::kTermIosLocal, settings.lflag);
  p.text += ", ...}";
}

void show_window_size(Printer& p, uint32_t guest) {
  uint16_t size[4];
  if (p.fetch(guest, size))
    p.add("{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}", size[0], size[1], size[2], size[3]);
}

/// How the arguments of requests are shown: those not here are numbers.
struct Row {
  uint32_t request;
  bool writes;                       ///< the kernel writes it
  void (*show)(Printer&, uint32_t);  ///< null: the request has no argument
};
constexpr Row kRows[] = {
    {0x5401, true, show_termios},       // TCGETS
    {0x5402, false, show_termios},      // TCSETS
    {0x5403, false, show_termios},      // TCSETSW
    {0x5404, false, show_termios},      // TCSETSF
    {0x540c, false, nullptr},           // TIOCEXCL
    {0x540d, false, nullptr},           // TIOCNXCL
    {0x540f, true, show_number},        // TIOCGPGRP
    {0x5410, false, show_number},       // TIOCSPGRP
    {0x5411, true, show_number},        // TIOCOUTQ
    {0x5413, true, show_window_size},   // TIOCGWINSZ
    {0x5414, false, show_window_size},  // TIOCSWINSZ
    {0x541b, true, show_number},        // FIONREAD
    {0x5421, false, show_number},       // FIONBIO
    {0x5422, false, nullptr},           // TIOCNOTTY
    {0x5424, true, show_number},        // TIOCGETD
    {0x5429, true, show_number},        // TIOCGSID
    {0x5450, false, nullptr},           // FIONCLEX
    {0x5451, false, nullptr},           // FIOCLEX
    {0x5452, false, show_number},       // FIOASYNC
    {0x80045430, true, show_number},    // TIOCGPTN
    {0x40045431, false, show_number},   // TIOCSPTLCK
};

const Row* row_of(uint32_t request) {
  for (const Row& row : kRows) {
    if (row.request == request) return &row;
  }
  return nullptr;
}

}  // namespace

void show_ioctl(Printer& p, const uint32_t* words) {
  const Row* row = row_of(words[0]);
  if (!p.exiting) {
    add_request(p, words[0]);
    if (row != nullptr && row->show == nullptr) return;
    p.text += ", ";
    if (row == nullptr) {
      p.add("%#x", words[1]);
    } else if (!row->writes) {
      row->show(p, words[1]);
    }
  } else if (row != nullptr && row->writes) {
    row->show(p, words[1]);
  }
}

}  // namespace ferry::linux::strace
