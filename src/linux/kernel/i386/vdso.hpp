// The page the kernel maps into every i386 process: the system call gate and the signal
// trampolines.
#pragma once

#include <cstdint>

#include "linux/abi/i386/errno.hpp"

namespace ferry::linux {

class AddressSpace;

struct Vdso {
  uint32_t base = 0;
  uint32_t vsyscall = 0;      ///< __kernel_vsyscall
  uint32_t sigreturn = 0;     ///< __kernel_sigreturn
  uint32_t rt_sigreturn = 0;  ///< __kernel_rt_sigreturn
};

[[nodiscard]] Result<Vdso> map_vdso(AddressSpace& space);

}  // namespace ferry::linux
