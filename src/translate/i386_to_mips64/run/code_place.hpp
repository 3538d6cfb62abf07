// Where translated code lies.
#pragma once

#include "engine/code_cache.hpp"
#include "host/mips64/assembler.hpp"

namespace ferry::translate::run {

/// Above everything that guest accesses reach (2 GB, and a displacement of 64 KB at most) and below
/// 4 GB, so that entries of the address table have 32 bits. It is one segment of `j`, so that any
/// exit reaches any block.
inline constexpr engine::CodePlace kCodePlace{0x9000'0000, mips64::kJumpSegmentBytes};
static_assert(kCodePlace.base % mips64::kJumpSegmentBytes == 0);

}  // namespace ferry::translate::run
