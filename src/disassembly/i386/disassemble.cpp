#include "disassembly/i386/disassemble.hpp"

#include <capstone/capstone.h>

namespace ferry::disassembly {

std::string disassemble_i386(const uint8_t* bytes, uint32_t size, uint32_t address) {
  csh capstone = 0;
  if (cs_open(CS_ARCH_X86, CS_MODE_32, &capstone) != CS_ERR_OK) return "(no capstone)";
  cs_insn* instructions = nullptr;
  const size_t count = cs_disasm(capstone, bytes, size, address, 1, &instructions);
  std::string text = "(bad)";
  if (count == 1) {
    text = instructions->mnemonic;
    if (instructions->op_str[0] != '\0') text.append(" ").append(instructions->op_str);
    cs_free(instructions, count);
  }
  cs_close(&capstone);
  return text;
}

}  // namespace ferry::disassembly
