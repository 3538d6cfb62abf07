// Compares an executor's result of a case with the processor's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "case.hpp"
#include "guest/i386/decode/instruction.hpp"

namespace ferry::semantics {

/// The case's instruction; none if the decoder refuses the bytes (a recording may be older than a
/// row).
[[nodiscard]] std::optional<i386::Instruction> decode(const Case& test);

/// EFLAGS bits that mean nothing after `instruction` when it completes, given the state before it.
[[nodiscard]] uint32_t undefined_flags(const i386::Instruction& instruction, const Case& test);

/// Whether the manual leaves the destination undefined, not only flags.
[[nodiscard]] bool result_undefined(const i386::Instruction& instruction, const Case& test);

/// Why the results differ here on every processor: a limit of ferry, or something that the kernel
/// does. Empty if there is no such reason (known_differences.cpp). Differences that the
/// architecture allows are in either_rules.hpp.
[[nodiscard]] std::string_view known_difference(const Case& test, const Result& expected);

/// What differs, one line per item; empty if nothing does.
[[nodiscard]] std::string differences(const Case& test, const Result& expected,
                                      const Result& actual);

/// What differs in the x87 state (x87_compare.cpp).
[[nodiscard]] std::string x87_differences(const i386::Instruction& instruction, const Case& test,
                                          const Result& expected, const Result& actual);

/// The x87 state in words.
[[nodiscard]] std::string describe_x87(const X87Image& image);

/// The largest distance, in units of the last place, of a transcendental result that was accepted.
[[nodiscard]] uint64_t largest_transcendental_error();

/// The case in words, for a report.
[[nodiscard]] std::string describe(const Case& test);

}  // namespace ferry::semantics
