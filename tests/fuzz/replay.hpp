// Sequences under every set of options, and as text: for block_fuzz and for the tests of what it
// found.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machine.hpp"

namespace ferry::fuzz {

struct OptionSet {
  const char* name;
  translate::Options options;
  engine::EngineOptions engine{.cold_runs = 0};
  size_t cache_bytes = Machine::kCacheBytes;
  bool self_checking = false;
};

/// All passes, each switched off alone, none, short blocks, and what else changes the code.
[[nodiscard]] std::vector<OptionSet> option_sets();

/// Address, bytes of each instruction, registers, flags, memory: what `parse` reads.
[[nodiscard]] std::string to_text(const Sequence& sequence);
/// Reads what `to_text` made. White space and line ends do not matter; instructions need not be
/// apart. False if it is something else.
[[nodiscard]] bool parse(std::string_view text, Sequence& sequence);

/// Machine::compare. Code that does not end in 20 s is printed and ends the process.
[[nodiscard]] std::string compare_in_time(Machine& machine, const Sequence& sequence,
                                          Memory& memory, const Outcome& expected);

/// The sequence in a fresh machine of each set of options: what differs, empty if nothing does. A
/// sequence that the interpreter cannot judge (too long) is a difference too.
[[nodiscard]] std::string replay(const Sequence& sequence, Memory& memory);

}  // namespace ferry::fuzz
