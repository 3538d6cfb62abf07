// The kernel interface of MIPS64 Linux (n64), where it differs from other hosts.
#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <array>
#include <cstdint>

namespace ferry::linux {

/// One system call: the result, or -errno in the host's numbering. Signal-safe.
inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
  register long v0 asm("$2") = number;
  register long a0 asm("$4") = a;
  register long a1 asm("$5") = b;
  register long a2 asm("$6") = c;
  register long a3 asm("$7") = d;
  register long a4 asm("$8") = e;
  register long a5 asm("$9") = f;
  asm volatile("syscall"
               : "+r"(v0), "+r"(a3)
               : "r"(a0), "r"(a1), "r"(a2), "r"(a4), "r"(a5)
               : "$1", "$3", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo",
                 "memory");
  return a3 != 0 ? -v0 : v0;
}

/// The pc of a signal's context. The engine itself handles all other registers.
[[nodiscard]] inline uintptr_t context_pc(const ucontext_t* context) {
  return static_cast<uintptr_t>(context->uc_mcontext.pc);
}
inline void set_context_pc(ucontext_t* context, uintptr_t pc) {
  context->uc_mcontext.pc = pc;
}

/// 64-bit words of the kernel's sigset_t: 128 signals.
inline constexpr unsigned kHostSetWords = 2;

/// MIPS has no SIGSTKFLT. SIGEMT stands for it: nothing else uses SIGEMT, and its default action
/// kills too.
inline constexpr int kHostStackFault = SIGEMT;

/// The kernel's struct sigaction (arch/mips/include/uapi/asm/signal.h).
struct KernelAction {
  uint32_t flags;
  uintptr_t handler;
  std::array<uint64_t, kHostSetWords> mask;
};
/// A handler returns through the trampoline that the kernel puts on the stack: nothing to add.
inline void add_restorer(KernelAction&) {}

/// NCCS of arch/mips/include/uapi/asm/termbits.h.
inline constexpr unsigned kHostControlCharacters = 23;

/// The kernel's O_LARGEFILE (arch/mips/include/uapi/asm/fcntl.h), which libc defines as 0.
inline constexpr uint32_t kHostLargeFile = 0x2000;

/// What the kernel's msgctl, semctl and shmctl want to see in a command, as old_*ctl of n64 do
/// (arch/mips/kernel/syscalls/syscall_n64.tbl): IPC_64.
inline constexpr int32_t kHostIpc64 = 0x100;
/// SHMLBA (arch/mips/include/asm/shmparam.h): shmat takes multiples of it alone.
inline constexpr uint32_t kHostSegmentAlignment = 0x40000;

/// Bytes of __kernel_old_dev_t (include/uapi/asm-generic/posix_types.h).
inline constexpr uint32_t kHostOldDevice = 4;

/// _IOC of arch/mips/include/uapi/asm/ioctl.h. `direction`: bits 0 and 1 for an argument that the
/// kernel reads and writes.
constexpr unsigned long ioctl_number(uint32_t direction, uint32_t type, uint32_t number,
                                     uint32_t size) {
  constexpr unsigned long kDirections[] = {1, 4, 2, 6};
  return kDirections[direction & 3] << 29 | size << 16 | type << 8 | number;
}

}  // namespace ferry::linux
