// Blocks made in place: which memory is given again, what stays, and that each block is found by
// its words.
#include "engine/code_cache.hpp"

#include <gtest/gtest.h>

#include <new>
#include <random>
#include <vector>

namespace ferry::engine {
namespace {

constexpr uint32_t kLargestBlock = 512;
constexpr CodePlace kPlace{0x9000'0000, size_t{128} << 20};

class CodeCacheTest : public testing::Test {
 protected:
  CodeCacheTest() {
    cache.commit(100);
    cache.keep_all(kLargestBlock);
  }

  /// A block of `words` words with `exits` exits and `marks` marks; null if the region is full.
  Block* make(uint32_t words, unsigned exits, unsigned marks) {
    if (cache.free_words() < kLargestBlock) return nullptr;
    cache.open(draft);
    new (draft.block) Block{};
    draft.block->address = ++last_;
    draft.block->words = words;
    for (unsigned i = 0; i < exits; ++i) {
      Exit exit{};
      exit.target = last_ + i;
      exit.owner = draft.block;
      draft.exits.push_back(exit);
    }
    for (unsigned i = 0; i < marks; ++i) {
      draft.marks.push_back({.word = i, .address = last_, .data = 0, .recipe = i});
    }
    return cache.add(draft);
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

  CodeCache cache{size_t{1} << 20, kPlace};
  BlockDraft draft;
  GuestAddress last_ = 0;
};

TEST_F(CodeCacheTest, WhatIsNotAddedIsGivenAnew) {
  cache.open(draft);
  Block* const place = draft.block;
  draft.marks.push_back({});
  draft.exits.push_back({});
  cache.open(draft);
  EXPECT_EQ(draft.block, place);
  EXPECT_EQ(draft.marks.size(), 0u);
  EXPECT_EQ(draft.exits.size(), 0u);
  EXPECT_EQ(make(10, 1, 1), place);
  cache.open(draft);
  EXPECT_NE(draft.block, place);
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
      // Sometimes the largest lists, so that chunks of metadata end at different places.
      const bool large = random() % 16 == 0;
      const unsigned exits = large ? unsigned{BlockDraft::kMaxExits} : random() % 4;
      const unsigned marks = large ? unsigned{BlockDraft::kMaxMarks} : random() % 20;
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

}  // namespace
}  // namespace ferry::engine
