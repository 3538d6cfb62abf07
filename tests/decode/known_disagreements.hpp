// Where Capstone 4.0.2 and ferry disagree, and why ferry is right, or the difference is only one of
// terms.
#pragma once

#include <cstdint>
#include <span>

#include "comparison.hpp"

namespace ferry::i386::test {

struct KnownDisagreement {
  Field field;
  /// Separated by spaces: ferry's names in upper case; Capstone's, for instructions that ferry does
  /// not see, in lower case. Empty: any, only `when` decides.
  const char* mnemonics;
  bool (*when)(const Difference&);  ///< null: always
  const char* reason;
};

std::span<const KnownDisagreement> known_disagreements();

/// Index of the first entry that covers the difference, or -1.
int find_known(const Difference& difference);

}  // namespace ferry::i386::test
