// The log of translated blocks: guest and host instructions side by side (-d in_asm,out_asm).
#pragma once

#include "engine/block.hpp"

namespace ferry {

/// Whether this binary can disassemble (it was built with Capstone).
[[nodiscard]] bool can_log_blocks();

/// Writes `block` to the log if the channels for it are on.
void log_block(const engine::Block& block);

}  // namespace ferry
