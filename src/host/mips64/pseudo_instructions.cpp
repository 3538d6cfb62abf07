#include "host/mips64/pseudo_instructions.hpp"

namespace ferry::mips64 {

void load_immediate(Assembler& assembler, Gpr rd, int32_t value) {
  if (fits_simm16(value)) return assembler.ADDIU(rd, zero, value);
  if (fits_uimm16(value)) return assembler.ORI(rd, zero, value);
  assembler.LUI(rd, (value >> 16) & 0xffff);
  if ((value & 0xffff) != 0) assembler.ORI(rd, rd, value & 0xffff);
}

void load_immediate64(Assembler& assembler, Gpr rd, uint64_t value) {
  const auto signed_value = static_cast<int64_t>(value);
  if (signed_value == static_cast<int32_t>(signed_value)) {
    return load_immediate(assembler, rd, static_cast<int32_t>(signed_value));
  }
  load_immediate64(assembler, rd, static_cast<uint64_t>(signed_value >> 16));
  assembler.DSLL(rd, rd, 16);
  if ((value & 0xffff) != 0) assembler.ORI(rd, rd, static_cast<int32_t>(value & 0xffff));
}

}  // namespace ferry::mips64
