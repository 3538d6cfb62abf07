// The real-CPU oracle: random instructions on the processor and in ferry, results compared.
//
//   semantics_test --native RUNNER [--cases N] [--seed S] [--row MNEMONIC]
//                 [--family integer|x87|all] [--record FILE] [--engine E]
//   semantics_test --replay FILE [--engine interpret|helpers|translate]
//
// --record writes the cases with the processor's results; --replay checks a recording on any host.
// FILE may be - (standard output or input), so that a host that is no i386 can check a live stream.
#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/diagnostics.hpp"
#include "compare.hpp"
#include "executor.hpp"
#include "generator.hpp"
#include "recording.hpp"
#include "row_check.hpp"

namespace ferry::semantics {
namespace {

struct Options {
  std::string native;
  std::string record;
  std::string replay;
  std::string mnemonic;
  std::string family = "all";
  std::string engine = "interpret";
  uint64_t cases = 100'000;
  uint64_t seed = 1;
};

/// Counts by row, and the first few differences in full.
class Report {
 public:
  /// `traits`: those of the processor whose results are the expected ones.
  explicit Report(uint8_t traits) : traits_(traits), rows_(i386::row_count()) {}

  void check(const Case& test, const Result& expected, const Result& actual, Executor& engine) {
    const auto instruction = decode(test);
    RowCount& count = instruction ? rows_[instruction->row] : undecoded_;
    ++count.cases;
    if (expected.vector == kCompleted) ++count.completed;
    const std::string different = differences(test, expected, actual, traits_);
    const std::string_view known = known_difference(test, expected, actual, traits_);
    if (!different.empty() && !known.empty()) {
      ++known_[std::string(known)];
      return;
    }
    const std::string text = different + row_errors(test, actual, engine);
    if (text.empty()) return;
    ++different_;
    constexpr unsigned kShownPerRow = 2;
    if (++count.different <= kShownPerRow) {
      std::fprintf(stderr, "%s%s", describe(test).c_str(), text.c_str());
    }
  }

  /// Prints the counts; whether there were no differences and every row had a case.
  [[nodiscard]] bool finish(bool all_rows) const {
    uint64_t total = undecoded_.cases;
    unsigned covered = 0;
    bool complete = true;
    std::map<std::string, unsigned> skipped;
    for (uint16_t i = 0; i < rows_.size(); ++i) {
      const i386::Row& row = i386::row(i);
      const std::string_view reason = reason_to_skip(row);
      total += rows_[i].cases;
      if (rows_[i].cases != 0) ++covered;
      if (!reason.empty()) ++skipped[std::string(reason)];
      if (all_rows && reason.empty() && rows_[i].cases == 0) complete = false;
      if (!all_rows || !reason.empty() || rows_[i].cases == 0) continue;
      std::fprintf(stderr, "%-10.*s map %u opcode %02x /%d: %u cases, %u completed, %u different\n",
                   static_cast<int>(row.mnemonic.size()), row.mnemonic.data(),
                   static_cast<unsigned>(row.map), row.opcode, row.extension, rows_[i].cases,
                   rows_[i].completed, rows_[i].different);
    }
    for (const auto& [reason, count] : skipped) {
      std::fprintf(stderr, "skipped: %u rows: %s\n", count, reason.c_str());
    }
    for (const auto& [reason, count] : known_) {
      std::fprintf(stderr, "excused: %u cases: %s\n", count, reason.c_str());
    }
    std::fprintf(stderr,
                 "largest distance of a transcendental result: %llu units of the last place\n",
                 static_cast<unsigned long long>(largest_transcendental_error()));
    std::fprintf(stderr, "%llu cases, %u rows, %llu differences%s\n",
                 static_cast<unsigned long long>(total), covered,
                 static_cast<unsigned long long>(different_),
                 complete ? "" : "; some rows had no case");
    return different_ == 0 && complete;
  }

 private:
  struct RowCount {
    uint32_t cases = 0;
    uint32_t completed = 0;
    uint32_t different = 0;
  };
  uint8_t traits_;
  std::vector<RowCount> rows_;
  RowCount undecoded_;
  std::map<std::string, unsigned> known_;  ///< excused differences, by reason
  uint64_t different_ = 0;
};

std::FILE* open_or_die(const std::string& path, const char* mode, std::FILE* standard) {
  if (path == "-") return standard;
  std::FILE* const file = std::fopen(path.c_str(), mode);
  if (file == nullptr) die(1, "%s: cannot open", path.c_str());
  return file;
}

std::unique_ptr<Executor> make_executor(const std::string& engine) {
  if (engine == "translate") return make_translator_executor();
  if (engine == "helpers") return make_helper_executor();
  return make_interpreter_executor();
}

int run_native(const Options& options) {
  std::vector<uint16_t> rows;
  for (uint16_t i = 0; i < i386::row_count(); ++i) {
    const bool named = options.mnemonic.empty() || i386::row(i).mnemonic == options.mnemonic;
    const bool in_family =
        options.family == "all" || uses_x87(i386::row(i)) == (options.family == "x87");
    if (named && in_family && reason_to_skip(i386::row(i)).empty()) rows.push_back(i);
  }
  if (rows.empty()) die(1, "no such mnemonic: %s", options.mnemonic.c_str());

  const uint8_t traits = processor_traits();
  const auto processor = make_native_executor(options.native);
  const auto engine = make_executor(options.engine);
  std::optional<RecordWriter> recording;
  std::FILE* file = nullptr;
  if (!options.record.empty()) {
    file = open_or_die(options.record, "wb", stdout);
    recording.emplace(file, traits);
  }
  Generator generator(options.seed, traits);
  Report report(traits);
  constexpr size_t kBatch = 16384;
  std::vector<Case> cases(kBatch);
  std::vector<Result> expected(kBatch);
  std::vector<Result> actual(kBatch);
  for (uint64_t done = 0; done < options.cases;) {
    const size_t count = std::min<uint64_t>(kBatch, options.cases - done);
    for (size_t i = 0; i < count; ++i) cases[i] = generator.make(rows[(done + i) % rows.size()]);
    processor->run({cases.data(), count}, {expected.data(), count});
    engine->run({cases.data(), count}, {actual.data(), count});
    for (size_t i = 0; i < count; ++i) {
      // A context switch in the middle of a case loses x87 pointers, so what differs is asked
      // again: more than once, because on a busy machine the answer may lose them, too.
      constexpr unsigned kQuestions = 5;
      for (unsigned k = 1; k < kQuestions; ++k) {
        if (differences(cases[i], expected[i], actual[i], traits).empty()) break;
        processor->run({&cases[i], 1}, {&expected[i], 1});
      }
      report.check(cases[i], expected[i], actual[i], *engine);
      if (recording) recording->write(cases[i], expected[i]);
    }
    done += count;
  }
  if (file != nullptr && std::fflush(file) != 0) die(1, "%s: cannot write", options.record.c_str());
  return report.finish(options.mnemonic.empty() && options.family == "all" &&
                       options.cases >= rows.size())
             ? 0
             : 1;
}

int run_replay(const Options& options) {
  std::FILE* const file = open_or_die(options.replay, "rb", stdin);
  RecordReader reader(file);
  const auto executor = make_executor(options.engine);
  Report report(reader.traits());
  Case test;
  Result expected;
  while (reader.read(test, expected)) {
    Result actual{};
    executor->run({&test, 1}, {&actual, 1});
    report.check(test, expected, actual, *executor);
  }
  return report.finish(false) ? 0 : 1;
}

int main(int argc, char** argv) {
  static constexpr option kOptions[] = {{"native", required_argument, nullptr, 'n'},
                                        {"record", required_argument, nullptr, 'r'},
                                        {"engine", required_argument, nullptr, 'e'},
                                        {"replay", required_argument, nullptr, 'p'},
                                        {"cases", required_argument, nullptr, 'c'},
                                        {"seed", required_argument, nullptr, 's'},
                                        {"row", required_argument, nullptr, 'm'},
                                        {"family", required_argument, nullptr, 'f'},
                                        {nullptr, 0, nullptr, 0}};
  Options options;
  for (int option = 0; (option = ::getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (option) {
      case 'n':
        options.native = optarg;
        break;
      case 'r':
        options.record = optarg;
        break;
      case 'p':
        options.replay = optarg;
        break;
      case 'c':
        options.cases = std::strtoull(optarg, nullptr, 0);
        break;
      case 's':
        options.seed = std::strtoull(optarg, nullptr, 0);
        break;
      case 'e':
        options.engine = optarg;
        break;
      case 'f':
        options.family = optarg;
        break;
      case 'm':
        options.mnemonic = optarg;
        break;
      default:
        return 2;
    }
  }
  if (!options.replay.empty()) return run_replay(options);
  if (options.native.empty()) die(2, "--native RUNNER or --replay FILE is needed");
  return run_native(options);
}

}  // namespace
}  // namespace ferry::semantics

int main(int argc, char** argv) {
  return ferry::semantics::main(argc, argv);
}
