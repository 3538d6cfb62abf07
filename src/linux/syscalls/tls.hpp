#pragma once

#include <cstdint>

namespace ferry {

struct Thread;

/// set_thread_area: takes the user_desc at `guest`, chooses an entry if it asks for one. 0 or
/// -errno.
[[nodiscard]] int32_t set_tls_entry(Thread& thread, uint32_t guest);

}  // namespace ferry
