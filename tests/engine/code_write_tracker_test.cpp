// Which blocks die with which pages, compared with a simple model.
#include "engine/code_write_tracker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

namespace ferry::engine {
namespace {

class FakeProtector final : public PageProtector {
 public:
  bool begin_watch(GuestAddress page) override {
    EXPECT_TRUE(watched.insert(page).second) << page;
    return true;
  }
  void end_watch(GuestAddress page) override { EXPECT_EQ(watched.erase(page), 1u) << page; }
  std::set<GuestAddress> watched;
};

class CodeWriteTrackerTest : public testing::Test {
 protected:
  Block& add(std::vector<GuestRange> ranges, uint8_t region = 0) {
    blocks_.push_back(std::make_unique<Block>());
    Block& block = *blocks_.back();
    block.set_valid(true);
    block.region = region;
    tracker.add(block, ranges);
    for (const GuestRange& range : ranges) {
      for (GuestAddress page = range.begin / kGuestPageSize;
           page <= (range.end - 1) / kGuestPageSize; ++page) {
        model[page * kGuestPageSize].insert(&block);
      }
    }
    expect_watched();
    return block;
  }

  void expect_taken(GuestAddress begin, GuestAddress end) {
    const CodeWriteTracker::Taken taken = tracker.take(begin, end);
    expect_watched();  // until their blocks are unreachable
    tracker.release(taken.pages);
    std::set<Block*> blocks;
    std::vector<GuestAddress> pages;
    const auto first = model.lower_bound(begin / kGuestPageSize * kGuestPageSize);
    auto last = first;
    for (; last != model.end() && last->first < end; ++last) {
      blocks.insert(last->second.begin(), last->second.end());
      pages.push_back(last->first);
    }
    model.erase(first, last);
    EXPECT_EQ(taken.pages, pages);
    EXPECT_EQ(std::set<Block*>(taken.blocks.begin(), taken.blocks.end()), blocks);
    EXPECT_EQ(taken.blocks.size(), blocks.size());
    for (Block* block : taken.blocks) block->set_valid(false);
    expect_watched();
  }

  /// Removes the blocks of a region, as an eviction does.
  void evict(uint8_t region) {
    for (const auto& block : blocks_) block->set_valid(block->valid() && block->region != region);
    tracker.remove_invalid();
    for (auto entry = model.begin(); entry != model.end();) {
      std::erase_if(entry->second, [](const Block* block) { return !block->valid(); });
      entry = entry->second.empty() ? model.erase(entry) : std::next(entry);
    }
    std::erase_if(blocks_, [](const auto& block) { return !block->valid(); });
    expect_watched();
  }

  void expect_watched() const {
    std::set<GuestAddress> pages;
    for (const auto& [page, blocks] : model) pages.insert(page);
    EXPECT_EQ(protector.watched, pages);
  }

  FakeProtector protector;
  CodeWriteTracker tracker{protector, 0x8000'0000};
  std::map<GuestAddress, std::set<Block*>> model;

 private:
  std::vector<std::unique_ptr<Block>> blocks_;
};

TEST_F(CodeWriteTrackerTest, ABlockOverTwoPagesDiesWithEither) {
  const std::vector<GuestRange> ranges{{0x8048ff0, 0x8049010}};
  add(ranges);
  expect_taken(0x8048ff0, 0x8048ff1);
  EXPECT_EQ(protector.watched, std::set<GuestAddress>{0x8049000});
  // The block is invalid by now, but still in the list of the other page.
  expect_taken(0x8049800, 0x8049801);
  EXPECT_TRUE(protector.watched.empty());
}

TEST_F(CodeWriteTrackerTest, RangesMayShareTheirPages) {
  add({{0x1000, 0x1010}, {0x1800, 0x2001}, {0x1020, 0x1030}, {0x1040, 0x2010}});
  expect_taken(0x1000, 0x3000);
}

TEST_F(CodeWriteTrackerTest, TheFirstAndTheLastPage) {
  add({{0, 1}, {0x7fff'ffff, 0x8000'0000}});
  expect_taken(0x7000'0000, 0xffff'ffff);
  expect_taken(0, 1);
  EXPECT_TRUE(model.empty());
}

TEST_F(CodeWriteTrackerTest, NothingIsTakenWhereNothingIs) {
  expect_taken(0, 0xffff'ffff);
  add({{0x20'0000, 0x20'0001}});  // at the edge of a group of pages
  expect_taken(0, 0x20'0000);
  expect_taken(0x20'1000, 0xffff'ffff);
  expect_taken(0x20'0000, 0x20'0000);  // an empty range
  EXPECT_EQ(model.size(), 1u);
  expect_taken(0x1f'ffff, 0x20'0001);
}

TEST_F(CodeWriteTrackerTest, EvictionsAndWritesInTurn) {
  std::mt19937 random(3);
  // Some pages lie close together, others far apart: neighbours in a group, groups of one page.
  const auto address = [&random]() -> GuestAddress {
    const uint32_t page = random() % 3 == 0 ? random() % 500 * 997 : 0x8000 + random() % 100;
    return page * kGuestPageSize + random() % kGuestPageSize;
  };
  for (unsigned turn = 0; turn < 3000; ++turn) {
    const auto region = static_cast<uint8_t>(turn / 200 % 4);
    if (turn % 200 == 0) evict(region);
    std::vector<GuestRange> ranges;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      const GuestAddress begin = address();
      ranges.push_back({begin, begin + 1 + static_cast<uint32_t>(random() % 6000)});
    }
    add(ranges, region);
    if (random() % 10 != 0) continue;
    const GuestAddress begin = address();
    const uint32_t longest = random() % 20 == 0 ? 0x1000'0000 : 0x3000;
    expect_taken(begin, begin + static_cast<uint32_t>(random() % longest));
  }
  EXPECT_GT(model.size(), 100u);
  for (uint8_t region = 0; region < 4; ++region) evict(region);
  EXPECT_TRUE(protector.watched.empty());
}

}  // namespace
}  // namespace ferry::engine
