// What may lie in a delay slot. Each sequence faults, or does not fault, as in the interpreter,
// with every optimisation on and off.
#include <gtest/gtest.h>

#include <string>

#include "replay.hpp"

namespace ferry::fuzz {
namespace {

constexpr std::string_view kMapped = "20003800";
constexpr std::string_view kUnmapped = "00000010";

/// Runs `code` with ebx and the registers that address memory as given, and ecx = 1, edx = 3.
void expect_agreement(std::string_view code, std::string_view ebx, std::string_view esp,
                      std::string_view esi_and_edi) {
  static Memory memory;
  std::string text = "at 40000800: ";
  text.append(code).append(" cc eax..edi: 00000000 00000001 00000003 ").append(ebx);
  text.append(" ").append(esp).append(" 00000000 ").append(esi_and_edi);
  text.append(" ").append(esi_and_edi);
  text.append(" eflags 00000000 window seed 00000001 tls 0");
  Sequence sequence;
  ASSERT_TRUE(parse(text, sequence)) << text;
  EXPECT_EQ(replay(sequence, memory), "") << to_text(sequence);
}

constexpr std::string_view kValues[] = {"00000000", "ffffffff"};

// The load after the branch lies in its slot. If the branch is taken, the load must not fault; if
// it is not taken, the fault is that of the next instruction.
TEST(DelaySlots, StackLoadFromBehindTheBranch) {
  static constexpr const char* kBranches[][3] = {
      // opcode, and values of ebx for which it is taken and is not
      {"74", "00000000", "00000001"},  // jz
      {"75", "00000001", "00000000"},  // jnz
      {"78", "80000000", "00000000"},  // js
      {"79", "00000000", "80000000"},  // jns
      {"7e", "00000000", "00000001"},  // jle
      {"7f", "00000001", "00000000"},  // jg
  };
  for (const auto& branch : kBranches) {
    for (const char* value : {branch[1], branch[2]}) {
      // test ebx, ebx; jcc over; cmp dword [esp+8], 5; jnz over; inc eax; over: inc ecx
      expect_agreement(std::string("85db ") + branch[0] + "08 837c240805 7501 40 41", value,
                       kUnmapped, kMapped);
    }
  }
}

// After the branch the flags of the comparison in front of it are still read.
TEST(DelaySlots, FlagsReadWhereTheBranchGoes) {
  for (const std::string_view value : kValues) {
    // cmp ebx, ecx; jb over; test dl, dl; jz over; inc eax; over: setl al; setb ah
    expect_agreement("39cb 7205 84d2 7401 40 0f9cc0 0f92c4", value, kMapped, kMapped);
    // cmp ebx, ecx; jb over; cmp edx, 10; jz over; inc eax; over: setl al; setb ah
    expect_agreement("39cb 7206 83fa0a 7401 40 0f9cc0 0f92c4", value, kMapped, kMapped);
  }
}

// Two words before the branch: what may fault and what changes the guest keep their order.
TEST(DelaySlots, WordsTwoBeforeTheBranch) {
  for (const std::string_view value : kValues) {
    // inc ecx; inc edx; test bl, bl; jnz over; inc eax; over:
    expect_agreement("41 42 84db 7501 40", value, kMapped, kUnmapped);
    // mov [edi], ecx; cmp ebx, ecx; jl over; inc eax; over:
    expect_agreement("890f 39cb 7c01 40", value, kMapped, kUnmapped);
    // lea ecx, [ecx+1]; cmp dword [esi], 0; jz over; inc eax; over:
    expect_agreement("8d4901 833e00 7401 40", value, kMapped, kUnmapped);
    // mov [edi], ecx; dec ecx; jnz over; inc eax; over:
    expect_agreement("890f 49 7501 40", value, kMapped, kUnmapped);
    // mov [edi], edx; cmp dword [esi], 0; jz over; inc eax; over:
    expect_agreement("8917 833e00 7401 40", value, kMapped, kUnmapped);
    // mov edx, [esi]; test bl, bl; jnz over; inc eax; over:
    expect_agreement("8b16 84db 7501 40", value, kMapped, kUnmapped);
    // cmp ebx, ecx; mov eax, [esi]; jz over; inc edx; over: setl al
    expect_agreement("39cb 8b06 7401 42 0f9cc0", value, kMapped, kUnmapped);
  }
}

}  // namespace
}  // namespace ferry::fuzz
