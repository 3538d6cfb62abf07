// struct termios: MIPS has other c_cc indexes, other c_lflag bits and a longer c_cc.
#pragma once

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/termios.hpp"

namespace ferry::linux {

void terminal_to_guest(const HostTermios& host, abi::TermIos& guest);
void terminal_to_host(const abi::TermIos& guest, HostTermios& host);
void terminal_to_guest(const HostTermios2& host, abi::TermIos2& guest);
void terminal_to_host(const abi::TermIos2& guest, HostTermios2& host);

/// What the old requests read: struct termio.
[[nodiscard]] abi::TermIo short_settings(const abi::TermIos& settings);
/// What they change: the low halves of the flags, and the characters that struct termio has.
void change_settings(const abi::TermIo& change, abi::TermIos& settings);

/// struct vt_mode, the same everywhere but for its signals' numbers.
struct ConsoleMode {
  uint8_t mode, wait;
  int16_t signals[3];
};

}  // namespace ferry::linux
