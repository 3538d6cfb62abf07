// The table against itself: no two rows claim the same encoding, and decoding reaches every row.
#include "guest/i386/decode/rows.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <vector>

#include "byte_strings.hpp"
#include "guest/i386/decode/decoder.hpp"

namespace ferry::i386::test {
namespace {

/// Whether the row covers the encoding: written a second time here, independent of the decoder's
/// tables.
bool covers(const Row& row, const Encoding& encoding) {
  const unsigned reg = encoding.modrm >> 3 & 7;
  const bool memory = encoding.modrm < 0xc0;
  return row.map == encoding.map && encoding.opcode >= row.opcode &&
         encoding.opcode < row.opcode + unsigned{row.span} &&
         (row.prefix == Mandatory::any || row.prefix == encoding.prefix) &&
         (row.extension < 0 || static_cast<unsigned>(row.extension) == reg) &&
         (row.rm < 0 || static_cast<unsigned>(row.rm) == (encoding.modrm & 7)) &&
         (row.mod == ModForm::any || (row.mod == ModForm::memory) == memory);
}

bool is_opcode(const Encoding& encoding) {
  if (encoding.map == Map::one_byte) return !is_prefix(encoding.opcode) && encoding.opcode != 0x0f;
  return encoding.map != Map::two_byte || (encoding.opcode != 0x38 && encoding.opcode != 0x3a);
}

/// The rows of the encoding: those that require the prefix or, if there are none, those that allow
/// any.
std::vector<uint16_t> rows_of(const std::vector<uint16_t>& candidates, const Encoding& encoding) {
  std::vector<uint16_t> exact, any;
  for (const uint16_t index : candidates) {
    if (!covers(row(index), encoding)) continue;
    (row(index).prefix == Mandatory::any ? any : exact).push_back(index);
  }
  return exact.empty() ? any : exact;
}

void check_encoding(const std::vector<uint16_t>& candidates, const Encoding& encoding,
                    std::vector<bool>& reached) {
  const ByteString bytes = bytes_of(encoding);
  const std::vector<uint16_t> rows = rows_of(candidates, encoding);
  Instruction instruction;
  const DecodeStatus status = decode(bytes.data(), kMaxInstructionLength, 0, instruction);
  ASSERT_LE(rows.size(), 1u) << row(rows[0]).mnemonic << " and " << row(rows[1]).mnemonic;
  ASSERT_EQ(status, rows.empty() ? DecodeStatus::illegal : DecodeStatus::ok);
  if (rows.empty()) return;
  ASSERT_EQ(instruction.row, rows[0]) << row(rows[0]).mnemonic;
  reached[rows[0]] = true;
}

TEST(Rows, EveryEncodingHasOneRowAndEveryRowIsReached) {
  std::vector<bool> reached(row_count());
  for (const Map map : {Map::one_byte, Map::two_byte, Map::three_byte_38, Map::three_byte_3a}) {
    for (unsigned opcode = 0; opcode < 0x100; ++opcode) {
      std::vector<uint16_t> candidates;
      for (uint16_t i = 0; i < row_count(); ++i) {
        const Row& r = row(i);
        if (r.map == map && opcode >= r.opcode && opcode < r.opcode + unsigned{r.span}) {
          candidates.push_back(i);
        }
      }
      for (const Mandatory prefix :
           {Mandatory::np, Mandatory::p66, Mandatory::pf3, Mandatory::pf2}) {
        for (unsigned modrm = 0; modrm < 0x100; ++modrm) {
          const Encoding encoding{map, opcode, modrm, prefix};
          if (is_opcode(encoding)) check_encoding(candidates, encoding, reached);
        }
      }
    }
  }
  unsigned count = 0;
  for (uint16_t i = 0; i < row_count(); ++i) {
    count += reached[i];
    EXPECT_TRUE(reached[i]) << row(i).mnemonic << ", opcode " << unsigned{row(i).opcode};
  }
  std::printf("%u of %u rows reached\n", count, unsigned{row_count()});
}

/// If a row named a flag both as written and as undefined, liveness would contradict itself.
TEST(Rows, FlagColumnsAreDisjoint) {
  for (uint16_t i = 0; i < row_count(); ++i) {
    EXPECT_EQ(row(i).flags_written & row(i).flags_undefined, 0u) << row(i).mnemonic;
  }
}

/// An instruction that allows LOCK reads and writes its destination.
TEST(Rows, LockableRowsChangeTheirFirstOperand) {
  for (uint16_t i = 0; i < row_count(); ++i) {
    if ((row(i).attributes & attribute::lockable) == 0) continue;
    EXPECT_EQ(row(i).operands[0].access, Access::rw) << row(i).mnemonic;
  }
}

}  // namespace
}  // namespace ferry::i386::test
