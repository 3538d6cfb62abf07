// Runs random instructions on the processor and in ferry, and compares the results.
//
//   semantics_test --native RUNNER [--cases N] [--seed S] [--row MNEMONIC]
//                 [--family integer|x87|all] [--record FILE] [--keep FILE] [--engine E]
//   semantics_test --replay FILE [--keep FILE] [--engine interpret|run|helpers|translate]
//   semantics_test --native RUNNER --probes
//
// --record writes the cases with the processor's results; --replay checks a recording on any host.
// --keep writes the cases whose difference no rule explains; --probes prints the answers to the
// probes. Every run begins with the probes' own cases.
// FILE may be - (standard output or input), so that a host that is not i386 can check a live
// stream.
#include <getopt.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "common/diagnostics.hpp"
#include "compare.hpp"
#include "executor.hpp"
#include "generator.hpp"
#include "probes.hpp"
#include "processor.hpp"
#include "recording.hpp"
#include "report.hpp"

namespace ferry::semantics {
namespace {

struct Options {
  std::string native;
  std::string record;
  std::string replay;
  std::string keep;
  bool probes = false;
  std::string mnemonic;
  std::string family = "all";
  std::string engine = "interpret";
  uint64_t cases = 100'000;
  uint64_t seed = 1;
};

std::FILE* open_or_die(const std::string& path, const char* mode, std::FILE* standard) {
  if (path == "-") return standard;
  std::FILE* const file = std::fopen(path.c_str(), mode);
  if (file == nullptr) die(1, "%s: cannot open", path.c_str());
  return file;
}

std::unique_ptr<Executor> make_executor(const std::string& engine) {
  if (engine == "translate") return make_translator_executor();
  if (engine == "run") return make_run_executor();
  if (engine == "helpers") return make_helper_executor();
  return make_interpreter_executor();
}

/// Writes the processor and then cases to a file, if one is named.
class OptionalRecording {
 public:
  OptionalRecording(const std::string& path, const Processor& processor) : path_(path) {
    if (path.empty()) return;
    file_ = open_or_die(path, "wb", stdout);
    writer_.emplace(file_, processor);
  }
  void write(const Case& test, const Result& result) {
    if (writer_) writer_->write(test, result);
  }
  void finish() {
    if (file_ != nullptr && std::fflush(file_) != 0) die(1, "%s: cannot write", path_.c_str());
  }

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
  std::optional<RecordWriter> writer_;
};

std::vector<uint16_t> chosen_rows(const Options& options) {
  std::vector<uint16_t> rows;
  for (uint16_t i = 0; i < i386::row_count(); ++i) {
    const bool named = options.mnemonic.empty() || i386::row(i).mnemonic == options.mnemonic;
    const bool in_family =
        options.family == "all" || uses_x87(i386::row(i)) == (options.family == "x87");
    if (named && in_family && reason_to_skip(i386::row(i)).empty()) rows.push_back(i);
  }
  if (rows.empty()) die(1, "no such mnemonic: %s", options.mnemonic.c_str());
  return rows;
}

/// The probes' own cases for the chosen rows, then random ones.
class CaseSource {
 public:
  CaseSource(const Options& options, OwnBytes own_bytes)
      : rows_(chosen_rows(options)), generator_(options.seed, own_bytes) {
    for (const Probe& probe : probes()) {
      const auto instruction = decode(probe.test);
      const bool chosen = !probe.of_own_bytes && instruction &&
                          std::find(rows_.begin(), rows_.end(), instruction->row) != rows_.end();
      if (chosen) probes_.push_back(probe.test);
    }
  }
  Case next() {
    const uint64_t index = next_++;
    if (index < probes_.size()) return probes_[index];
    return generator_.make(rows_[(index - probes_.size()) % rows_.size()]);
  }
  [[nodiscard]] size_t row_count() const { return rows_.size(); }
  [[nodiscard]] size_t probe_count() const { return probes_.size(); }

 private:
  std::vector<uint16_t> rows_;
  std::vector<Case> probes_;
  Generator generator_;
  uint64_t next_ = 0;
};

/// Prints what was found. Returns the exit status.
int finish(const Report& report, const Processor& processor, Executor& engine,
           const std::string& how_to_keep, bool all_rows) {
  std::fputs(report.counts(all_rows).c_str(), stderr);
  std::fputs(report.unexplained(processor, engine, how_to_keep).c_str(), stderr);
  return report.good(all_rows) ? 0 : 1;
}

std::string command_to_keep(const Options& options) {
  std::string text = "semantics_test --native " + options.native + " --family " + options.family;
  text += " --cases " + std::to_string(options.cases) + " --seed " + std::to_string(options.seed);
  if (!options.mnemonic.empty()) text += " --row " + options.mnemonic;
  return text + " --engine " + options.engine + " --keep different.bin";
}

int run_native(const Options& options) {
  const auto processor = make_native_executor(options.native);
  const auto engine = make_executor(options.engine);
  const Processor asked = ask_processor(*processor, *engine);
  OptionalRecording recording(options.record, asked);
  OptionalRecording kept(options.keep, asked);
  CaseSource source(options, ask_own_bytes(*processor, *engine));
  Report report;
  constexpr size_t kBatch = 16384;
  std::vector<Case> cases(kBatch);
  std::vector<Result> expected(kBatch);
  std::vector<Result> actual(kBatch);
  for (uint64_t done = 0; done < options.cases;) {
    const size_t count = std::min<uint64_t>(kBatch, options.cases - done);
    for (size_t i = 0; i < count; ++i) cases[i] = source.next();
    processor->run({cases.data(), count}, {expected.data(), count});
    engine->run({cases.data(), count}, {actual.data(), count});
    for (size_t i = 0; i < count; ++i) {
      // A context switch in the middle of a case loses x87 pointers, so what differs is asked
      // again: more than once, because on a busy machine the answer may lose them, too.
      constexpr unsigned kQuestions = 5;
      for (unsigned k = 1; k < kQuestions; ++k) {
        if (differences(cases[i], expected[i], actual[i]).empty()) break;
        processor->run({&cases[i], 1}, {&expected[i], 1});
      }
      const Verdict verdict = report.check(cases[i], expected[i], actual[i], *engine);
      recording.write(cases[i], expected[i]);
      if (verdict == Verdict::different) kept.write(cases[i], expected[i]);
    }
    done += count;
  }
  recording.finish();
  kept.finish();
  const bool all_rows = options.mnemonic.empty() && options.family == "all" &&
                        options.cases >= source.row_count() + source.probe_count();
  return finish(report, asked, *engine, command_to_keep(options), all_rows);
}

int run_replay(const Options& options) {
  std::FILE* const file = open_or_die(options.replay, "rb", stdin);
  RecordReader reader(file);
  const auto executor = make_executor(options.engine);
  OptionalRecording kept(options.keep, reader.processor());
  Report report;
  Case test;
  Result expected;
  while (reader.read(test, expected)) {
    Result actual{};
    executor->run({&test, 1}, {&actual, 1});
    const Verdict verdict = report.check(test, expected, actual, *executor);
    if (verdict == Verdict::different) kept.write(test, expected);
  }
  kept.finish();
  const std::string how_to_keep = "semantics_test --replay " + options.replay + " --engine " +
                                  options.engine + " --keep different.bin";
  return finish(report, reader.processor(), *executor, how_to_keep, false);
}

/// Prints the processor's answers to the probes and, where ferry answers otherwise, ferry's.
int run_probes(const Options& options) {
  const auto processor = make_native_executor(options.native);
  const auto engine = make_executor(options.engine);
  std::fputs(ask_processor(*processor, *engine).text().c_str(), stdout);
  for (const Probe& probe : probes()) {
    const std::string answer = ask(probe, *engine);
    if (answer == ask(probe, *processor)) continue;
    std::printf("ferry otherwise: %s: %s\n", probe.name.c_str(), answer.c_str());
  }
  return 0;
}

int main(int argc, char** argv) {
  static constexpr option kOptions[] = {{"native", required_argument, nullptr, 'n'},
                                        {"record", required_argument, nullptr, 'r'},
                                        {"engine", required_argument, nullptr, 'e'},
                                        {"replay", required_argument, nullptr, 'p'},
                                        {"keep", required_argument, nullptr, 'k'},
                                        {"probes", no_argument, nullptr, 'a'},
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
      case 'k':
        options.keep = optarg;
        break;
      case 'a':
        options.probes = true;
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
  if (options.probes) return run_probes(options);
  return run_native(options);
}

}  // namespace
}  // namespace ferry::semantics

int main(int argc, char** argv) {
  return ferry::semantics::main(argc, argv);
}
