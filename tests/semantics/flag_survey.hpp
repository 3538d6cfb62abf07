// What a processor leaves in the flags that the manual calls undefined, for every row of
// opcodes.inc that has such flags.
#pragma once

#include <vector>

#include "processor.hpp"

namespace ferry::semantics {

/// A trait for each row, named "undefined flags of MNEMONIC OPCODE". The answer says of each flag
/// whether it is always 0, always 1, kept, or as in ferry's result; "varies" if none of these.
[[nodiscard]] std::vector<Trait> survey_undefined_flags(Executor& processor, Executor& ferry);

}  // namespace ferry::semantics
