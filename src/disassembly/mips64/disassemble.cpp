#include "disassembly/mips64/disassemble.hpp"

#include <capstone/capstone.h>

#include <cstdio>

namespace ferry::disassembly {

namespace {

csh open_capstone() {
  csh capstone = 0;
  const auto mode = static_cast<cs_mode>(CS_MODE_MIPS64 | CS_MODE_LITTLE_ENDIAN);
  return cs_open(CS_ARCH_MIPS, mode, &capstone) == CS_ERR_OK ? capstone : 0;
}

}  // namespace

std::string disassemble_mips64(uint32_t word, uint64_t address) {
  static const csh capstone = open_capstone();
  char raw[20];
  std::snprintf(raw, sizeof raw, ".word 0x%08x", word);
  std::string text = raw;
  const uint8_t bytes[4] = {static_cast<uint8_t>(word), static_cast<uint8_t>(word >> 8),
                            static_cast<uint8_t>(word >> 16), static_cast<uint8_t>(word >> 24)};
  cs_insn* instruction = nullptr;
  if (capstone == 0 || cs_disasm(capstone, bytes, sizeof bytes, address, 1, &instruction) != 1)
    return text;
  text = instruction->mnemonic;
  if (instruction->op_str[0] != '\0') text.append(" ").append(instruction->op_str);
  cs_free(instruction, 1);
  return text;
}

}  // namespace ferry::disassembly
