// Runs random sequences of instructions in the translator, under many sets of options, and compares
// with the interpreter.
//
//   block_fuzz [--cases N] [--seed S] [--options NAME]
//   block_fuzz --replay FILE     the one sequence in FILE, printed by a run that found a difference
#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "replay.hpp"

namespace ferry::fuzz {
namespace {

class Fuzzer {
 public:
  Fuzzer(uint64_t seed, uint64_t cases) : generator_(seed, memory_), cases_(cases) {}

  /// Compares all cases under one set of options. Returns how many differ.
  unsigned run(const OptionSet& set) {
    set_up(set);
    unsigned failures = 0;
    unsigned compared = 0;
    for (const Sequence& sequence : sequences(set.options.exact_flags)) {
      const std::string text = check(sequence, set);
      ++compared;
      if (text.empty() || ++failures > kShown) continue;
      report(sequence, set, text);
    }
    std::printf("%-24s %u sequences, %u different\n", set.name, compared, failures);
    std::fflush(stdout);
    machine_.reset();
    return failures;
  }

 private:
  static constexpr unsigned kShown = 3;

  void set_up(const OptionSet& set) {
    machine_.emplace(set.options, set.engine, set.cache_bytes);
    if (set.self_checking) machine_->make_self_checking();
  }

  /// The cases, made once.
  const std::vector<Sequence>& sequences(bool exact_flags) {
    while (made_.size() < cases_) {
      Sequence sequence = generator_.make();
      if (run_reference(sequence, memory_, exact_flags)) made_.push_back(std::move(sequence));
    }
    return made_;
  }

  std::string check(const Sequence& sequence, const OptionSet& set) {
    const auto expected = run_reference(sequence, memory_, set.options.exact_flags);
    if (!expected) return {};
    return compare_in_time(*machine_, sequence, memory_, *expected);
  }

  /// The same in a machine that has run nothing else: no access is known to be unaligned, and no
  /// block is warm.
  std::string check_afresh(const Sequence& sequence, const OptionSet& set) {
    machine_.reset();
    set_up(set);
    return check(sequence, set);
  }

  /// Prints the failure; if it can be repeated, with as few instructions as it takes.
  void report(Sequence sequence, const OptionSet& set, std::string text) {
    const std::string again = check_afresh(sequence, set);
    bool smaller = !again.empty();
    std::printf("differs (%s)%s:\n", set.name, smaller ? "" : " only after what ran before it");
    if (smaller) text = again;
    while (smaller) {
      smaller = false;
      for (unsigned i = 0; i < sequence.items.size() && !smaller; ++i) {
        Sequence shorter = sequence;
        shorter.drop(i);
        const std::string different = check_afresh(shorter, set);
        if (different.empty()) continue;
        sequence = std::move(shorter);
        text = different;
        smaller = true;
      }
    }
    std::printf("%s%s", to_text(sequence).c_str(), text.c_str());
    std::fflush(stdout);
  }

  Memory memory_;
  std::optional<Machine> machine_;
  SequenceGenerator generator_;
  uint64_t cases_;
  std::vector<Sequence> made_;
};

int replay_file(const char* path) {
  std::ifstream file(path);
  const std::string given{std::istreambuf_iterator<char>(file), {}};
  Sequence sequence;
  if (!parse(given, sequence)) {
    std::fprintf(stderr, "%s: no sequence\n", path);
    return 2;
  }
  Memory memory;
  const std::string text = replay(sequence, memory);
  std::printf("%s%s", text.c_str(), text.empty() ? "no difference\n" : "");
  return text.empty() ? 0 : 1;
}

int main(int argc, char** argv) {
  static constexpr option kOptions[] = {{"cases", required_argument, nullptr, 'c'},
                                        {"seed", required_argument, nullptr, 's'},
                                        {"options", required_argument, nullptr, 'o'},
                                        {"replay", required_argument, nullptr, 'r'},
                                        {nullptr, 0, nullptr, 0}};
  uint64_t cases = 1000;
  uint64_t seed = 1;
  std::string only;
  for (int option = 0; (option = ::getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    if (option == 'c') cases = std::strtoull(optarg, nullptr, 0);
    if (option == 's') seed = std::strtoull(optarg, nullptr, 0);
    if (option == 'o') only = optarg;
    if (option == 'r') return replay_file(optarg);
    if (option == '?') return 2;
  }
  Fuzzer fuzzer(seed, cases);
  unsigned failures = 0;
  for (const OptionSet& set : option_sets()) {
    if (only.empty() || only == set.name) failures += fuzzer.run(set);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ferry::fuzz

int main(int argc, char** argv) {
  return ferry::fuzz::main(argc, argv);
}
