// Compares what an executor made of a case with what the processor made of it.
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

/// Whether the manual leaves even the destination undefined.
[[nodiscard]] bool result_undefined(const i386::Instruction& instruction, const Case& test);

/// Why ferry or the kernel under the processor answers otherwise here, whatever the processor;
/// empty if there is no reason (known_differences.cpp). What the architecture leaves open is in
/// either_rules.hpp.
[[nodiscard]] std::string_view known_difference(const Case& test, const Result& expected);

/// What differs, one line an item; empty if nothing does.
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
