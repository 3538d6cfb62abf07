// What a run found: counts by row, accepted differences by reason, and, of what nothing explains, a
// short report by kind.
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

  /// Judges a case; `engine` is asked again for what its row says (row_check.hpp).
  Verdict check(const Case& test, const Result& expected, const Result& actual, Executor& engine);

  /// Counts as text: a line for each row if `all_rows`, skipped rows, accepted differences, totals.
  [[nodiscard]] std::string counts(bool all_rows) const;

  /// The kinds of unexplained differences with their numbers and an example each, the processor,
  /// those of its answers to the probes that are not `ferry`'s, and `how_to_keep`, the command that
  /// records the cases; empty if there are none.
  [[nodiscard]] std::string unexplained(const Processor& processor, Executor& ferry,
                                        const std::string& how_to_keep) const;

  /// No differences, and, if `all_rows`, a case for every row that can have one.
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
