// struct user_desc of set_thread_area and of core files.
#pragma once

#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "linux/abi/i386/abi_types.hpp"

namespace ferry::linux {

/// Descriptor `entry` as get_thread_area shows it (fill_user_desc of arch/x86/kernel/tls.c, 6.1).
[[nodiscard]] abi::UserDesc user_desc_of(uint32_t entry, i386::SegmentDescriptor descriptor);

}  // namespace ferry::linux
