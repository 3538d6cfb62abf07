#include "flag_survey.hpp"

#include "compare.hpp"
#include "generator.hpp"
#include "guest/i386/flags.hpp"
#include "text.hpp"

namespace ferry::semantics {

namespace {

struct NamedFlag {
  const char* name;
  uint32_t bit;
};

constexpr NamedFlag kFlags[] = {{"CF", i386::eflags::CF}, {"PF", i386::eflags::PF},
                                {"AF", i386::eflags::AF}, {"ZF", i386::eflags::ZF},
                                {"SF", i386::eflags::SF}, {"OF", i386::eflags::OF}};

/// What holds of a flag in all cases so far.
struct Ways {
  unsigned cases = 0;
  bool zero = true;
  bool one = true;
  bool kept = true;
  bool as_ferry = true;

  void see(bool before, bool processor, bool ferry) {
    ++cases;
    zero = zero && !processor;
    one = one && processor;
    kept = kept && processor == before;
    as_ferry = as_ferry && processor == ferry;
  }
  [[nodiscard]] std::string text() const {
    std::string way = zero ? "0" : one ? "1" : kept ? "kept" : "varies";
    return as_ferry ? way == "varies" ? "as ferry" : way + " as ferry" : way;
  }
};

[[nodiscard]] bool may_leave_undefined(const i386::Row& row) {
  return row.flags_undefined != 0 || row.family == i386::Family::shift_rotate;
}

[[nodiscard]] std::string survey_row(uint16_t index, Executor& processor, Executor& ferry) {
  constexpr unsigned kCases = 200;
  Generator generator(index, OwnBytes{});
  std::vector<Case> cases(kCases);
  std::vector<Result> theirs(kCases);
  std::vector<Result> ours(kCases);
  for (Case& test : cases) test = generator.make(index);
  processor.run(cases, theirs);
  ferry.run(cases, ours);
  Ways ways[std::size(kFlags)];
  for (unsigned i = 0; i < kCases; ++i) {
    const auto instruction = decode(cases[i]);
    if (!instruction || theirs[i].vector != kCompleted || ours[i].vector != kCompleted) continue;
    const uint32_t undefined = undefined_flags(*instruction, cases[i]);
    for (unsigned k = 0; k < std::size(kFlags); ++k) {
      const uint32_t bit = kFlags[k].bit;
      if ((undefined & bit) == 0) continue;
      ways[k].see((cases[i].eflags & bit) != 0, (theirs[i].eflags & bit) != 0,
                  (ours[i].eflags & bit) != 0);
    }
  }
  std::string text;
  for (unsigned k = 0; k < std::size(kFlags); ++k) {
    if (ways[k].cases == 0) continue;
    append(text, "%s%s %s", text.empty() ? "" : ", ", kFlags[k].name, ways[k].text().c_str());
  }
  return text;
}

}  // namespace

std::vector<Trait> survey_undefined_flags(Executor& processor, Executor& ferry) {
  std::vector<Trait> traits;
  for (uint16_t i = 0; i < i386::row_count(); ++i) {
    const i386::Row& row = i386::row(i);
    if (!may_leave_undefined(row) || !reason_to_skip(row).empty()) continue;
    const std::string answer = survey_row(i, processor, ferry);
    if (answer.empty()) continue;
    std::string name;
    append(name, "undefined flags of %s %s%02x", std::string(row.mnemonic).c_str(),
           row.map == i386::Map::one_byte ? "" : "0f ", row.opcode);
    if (row.extension >= 0) append(name, " /%d", row.extension);
    traits.push_back({name, answer});
  }
  return traits;
}

}  // namespace ferry::semantics
