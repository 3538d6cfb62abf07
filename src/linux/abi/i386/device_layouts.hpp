// Layouts (layout.hpp) of structures that no request of ioctl has: of sockets' options, and of what
// read and write move.
#pragma once

#include <string_view>

namespace ferry::linux::abi {

/// struct sock_fprog.
inline constexpr std::string_view kFilterProgram = "2 r{#0*8}";
// On a 64-bit machine the addresses in these are aligned to 8 (linux/in.h).
inline constexpr std::string_view kGroup = "4 u*0 1*128";                // struct group_req
inline constexpr std::string_view kGroupSource = "4 u*0 1*128 1*128";    // group_source_req
inline constexpr std::string_view kGroupFilter = "4 u*0 1*128 4 4 u*0";  // group_filter's head
inline constexpr std::string_view kInputEvent = "(l l) 2 2 4";           // input_event
inline constexpr std::string_view kTimerEvent = "4 (l l) 4";             // snd_timer_tread

}  // namespace ferry::linux::abi
