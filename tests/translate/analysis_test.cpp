#include "translate/i386/analysis.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <thread>

namespace ferry::translate {
namespace {

constexpr GuestAddress kCode = 0x0804'8000;

class AnalysisTest : public ::testing::Test, private i386::CodeSource {
 protected:
  AnalysisTest() {
    void* const wanted = guest::host_pointer(kCode);
    EXPECT_EQ(::mmap(wanted, guest::kPageSize, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
              wanted);
  }

  void put(std::initializer_list<uint8_t> bytes, GuestAddress at = kCode) {
    std::memcpy(guest::host_pointer(at), bytes.begin(), bytes.size());
  }

  const Options options_;
  Analysis analysis_{options_, *this};
  AnalysedBlock block_;
  GuestRanges ranges_;

 private:
  [[nodiscard]] GuestAddress fetch_end(GuestAddress address) const override {
    const bool inside = address >= kCode && address < kCode + guest::kPageSize;
    return inside ? kCode + guest::kPageSize : address;
  }
};

TEST_F(AnalysisTest, SelfCheckingBlockEndsAfterAStore) {
  put({0x90, 0x40, 0x89, 0x03, 0x40, 0xc3});  // NOP; INC EAX; MOV [EBX], EAX; INC EAX; RET
  analysis_.set_self_checking(kCode, true);
  analysis_.analyse(kCode, block_, ranges_);
  EXPECT_TRUE(block_.self_checking);
  EXPECT_EQ(block_.count, 3u);
  EXPECT_EQ(block_.next, kCode + 4);
}

TEST_F(AnalysisTest, SelfCheckingBlockDoesNotFollowAJump) {
  put({0x40, 0xeb, 0x10});
  put({0x40, 0xc3}, kCode + 0x13);
  analysis_.set_self_checking(kCode, true);
  analysis_.analyse(kCode, block_, ranges_);
  EXPECT_EQ(block_.count, 2u);
  EXPECT_FALSE(block_.instructions[1].followed);
}

// A block was decoded from bytes that were read once, and its check on entry compared with bytes
// that were read a second time. A write by another thread in between left old code that new bytes
// guarded for ever.
TEST_F(AnalysisTest, ChecksTheBytesItWasDecodedFrom) {
  put({0xb8, 0, 0, 0, 0, 0xc3});  // MOV EAX, imm32; RET
  analysis_.set_self_checking(kCode, true);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    auto* const immediate = static_cast<uint8_t*>(guest::host_pointer(kCode + 1));
    for (uint8_t next = 0; !done; ++next) std::atomic_ref(*immediate).store(next);
  });
  for (unsigned i = 0; i < 200'000; ++i) {
    analysis_.analyse(kCode, block_, ranges_);
    ASSERT_EQ(block_.instructions[0].instruction.immediate, block_.checked_bytes[1]);
  }
  done = true;
  writer.join();
}

}  // namespace
}  // namespace ferry::translate
