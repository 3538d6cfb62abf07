// What a failed CHECK and an internal fault print of the guest (docs/debugging.md).
#pragma once

#include "engine/code_cache.hpp"

namespace ferry::emulator {

/// From now on such reports show the guest pc, the instruction there, the host pc and the last
/// blocks that were entered through the run loop. `cache`: null where nothing is translated.
void install_crash_report(const engine::CodeCache* cache);

}  // namespace ferry::emulator
