// An i386 core file, as fs/binfmt_elf.c of an i386 kernel writes it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "linux/abi/i386/abi_types.hpp"

namespace ferry::linux {

struct Thread;

/// Writes the process of `threads`, the dying one first, into the file `name`, which is replaced.
/// What would exceed `limit` bytes and what comes after it is left out. Errors lead to no file, or
/// to a shorter one.
void write_core_file(const std::string& name, uint64_t limit, std::span<Thread* const> threads,
                     const abi::SigInfo& info);

}  // namespace ferry::linux
