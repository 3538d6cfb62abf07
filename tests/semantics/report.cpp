#include "report.hpp"

#include <algorithm>

#include "compare.hpp"
#include "either_rules.hpp"
#include "generator.hpp"
#include "row_check.hpp"
#include "text.hpp"

namespace ferry::semantics {

namespace {

[[nodiscard]] std::string outcome(const Result& result) {
  std::string text;
  if (result.vector == kCompleted) return "completes";
  append(text, "vector %u", result.vector);
  return text;
}

/// The mnemonic, both outcomes, and the items that differ (in each line of `different`, the words
/// before the colon).
[[nodiscard]] std::string kind_of(const Case& test, const Result& expected, const Result& actual,
                                  const std::string& different) {
  const auto instruction = decode(test);
  std::string text(instruction ? i386::row(instruction->row).mnemonic : "undecoded");
  text += " (processor " + outcome(expected) + ", ours " + outcome(actual) + "):";
  for (size_t begin = 0; begin < different.size();) {
    const size_t end = std::min(different.find('\n', begin), different.size());
    const std::string line = different.substr(begin, end - begin);
    const std::string item = line.substr(0, line.find(':'));
    if (text.find(item) == std::string::npos) text += item;
    begin = end + 1;
  }
  return text;
}

}  // namespace

Report::Report() : rows_(i386::row_count()) {}

Verdict Report::check(const Case& test, const Result& expected, const Result& actual,
                      Executor& engine) {
  const auto instruction = decode(test);
  RowCount& count = instruction ? rows_[instruction->row] : undecoded_;
  ++count.cases;
  if (expected.vector == kCompleted) ++count.completed;
  std::string different = differences(test, expected, actual);
  bool accepted = false;
  if (!different.empty()) {
    std::string reason(known_difference(test, expected));
    if (reason.empty()) {
      reason = explained_by_rules(test, expected, actual);
      if (!reason.empty()) reason.insert(0, "either answer: ");
    }
    accepted = !reason.empty();
    if (accepted) {
      ++accepted_[reason];
      different.clear();
    }
  }
  if (!accepted) different += row_errors(test, actual, engine);
  if (different.empty()) return accepted ? Verdict::accepted : Verdict::same;
  ++different_;
  ++count.different;
  Kind& kind = kinds_[kind_of(test, expected, actual, different)];
  if (++kind.cases == 1) kind.example = describe(test) + different;
  return Verdict::different;
}

std::string Report::counts(bool all_rows) const {
  std::string text;
  uint64_t total = undecoded_.cases;
  unsigned covered = 0;
  std::map<std::string, unsigned> skipped;
  for (uint16_t i = 0; i < rows_.size(); ++i) {
    const i386::Row& row = i386::row(i);
    const RowCount& count = rows_[i];
    const std::string_view reason = reason_to_skip(row);
    total += count.cases;
    if (count.cases != 0) ++covered;
    if (!reason.empty()) ++skipped[std::string(reason)];
    if (!all_rows || !reason.empty() || count.cases == 0) continue;
    append(text, "%-10.*s map %u opcode %02x /%d: %u cases, %u completed, %u different\n",
           static_cast<int>(row.mnemonic.size()), row.mnemonic.data(),
           static_cast<unsigned>(row.map), row.opcode, row.extension, count.cases, count.completed,
           count.different);
  }
  for (const auto& [reason, count] : skipped) {
    append(text, "skipped: %u rows: %s\n", count, reason.c_str());
  }
  for (const auto& [reason, count] : accepted_) {
    append(text, "accepted: %llu cases: %s\n", static_cast<unsigned long long>(count),
           reason.c_str());
  }
  append(text, "largest distance of a transcendental result: %llu units of the last place\n",
         static_cast<unsigned long long>(largest_transcendental_error()));
  append(text, "%llu cases, %u rows, %llu differences%s\n", static_cast<unsigned long long>(total),
         covered, static_cast<unsigned long long>(different_),
         all_rows && !every_row_has_a_case() ? "; some rows had no case" : "");
  return text;
}

std::string Report::unexplained(const Processor& processor, Executor& ferry,
                                const std::string& how_to_keep) const {
  if (kinds_.empty()) return {};
  std::string text;
  append(text, "\n%llu cases differ from the processor, and no rule explains how. By kind:\n",
         static_cast<unsigned long long>(different_));
  for (const auto& [name, kind] : kinds_) {
    append(text, "- %llu: ", static_cast<unsigned long long>(kind.cases));
    text += name + "\n  example: " + kind.example;
  }
  text += "\nProcessor: " + processor.name + "\n";
  unsigned same = 0;
  for (const Trait& ours : probe_answers(ferry)) {
    const std::string_view answer = processor.answer(ours.probe);
    if (answer == ours.answer) ++same;
    if (answer.empty() || answer == ours.answer) continue;
    text += "probe: " + ours.probe + "\n  processor: " + std::string(answer) +
            "\n  ferry:     " + ours.answer + "\n";
  }
  append(text, "%u other probes were answered like ferry's.\n", same);
  text += "\nTo keep the cases for others to look at:\n  " + how_to_keep +
          "\nWhat then: docs/testing.md, \"A new processor\".\n";
  return text;
}

bool Report::every_row_has_a_case() const {
  for (uint16_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].cases == 0 && reason_to_skip(i386::row(i)).empty()) return false;
  }
  return true;
}

bool Report::good(bool all_rows) const {
  return different_ == 0 && (!all_rows || every_row_has_a_case());
}

}  // namespace ferry::semantics
