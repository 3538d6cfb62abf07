// The engine with a translator whose words are never executed: what remains of blocks after
// evictions, and which thread waits for which.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "engine/engine.hpp"

namespace ferry::engine {
namespace {

constexpr uint32_t kLargestBlock = 512;
constexpr CodePlace kPlace{0x9000'0000, size_t{128} << 20};
constexpr GuestAddress kBase = 0x0804'8000;
constexpr unsigned kPlaces = 2000, kPlaceBytes = 32;

GuestAddress address_of(unsigned place) {
  return kBase + place % kPlaces * kPlaceBytes;
}

/// The bytes that the block at `address` is made from, and the bytes it relies on.
std::array<GuestRange, 2> ranges_of(GuestAddress address) {
  const GuestAddress other = address_of((address - kBase) / kPlaceBytes + 500);
  return {{{address, address + kPlaceBytes}, {other, other + 1}}};
}

/// Makes blocks with two exits each. To enter one is to walk along links, as code would.
class FakeTranslator final : public Translator {
 public:
  FakeTranslator(CodeCache& cache, GuestAddress& pc) : cache_(cache), pc_(pc) {}

  bool translate(GuestAddress address, uint32_t* code, uint32_t capacity,
                 BlockDraft& out) override {
    if (capacity < kLargestBlock) return false;
    Block& block = *out.block;
    block.address = address;
    block.words = 10 + address / kPlaceBytes * 37 % 400;
    block.direct_entry = block.indirect_entry = 0;
    block.guest_instructions = 3;
    std::fill(code, code + block.words, address);
    out.ranges.clear();
    const unsigned place = (address - kBase) / kPlaceBytes;
    for (const unsigned target : {place + 1, place * 7 + 3}) {
      const auto site = static_cast<uint32_t>(out.exits.size());
      out.exits.push_back({.kind = Exit::Kind::jump,
                           .live = 0,
                           .site = site,
                           .stub = site,
                           .unlinked = 0,
                           .target = address_of(target),
                           .recipe = 0,
                           .owner = &block,
                           .linked = nullptr,
                           .next_incoming = nullptr});
    }
    out.marks.push_back({.word = 0, .address = address, .data = 0, .recipe = 0});
    for (const GuestRange& range : ranges_of(address)) out.ranges.push_back(range);
    return true;
  }

  Leave enter(void*, const uint32_t* code) override {
    Block* block = cache_.find(code);
    for (;;) {
      expect_whole(*block);
      Exit& exit = block->exits[random_() % 3 == 0];
      if (exit.linked == nullptr) {
        pc_ = exit.target;
        if (random_() % 4 == 0) return {LeaveReason::indirect_exit, nullptr};
        return {LeaveReason::direct_exit, &exit};
      }
      block = exit.linked;
    }
  }

  static void expect_whole(const Block& block) {
    ASSERT_TRUE(block.valid());
    for (uint32_t i = 0; i < block.words; ++i) ASSERT_EQ(block.code[i], block.address);
    ASSERT_EQ(block.marks.size(), 1u);
    ASSERT_EQ(block.marks[0].address, block.address);
    ASSERT_EQ(block.exits.size(), 2u);
    for (const Exit& exit : block.exits) ASSERT_EQ(exit.owner, &block);
  }

  void mark_unaligned(GuestAddress) override {}
  void expect(const void*) override {}
  void note_other_state(GuestAddress) override {}
  void order_accesses() override { ordered = true; }
  void forget_analysis() override { ++forgotten; }
  void forget_region(unsigned region) override { regions.push_back(region); }
  void set_self_checking(GuestAddress page, bool on) override {
    on ? static_cast<void>(self_checking.insert(page))
       : static_cast<void>(self_checking.erase(page));
  }

  bool ordered = false;
  unsigned forgotten = 0;
  std::vector<unsigned> regions;  ///< in the order they were begun
  std::set<GuestAddress> self_checking;

 private:
  CodeCache& cache_;
  GuestAddress& pc_;
  std::mt19937 random_{1};
};

class FakePatcher final : public CodePatcher {
 public:
  void link(const Exit&, const uint32_t*) override {}
  void unlink(const Exit&) override {}
  void synchronise(const uint32_t*, uint32_t) override {}
};

class FakeProtector final : public PageProtector {
 public:
  bool begin_watch(GuestAddress page) override {
    if (expected.contains(page)) return false;
    EXPECT_TRUE(watched.insert(page).second);
    return true;
  }
  void end_watch(GuestAddress page) override {
    EXPECT_TRUE(watched.contains(page) || expected.contains(page));
    ending(page);
    watched.erase(page);
  }
  std::set<GuestAddress> watched;
  std::set<GuestAddress> expected;  ///< pages that the kernel may be writing
  std::function<void(GuestAddress)> ending = [](GuestAddress) {};  ///< before a watch ends
};

class FakeIndex final : public CodeIndex {
 public:
  [[nodiscard]] const uint32_t* get(GuestAddress address) const override {
    const auto entry = entries_.find(address);
    return entry != entries_.end() ? entry->second : nullptr;
  }
  void set(GuestAddress address, const uint32_t* code) override { entries_[address] = code; }
  void clear(GuestAddress address) override { entries_.erase(address); }
  void missed(GuestAddress) override {}
  void release(GuestAddress) override {}

 private:
  std::map<GuestAddress, const uint32_t*> entries_;
};

class FakeGuest : public Guest {
 public:
  [[nodiscard]] GuestAddress pc() const override { return address; }
  [[nodiscard]] void* state() override { return nullptr; }
  [[nodiscard]] bool interrupt_pending() const override { return false; }
  void deliver_interrupts() override {}
  bool system_call() override { return false; }
  void deliver_exception() override {}
  void interpret_one() override {}
  void interpret_block(unsigned) override {}
  [[nodiscard]] bool translatable() const override { return true; }
  [[nodiscard]] bool running() const override { return turns-- > 0; }

  GuestAddress address = kBase;
  mutable unsigned turns = 0;
};

class Eviction : public testing::Test {
 protected:
  void set_up(uint32_t permanent_words, void (*nudge)(int32_t) = nullptr) {
    cache = std::make_unique<CodeCache>(size_t{64} << 10, kPlace);
    cache->commit(permanent_words);
    cache->keep_all(kLargestBlock);
    translator = std::make_unique<FakeTranslator>(*cache, guest.address);
    index = std::make_unique<FakeIndex>();
    engine = std::make_unique<Engine>(*cache, *index, *translator, patcher, protector, lock,
                                      EngineOptions{.cold_runs = 0, .nudge = nudge});
    thread = std::make_unique<Thread>(engine->threads());
  }

  void run(unsigned turns) {
    guest.turns = turns;
    engine->run(guest, *thread);
  }

  /// Expects every block that is found to be whole, and its pages to be watched. Returns the pages.
  std::set<GuestAddress> expect_consistent() const {
    std::set<GuestAddress> pages;
    check_blocks(pages);
    EXPECT_TRUE(std::includes(protector.watched.begin(), protector.watched.end(), pages.begin(),
                              pages.end()));
    return pages;
  }

  void check_blocks(std::set<GuestAddress>& pages) const {
    for (unsigned place = 0; place < kPlaces; ++place) {
      const uint32_t* code = index->get(address_of(place));
      if (code == nullptr) continue;
      const Block* block = cache->find(code);
      ASSERT_NE(block, nullptr);
      ASSERT_EQ(block->address, address_of(place));
      FakeTranslator::expect_whole(*block);
      for (const GuestRange& range : ranges_of(block->address)) pages.insert(range.begin & ~4095u);
      for (const Exit& exit : block->exits) {
        if (exit.linked != nullptr) FakeTranslator::expect_whole(*exit.linked);
      }
      for (const Exit* exit = block->incoming; exit != nullptr; exit = exit->next_incoming) {
        ASSERT_EQ(exit->linked, block);
        ASSERT_TRUE(exit->owner->valid());
      }
    }
  }

  FakeGuest guest;
  FakePatcher patcher;
  FakeProtector protector;
  std::unique_ptr<CodeCache> cache;
  std::unique_ptr<FakeTranslator> translator;
  std::unique_ptr<FakeIndex> index;
  MemoryLock lock;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Thread> thread;
};

TEST_F(Eviction, RegionsInTurn) {
  set_up(100);
  ASSERT_EQ(cache->region_count(), 4u);
  for (unsigned i = 0; i < 300; ++i) {
    run(20);
    EXPECT_EQ(expect_consistent(), protector.watched);
  }
  EXPECT_GT(engine->statistics().evictions, 20u);
  EXPECT_EQ(engine->statistics().flushes, 0u);
  for (size_t i = 0; i < translator->regions.size(); ++i) {
    EXPECT_EQ(translator->regions[i], (i + 1) % 4);
  }
  EXPECT_EQ(translator->forgotten, engine->statistics().evictions);
}

TEST_F(Eviction, InvalidatedBlocksToo) {
  set_up(100);
  std::mt19937 random(7);
  for (unsigned i = 0; i < 500; ++i) {
    run(random() % 30);
    const GuestAddress begin = address_of(random() % kPlaces);
    engine->invalidate(begin, begin + random() % 3000);
    expect_consistent();
  }
  EXPECT_GT(engine->statistics().evictions, 10u);
  EXPECT_GT(engine->statistics().invalidations, 1000u);
}

TEST_F(Eviction, ASmallCacheIsFlushed) {
  set_up(14500);
  ASSERT_EQ(cache->region_count(), 1u);
  for (unsigned i = 0; i < 100; ++i) {
    run(10);
    expect_consistent();
  }
  EXPECT_GT(engine->statistics().flushes, 20u);
  EXPECT_EQ(engine->statistics().evictions, 0u);
}

// As soon as the watch has ended, another thread may write to the page, and must not find its old
// code. (Once the watch ended first, and a thread executed what it had just overwritten.)
TEST_F(Eviction, BlocksAreUnreachableBeforeTheWatchEnds) {
  set_up(100);
  unsigned ended = 0;
  protector.ending = [&](GuestAddress page) {
    ++ended;
    for (unsigned place = 0; place < kPlaces; ++place) {
      if (index->get(address_of(place)) == nullptr) continue;
      for (const GuestRange& range : ranges_of(address_of(place)))
        EXPECT_NE(range.begin & ~4095u, page);
    }
  };
  run(200);
  for (GuestAddress page = kBase; page < address_of(kPlaces - 1); page += 4096) {
    engine->written(page, page + 1);
  }
  run(200);
  engine->invalidate(kBase, address_of(kPlaces - 1));
  EXPECT_GT(ended, 10u);
}

TEST_F(Eviction, PagesThatTheKernelWritesCheckThemselves) {
  set_up(100);
  lock.enable();
  protector.expected.insert(kBase);
  guest.address = kBase;
  run(1);
  EXPECT_TRUE(translator->self_checking.contains(kBase));
  EXPECT_FALSE(protector.watched.contains(kBase));
  EXPECT_NE(index->get(kBase), nullptr);
}

TEST_F(Eviction, PagesWrittenOftenCheckThemselves) {
  set_up(100);
  constexpr GuestAddress kPage = kBase;
  for (unsigned writes = 0; writes <= CodeWriteTracker::kMostWrites; ++writes) {
    guest.address = kPage;
    run(1);
    EXPECT_TRUE(protector.watched.contains(kPage));
    EXPECT_FALSE(translator->self_checking.contains(kPage));
    engine->written(kPage + 100, kPage + 101);
    EXPECT_FALSE(protector.watched.contains(kPage));
  }
  EXPECT_TRUE(translator->self_checking.contains(kPage));
  guest.address = kPage;
  run(1);
  EXPECT_FALSE(protector.watched.contains(kPage));
  // With a new mapping the count of writes starts again; blocks of the old mapping are gone.
  engine->invalidate(kPage, kPage + 4096);
  EXPECT_TRUE(translator->self_checking.empty());
  EXPECT_EQ(index->get(kPage), nullptr);
  guest.address = kPage;
  run(1);
  EXPECT_TRUE(protector.watched.contains(kPage));
}

TEST_F(Eviction, WhenAccessesBecomeOrderedAllBlocksGo) {
  set_up(100);
  for (const unsigned turns : {0u, 1u, 200u, 2000u}) {
    run(turns);
    translator->ordered = false;
    engine->order_accesses();
    EXPECT_TRUE(translator->ordered);
    EXPECT_EQ(expect_consistent(), std::set<GuestAddress>{});
    for (unsigned place = 0; place < kPlaces; ++place)
      EXPECT_EQ(index->get(address_of(place)), nullptr);
    EXPECT_TRUE(protector.watched.empty());
    run(50);
    expect_consistent();
  }
}

std::vector<int32_t> nudged;

/// Does something while its thread is inside, once.
class OuterGuest final : public FakeGuest {
 public:
  explicit OuterGuest(std::function<void()> act) : act_(std::move(act)) {}
  [[nodiscard]] bool running() const override {
    if (!std::exchange(acted_, true)) act_();
    return FakeGuest::running();
  }

 private:
  std::function<void()> act_;
  mutable bool acted_ = false;
};

TEST_F(Eviction, MemoryIsNotReusedWhileAnotherThreadMayBeInside) {
  nudged.clear();
  set_up(100, [](int32_t number) { nudged.push_back(number); });
  Thread other(engine->threads());
  other.set_number(7);
  OuterGuest outside([&] {
    while (engine->statistics().evictions == 0) run(1);
    // A region was evicted, and the other thread asked to come out. It does not, so the region is
    // not reused; what has no translation is interpreted.
    EXPECT_EQ(nudged, std::vector<int32_t>{7});
    EXPECT_EQ(translator->regions.size(), 3u);
    const uint64_t interpreted = engine->statistics().interpreted;
    run(100);
    EXPECT_GT(engine->statistics().interpreted, interpreted);
    EXPECT_EQ(engine->statistics().evictions, 1u);
    EXPECT_EQ(translator->regions.size(), 3u);
    EXPECT_LT(nudged.size(), 4u);
    expect_consistent();
  });
  engine->run(outside, other);
  const size_t nudges = nudged.size();
  while (translator->regions.size() == 3) run(1);
  EXPECT_EQ(engine->statistics().evictions, 1u);
  while (engine->statistics().evictions == 1) run(1);
  EXPECT_EQ(nudged.size(), nudges);
  expect_consistent();
}

}  // namespace
}  // namespace ferry::engine
