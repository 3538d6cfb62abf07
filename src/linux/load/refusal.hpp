// What ferry tells its user about a file that cannot be executed. A guest gets an errno instead.
#pragma once

#include <string>

#include "linux/load/elf_loader.hpp"

namespace ferry::linux {

/// Why parse_elf refuses the open file: names the machine that it is for, or tells that it is
/// empty.
[[nodiscard]] std::string refusal_text(int descriptor, ElfProblem problem);

/// The loader (PT_INTERP) `path` is neither in `root`, which may be empty, nor on the host.
[[nodiscard]] std::string missing_loader_text(const std::string& path, const std::string& root);

/// The interpreter `path` that the #! line of a script names does not exist.
[[nodiscard]] std::string missing_interpreter_text(const std::string& path);

}  // namespace ferry::linux
