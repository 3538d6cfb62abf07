// The numbers of the i386 system calls, by name.
#pragma once

#include <cstdint>

namespace ferry::linux::strace {

/// Numbers of the i386 system calls (abi/i386/syscalls.inc).
enum CallNumber : uint32_t {
#define SYSCALL(number, name, handler, support, note) kNr_##name = (number),
#define IN_MEMORY(number, name, handler, support, note) kNr_##name = (number),
#define PASS(number, name, host_name, ...) kNr_##name = (number),
#define ABSENT(number, name, note) kNr_##name = (number),
#include "linux/abi/i386/syscalls.inc"
#undef SYSCALL
#undef IN_MEMORY
#undef PASS
#undef ABSENT
};

}  // namespace ferry::linux::strace
