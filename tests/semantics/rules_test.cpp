// Tests the rules by which the comparison accepts a processor's other answer, and the report of
// differences that no rule explains. The other processor is imitated: the tests change results of
// the probes' cases by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "access_model.hpp"
#include "compare.hpp"
#include "either_rules.hpp"
#include "flag_survey.hpp"
#include "probes.hpp"
#include "processor.hpp"
#include "recording.hpp"
#include "report.hpp"

namespace ferry::semantics {
namespace {

using enum i386::Gpr;
using enum i386::SegmentRegister;

constexpr uint32_t kMissing = 0x30000000, kElsewhere = 0x38000000;
constexpr uint32_t kUserRead = 4, kUserWrite = 6;

Executor& interpreter() {
  static const std::unique_ptr<Executor> executor = make_interpreter_executor();
  return *executor;
}

Result ours(const Case& test) {
  Result result{};
  interpreter().run({&test, 1}, {&result, 1});
  return result;
}

const Case& probe(std::string_view name) {
  const auto found = std::find_if(probes().begin(), probes().end(),
                                  [&](const Probe& each) { return each.name == name; });
  EXPECT_NE(found, probes().end()) << name;
  return found->test;
}

std::string rule_for(const Case& test, const Result& expected) {
  return explained_by_rules(test, expected, ours(test));
}

Result page_fault(Result result, uint32_t error_code, uint32_t address) {
  result.vector = kPageFault;
  result.error_code = error_code;
  result.address = address;
  return result;
}

/// What a processor that completes `test` would give, from ferry's fault.
Result completed(const Case& test) {
  Result result = ours(test);
  result.vector = kCompleted;
  result.error_code = 0;
  result.address = 0;
  result.eip = kCodeAddress + test.length;
  return result;
}

TEST(Rules, FerryAgreesWithItself) {
  for (const Probe& each : probes()) {
    const Result result = ours(each.test);
    EXPECT_EQ(differences(each.test, result, result), "") << each.name;
    EXPECT_EQ(explained_by_rules(each.test, result, result), "") << each.name;
  }
}

// AMD's family 25 model 1 reports the fault of the (E)DI operand in every form of CMPS; ferry
// reports that of (E)SI.
TEST(Rules, EitherOperandOfCmps) {
  for (const char* name : {"CMPSB, both missing", "CMPSW, both missing", "CMPSD, both missing",
                           "REPE CMPSB, both missing", "REPNE CMPSD, both missing",
                           "CMPSB, null segment and missing"}) {
    const Case& test = probe(name);
    const Result result = ours(test);
    EXPECT_EQ(rule_for(test, page_fault(result, kUserRead, kElsewhere)), "order of faults") << name;
    EXPECT_EQ(rule_for(test, page_fault(result, kUserRead, kElsewhere + 1)), "") << name;
    EXPECT_EQ(rule_for(test, page_fault(result, kUserWrite, kElsewhere)), "") << name;
    Result moved = page_fault(result, kUserRead, kElsewhere);
    moved.gpr[ESI] += 1;
    EXPECT_EQ(rule_for(test, moved), "") << name;
  }
}

TEST(Rules, TheOperandOfCmpsMustReallyFault) {
  Case test = probe("CMPSD, both missing");
  test.gpr[EDI] = kWindow;
  EXPECT_EQ(rule_for(test, page_fault(ours(test), kUserRead, kWindow)), "");
}

TEST(Rules, OrderOfFaults) {
  const struct {
    const char* name;
    uint32_t error_code;
    uint32_t address;
    bool accepted;
  } kAnswers[] = {
      {"MOVSD, both missing", kUserWrite, kElsewhere, true},
      {"MOVSD, both missing", kUserRead, kElsewhere, false},
      {"PUSH m, both missing", kUserWrite, kElsewhere, true},
      {"POP m, both missing", kUserWrite, kMissing, true},
      {"POP m, operand missing", kUserRead, kElsewhere, false},
      {"CALL m, both missing", kUserWrite, kElsewhere, true},
      {"CALL far m, both missing", kUserWrite, kElsewhere + 4, true},
      {"CALL far, stack missing", kUserWrite, kElsewhere, true},
      {"CALL far, bad selector and stack missing", kUserWrite, kElsewhere + 4, true},
      {"ENTER, stack and link missing", kUserRead, kMissing, true},
      {"ENTER, link missing", kUserWrite, kElsewhere, false},
      {"load, both pages missing", kUserRead, kMissing + 0x1000, true},
      {"load, both pages missing", kUserRead, kMissing + 0xfff, false},
      {"store, second page missing", kUserWrite, kDataEnd - 2, false},
      {"ADD to memory, missing", kUserRead, kMissing, true},
      {"XCHG, read-only", kUserRead, kReadOnlyRegion, false},
      {"BOUND, both pages missing", kUserRead, kMissing + 0x1000, true},
      {"PUSHA, all missing", kUserWrite, kElsewhere, true},
      {"load across the end of 4 GB", kUserRead, 0xfffffffe, true},
      {"load across the end of 4 GB", kUserRead, 0, true},
      {"load across the end of 4 GB", kUserRead, 8, false},
      {"FNSAVE across a page's end", kUserWrite, kDataEnd + 0x35, true},
      {"FNSAVE across a page's end", kUserWrite, kDataEnd + 0x36, false},
      {"FXSAVE, missing", kUserWrite, kMissing + 0x1ff, true},
  };
  for (const auto& answer : kAnswers) {
    const Case& test = probe(answer.name);
    const Result expected = page_fault(ours(test), answer.error_code, answer.address);
    if (differences(test, expected, ours(test)).empty()) {
      ADD_FAILURE() << answer.name << ": ferry's own answer";
    }
    EXPECT_EQ(rule_for(test, expected), answer.accepted ? "order of faults" : "")
        << answer.name << " " << std::hex << answer.address;
  }
}

TEST(Rules, FlagsOfAStoppedComparison) {
  const Case& test = probe("REPE CMPSB stopped by a fault");
  Result expected = ours(test);
  const uint32_t last = expected.eflags;
  expected.eflags = test.eflags;
  EXPECT_EQ(rule_for(test, expected), "flags of a stopped comparison");
  expected.eflags = last ^ i386::eflags::PF;
  EXPECT_EQ(rule_for(test, expected), "");
  // Before the first iteration has ended there is only one possible answer.
  Case early = test;
  early.gpr[ESI] = kDataEnd;
  Result changed = ours(early);
  const Result kept = changed;
  changed.eflags ^= i386::eflags::ZF;
  EXPECT_EQ(explained_by_rules(early, kept, changed), "");
}

TEST(Rules, HalfOfASelectorsSlot) {
  const Case& pushed = probe("PUSH FS, half of the slot missing");
  Result expected = completed(pushed);
  expected.gpr[ESP] -= 4;
  MemoryImage memory(pushed);
  memory.store(kDataEnd - 2, 0, 2);
  memory.describe(pushed, expected);
  EXPECT_EQ(rule_for(pushed, expected), "half of a selector's slot");
  memory.store(kDataEnd - 2, 1, 2);
  memory.describe(pushed, expected);
  EXPECT_EQ(rule_for(pushed, expected), "");

  const Case& popped = probe("POP FS, half of the slot missing");
  expected = completed(popped);
  expected.gpr[ESP] += 4;
  expected.selector[FS] = 0x2b;
  EXPECT_EQ(rule_for(popped, expected), "half of a selector's slot");
  expected.selector[FS] = 0x23;
  EXPECT_EQ(rule_for(popped, expected), "");
}

// POP SS took the code segment's selector from a slot whose second half was missing: a processor
// (Intel family 6 model 167) read the first half and raised #GP(20), and no rule explained that.
TEST(Rules, SelectorsThatSsRefuses) {
  EXPECT_TRUE(is_bad_selector(0x23, i386::SS));
  EXPECT_TRUE(is_bad_selector(0x28, i386::SS));
  EXPECT_TRUE(is_bad_selector(0, i386::SS));
  EXPECT_FALSE(is_bad_selector(0x2b, i386::SS));
  EXPECT_FALSE(is_bad_selector(0x23, i386::DS));
  Case test = probe("POP FS, half of the slot missing");
  test.code[0] = 0x17;  // POP SS
  test.length = 1;
  Result expected = ours(test);
  expected.vector = 13;
  expected.address = 0;
  const MemoryImage memory(test);
  const auto selector = memory.read(test.gpr[ESP], 2);
  ASSERT_TRUE(selector.has_value());
  expected.error_code = *selector & 0xfffc;
  const bool refused = is_bad_selector(static_cast<uint16_t>(*selector), i386::SS);
  EXPECT_EQ(rule_for(test, expected), refused ? "half of a selector's slot" : "");
}

TEST(Rules, UpperHalfOfAPushedSelector) {
  const Case& test = probe("PUSH FS, its slot");
  Result expected = ours(test);
  MemoryImage memory(test);
  memory.store(test.gpr[ESP] - 4, 0, 2);
  memory.describe(test, expected);
  EXPECT_EQ(rule_for(test, expected), "half of a selector's slot");
  MemoryImage nothing(test);
  nothing.describe(test, expected);
  EXPECT_EQ(rule_for(test, expected), "");
}

TEST(Rules, FirstBound) {
  Case test = probe("BOUND, first bound violated, second missing");
  Result expected = ours(test);
  expected.vector = kBoundRange;
  expected.error_code = 0;
  expected.address = 0;
  EXPECT_EQ(rule_for(test, expected), "first bound first");
  test.patch[0] = 0;  // equal to the index: not violated
  EXPECT_EQ(rule_for(test, expected), "");
}

TEST(Rules, RegistersOfAStoppedPopa) {
  const Case& test = probe("POPA, upper half missing");
  Result expected = ours(test);
  expected.gpr[EDI] = MemoryImage(test).read(test.gpr[ESP], 4).value();
  EXPECT_EQ(rule_for(test, expected), "registers of a stopped POPA");
  ++expected.gpr[EDI];
  EXPECT_EQ(rule_for(test, expected), "");
}

TEST(Rules, StoresOfAStoppedInstruction) {
  const Case& test = probe("PUSHA, lower half missing");
  Result expected = ours(test);
  ASSERT_NE(expected.changed_bytes, 0U);
  MemoryImage(test).describe(test, expected);
  EXPECT_EQ(rule_for(test, expected), "stores of a stopped instruction");
  MemoryImage wrong(test);
  wrong.store(kDataRegion, 0x12345678, 4);
  wrong.describe(test, expected);
  EXPECT_EQ(rule_for(test, expected), "");
}

TEST(Rules, OuterStackBeforeTheSelector) {
  for (const char* name :
       {"RET far, bad selector, outer stack missing", "IRET, bad selector, outer stack missing"}) {
    Case test = probe(name);
    const Result expected = page_fault(ours(test), kUserRead, kDataEnd + 4);
    EXPECT_EQ(rule_for(test, expected), "outer stack before the selector") << name;
    EXPECT_EQ(rule_for(test, page_fault(expected, kUserRead, kDataEnd + 64)), "") << name;
    test.patch[4] = 0x23;  // a good selector
    EXPECT_EQ(rule_for(test, expected), "") << name;
  }
}

TEST(Rules, UndefinedDestination) {
  for (const char* name : {"BSF of 0", "BSR of 0", "BSWAP of 16 bits", "BSF of 0, 16 bits"}) {
    Case test = probe(name);
    Result expected = ours(test);
    expected.gpr[EAX] ^= 0x4321;
    EXPECT_EQ(rule_for(test, expected), "undefined destination") << name;
    expected.gpr[ECX] ^= 1;
    EXPECT_EQ(rule_for(test, expected), "") << name;
  }
  Case test = probe("BSF of 0");
  test.gpr[ECX] = 8;
  Result expected = ours(test);
  expected.gpr[EAX] ^= 1;
  EXPECT_EQ(rule_for(test, expected), "");
}

TEST(Rules, LssSelectorBeforeItsOffset) {
  const Case& test = probe("LSS, offset missing, null selector");
  Result expected = ours(test);
  ASSERT_EQ(expected.vector, kPageFault);
  expected.vector = kGeneralProtection;
  expected.error_code = 0;
  expected.address = 0;
  EXPECT_EQ(rule_for(test, expected), "order of faults");
  expected.error_code = 8;
  EXPECT_EQ(rule_for(test, expected), "");
}

TEST(Rules, X87Pointers) {
  const Case& test = probe("FLD m32, x87 pointers");
  Result expected = ours(test);
  expected.x87.opcode = test.x87.opcode;
  expected.x87.data_pointer = test.x87.data_pointer;
  EXPECT_EQ(rule_for(test, expected), "x87 pointers of an exception only");
  expected.x87.instruction_selector = 0;
  expected.x87.data_selector = 0;
  EXPECT_EQ(rule_for(test, expected), "x87 pointers of an exception only + no x87 selectors");
  expected.x87.data_pointer ^= 1;
  EXPECT_EQ(rule_for(test, expected), "");

  // A register form leaves FDP alone on every processor, so there another FDP is not accepted.
  const Case& scaled = probe("FSCALE of a denormal number, underflow unmasked");
  Case exact = scaled;
  exact.x87.control |= 0x3f;
  const Result kept = ours(exact);
  Result moved = kept;
  moved.x87.data_pointer ^= 1;
  EXPECT_EQ(explained_by_rules(exact, kept, moved), "");

  const Case& trapped = probe("FLD m32 with an unmasked exception, x87 pointers");
  expected = ours(trapped);
  expected.x87.data_pointer = trapped.x87.data_pointer;
  EXPECT_EQ(rule_for(trapped, expected), "");
}

TEST(Rules, X87ExceptionBeforeTheStore) {
  const Case& test = probe("FSTP m32 with an unmasked exception, missing");
  Result expected = completed(test);
  expected.x87 = test.x87;
  expected.x87.status |= 0x8081;
  EXPECT_EQ(rule_for(test, expected), "x87 exception before the store");
  expected.x87.registers[0][0] ^= 1;
  EXPECT_EQ(rule_for(test, expected), "");
}

/// No rule excuses anything but what it is for.
TEST(Rules, NothingElseIsExcused) {
  for (const Probe& each : probes()) {
    const Result result = ours(each.test);
    for (unsigned i = 0; i < 8; ++i) {
      Result wrong = result;
      wrong.gpr[i] ^= 0x1000;
      if (each.name.starts_with("BS") && i == EAX) continue;  // undefined
      EXPECT_EQ(rule_for(each.test, wrong), "") << each.name << " register " << i;
    }
    Result wrong = result;
    wrong.eip += 1;
    EXPECT_EQ(rule_for(each.test, wrong), "") << each.name;
    wrong = result;
    wrong.selector[ES] ^= 8;
    EXPECT_EQ(rule_for(each.test, wrong), "") << each.name;
    wrong = result;
    wrong.eflags ^= i386::eflags::DF;
    EXPECT_EQ(rule_for(each.test, wrong), "") << each.name;
  }
}

TEST(Probes, AreAskedAndToldInWords) {
  const Probe& first = probes().front();
  EXPECT_EQ(ask(first, interpreter()), "#PF reading at (E)SI; flags as before");
  Result other = page_fault(ours(first.test), kUserRead, kElsewhere);
  EXPECT_EQ(describe_answer(first, other), "#PF reading at (E)DI; flags as before");
  const OwnBytes own = ask_own_bytes(interpreter(), interpreter());
  EXPECT_FALSE(own.fxsave_pointers || own.mxcsr_mask || own.environment_pointers);
}

TEST(Probes, UndefinedFlagsOfEveryRow) {
  const std::vector<Trait> traits = survey_undefined_flags(interpreter(), interpreter());
  unsigned rows = 0;
  for (uint16_t i = 0; i < i386::row_count(); ++i) {
    rows += static_cast<unsigned>(i386::row(i).flags_undefined != 0 &&
                                  reason_to_skip(i386::row(i)).empty());
  }
  EXPECT_GE(traits.size(), rows);
  for (const Trait& trait : traits) {
    EXPECT_NE(trait.answer.find("as ferry"), std::string::npos) << trait.probe;
  }
}

Processor some_processor() {
  return {"Some vendor family 1 model 2", {{"CMPSB, both missing", "#PF at (E)DI"}}};
}

TEST(Report, NamesKindNumberExampleProcessorAndCommand) {
  const Case& test = probe("CMPSD, both missing");
  Result expected = ours(test);
  Report report;
  EXPECT_EQ(report.check(test, expected, ours(test), interpreter()), Verdict::same);
  EXPECT_EQ(
      report.check(test, page_fault(expected, kUserRead, kElsewhere), ours(test), interpreter()),
      Verdict::accepted);
  EXPECT_TRUE(report.good(false));
  EXPECT_EQ(report.unexplained(some_processor(), interpreter(), "COMMAND"), "");
  expected.gpr[EAX] ^= 1;
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(report.check(test, expected, ours(test), interpreter()), Verdict::different);
  }
  EXPECT_FALSE(report.good(false));
  const std::string text = report.unexplained(some_processor(), interpreter(), "COMMAND");
  for (const char* part :
       {"3 cases differ", "- 3: CMPS (processor vector 14, ours vector 14):  eax",
        "example: CMPS [a7]", "Processor: Some vendor family 1 model 2",
        "probe: CMPSB, both missing\n  processor: #PF at (E)DI", "COMMAND"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  }
  EXPECT_NE(report.counts(false).find("accepted: 1 cases: either answer: order of faults"),
            std::string::npos);
}

/// Cases of a recording, at most `most`.
std::vector<std::pair<Case, Result>> recorded(const char* name, size_t most) {
  const std::string path = std::string(RECORDED_FOLDER) + "/" + name;
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  EXPECT_NE(file, nullptr) << path;
  RecordReader reader(file);
  std::vector<std::pair<Case, Result>> list(most);
  size_t count = 0;
  while (count < most && reader.read(list[count].first, list[count].second)) ++count;
  list.resize(count);
  std::fclose(file);
  return list;
}

/// Where the recorded processor reports another fault than ferry, the rule must also accept the two
/// answers exchanged, and must refuse an answer that is neither.
TEST(Recording, OtherTraitIsAcceptedAndAWrongAnswerIsNot) {
  unsigned flipped = 0;
  Report report;
  for (auto& [test, expected] : recorded("amd-25-1-integer.bin", 2000)) {
    const Result actual = ours(test);
    if (explained_by_rules(test, expected, actual) != "order of faults") continue;
    ++flipped;
    // With the two answers exchanged the same rule must explain the difference.
    EXPECT_EQ(explained_by_rules(test, actual, expected), "order of faults");
    EXPECT_EQ(report.check(test, actual, actual, interpreter()), Verdict::same);
    Result neither = expected;
    neither.vector = kPageFault;
    neither.address ^= 0x40;
    EXPECT_EQ(report.check(test, neither, actual, interpreter()), Verdict::different);
  }
  EXPECT_GE(flipped, 5U);
}

TEST(Recording, AWrongRegisterOrFlagIsRefused) {
  for (const char* name : {"amd-integer.bin", "amd-25-1-integer.bin", "intel-integer.bin"}) {
    Report report;
    for (auto& [test, expected] : recorded(name, 1000)) {
      if (!known_difference(test, expected).empty()) continue;
      const Result actual = ours(test);
      Result wrong = expected;
      wrong.gpr[EBX] ^= 0x800;
      EXPECT_EQ(report.check(test, wrong, actual, interpreter()), Verdict::different)
          << describe(test);
      wrong = expected;
      wrong.eflags ^= i386::eflags::DF;
      EXPECT_EQ(report.check(test, wrong, actual, interpreter()), Verdict::different)
          << describe(test);
    }
  }
}

TEST(Recording, KeepsTheProcessorAndBothIgnoredRanges) {
  std::FILE* const file = std::tmpfile();
  Case test = probe("PUSH FS, its slot");
  test.ignored[0] = {16, 4};
  test.ignored[1] = {32, 2};
  const Result result = ours(test);
  RecordWriter(file, some_processor()).write(test, result);
  std::rewind(file);
  RecordReader reader(file);
  EXPECT_EQ(reader.processor().text(), some_processor().text());
  EXPECT_EQ(reader.processor().answer("CMPSB, both missing"), "#PF at (E)DI");
  EXPECT_EQ(reader.processor().answer("not asked"), "");
  Case read{};
  Result read_result{};
  ASSERT_TRUE(reader.read(read, read_result));
  EXPECT_EQ(std::memcmp(&read, &test, sizeof test), 0);
  EXPECT_EQ(differences(test, read_result, result), "");
  EXPECT_FALSE(reader.read(read, read_result));
  std::fclose(file);
}

}  // namespace
}  // namespace ferry::semantics
