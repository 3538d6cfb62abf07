// MIPS64 instructions as text, for logs. The core does not link this.
#pragma once

#include <cstdint>
#include <string>

namespace ferry::disassembly {

/// The instruction `word` that lies at `address`; ".word" where Capstone knows none.
[[nodiscard]] std::string disassemble_mips64(uint32_t word, uint64_t address);

}  // namespace ferry::disassembly
