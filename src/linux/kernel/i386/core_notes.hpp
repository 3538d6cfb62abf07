// The notes of a core file: registers and what else the kernel tells of threads and the process.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "linux/abi/i386/abi_types.hpp"

namespace ferry::linux {

struct Thread;

/// All notes, in the kernel's order (write_note_info of fs/binfmt_elf.c, 6.1). `threads`: the dying
/// one first.
[[nodiscard]] std::vector<uint8_t> core_notes(std::span<Thread* const> threads,
                                              const abi::SigInfo& info);

}  // namespace ferry::linux
