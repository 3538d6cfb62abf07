// Everything of one process together: address space, guest process, translator, engine.
#pragma once

#include "emulator/command_line.hpp"

namespace ferry::emulator {

/// Runs the program of `line` to its end; never returns.
[[noreturn]] void run_program(const CommandLine& line, char** environment);

}  // namespace ferry::emulator
