// Tests of what the comparison with the processor cannot show: outcomes, work limits, instruction
// fetch, lazy flags, and choices of ferry's own.
#include "guest/i386/interpret/interpreter.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "guest/i386/flags.hpp"
#include "guest/memory/memory.hpp"
#include "guest_arena.hpp"
#include "random.hpp"

namespace ferry::semantics {
namespace {

using namespace i386;

class InterpreterTest : public testing::Test {
 protected:
  /// A state about to run `code` at `address`, with ESP in the window.
  void begin(std::initializer_list<uint8_t> code, uint32_t address = kCodeAddress) {
    Case test{};
    arena().begin(test, cpu_);
    cpu_.eip = address;
    cpu_.gpr[ESP] = kWindow + 0x800;
    ASSERT_TRUE(guest::copy_to_guest(address, code.begin(), static_cast<uint32_t>(code.size())));
  }

  static GuestArena& arena() {
    static GuestArena the_arena;
    return the_arena;
  }

  CpuState cpu_;
};

TEST_F(InterpreterTest, SoftwareInterrupts) {
  begin({0xcd, 0x80});
  EXPECT_EQ(step(cpu_), Outcome::syscall);
  EXPECT_EQ(cpu_.eip, kCodeAddress + 2);

  begin({0xcc});
  EXPECT_EQ(step(cpu_), Outcome::trap);
  EXPECT_EQ(cpu_.exception.vector, Vector::BP);
  EXPECT_EQ(cpu_.eip, kCodeAddress + 1);

  begin({0xcd, 0x21});
  EXPECT_EQ(step(cpu_), Outcome::exception);
  EXPECT_EQ(cpu_.exception.vector, Vector::GP);
  EXPECT_EQ(cpu_.exception.error_code, 0x21u * 8 + 2);
  EXPECT_EQ(cpu_.eip, kCodeAddress);

  begin({0xf1});  // INT1: a hypervisor may report it differently, so it is not compared
  EXPECT_EQ(step(cpu_), Outcome::trap);
  EXPECT_EQ(cpu_.exception.vector, Vector::DB);
  EXPECT_EQ(cpu_.eip, kCodeAddress + 1);
}

TEST_F(InterpreterTest, FetchStopsAtTheEndOfThePage) {
  constexpr uint32_t kEnd = kCodeRegion + kRegionSize;
  begin({0x90}, kEnd - 1);  // the last byte of the region is enough for NOP
  EXPECT_EQ(step(cpu_), Outcome::next);
  EXPECT_EQ(cpu_.eip, kEnd);
  EXPECT_EQ(step(cpu_), Outcome::exception);
  EXPECT_EQ(cpu_.exception.vector, Vector::PF);
  EXPECT_EQ(cpu_.exception.error_code & 0x14u, 0x14u);
  EXPECT_EQ(cpu_.exception.address, kEnd);

  begin({0xb8, 0x01}, kEnd - 2);  // MOV EAX, imm32: three bytes are missing
  EXPECT_EQ(step(cpu_), Outcome::exception);
  EXPECT_EQ(cpu_.exception.vector, Vector::PF);
  EXPECT_EQ(cpu_.exception.address, kEnd);
  EXPECT_EQ(cpu_.eip, kEnd - 2);
}

TEST_F(InterpreterTest, UndecodableBytes) {
  begin({0x0f, 0x0b});
  EXPECT_EQ(step(cpu_), Outcome::exception);
  EXPECT_EQ(cpu_.exception.vector, Vector::UD);
  begin({0xf0, 0x01, 0xc0});  // LOCK with a register destination
  EXPECT_EQ(step(cpu_), Outcome::exception);
  EXPECT_EQ(cpu_.exception.vector, Vector::UD);
  begin({0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
         0x90});
  EXPECT_EQ(step(cpu_), Outcome::exception);
  EXPECT_EQ(cpu_.exception.vector, Vector::GP);
}

TEST_F(InterpreterTest, RepeatWorksInPiecesOf4Kilobytes) {
  for (const uint8_t opcode : {0xa4, 0xaa, 0xac}) {  // MOVSB, STOSB, LODSB
    begin({0xf3, opcode});
    cpu_.gpr[ECX] = 5000;
    cpu_.gpr[ESI] = kDataRegion + 0x2000 - 100;
    cpu_.gpr[EDI] = kDataRegion;
    unsigned steps = 0;
    for (Outcome outcome = Outcome::again; outcome == Outcome::again; ++steps) {
      const uint32_t before = cpu_.gpr[ECX];
      outcome = step(cpu_);
      EXPECT_LE(before - cpu_.gpr[ECX], 4096u);
      EXPECT_EQ(cpu_.eip, kCodeAddress + (outcome == Outcome::next ? 2 : 0));
    }
    EXPECT_GE(steps, 2u);
    EXPECT_EQ(cpu_.gpr[ECX], 0u);
  }
}

TEST_F(InterpreterTest, SingleStepTrapsBehindEachIteration) {
  begin({0xf3, 0xaa});
  cpu_.eflags |= eflags::TF;
  cpu_.gpr[ECX] = 3;
  cpu_.gpr[EDI] = kWindow;
  EXPECT_EQ(step(cpu_), Outcome::trap);
  EXPECT_EQ(cpu_.exception.vector, Vector::DB);
  EXPECT_EQ(cpu_.gpr[ECX], 2u);
  EXPECT_EQ(cpu_.eip, kCodeAddress);
}

// There must be no trap between POP SS and the instruction after it; once there was.
TEST_F(InterpreterTest, SingleStepTrapsNotBehindALoadOfSs) {
  begin({0x17, 0x16});  // POP SS; PUSH SS
  cpu_.eflags |= eflags::TF;
  ASSERT_TRUE(guest::store<uint32_t>(kWindow, cpu_.selector[SS]));
  cpu_.gpr[ESP] = kWindow;
  EXPECT_EQ(step(cpu_), Outcome::next);
  EXPECT_EQ(step(cpu_), Outcome::trap);
  EXPECT_EQ(cpu_.eip, kCodeAddress + 2);
}

TEST_F(InterpreterTest, CpuidOffersWhatIsThere) {
  begin({0x0f, 0xa2});
  ASSERT_EQ(step(cpu_), Outcome::next);
  EXPECT_GE(cpu_.gpr[EAX], 1u);
  begin({0x0f, 0xa2});
  cpu_.gpr[EAX] = 1;
  ASSERT_EQ(step(cpu_), Outcome::next);
  constexpr uint32_t kCx8 = 1u << 8, kCmov = 1u << 15, kSse = 1u << 25;
  EXPECT_TRUE(cpu_.gpr[EDX] & kCx8);
  EXPECT_TRUE(cpu_.gpr[EDX] & kCmov);
  EXPECT_FALSE(cpu_.gpr[EDX] & kSse);
}

TEST_F(InterpreterTest, TlsSegmentsComeFromTheState) {
  begin({0x8e, 0xe8});  // MOV GS, EAX
  cpu_.tls[1] = SegmentDescriptor({.base = kWindow + 0x40, .limit = 0xfff});
  cpu_.gpr[EAX] = 0x3b;
  ASSERT_EQ(step(cpu_), Outcome::next);
  EXPECT_EQ(cpu_.segment_base[GS], kWindow + 0x40);
  begin({0x8e, 0xe8});
  cpu_.gpr[EAX] = 0x3b;  // an entry that is not set
  EXPECT_EQ(step(cpu_), Outcome::exception);
  EXPECT_EQ(cpu_.exception.vector, Vector::GP);
  EXPECT_EQ(cpu_.exception.error_code, 0x38u);
}

/// evaluate() must give what the instruction itself gives, however the operands are extended.
TEST_F(InterpreterTest, LazyFlagsEqualTheInstructions) {
  struct Operation {
    FlagKind kind8;
    uint8_t opcode;    ///< the 8-bit form; the 16/32-bit one is the next
    int8_t extension;  ///< of a one-operand form, else -1: AL, CL
  };
  static constexpr Operation kOperations[] = {
      {FlagKind::add8, 0x00, -1}, {FlagKind::adc8, 0x10, -1}, {FlagKind::sub8, 0x28, -1},
      {FlagKind::sbb8, 0x18, -1}, {FlagKind::neg8, 0xf6, 3},  {FlagKind::logic8, 0x20, -1},
      {FlagKind::inc8, 0xfe, 0},  {FlagKind::dec8, 0xfe, 1},  {FlagKind::shl8, 0xd2, 4},
      {FlagKind::shr8, 0xd2, 5},  {FlagKind::sar8, 0xd2, 7}};
  Random random(3);
  for (unsigned round = 0; round < 3000; ++round) {
    for (const Operation& operation : kOperations) {
      const unsigned width = random.below(3);
      const bool shift = operation.opcode == 0xd2;
      const bool counts = operation.opcode == 0xfe;
      const uint8_t prefix = width == 1 ? 0x66 : 0x3e;  // DS override: no effect
      const auto opcode = static_cast<uint8_t>(operation.opcode + (width != 0));
      const auto modrm =
          static_cast<uint8_t>(operation.extension < 0 ? 0xc8 : 0xc0 | operation.extension << 3);
      begin({prefix, opcode, modrm});
      const uint32_t a = random.value();
      uint32_t b = shift ? 1 + random.below(31) : random.value();
      cpu_.gpr[EAX] = a;
      cpu_.gpr[ECX] = b;
      cpu_.eflags |= random.below(2);
      if (counts) b = cpu_.eflags & eflags::CF;
      ASSERT_EQ(step(cpu_), Outcome::next);
      const auto kind = static_cast<FlagKind>(static_cast<uint32_t>(operation.kind8) + width);
      CpuState lazy;
      lazy.lazy = {static_cast<uint32_t>(kind), a, b, cpu_.gpr[EAX]};
      materialise_flags(lazy);
      ASSERT_EQ(lazy.eflags & eflags::kArithmetic, cpu_.eflags & eflags::kArithmetic)
          << "kind " << lazy.lazy.kind << " a " << a << " b " << b;
      ASSERT_EQ(lazy.lazy.kind, 0u);
    }
  }
}

/// A random instruction of one to three bytes that changes registers and flags alone, or reads
/// flags: most are frequent forms of run(), which leave flags unpacked for the next one. Jcc goes
/// to the next instruction.
void add_random_instruction(Random& random, std::vector<uint8_t>& code) {
  const auto byte = [&] { return static_cast<uint8_t>(random.below(256)); };
  const auto operands = [&] { return static_cast<uint8_t>(0xc0 | byte()); };
  // ADD to CMP, TEST and MOV with their widths; ADC and SBB want the carry of what came before.
  static constexpr uint8_t kBinary[] = {0x00, 0x01, 0x02, 0x03, 0x09, 0x10, 0x11, 0x18,
                                        0x19, 0x21, 0x28, 0x29, 0x2b, 0x30, 0x31, 0x38,
                                        0x39, 0x3b, 0x84, 0x85, 0x88, 0x89};
  static constexpr uint8_t kFlags[] = {0x9f, 0xf5, 0xf8, 0xf9};  // LAHF, CMC, CLC, STC
  switch (random.below(8)) {
    case 0:
    case 1:
      code.insert(code.end(), {random.pick(kBinary), operands()});
      break;
    case 2:
      code.insert(code.end(),
                  {random.percent(50) ? uint8_t{0x80} : uint8_t{0x83}, operands(), byte()});
      break;
    case 3:
      code.push_back(static_cast<uint8_t>(0x40 | random.below(16)));
      break;
    case 4:
      code.insert(code.end(), {0xc1, operands(), byte()});
      break;
    case 5:
      code.insert(code.end(), {static_cast<uint8_t>(0x70 | random.below(16)), 0});
      break;
    case 6:
      code.insert(code.end(), {0x0f, static_cast<uint8_t>(0x90 | random.below(16)), operands()});
      break;
    default:
      code.push_back(random.pick(kFlags));
      break;
  }
}

TEST_F(InterpreterTest, SequencesOfFrequentFormsDoWhatSingleStepsDo) {
  Random random(1);
  for (int turn = 0; turn < 20'000; ++turn) {
    begin({});
    std::vector<uint8_t> code;
    for (int i = 0; i < 12; ++i) add_random_instruction(random, code);
    const uint32_t end = kCodeAddress + static_cast<uint32_t>(code.size());
    code.insert(code.end(), 3, 0x90);  // run() may go on past the end
    ASSERT_TRUE(
        guest::copy_to_guest(kCodeAddress, code.data(), static_cast<uint32_t>(code.size())));
    for (uint32_t& reg : cpu_.gpr) reg = random.value();
    CpuState steps = cpu_;
    while (cpu_.eip < end) {
      const Outcome outcome = run(cpu_, 1 + random.below(4));
      ASSERT_TRUE(outcome == Outcome::next || outcome == Outcome::branch);
      while (steps.eip < cpu_.eip) {
        const Outcome stepped = step(steps);
        ASSERT_TRUE(stepped == Outcome::next || stepped == Outcome::branch);
      }
      ASSERT_EQ(steps.eip, cpu_.eip);
      ASSERT_EQ(steps.gpr, cpu_.gpr) << "turn " << turn << ", before " << std::hex << cpu_.eip;
      ASSERT_EQ(steps.eflags, cpu_.eflags)
          << "turn " << turn << ", before " << std::hex << cpu_.eip;
    }
  }
}

}  // namespace
}  // namespace ferry::semantics
