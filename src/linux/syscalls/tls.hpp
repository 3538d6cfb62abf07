#pragma once

#include <cstdint>

namespace ferry::linux {

struct Thread;

/// Whether the user_desc at `guest` is one that clone takes (it chooses no entry): 0 or -errno.
[[nodiscard]] int32_t check_tls_entry(uint32_t guest);

/// Takes it for `thread`. 0 or -errno.
[[nodiscard]] int32_t set_tls_entry(Thread& thread, uint32_t guest);

}  // namespace ferry::linux
