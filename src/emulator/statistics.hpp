// --stats: the engine's counters as JSON.
#pragma once

#include <string>

#include "engine/engine.hpp"
#include "linux/kernel/signal_state.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::emulator {

/// Writes the counters to the file that `pattern` names (%p: the process number). `engine` and
/// `fallbacks` are null when everything was interpreted. docs/command-line.md explains the
/// counters.
void write_statistics(const std::string& pattern, engine::Engine* engine,
                      const translate::run::Fallbacks* fallbacks,
                      const linux::SignalCounts& signals);

}  // namespace ferry::emulator
