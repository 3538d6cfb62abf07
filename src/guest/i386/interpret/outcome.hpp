// What a handler of the interpreter is, and what it says at its end.
#pragma once

#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/instruction.hpp"

namespace ferry::i386 {

enum class Outcome : uint8_t {
  next,    ///< done, eip still at this instruction: step() moves it on
  branch,  ///< done, the handler set eip
  again,   ///< a rep instruction did part of its work (at most 4 KB); registers tell how far; eip
           ///< unchanged
  exception,  ///< cpu.exception is set; eip at this instruction; no register or memory was changed,
              ///< except that a rep instruction may have done earlier iterations (as hardware)
  trap,     ///< like exception, but reported after the instruction (int3, into, int n): the handler
            ///< set eip
  syscall,  ///< int 0x80: eip is after it
};

using Handler = Outcome (*)(CpuState&, const Instruction&);

}  // namespace ferry::i386
