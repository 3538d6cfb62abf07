// From the words of the command line to what they mean.
#pragma once

#include "emulator/command_line.hpp"

namespace ferry::emulator {

/// Parses the command line, the FERRY_* variables of `environment` and the settings files, and
/// opens the log. Prints help, lists and errors itself and exits then (status 0, or 1 after an
/// error).
[[nodiscard]] CommandLine parse_command_line(int argc, char** argv, char** environment);

}  // namespace ferry::emulator
