// What seccomp(2) decides about a system call.
#pragma once

#include <cstdint>
#include <optional>

#include "linux/syscalls/call_traits.hpp"

namespace ferry::linux {

/// What the call of `number` comes to if it is not made; nothing if it is made (kernel/seccomp.c,
/// __secure_computing).
[[nodiscard]] std::optional<CallResult> seccomp_verdict(Thread& thread, uint32_t number,
                                                        Arguments arguments);

/// prctl(PR_SET_SECCOMP).
[[nodiscard]] CallResult set_seccomp(Thread& thread, uint32_t mode, GuestPointer filter);

}  // namespace ferry::linux
