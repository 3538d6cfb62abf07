// Where translated code lies.
#pragma once

#include "engine/code_cache.hpp"
#include "host/mips64/assembler.hpp"

namespace ferry::translate::run {

/// Between the end of guest memory (2 GB, whose displacements carry 64 KB at most) and 4 GB, so
/// that entries of the address table are 32 bits; and one segment of `j`, so that any exit reaches
/// any block.
inline constexpr engine::CodePlace kCodePlace{0x9000'0000, mips64::kJumpSegmentBytes};
static_assert(kCodePlace.base % mips64::kJumpSegmentBytes == 0);

}  // namespace ferry::translate::run
