// The log of translated blocks: guest and host instructions side by side (-d in_asm,out_asm).
#pragma once

#include "common/address_filter.hpp"
#include "engine/block.hpp"

namespace ferry::emulator {

/// Whether this binary can disassemble (it was built with Capstone).
[[nodiscard]] bool can_log_blocks();

/// Whether the log wants new blocks.
[[nodiscard]] bool blocks_are_logged();

/// Writes `block` to the log if `filter` covers its address.
void log_block(const engine::Block& block, const AddressFilter& filter);

}  // namespace ferry::emulator
