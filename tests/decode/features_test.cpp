// The feature column of the rows against Capstone's groups, an independent reading of the manual.
#include <capstone/capstone.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "byte_strings.hpp"
#include "guest/i386/decode/rows.hpp"

namespace ferry::i386::test {
namespace {

/// An instruction of the row.
ByteString bytes_of(const Row& row) {
  const auto number = [](int8_t column) { return static_cast<unsigned>(column >= 0 ? column : 0); };
  const unsigned mod = row.mod == ModForm::memory ? 0 : 0xc0;
  const unsigned modrm = mod | number(row.extension) << 3 | number(row.rm);
  return test::bytes_of(Encoding{row.map, row.opcode, modrm, row.prefix});
}

/// The feature of a Capstone group; none for groups that do not stand for one bit of CPUID.
std::optional<Feature> feature_of_group(uint8_t group) {
  switch (group) {
    case X86_GRP_CMOV:
      return Feature::cmov;
    case X86_GRP_MMX:
      return Feature::mmx;
    case X86_GRP_SSE1:
      return Feature::sse;
    case X86_GRP_SSE2:
      return Feature::sse2;
    case X86_GRP_SSE3:
      return Feature::sse3;
    case X86_GRP_SSSE3:
      return Feature::ssse3;
    case X86_GRP_SSE41:
      return Feature::sse4_1;
    case X86_GRP_SSE42:
      return Feature::sse4_2;
    default:
      return std::nullopt;
  }
}

/// Instructions that are older than the feature Capstone gives them, or have a CPUID bit of their
/// own.
bool differs_rightly(const Row& row) {
  return row.mnemonic == "PAUSE"        // a NOP where SSE2 is missing
         || row.mnemonic == "PREFETCH"  // a hint NOP where SSE is missing
         || row.mnemonic == "CLFLUSH";  // CPUID.1:EDX bit 19
}

TEST(Features, AreThoseOfCapstonesGroups) {
  csh handle;
  ASSERT_EQ(cs_open(CS_ARCH_X86, CS_MODE_32, &handle), CS_ERR_OK);
  cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
  unsigned compared = 0;
  for (uint16_t i = 0; i < row_count(); ++i) {
    const Row& row = i386::row(i);
    const ByteString bytes = bytes_of(row);
    cs_insn* instruction = nullptr;
    if (cs_disasm(handle, bytes.data(), bytes.size(), 0, 1, &instruction) == 0) continue;
    for (unsigned g = 0; g < instruction->detail->groups_count; ++g) {
      const auto feature = feature_of_group(instruction->detail->groups[g]);
      if (!feature || differs_rightly(row)) continue;
      ++compared;
      EXPECT_EQ(static_cast<unsigned>(*feature), static_cast<unsigned>(row.feature))
          << row.mnemonic << " is " << instruction->mnemonic << " for Capstone";
    }
    cs_free(instruction, 1);
  }
  cs_close(&handle);
  EXPECT_GT(compared, 350u);  // the rows of MMX to SSE4.2 and the CMOVs
}

}  // namespace
}  // namespace ferry::i386::test
