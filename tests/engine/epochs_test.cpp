// When memory may be reused: the rules one by one, and threads that would read reused memory.
#include "engine/epochs.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace ferry::engine {
namespace {

TEST(Epochs, NothingHoldsUpWhereNobodyIsInside) {
  Epochs epochs;
  EXPECT_TRUE(epochs.all_past(epochs.advance()));
  Epochs::Slot& slot = epochs.join();
  EXPECT_TRUE(epochs.all_past(epochs.advance()));
  epochs.enter(slot);
  epochs.leave(slot);
  EXPECT_TRUE(epochs.all_past(epochs.advance()));
}

TEST(Epochs, AThreadInsideHoldsUpItsEpoch) {
  Epochs epochs;
  Epochs::Slot& slot = epochs.join();
  const Epochs::Epoch before = epochs.advance();
  epochs.enter(slot);
  EXPECT_TRUE(epochs.all_past(before));
  const Epochs::Epoch held = epochs.advance();
  EXPECT_FALSE(epochs.all_past(held));
  const Epochs::Epoch later = epochs.advance();
  EXPECT_FALSE(epochs.all_past(held));
  EXPECT_FALSE(epochs.all_past(later));
  epochs.leave(slot);
  EXPECT_TRUE(epochs.all_past(later));
}

TEST(Epochs, RenewLetsGo) {
  Epochs epochs;
  Epochs::Slot& slot = epochs.join();
  epochs.enter(slot);
  EXPECT_FALSE(epochs.renew(slot));
  const Epochs::Epoch ended = epochs.advance();
  EXPECT_FALSE(epochs.all_past(ended));
  EXPECT_TRUE(epochs.renew(slot));
  EXPECT_TRUE(epochs.all_past(ended));
  EXPECT_FALSE(epochs.all_past(epochs.advance()));
}

TEST(Epochs, EveryThreadCounts) {
  Epochs epochs;
  Epochs::Slot& first = epochs.join();
  Epochs::Slot& second = epochs.join();
  EXPECT_NE(&first, &second);
  epochs.enter(first);
  epochs.enter(second);
  const Epochs::Epoch ended = epochs.advance();
  epochs.leave(first);
  EXPECT_FALSE(epochs.all_past(ended));
  epochs.part(second);
  EXPECT_TRUE(epochs.all_past(ended));
}

TEST(Epochs, SlotsAreReused) {
  Epochs epochs;
  Epochs::Slot& first = epochs.join();
  epochs.part(first);
  EXPECT_EQ(&epochs.join(), &first);
}

/// Readers look at the thing that `published` points to. The writer replaces it, and spoils the old
/// one as soon as its memory may be reused.
struct Stress {
  static constexpr uint64_t kGood = 0x600d600d600d600d, kSpoilt = 0xbadbadbadbadbad;
  struct Thing {
    std::array<std::atomic<uint64_t>, 8> words;
    void fill(uint64_t value) {
      for (std::atomic<uint64_t>& word : words) word.store(value, std::memory_order_relaxed);
    }
  };

  Epochs epochs;
  std::array<Thing, 4> things;
  std::atomic<Thing*> published{nullptr};
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> bad{0}, reads{0};

  void look(const Thing& thing) {
    for (const std::atomic<uint64_t>& word : thing.words) {
      if (word.load(std::memory_order_relaxed) != kGood) ++bad;
    }
    reads.fetch_add(1, std::memory_order_relaxed);
  }

  /// Like the run loop: enters, looks things up many times with `renew` between, leaves.
  void read(unsigned turns) {
    Epochs::Slot& slot = epochs.join();
    while (!stop.load(std::memory_order_relaxed)) {
      epochs.enter(slot);
      const Thing* kept = nullptr;  // like an exit that waits to be linked
      for (unsigned i = 0; i < turns; ++i) {
        if (epochs.renew(slot)) kept = nullptr;
        if (kept != nullptr) look(*kept);
        kept = published.load(std::memory_order_acquire);
        look(*kept);
      }
      epochs.leave(slot);
    }
    epochs.part(slot);
  }

  /// At least a few rounds, and more until the time is `enough`.
  void write(std::chrono::steady_clock::time_point enough) {
    constexpr unsigned kFewest = 50, kMost = 20000;
    things[0].fill(kGood);
    published.store(&things[0], std::memory_order_release);
    std::vector<std::thread> readers;
    for (const unsigned turns : {1u, 3u, 1000u}) readers.emplace_back(&Stress::read, this, turns);
    for (unsigned i = 1; i <= kMost; ++i) {
      if (i > kFewest && std::chrono::steady_clock::now() > enough) break;
      Thing& fresh = things[i % things.size()];
      Thing& old = things[(i - 1) % things.size()];
      fresh.fill(kGood);
      published.store(&fresh, std::memory_order_release);
      const Epochs::Epoch ended = epochs.advance();
      while (!epochs.all_past(ended)) std::this_thread::yield();
      old.fill(kSpoilt);
    }
    // On a busy machine the readers may hardly have begun.
    while (reads.load(std::memory_order_relaxed) < kFewest) std::this_thread::yield();
    stop.store(true, std::memory_order_relaxed);
    for (std::thread& reader : readers) reader.join();
  }
};

TEST(Epochs, NobodyReadsReusedMemory) {
  const auto stress = std::make_unique<Stress>();
  stress->write(std::chrono::steady_clock::now() + std::chrono::seconds(2));
  EXPECT_EQ(stress->bad.load(), 0u);
}

TEST(Epochs, ThreadsComeAndGo) {
  Epochs epochs;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&epochs] {
      for (unsigned turn = 0; turn < 2000; ++turn) {
        Epochs::Slot& slot = epochs.join();
        epochs.enter(slot);
        static_cast<void>(epochs.all_past(epochs.advance()));
        epochs.part(slot);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(epochs.all_past(epochs.advance()));
}

}  // namespace
}  // namespace ferry::engine
