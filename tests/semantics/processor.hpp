// Who gave the results of a run or a recording, and what the probes saw of it.
//
// A trait of a processor is what a probe saw: the answer to a small case that asks one question.
// The name is for the reader of a report; nothing is decided by it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "executor.hpp"

namespace ferry::semantics {

struct Trait {
  std::string probe;
  std::string answer;
};

struct Processor {
  std::string name;
  std::vector<Trait> traits;

  /// The probe's answer; empty if it was not asked.
  [[nodiscard]] std::string_view answer(std::string_view probe) const;
  /// A line of the name, then a line for each trait: how a recording keeps it.
  [[nodiscard]] std::string text() const;
  /// The inverse of text(). Lines that are none of it are left out.
  [[nodiscard]] static Processor parse(std::string_view text);
};

/// Vendor, family, model and stepping of the processor this program runs on, by CPUID; "not an
/// x86-64 processor" on other hosts.
[[nodiscard]] std::string processor_name();

/// Lets `executor` answer every probe.
[[nodiscard]] std::vector<Trait> probe_answers(Executor& executor);

/// Lets `processor` answer every probe, and looks at its undefined flags beside those of `ferry`.
[[nodiscard]] Processor ask_processor(Executor& processor, Executor& ferry);

}  // namespace ferry::semantics
