// Runs sequences under every set of options, and converts them to text and back: for block_fuzz and
// for the tests of the bugs that it found.
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

/// All passes on, each switched off alone, all off, short blocks, and the other options that change
/// the code.
[[nodiscard]] std::vector<OptionSet> option_sets();

/// Address, bytes of each instruction, registers, flags and memory, as `parse` reads them.
[[nodiscard]] std::string to_text(const Sequence& sequence);
/// Reads what `to_text` made. White space and line ends do not matter, and instructions need not be
/// separated. False if the text is something else.
[[nodiscard]] bool parse(std::string_view text, Sequence& sequence);

/// As Machine::compare, but a sequence that does not end in 20 s is printed, and the process ends.
[[nodiscard]] std::string compare_in_time(Machine& machine, const Sequence& sequence,
                                          Memory& memory, const Outcome& expected);

/// Runs the sequence in a fresh machine for each set of options. Returns what differs; empty if
/// nothing does. A sequence that the interpreter cannot judge (too long) counts as a difference.
[[nodiscard]] std::string replay(const Sequence& sequence, Memory& memory);

}  // namespace ferry::fuzz
