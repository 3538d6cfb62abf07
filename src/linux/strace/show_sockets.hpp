// How strace shows socket addresses, options and messages.
#pragma once

#include <cstdint>

#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

void show_socket_type(Printer& p, uint32_t type);
/// The protocol, which follows family and type.
void show_protocol(Printer& p, const uint32_t* words);
/// An address that the call reads, and its length in the next word.
void show_address(Printer& p, const uint32_t* words);
/// An address that the call writes: pointers to it and to its length.
void show_got_address(Printer& p, const uint32_t* words);
/// recvfrom's buffer, size, flags and address.
void show_received(Printer& p, const uint32_t* words);
/// Level, option, value and length.
void show_set_option(Printer& p, const uint32_t* words);
void show_got_option(Printer& p, const uint32_t* words);
/// struct msghdr as the call reads it, and as it wrote it.
void show_message(Printer& p, uint32_t guest);
void show_got_message(Printer& p, const uint32_t* words);
/// Arrays of struct mmsghdr: address and count.
void show_messages(Printer& p, const uint32_t* words);
void show_got_messages(Printer& p, const uint32_t* words);

}  // namespace ferry::linux::strace
