// Declares the handler of every system call in i386/syscalls.inc.
#pragma once

#include "linux/syscalls/arguments.hpp"

namespace ferry::linux {

#define SYSCALL(number, name, handler, signature, support, note) \
  int32_t handler(Thread& thread, const Arguments& arguments);
#define PASS(number, name, host_name, signature)
#define ABSENT(number, name, note)
#include "linux/abi/i386/syscalls.inc"
#undef SYSCALL
#undef PASS
#undef ABSENT

}  // namespace ferry::linux
