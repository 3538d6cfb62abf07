// Instructions as text, for logs and tests. The core does not link this.
#pragma once

#include <cstdint>
#include <string>

namespace ferry::disassembly {

/// The instruction at the start of `bytes` in Intel syntax; "(bad)" if Capstone knows none there.
[[nodiscard]] std::string disassemble_i386(const uint8_t* bytes, uint32_t size, uint32_t address);

}  // namespace ferry::disassembly
