// The architecture leaves two answers open in some places. A rule lets the comparison accept a
// processor's other answer; each states its reason, the manual's section and ferry's choice.
//
// A rule ignores nothing. It changes ferry's result into the one that the other choice implies, and
// only if the case really allows that choice (both operands fault, the first bound is violated).
// The changed result must then equal the processor's in everything.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "case.hpp"
#include "guest/i386/decode/instruction.hpp"

namespace ferry::semantics {

/// A case whose answer differs from ferry's, as a rule sees it.
struct Disagreement {
  const Case& test;
  const i386::Instruction& instruction;
  std::string_view mnemonic;
  const Result& expected;  ///< the processor's
};

struct EitherRule {
  std::string_view name;
  std::string_view open;    ///< what is open, and the section of the manual that leaves it open
  std::string_view choice;  ///< what ferry does
  /// Changes what differs by this rule in `ours`; false, with nothing changed, if nothing does.
  bool (*apply)(const Disagreement& difference, Result& ours);
};

/// All rules, in the order in which they are tried.
[[nodiscard]] std::span<const EitherRule> either_rules();

/// x87_either_rules.cpp
[[nodiscard]] std::span<const EitherRule> x87_either_rules();

/// The names of the rules (joined with " + ") that together explain how `actual` differs from
/// `expected`; empty if they do not.
[[nodiscard]] std::string explained_by_rules(const Case& test, const Result& expected,
                                             const Result& actual);

}  // namespace ferry::semantics
