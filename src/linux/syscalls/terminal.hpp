// struct termios: MIPS has other c_cc indexes, other c_lflag bits and a longer c_cc.
#pragma once

#include <cstdint>

#include "linux/abi/i386/abi_types.hpp"

namespace ferry {

#if defined(__mips__)
inline constexpr unsigned kHostControlCharacters =
    23;  // NCCS of arch/mips/include/uapi/asm/termbits.h
#else
inline constexpr unsigned kHostControlCharacters = 19;
#endif

/// The kernel's struct termios, not libc's.
struct HostTermios {
  uint32_t iflag, oflag, cflag, lflag;
  uint8_t line;
  uint8_t cc[kHostControlCharacters];
};
struct HostTermios2 {
  uint32_t iflag, oflag, cflag, lflag;
  uint8_t line;
  uint8_t cc[kHostControlCharacters];
  uint32_t ispeed, ospeed;
};

void terminal_to_guest(const HostTermios& host, i386::abi::TermIos& guest);
void terminal_to_host(const i386::abi::TermIos& guest, HostTermios& host);
void terminal_to_guest(const HostTermios2& host, i386::abi::TermIos2& guest);
void terminal_to_host(const i386::abi::TermIos2& guest, HostTermios2& host);

}  // namespace ferry
