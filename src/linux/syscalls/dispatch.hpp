// System calls: the entry from the run loop, and what handlers use to reach guest memory.
#pragma once

#include <cstdint>
#include <cstring>

#include "guest/memory/memory.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry {

enum class SyscallAction : uint8_t {
  resume,        ///< go on at cpu.eip; look at Thread::signal_pending first, as always
  exit_process,  ///< the guest ended: exit with Thread::exit_status
};

/// int 0x80 and __kernel_vsyscall: number in eax, arguments in ebx ecx edx esi edi ebp; cpu.eip is
/// behind the two bytes of int 0x80. Sets eax.
[[nodiscard]] SyscallAction handle_syscall(Thread& thread);

/// The six argument registers.
struct Arguments {
  uint32_t a[6];
  [[nodiscard]] uint32_t operator[](unsigned i) const { return a[i]; }
  [[nodiscard]] int32_t signed_at(unsigned i) const { return static_cast<int32_t>(a[i]); }
  /// A 64-bit argument in two registers, low word first.
  [[nodiscard]] uint64_t wide(unsigned low) const {
    return a[low] | (static_cast<uint64_t>(a[low + 1]) << 32);
  }
};

/// Result of a handler: 0 or positive, or -errno of the i386 ABI.
using SyscallHandler = int32_t (*)(Thread&, const Arguments&);

/// Support levels of syscalls.inc.
enum class Support : uint8_t { full, partial, enosys };

struct SyscallRow {
  const char* name;
  SyscallHandler handler;
  const char* signature;
  Support support;
  const char* note;
};
/// Row of `number`, or null.
[[nodiscard]] const SyscallRow* syscall_row(uint32_t number);

/// Values a handler may return beside -errno; never seen by the guest (include/linux/errno.h of the
/// kernel).
inline constexpr int32_t kErestartSys = 512;
inline constexpr int32_t kErestartNoIntr = 513;
/// The handler set eax and all else itself (sigreturn).
inline constexpr int32_t kRegistersSet = -600;
/// The process is to end with Thread::exit_status.
inline constexpr int32_t kExitProcess = -601;

// --- guest memory --------------------------------------------------------------------------------
[[nodiscard]] bool copy_in_bytes(uint32_t guest, void* destination, uint32_t size);
[[nodiscard]] bool copy_out_bytes(Thread& thread, uint32_t guest, const void* source,
                                  uint32_t size);

template <typename T>
[[nodiscard]] bool copy_in(uint32_t guest, T& value) {
  return copy_in_bytes(guest, &value, sizeof(T));
}
template <typename T>
[[nodiscard]] bool copy_out(Thread& thread, uint32_t guest, const T& value) {
  return copy_out_bytes(thread, guest, &value, sizeof(T));
}
/// Copies a NUL-terminated string; returns its length, or -EFAULT, or -ENAMETOOLONG if it does not
/// fit.
[[nodiscard]] int32_t copy_in_string(uint32_t guest, char* destination, uint32_t size);

/// A buffer given to the kernel as it is: `length` cut to what guest space allows. The kernel
/// checks the pages.
[[nodiscard]] inline uint32_t clip_buffer(uint32_t guest, uint32_t length) {
  if (guest >= i386::kGuestEnd) return length;  // faults by itself
  const uint32_t room = i386::kGuestEnd - guest;
  return length < room ? length : room;
}

}  // namespace ferry
