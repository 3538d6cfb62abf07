// Checks what the decoder says an instruction reads and writes (on which the translator's liveness
// rests) against what the instruction does: changed registers and flags must be among those that it
// is said to write, and a change of those that it does not read must change nothing else.
#pragma once

#include <string>

#include "executor.hpp"

namespace ferry::semantics {

/// Lines that name what the row omits; empty if nothing. `plain` is the result of `test` in
/// `engine`.
[[nodiscard]] std::string row_errors(const Case& test, const Result& plain, Executor& engine);

}  // namespace ferry::semantics
