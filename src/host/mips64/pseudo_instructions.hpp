// Everything that may take more than one word, cheapest form first.
#pragma once

#include "host/mips64/assembler.hpp"

namespace ferry::mips64 {

/// rd = sign-extended `value`: one word where 16 bits suffice, else two.
void load_immediate(Assembler& assembler, Gpr rd, int32_t value);

/// rd = `value` (64 bits), at most six words. For addresses of ferry's own data.
void load_immediate64(Assembler& assembler, Gpr rd, uint64_t value);

/// rd = rs.
inline void move(Assembler& assembler, Gpr rd, Gpr rs) {
  assembler.OR(rd, rs, zero);
}

/// High half for a `lui` whose word is completed by a sign-extended 16-bit low half.
[[nodiscard]] constexpr int32_t high_half(int32_t value) {
  return static_cast<int32_t>((static_cast<uint32_t>(value) + 0x8000) >> 16);
}
[[nodiscard]] constexpr int32_t low_half(int32_t value) {
  return static_cast<int16_t>(value);
}

}  // namespace ferry::mips64
