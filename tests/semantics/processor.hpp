// The processor that gave the results of a run or a recording, and its answers to the probes.
//
// A trait of a processor is its answer to one probe: a small case that asks one question. The name
// is for the reader of a report; nothing is decided by it.
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
  /// The form in which a recording keeps the processor: a line with the name, then a line for each
  /// trait.
  [[nodiscard]] std::string text() const;
  /// The inverse of text(). Ignores lines of any other form.
  [[nodiscard]] static Processor parse(std::string_view text);
};

/// Vendor, family, model and stepping of the processor this program runs on, by CPUID; "not an
/// x86-64 processor" on other hosts.
[[nodiscard]] std::string processor_name();

/// Lets `executor` answer every probe.
[[nodiscard]] std::vector<Trait> probe_answers(Executor& executor);

/// Lets `processor` answer every probe, and compares its undefined flags with those of `ferry`.
[[nodiscard]] Processor ask_processor(Executor& processor, Executor& ferry);

}  // namespace ferry::semantics
