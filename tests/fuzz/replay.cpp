#include "replay.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace ferry::fuzz {

std::vector<OptionSet> option_sets() {
  std::vector<OptionSet> sets;
  sets.push_back({"default", {}});
#define PASS(member, name, text)         \
  sets.push_back({"without " name, {}}); \
  sets.back().options.passes.member = false;
#include "translate/i386/passes.inc"
#undef PASS
  sets.push_back({"no passes", {}});
#define PASS(member, name, text) sets.back().options.passes.member = false;
#include "translate/i386/passes.inc"
#undef PASS
  static constexpr const char* kShort[] = {"blocks of 1", "blocks of 2", "blocks of 3"};
  for (uint32_t length = 1; length <= 3; ++length) {
    sets.push_back({kShort[length - 1], {}});
    sets.back().options.max_guest_instructions = length;
  }
  sets.push_back({"exact flags", {}});
  sets.back().options.exact_flags = true;
  sets.push_back({"no chaining", {}, {.cold_runs = 0, .chain = false}});
  sets.push_back({"cold runs", {}, {.cold_runs = 1}});
  // A cache of four regions that hold a few blocks each.
  sets.push_back({"evictions", {}, {.cold_runs = 0}, size_t{64} << 10});
  sets.back().options.max_guest_instructions = 3;
  // In the interpreter too, whose accesses the machine orders then.
  sets.push_back({"ordered", {}, {.cold_runs = 1}});
  sets.back().options.order = translate::MemoryOrder::all_but_stack;
  sets.push_back({"tso", {}, {.cold_runs = 1}});
  sets.back().options.order = translate::MemoryOrder::all;
  sets.push_back({"self-checking", {}});
  sets.back().self_checking = true;
  return sets;
}

std::string to_text(const Sequence& sequence) {
  char word[64];
  std::snprintf(word, sizeof word, "  at %08x:", sequence.address);
  std::string text = word;
  unsigned column = 0;
  const std::vector<uint8_t> code = sequence.bytes();
  for (const Item& item : sequence.items) {
    text += ' ';
    for (unsigned i = 0; i < item.length; ++i) {
      std::snprintf(word, sizeof word, "%02x", code[column++]);
      text += word;
    }
  }
  text += " cc\n  eax..edi:";
  for (const uint32_t value : sequence.gpr) {
    std::snprintf(word, sizeof word, " %08x", value);
    text += word;
  }
  std::snprintf(word, sizeof word, " eflags %08x window seed %08x tls %d", sequence.eflags,
                sequence.window_seed, sequence.tls);
  text += word;
  if (sequence.numbers != 0) {
    std::snprintf(word, sizeof word, " numbers %08x", sequence.numbers);
    text += word;
  }
  return text + "\n";
}

namespace {

bool parse_hex(const std::string& word, uint32_t& value) {
  char* end = nullptr;
  value = static_cast<uint32_t>(std::strtoul(word.c_str(), &end, 16));
  return !word.empty() && *end == '\0';
}

/// The bytes of one instruction, or of several. The distances of branches are fixed in this form.
bool parse_item(const std::string& word, Sequence& sequence) {
  if (word.size() % 2 != 0) return false;
  for (size_t i = 0; i < word.size(); i += 2) {
    if (i % (2 * size_t{semantics::kMaxCodeLength}) == 0) sequence.items.emplace_back();
    Item& item = sequence.items.back();
    uint32_t byte = 0;
    if (!parse_hex(word.substr(i, 2), byte)) return false;
    item.bytes[item.length++] = static_cast<uint8_t>(byte);
  }
  return true;
}

bool next_is(std::istream& in, std::string_view wanted) {
  std::string word;
  return in >> word && word == wanted;
}

bool next_number(std::istream& in, uint32_t& value) {
  std::string word;
  return in >> word && parse_hex(word, value);
}

}  // namespace

bool parse(std::string_view text, Sequence& sequence) {
  sequence = {};
  std::istringstream in{std::string(text)};
  std::string word;
  if (!next_is(in, "at") || !(in >> word) || word.empty() || word.back() != ':') return false;
  word.pop_back();
  if (!parse_hex(word, sequence.address)) return false;
  while (in >> word && word != "cc") {
    if (!parse_item(word, sequence)) return false;
  }
  if (!next_is(in, "eax..edi:")) return false;
  for (uint32_t& value : sequence.gpr) {
    if (!next_number(in, value)) return false;
  }
  uint32_t tls = 0;
  const bool rest = next_is(in, "eflags") && next_number(in, sequence.eflags) &&
                    next_is(in, "window") && next_is(in, "seed") &&
                    next_number(in, sequence.window_seed) && next_is(in, "tls") &&
                    next_number(in, tls);
  sequence.tls = tls != 0;
  if (!(in >> word) || word != "numbers") return rest;
  return rest && next_number(in, sequence.numbers);
}

namespace {

const Sequence* running = nullptr;

/// Translated code that never ends cannot be stopped, but the sequence can be printed.
void on_alarm(int) {
  std::printf("still running:\n%s", to_text(*running).c_str());
  std::fflush(stdout);
  ::_exit(1);
}

}  // namespace

std::string compare_in_time(Machine& machine, const Sequence& sequence, Memory& memory,
                            const Outcome& expected) {
  constexpr unsigned kPatience = 20;  // seconds
  std::signal(SIGALRM, on_alarm);
  running = &sequence;
  ::alarm(kPatience);
  std::string text = machine.compare(sequence, memory, expected);
  ::alarm(0);
  return text;
}

std::string replay(const Sequence& sequence, Memory& memory) {
  std::string text;
  for (const OptionSet& set : option_sets()) {
    const auto expected = run_reference(sequence, memory, set.options.exact_flags);
    if (!expected) return "  the interpreter cannot judge the sequence\n";
    Machine machine(set.options, set.engine, set.cache_bytes);
    if (set.self_checking) machine.make_self_checking();
    const std::string different = compare_in_time(machine, sequence, memory, *expected);
    if (!different.empty()) text += std::string(set.name) + ":\n" + different;
  }
  return text;
}

}  // namespace ferry::fuzz
