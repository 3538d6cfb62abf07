// --stats: the engine's counters as JSON.
#pragma once

#include <string>

#include "engine/engine.hpp"
#include "guest/i386/cpu_state.hpp"

namespace ferry {

/// Writes the counters to `path`. `engine` is null when everything was interpreted.
void write_statistics(const std::string& path, const engine::Engine* engine, const i386::CpuState& cpu);

}  // namespace ferry
