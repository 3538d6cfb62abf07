// What the values of options mean.
#pragma once

#include <string>

#include "emulator/command_line.hpp"
#include "emulator/options.hpp"

namespace ferry::emulator {

/// Gives the option its value in `line`. Returns why that cannot be; empty: it is done.
[[nodiscard]] std::string set_option(CommandLine& line, OptionId id, const char* value);

/// Whether `value` is the "help" of -d, -cpu or --no-pass, which asks for a list of values.
[[nodiscard]] bool asks_for_list(OptionId id, const char* value);
/// Prints that list and ends the process.
[[noreturn]] void print_list(OptionId id);

[[nodiscard]] EngineKind default_engine();

/// The value that an option has when nothing gives it; empty: none.
[[nodiscard]] std::string default_value(OptionId id);

/// `text` on stdout.
void print(const std::string& text);
/// `left` in a column, then `right`, on stdout.
void print_row(std::string left, const char* right);

}  // namespace ferry::emulator
