// Notes of an i386 core file: include/linux/elfcore-compat.h and arch/x86/include/asm/user_32.h.
#pragma once

#include <array>
#include <cstdint>

#include "linux/abi/i386/abi_types.hpp"

namespace ferry::linux::abi {

/// Types of notes (include/uapi/linux/elf.h), and the names they go with.
inline constexpr uint32_t kNotePrStatus = 1, kNoteFpRegs = 2, kNotePrPsInfo = 3, kNoteAuxv = 6,
                          kNoteSigInfo = 0x53494749, kNoteFile = 0x46494c45,  // name "CORE"
    kNoteFxRegs = 0x46e62b7f, kNoteTls = 0x200;                               // name "LINUX"

struct ElfPrStatus {
  int32_t signo, code, error;  ///< only signo is filled in
  int16_t current_signal;
  int16_t padding;
  uint32_t pending, held;
  int32_t pid, ppid, pgrp, sid;
  TimeVal32 user, system, children_user, children_system;
  /// ebx ecx edx esi edi ebp eax ds es fs gs orig_eax eip cs eflags esp ss (struct
  /// user_regs_struct)
  std::array<uint32_t, 17> registers;
  int32_t fp_valid;
};
static_assert(sizeof(ElfPrStatus) == 144);

struct ElfPrPsInfo {
  int8_t state;
  char state_name;
  int8_t zombie, nice;
  uint32_t flags;
  uint16_t uid, gid;
  int32_t pid, ppid, pgrp, sid;
  std::array<char, 16> name;
  std::array<char, 80> arguments;
};
static_assert(sizeof(ElfPrPsInfo) == 124);

}  // namespace ferry::linux::abi
