// Interpreter bugs that once were, each with its story.
#include <gtest/gtest.h>

#include <initializer_list>

#include "guest/i386/interpret/interpreter.hpp"
#include "guest/i386/memory.hpp"
#include "guest_arena.hpp"

namespace ferry::semantics {
namespace {

using namespace i386;

class InterpreterBugs : public testing::Test {
 protected:
  void begin(std::initializer_list<uint8_t> code) {
    static GuestArena arena;
    Case test{};
    arena.begin(test, cpu_);
    ASSERT_TRUE(copy_to_guest(kCodeAddress, code.begin(), static_cast<uint32_t>(code.size())));
  }

  static uint8_t byte_at(uint32_t address) {
    uint8_t value = 0;
    EXPECT_TRUE(load(address, value));
    return value;
  }

  CpuState cpu_;
};

// The bulk path of REP STOS and REP MOVS copied bytes, so the element that crosses into a missing
// page was stored in part. The processor stores none of it.
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

// ARPL went through the read-modify-write path and faulted on a read-only page even where it leaves
// the destination as it is.
TEST_F(InterpreterBugs, ArplOfAReadOnlyPageReadsOnly) {
  begin({0x63, 0x03});  // ARPL [EBX], AX
  cpu_.gpr[EBX] = kReadOnlyEnd - 2;
  cpu_.gpr[EAX] = 0;  // RPL 0 never raises
  EXPECT_EQ(step(cpu_), Outcome::next);
  EXPECT_EQ(cpu_.eflags & eflags::ZF, 0u);
}

// An access across 4 GB was a #PF at address 0. It breaks the segment's limit: #GP, on the stack
// #SS.
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

}  // namespace
}  // namespace ferry::semantics
