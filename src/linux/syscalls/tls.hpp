#pragma once

#include <cstdint>

#include "linux/abi/i386/errno.hpp"

namespace ferry::linux {

struct Thread;

/// Whether the user_desc at `guest` is one that clone takes (it chooses no entry).
[[nodiscard]] Errno check_tls_entry(uint32_t guest);

/// Makes the user_desc at `guest` a TLS entry of `thread`.
[[nodiscard]] Errno set_tls_entry(Thread& thread, uint32_t guest);

}  // namespace ferry::linux
