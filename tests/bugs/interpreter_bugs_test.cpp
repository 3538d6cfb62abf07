// Interpreter bugs that once were, each with its story.
#include <gtest/gtest.h>

#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "compare.hpp"
#include "executor.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "guest/memory/memory.hpp"
#include "guest_arena.hpp"
#include "recording.hpp"

namespace ferry::semantics {
namespace {

using namespace i386;

class InterpreterBugs : public testing::Test {
 protected:
  void begin(std::initializer_list<uint8_t> code) {
    static GuestArena arena;
    Case test{};
    arena.begin(test, cpu_);
    ASSERT_TRUE(
        guest::copy_to_guest(kCodeAddress, code.begin(), static_cast<uint32_t>(code.size())));
  }

  static uint8_t byte_at(uint32_t address) {
    uint8_t value = 0;
    EXPECT_TRUE(guest::load(address, value));
    return value;
  }

  CpuState cpu_;
};

// The bulk path of REP STOS and REP MOVS copied bytes, so it stored part of the element that
// crosses into a missing page. The processor stores nothing of that element.
TEST_F(InterpreterBugs, RepStosStoresNoPartOfTheElementThatFaults) {
  begin({0xf3, 0xab});
  cpu_.gpr[EAX] = 0x55555555;
  cpu_.gpr[ECX] = 8;
  cpu_.gpr[EDI] = kDataEnd - 7;
  const uint8_t last = byte_at(kDataEnd - 1);
  Outcome outcome = Outcome::again;
  while (outcome == Outcome::again) outcome = step(cpu_);
  EXPECT_EQ(outcome, Outcome::exception);
  EXPECT_EQ(cpu_.exception.address, kDataEnd);
  EXPECT_EQ(cpu_.gpr[ECX], 7u);
  EXPECT_EQ(cpu_.gpr[EDI], kDataEnd - 3);
  EXPECT_EQ(byte_at(kDataEnd - 4), 0x55);
  EXPECT_EQ(byte_at(kDataEnd - 1), last);
}

// ARPL went through the read-modify-write path and faulted on a read-only page even if it leaves
// the destination as it is.
TEST_F(InterpreterBugs, ArplOfAReadOnlyPageReadsOnly) {
  begin({0x63, 0x03});  // ARPL [EBX], AX
  cpu_.gpr[EBX] = kReadOnlyEnd - 2;
  cpu_.gpr[EAX] = 0;  // RPL 0 never raises
  EXPECT_EQ(step(cpu_), Outcome::next);
  EXPECT_EQ(cpu_.eflags & eflags::ZF, 0u);
}

// An access across 4 GB raised #PF at address 0. Such an access violates the segment's limit, so it
// must raise #GP, on the stack #SS.
TEST_F(InterpreterBugs, AccessAcross4GigabytesBreaksTheLimit) {
  begin({0x8b, 0x03});  // MOV EAX, [EBX]
  cpu_.gpr[EBX] = 0xfffffffe;
  EXPECT_EQ(step(cpu_), Outcome::exception);
  EXPECT_EQ(cpu_.exception.vector, Vector::GP);
  begin({0x50});  // PUSH EAX
  cpu_.gpr[ESP] = 2;
  EXPECT_EQ(step(cpu_), Outcome::exception);
  EXPECT_EQ(cpu_.exception.vector, Vector::SS);
}

// Interpreter and translator each had values of their own for flags that the manual leaves
// undefined. Where processors of both vendors agree, ferry must leave what they leave; the recorded
// cases tell what that is.
uint32_t agreed_flags(std::string_view name) {
  using namespace eflags;
  for (const std::string_view whole :
       {"AND", "OR", "XOR", "TEST", "BT", "BTS", "BTR", "BTC", "BSF", "BSR", "AAM", "AAD"}) {
    if (name == whole) return kArithmetic;
  }
  if (name == "SAR") return kArithmetic & ~AF;
  if (name == "SHL" || name == "SHR") return kArithmetic & ~(AF | OF);
  if (name == "DIV" || name == "IDIV") return CF | OF;
  return 0;
}

void expect_agreed_flags(const std::string& recording) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{
      std::fopen((FERRY_RECORDED_CASES + recording).c_str(), "rb"), &std::fclose};
  ASSERT_NE(file, nullptr);
  RecordReader reader(file.get());
  const auto interpreter = make_interpreter_executor();
  Case test;
  Result expected, actual;
  unsigned compared = 0;
  while (reader.read(test, expected)) {
    const auto instruction = decode(test);
    if (!instruction || expected.vector != kCompleted) continue;
    const uint32_t agreed = agreed_flags(row(instruction->row).mnemonic);
    if ((agreed & flags_undefined(*instruction)) == 0) continue;
    interpreter->run({&test, 1}, {&actual, 1});
    ASSERT_EQ(actual.eflags & agreed, expected.eflags & agreed) << describe(test);
    ++compared;
  }
  EXPECT_GT(compared, 2000u);
}

TEST(InterpreterBugsOnRecordings, UndefinedFlagsOfAmdProcessors) {
  expect_agreed_flags("amd-integer.bin");
}
TEST(InterpreterBugsOnRecordings, UndefinedFlagsOfIntelProcessors) {
  expect_agreed_flags("intel-integer.bin");
}

}  // namespace
}  // namespace ferry::semantics
