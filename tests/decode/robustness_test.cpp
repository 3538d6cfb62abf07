// No input makes the decoder read past the bytes it is given: these end where an inaccessible page
// begins.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "byte_strings.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/decode/rows.hpp"

namespace ferry::i386::test {
namespace {

constexpr uint32_t kAddress = 0x08048000;

class PageEnd {
 public:
  PageEnd() : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
    void* memory =
        mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    start_ = static_cast<uint8_t*>(memory);
    if (mprotect(start_ + page_, page_, PROT_NONE) != 0) std::abort();
  }
  ~PageEnd() { munmap(start_, 2 * page_); }
  PageEnd(const PageEnd&) = delete;
  PageEnd& operator=(const PageEnd&) = delete;

  /// Copies the first `size` bytes to the end of the page.
  const uint8_t* place(const ByteString& bytes, unsigned size) {
    uint8_t* at = start_ + page_ - size;
    std::memcpy(at, bytes.data(), size);
    return at;
  }

 private:
  size_t page_;
  uint8_t* start_ = nullptr;
};

/// Uses what was decoded, so that a register or row number out of range shows (under UBSan or by
/// CHECK).
void use(const Instruction& instruction) {
  ASSERT_LT(instruction.row, row_count());
  ASSERT_GE(instruction.length, 1);
  ASSERT_LE(instruction.length, kMaxInstructionLength);
  (void)(gprs_read(instruction) | gprs_written(instruction));
  const uint32_t written = flags_written(instruction);
  ASSERT_EQ(written & flags_undefined(instruction), 0u);
  (void)flags_read(instruction);
  for (const Operand& operand : instruction.operands) ASSERT_LT(operand.reg, 8);
}

bool same(const Instruction& a, const Instruction& b) {
  return a.row == b.row && a.length == b.length && a.immediate == b.immediate &&
         a.immediate2 == b.immediate2 && a.memory.displacement == b.memory.displacement &&
         a.memory.base == b.memory.base && a.memory.index == b.memory.index;
}

class Truncations {
 public:
  void check(const ByteString& bytes) {
    Instruction whole;
    const DecodeStatus status =
        decode(page_.place(bytes, kStringLength), kStringLength, kAddress, whole);
    ASSERT_NE(status, DecodeStatus::truncated);
    ++counts_[static_cast<unsigned>(status)];
    if (status == DecodeStatus::ok) use(whole);
    bool decided = false;
    for (unsigned size = 0; size < kStringLength; ++size) {
      Instruction cut;
      const DecodeStatus result = decode(page_.place(bytes, size), size, kAddress, cut);
      if (result == DecodeStatus::truncated) {
        // More bytes never make a decided result undecided, and a whole instruction is not
        // truncated.
        ASSERT_FALSE(decided) << size;
        ASSERT_TRUE(status != DecodeStatus::ok || size < whole.length) << size;
        ASSERT_LT(size, kMaxInstructionLength);
        continue;
      }
      decided = true;
      ASSERT_EQ(result, status) << size;
      if (result == DecodeStatus::ok) {
        ASSERT_GE(size, whole.length);
        ASSERT_TRUE(same(cut, whole)) << size;
      }
    }
  }

  void print() const {
    std::printf("%llu ok, %llu illegal, %llu too long, each at 16 sizes\n", counts_[0], counts_[2],
                counts_[3]);
  }
  [[nodiscard]] unsigned long long count(DecodeStatus status) const {
    return counts_[static_cast<unsigned>(status)];
  }

 private:
  PageEnd page_;
  unsigned long long counts_[4] = {};
};

TEST(Robustness, NoInputReadsPastItsBytes) {
  const char* count = std::getenv("FERRY_DECODE_FUZZ");
  Truncations truncations;
  const auto visit = [&truncations](const ByteString& bytes) {
    truncations.check(bytes);
    stop_if_failed(bytes);
  };
  random_byte_strings(1, count != nullptr ? std::strtoull(count, nullptr, 10) : 1'000'000, visit);
  truncations.print();
  EXPECT_GT(truncations.count(DecodeStatus::too_long), 0u);
}

TEST(Robustness, FifteenBytesAreTheLimit) {
  Instruction instruction;
  ByteString bytes;
  bytes.fill(0x2e);
  EXPECT_EQ(decode(bytes.data(), 16, 0, instruction), DecodeStatus::too_long);
  EXPECT_EQ(decode(bytes.data(), 15, 0, instruction), DecodeStatus::too_long);
  EXPECT_EQ(decode(bytes.data(), 14, 0, instruction), DecodeStatus::truncated);
  bytes[14] = 0x90;
  EXPECT_EQ(decode(bytes.data(), 16, 0, instruction), DecodeStatus::ok);
  EXPECT_EQ(instruction.length, 15);
  bytes[13] = 0xeb;  // one byte more than fits
  bytes[14] = 0x00;
  EXPECT_EQ(decode(bytes.data(), 16, 0, instruction), DecodeStatus::ok);
  bytes[13] = 0x2e;
  bytes[14] = 0xeb;
  EXPECT_EQ(decode(bytes.data(), 16, 0, instruction), DecodeStatus::too_long);
  EXPECT_EQ(decode(bytes.data(), 0, 0, instruction), DecodeStatus::truncated);
}

}  // namespace
}  // namespace ferry::i386::test
