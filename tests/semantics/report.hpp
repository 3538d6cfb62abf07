// What a run found: counts by row, accepted differences by reason, and a short report, by kind, of
// the differences that nothing explains.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "executor.hpp"
#include "processor.hpp"

namespace ferry::semantics {

enum class Verdict : uint8_t { same, accepted, different };

class Report {
 public:
  Report();

  /// Judges a case. `engine` runs it again, changed, to check the row (row_check.hpp).
  Verdict check(const Case& test, const Result& expected, const Result& actual, Executor& engine);

  /// Counts as text: a line for each row if `all_rows`, skipped rows, accepted differences, totals.
  [[nodiscard]] std::string counts(bool all_rows) const;

  /// The kinds of unexplained differences, each with its number and an example, then the processor,
  /// its answers to those probes that `ferry` answers differently, and `how_to_keep`, the command
  /// that records the cases. Empty if there are no such differences.
  [[nodiscard]] std::string unexplained(const Processor& processor, Executor& ferry,
                                        const std::string& how_to_keep) const;

  /// Whether there are no differences and, if `all_rows`, every row that can have a case has one.
  [[nodiscard]] bool good(bool all_rows) const;

 private:
  struct RowCount {
    uint32_t cases = 0;
    uint32_t completed = 0;
    uint32_t different = 0;
  };
  struct Kind {
    uint64_t cases = 0;
    std::string example;
  };
  [[nodiscard]] bool every_row_has_a_case() const;

  std::vector<RowCount> rows_;
  RowCount undecoded_;
  std::map<std::string, uint64_t> accepted_;  ///< by reason
  std::map<std::string, Kind> kinds_;         ///< of unexplained differences
  uint64_t different_ = 0;
};

}  // namespace ferry::semantics
