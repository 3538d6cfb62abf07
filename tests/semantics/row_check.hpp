// Checks what the decoder says an instruction reads and writes (the translator's liveness rests on
// it) against what it does: changed registers and flags must be among the written ones, and
// changing what it does not read must change nothing else.
#pragma once

#include <string>

#include "executor.hpp"

namespace ferry::semantics {

/// Lines naming what the row leaves out; empty if nothing. `plain` is what `engine` made of `test`.
[[nodiscard]] std::string row_errors(const Case& test, const Result& plain, Executor& engine);

}  // namespace ferry::semantics
