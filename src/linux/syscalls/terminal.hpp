// struct termios: MIPS has other c_cc indexes, other c_lflag bits and a longer c_cc.
#pragma once

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/termios.hpp"

namespace ferry::linux {

void terminal_to_guest(const HostTermios& host, abi::TermIos& guest);
void terminal_to_host(const abi::TermIos& guest, HostTermios& host);
void terminal_to_guest(const HostTermios2& host, abi::TermIos2& guest);
void terminal_to_host(const abi::TermIos2& guest, HostTermios2& host);

}  // namespace ferry::linux
