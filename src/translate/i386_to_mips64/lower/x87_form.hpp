// What an x87 instruction does, as far as sequences (x87_sequence.hpp) know it: decoded once, from
// the opcode and the ModRM byte (SDM vol. 2, tables ).
#pragma once

#include <cstdint>

#include "guest/i386/decode/instruction.hpp"

namespace ferry::translate::lower {

struct X87Form {
  enum class Kind : uint8_t {
    other,  ///< not known here
    load,   ///< FLD, FILD of a real number, an integer or a register
    load_integer,
    load_one,
    load_zero,
    store,  ///< FST, FIST and those that pop
    store_integer,
    exchange,
    change_sign,
    absolute,
    square_root,
    add,  ///< destination = destination + source, and so on
    multiply,
    subtract,
    subtract_reversed,  ///< source - destination
    divide,
    divide_reversed,
    compare,           ///< FCOM, FUCOM: to the condition codes
    compare_to_flags,  ///< FCOMI, FUCOMI: to EFLAGS
    store_status,      ///< FNSTSW AX
  };
  Kind kind = Kind::other;
  uint8_t width = 0;    ///< bytes of the memory operand; 0: there is none
  uint8_t sti = 0;      ///< i of the register besides ST(0)
  bool to_sti = false;  ///< the destination is ST(i), the source ST(0)
  uint8_t pops = 0;
};

[[nodiscard]] X87Form x87_form(const i386::Instruction& in);

}  // namespace ferry::translate::lower
