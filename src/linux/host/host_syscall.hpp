// Host system calls without libc: no errno (thread-local storage traps on some MIPS kernels),
// result or -errno in the host's numbering. `safe_call` is for calls that may block
// (docs/signals.md).
#pragma once

#include <sys/syscall.h>

#include <atomic>
#include <cstdint>
#include <type_traits>

#include "host_abi.hpp"

namespace ferry::linux {

namespace detail {

template <typename T>
[[nodiscard]] inline long to_word(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<long>(value);
  } else if constexpr (std::is_null_pointer_v<T>) {
    return 0;
  } else {
    return static_cast<long>(value);
  }
}

extern "C" {
/// host_calls.S: returns kSafeCallNotBegun or kSafeCallInterrupted if a guest signal came before
/// the call or interrupted it.
long ferry_safe_syscall(const std::atomic<uint32_t>* pending, long number, long a, long b, long c,
                        long d, long e, long f);
extern const char ferry_safe_syscall_begin[];
extern const char ferry_safe_syscall_instruction[];
extern const char ferry_safe_syscall_end[];
extern const char ferry_safe_syscall_not_begun[];
extern const char ferry_safe_syscall_restart[];

long ferry_clone_on_stack(long flags, void* stack_top, void (*entry)(void*), void* argument);
}

}  // namespace detail

/// A signal came before the call was made: the call is made after the signal's handler, as if
/// nothing had happened.
inline constexpr long kSafeCallNotBegun = -513;
/// A signal ended a call that the kernel would restart with SA_RESTART. (Or the signal came exactly
/// at the instruction. A handler without SA_RESTART then leads to EINTR although the call had not
/// begun, just as if the signal had come a moment later.)
inline constexpr long kSafeCallInterrupted = -512;

/// A host system call that does not block for long.
template <typename... Words>
inline long host_call(long number, Words... words) {
  static_assert(sizeof...(Words) <= 6);
  const long a[7] = {detail::to_word(words)...};
  return raw_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/// A host system call that may block: not entered if a guest signal waits, and left when one
/// arrives.
template <typename... Words>
inline long safe_call(const std::atomic<uint32_t>& pending, long number, Words... words) {
  static_assert(sizeof...(Words) <= 6);
  const long a[7] = {detail::to_word(words)...};
  return detail::ferry_safe_syscall(&pending, number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/// The host's number of a call whose i386 number, 424 or above, all architectures share: for calls
/// that the host's headers may be too old to name.
[[nodiscard]] constexpr long common_call(long number) {
  return SYS_pidfd_send_signal - 424 + number;
}

/// clone(2): the child calls `entry(argument)` on the stack that ends at `stack_top`, and `entry`
/// must not return. Returns the child's number or -errno.
inline long clone_on_stack(long flags, void* stack_top, void (*entry)(void*), void* argument) {
  return detail::ferry_clone_on_stack(flags, stack_top, entry, argument);
}

/// For the host's signal handler: where a context inside the safe-syscall window must continue; 0
/// for any other context. Ferry's handlers have SA_RESTART, so the kernel moves an interrupted
/// restartable call's pc back to its syscall instruction.
[[nodiscard]] inline uintptr_t safe_call_restart(uintptr_t pc) {
  const auto address = [](const char* label) { return reinterpret_cast<uintptr_t>(label); };
  if (pc < address(detail::ferry_safe_syscall_begin) ||
      pc >= address(detail::ferry_safe_syscall_end))
    return 0;
  return pc < address(detail::ferry_safe_syscall_instruction)
             ? address(detail::ferry_safe_syscall_not_begun)
             : address(detail::ferry_safe_syscall_restart);
}

}  // namespace ferry::linux
