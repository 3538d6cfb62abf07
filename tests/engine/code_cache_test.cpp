// Blocks made in place: what is given anew, what stays, and that each is found by its words.
#include "engine/code_cache.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "engine/address_table.hpp"

namespace ferry::engine {
namespace {

constexpr uint32_t kLargestBlock = 512;

class CodeCacheTest : public testing::Test {
 protected:
  CodeCacheTest() {
    cache.commit(100);
    cache.keep_all(kLargestBlock);
  }

  /// A block of `words` words with as many exits and marks; null where the region is full.
  Block* make(uint32_t words, unsigned exits, unsigned marks) {
    if (cache.free_words() < kLargestBlock) return nullptr;
    cache.open(translation);
    *translation.block = Block{};
    translation.block->address = ++last_;
    translation.block->words = words;
    for (unsigned i = 0; i < exits; ++i) {
      Exit exit{};
      exit.target = last_ + i;
      exit.owner = translation.block;
      translation.exits.push_back(exit);
    }
    for (unsigned i = 0; i < marks; ++i) {
      translation.marks.push_back({.word = i, .address = last_, .data = 0, .recipe = i});
    }
    return cache.add(translation);
  }

  void expect_found(Block* block, GuestAddress address, unsigned exits, unsigned marks) const {
    EXPECT_EQ(cache.find(block->code), block);
    EXPECT_EQ(cache.find(block->code + block->words - 1), block);
    ASSERT_EQ(block->address, address);
    ASSERT_EQ(block->exits.size(), exits);
    ASSERT_EQ(block->marks.size(), marks);
    for (unsigned i = 0; i < exits; ++i) {
      EXPECT_EQ(block->exits[i].target, address + i);
      EXPECT_EQ(block->exits[i].owner, block);
    }
    for (unsigned i = 0; i < marks; ++i) EXPECT_EQ(block->marks[i].recipe, i);
  }

  CodeCache cache{size_t{1} << 20};
  Translation translation;
  GuestAddress last_ = 0;
};

TEST_F(CodeCacheTest, WhatIsNotAddedIsGivenAnew) {
  cache.open(translation);
  Block* const place = translation.block;
  translation.marks.push_back({});
  translation.exits.push_back({});
  cache.open(translation);
  EXPECT_EQ(translation.block, place);
  EXPECT_EQ(translation.marks.size(), 0u);
  EXPECT_EQ(translation.exits.size(), 0u);
  EXPECT_EQ(make(10, 1, 1), place);
  cache.open(translation);
  EXPECT_NE(translation.block, place);
}

TEST_F(CodeCacheTest, EachBlockIsFound) {
  struct Made {
    Block* block;
    GuestAddress address;
    unsigned exits, marks;
  };
  std::mt19937 random(5);
  Epochs epochs;
  for (unsigned turn = 0; turn < 9; ++turn) {
    std::vector<Made> all;
    for (;;) {
      // Now and then the largest lists: chunks of metadata end at different places.
      const bool large = random() % 16 == 0;
      const unsigned exits = large ? unsigned{Translation::kMaxExits} : random() % 4;
      const unsigned marks = large ? unsigned{Translation::kMaxMarks} : random() % 20;
      Block* const block = make(1 + random() % (large ? kLargestBlock : 60), exits, marks);
      if (block == nullptr) break;
      all.push_back({block, last_, exits, marks});
    }
    EXPECT_GT(all.size(), 200u);
    for (const Made& made : all) expect_found(made.block, made.address, made.exits, made.marks);
    cache.retire(cache.region(), epochs.advance());
    const unsigned next = cache.reusable(epochs);
    ASSERT_LT(next, cache.region_count());
    cache.begin(next);
    EXPECT_EQ(cache.first_block(next), nullptr);
    EXPECT_EQ(cache.find(cache.next()), nullptr);
  }
}

TEST(AddressTable, APieceThatIsMissedTwiceIsMapped) {
  constexpr uint32_t kStub = 0x9000'0040, kCode = 0x9000'1000;
  constexpr GuestAddress kAddress = 0x0804'8123;
  AddressTable table(kStub);
  const auto* entry = reinterpret_cast<const uint32_t*>(AddressTable::kBase) + kAddress;
  table.missed(kAddress);
  table.missed(kAddress ^ 1);
  EXPECT_EQ(*entry, kStub);  // faults if it is not mapped
  EXPECT_EQ(table.get(kAddress), kStub);
  table.missed(kAddress);
  table.set(kAddress, kCode);
  EXPECT_EQ(*entry, kCode);
  table.clear(kAddress);
  table.release(kAddress);
  // One miss, and a translation: what was counted does not count as published.
  table.missed(kAddress);
  table.set(kAddress, kCode);
  EXPECT_EQ(table.get(kAddress), kCode);
  table.clear(kAddress);
  EXPECT_EQ(*entry, kStub);
  table.release(kAddress);
  table.missed(0x8000'0000);  // beyond the table: no guest code is there
  table.missed(0xffff'ffff);
  EXPECT_EQ(table.get(0xffff'ffff), kStub);
}

}  // namespace
}  // namespace ferry::engine
