// Random sequences of instructions as blocks of the translator, under many sets of options,
// compared with the interpreter.
//
//   block_fuzz [--cases N] [--seed S] [--options NAME]
#include <getopt.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "common/diagnostics.hpp"
#include "machine.hpp"

namespace ferry::fuzz {
namespace {

struct OptionSet {
  const char* name;
  translate::Options options;
  engine::EngineOptions engine{.cold_runs = 0};
  size_t cache_bytes = Machine::kCacheBytes;
  bool self_checking = false;
};

std::vector<OptionSet> option_sets() {
  std::vector<OptionSet> sets;
  sets.push_back({"default", {}});
#define PASS(member, name, text)         \
  sets.push_back({"without " name, {}}); \
  sets.back().options.passes.member = false;
#include "translate/i386_to_mips64/passes.inc"
#undef PASS
  sets.push_back({"no passes", {}});
#define PASS(member, name, text) sets.back().options.passes.member = false;
#include "translate/i386_to_mips64/passes.inc"
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
  // Four regions that hold a few blocks each.
  sets.push_back({"evictions", {}, {.cold_runs = 0}, size_t{64} << 10});
  sets.back().options.max_guest_instructions = 3;
  sets.push_back({"self-checking", {}});
  sets.back().self_checking = true;
  return sets;
}

void print(const Sequence& sequence) {
  std::printf("  at %08x:", sequence.address);
  unsigned column = 0;
  const std::vector<uint8_t> code = sequence.bytes();
  for (const Item& item : sequence.items) {
    std::printf(" ");
    for (unsigned i = 0; i < item.length; ++i) std::printf("%02x", code[column++]);
  }
  std::printf(" cc\n  eax..edi:");
  for (const uint32_t value : sequence.gpr) std::printf(" %08x", value);
  std::printf(" eflags %08x window seed %08x tls %d\n", sequence.eflags, sequence.window_seed,
              sequence.tls);
}

const Sequence* running = nullptr;

/// Translated code that never ends cannot be stopped; what it was can be told.
void on_alarm(int) {
  std::printf("still running:\n");
  print(*running);
  std::fflush(stdout);
  ::_exit(1);
}

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
    Machine::active = nullptr;
    machine_.reset();
    return failures;
  }

 private:
  static constexpr unsigned kShown = 3;
  static constexpr unsigned kPatience = 20;  ///< seconds

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
    running = &sequence;
    ::alarm(kPatience);
    std::string text = machine_->compare(sequence, memory_, *expected);
    ::alarm(0);
    return text;
  }

  /// The same in a machine that has run nothing else: no access is known to be unaligned, nothing
  /// is warm.
  std::string check_afresh(const Sequence& sequence, const OptionSet& set) {
    Machine::active = nullptr;
    machine_.reset();
    set_up(set);
    return check(sequence, set);
  }

  /// Prints the failure, where it comes again with as few instructions as it takes.
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
    print(sequence);
    std::printf("%s", text.c_str());
    std::fflush(stdout);
  }

  Memory memory_;
  std::optional<Machine> machine_;
  SequenceGenerator generator_;
  uint64_t cases_;
  std::vector<Sequence> made_;
};

int main(int argc, char** argv) {
  static constexpr option kOptions[] = {{"cases", required_argument, nullptr, 'c'},
                                        {"seed", required_argument, nullptr, 's'},
                                        {"options", required_argument, nullptr, 'o'},
                                        {nullptr, 0, nullptr, 0}};
  uint64_t cases = 1000;
  uint64_t seed = 1;
  std::string only;
  for (int option = 0; (option = ::getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    if (option == 'c') cases = std::strtoull(optarg, nullptr, 0);
    if (option == 's') seed = std::strtoull(optarg, nullptr, 0);
    if (option == 'o') only = optarg;
    if (option == '?') return 2;
  }
  std::signal(SIGALRM, on_alarm);
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
