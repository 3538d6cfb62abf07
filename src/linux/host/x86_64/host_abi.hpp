// The kernel interface of x86-64 Linux, where it differs from other hosts.
#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <array>
#include <cstdint>

namespace ferry::linux {

/// One system call: the result, or -errno in the host's numbering. Signal-safe.
inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

/// The pc of a signal's context. The engine itself handles all other registers.
[[nodiscard]] inline uintptr_t context_pc(const ucontext_t* context) {
  return static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RIP]);
}
inline void set_context_pc(ucontext_t* context, uintptr_t pc) {
  context->uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(pc);
}

/// 64-bit words of the kernel's sigset_t: 64 signals.
inline constexpr unsigned kHostSetWords = 1;

/// The host's SIGSTKFLT.
inline constexpr int kHostStackFault = SIGSTKFLT;

extern "C" void ferry_signal_restorer();  // host_calls.S

/// The kernel's struct sigaction (arch/x86/include/uapi/asm/signal.h).
struct KernelAction {
  uintptr_t handler;
  uint64_t flags;
  void (*restorer)();
  std::array<uint64_t, kHostSetWords> mask;
};
/// What a handler returns to.
inline void add_restorer(KernelAction& action) {
  constexpr uint32_t kSaRestorer = 0x04000000;
  action.flags |= kSaRestorer;
  action.restorer = ferry_signal_restorer;
}

/// NCCS of include/uapi/asm-generic/termbits.h.
inline constexpr unsigned kHostControlCharacters = 19;

/// The kernel's O_LARGEFILE (include/uapi/asm-generic/fcntl.h), which libc defines as 0.
inline constexpr uint32_t kHostLargeFile = 0100000;

/// What the kernel's msgctl, semctl and shmctl want to see in a command: nothing.
inline constexpr int32_t kHostIpc64 = 0;
/// SHMLBA: shmat takes multiples of it alone.
inline constexpr uint32_t kHostSegmentAlignment = 0x1000;

/// Bytes of __kernel_old_dev_t (arch/x86/include/uapi/asm/posix_types_64.h).
inline constexpr uint32_t kHostOldDevice = 8;

/// _IOC of include/uapi/asm-generic/ioctl.h. `direction`: bits 0 and 1 for an argument that the
/// kernel reads and writes.
constexpr unsigned long ioctl_number(uint32_t direction, uint32_t type, uint32_t number,
                                     uint32_t size) {
  return static_cast<unsigned long>(direction) << 30 | size << 16 | type << 8 | number;
}

}  // namespace ferry::linux
