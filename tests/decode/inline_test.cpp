// The in-line parts of the decoder against the complete one: they must read alike whatever they
// accept.
#include "guest/i386/decode/inline.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>

#include "byte_strings.hpp"
#include "guest/i386/decode/decoder.hpp"

namespace ferry::i386::test {
namespace {

constexpr uint32_t kAddress = 0x08048000;

void expect_same(const Instruction& a, const Instruction& b) {
  ASSERT_EQ(a.address, b.address);
  ASSERT_EQ(a.row, b.row);
  ASSERT_EQ(a.length, b.length);
  ASSERT_EQ(a.segment_override, b.segment_override);
  ASSERT_EQ(a.operand_size, b.operand_size);
  ASSERT_EQ(a.address_size, b.address_size);
  ASSERT_EQ(a.lock, b.lock);
  ASSERT_EQ(a.rep, b.rep);
  ASSERT_EQ(a.opcode, b.opcode);
  ASSERT_EQ(a.modrm, b.modrm);
  ASSERT_EQ(std::memcmp(&a.operands, &b.operands, sizeof a.operands), 0);
  ASSERT_EQ(std::memcmp(&a.memory, &b.memory, sizeof a.memory), 0);
  ASSERT_EQ(a.immediate, b.immediate);
  ASSERT_EQ(a.immediate2, b.immediate2);
}

class InLine {
 public:
  void check(const ByteString& bytes) {
    ++strings_;
    Skimmed in;
    Instruction quick;
    // decode_quickly must set every member.
    std::memset(static_cast<void*>(&quick), 0xa5, sizeof quick);
    const bool skimmed = skim(tables(), bytes.data(), in);
    ASSERT_EQ(decode_quickly(tables(), bytes.data(), kAddress, quick), skimmed);
    if (!skimmed) return;
    ++skimmed_;
    // Given only the instruction's own bytes, which are too few for the in-line part unless the
    // instruction is very long, decode() takes the complete decoder.
    Instruction whole;
    ASSERT_EQ(decode(bytes.data(), quick.length, kAddress, whole), DecodeStatus::ok);
    expect_same(quick, whole);
    ASSERT_EQ(in.row, whole.row);
    ASSERT_EQ(in.opcode, whole.opcode);
    ASSERT_EQ(in.modrm, whole.modrm);
    const uint8_t* const end = end_of(in);
    ASSERT_EQ(end, bytes.data() + whole.length);
    if (whole.operands[0].kind == OperandKind::relative) {
      ++relative_;
      ASSERT_EQ(whole.next_address() + distance_of(in, end), whole.immediate);
    }
  }

  void report() const {
    std::printf("%llu of %llu in line, %llu of them with a target\n", skimmed_, strings_,
                relative_);
    EXPECT_GT(skimmed_, strings_ / 20);
    EXPECT_GT(relative_, 0u);
  }

 private:
  unsigned long long strings_ = 0;
  unsigned long long skimmed_ = 0;
  unsigned long long relative_ = 0;
};

TEST(InLine, ReadsAlikeWhatItTakes) {
  InLine tally;
  const auto visit = [&tally](const ByteString& bytes) {
    tally.check(bytes);
    stop_if_failed(bytes);
  };
  enumerate_byte_strings(visit);
  random_byte_strings(3, 1'000'000, visit);
  tally.report();
}

}  // namespace
}  // namespace ferry::i386::test
