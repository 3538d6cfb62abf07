// The engine of one process: translations, their links, and the run loop of its threads.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/address_table.hpp"
#include "engine/backend.hpp"
#include "engine/block_linker.hpp"
#include "engine/code_cache.hpp"
#include "engine/code_write_tracker.hpp"
#include "engine/epochs.hpp"

namespace ferry::engine {

/// Counters for --stats. Host instructions are counted by the bench's plugin, not here.
struct Statistics {
#define STATISTIC(name) uint64_t name = 0;
#include "engine/statistics.inc"
#undef STATISTIC
};

struct EngineOptions {
  /// A block is interpreted this many times before it is translated: start-up code that runs once
  /// costs more to translate than to interpret.
  unsigned cold_runs = 2;
  bool chain = true;  ///< link exits to blocks (off: every direct exit passes the run loop)
  /// Brings the other threads to their run loops, or waits for them a little. Called until memory
  /// they may still be executing from can be reused; needed only where there are others.
  void (*await_others)() = nullptr;
  /// Sees every new block before it runs (logs); may be null.
  void (*translated)(const Block& block) = nullptr;
  /// Sees the state before a block is entered from the run loop (logs); may be null.
  void (*entering)(const void* state) = nullptr;
  /// The time in nanoseconds, for Statistics::translation_nanoseconds; null: it is not taken.
  uint64_t (*clock)() = nullptr;
};

class Engine {
 public:
  Engine(CodeCache& cache, AddressTable& table, Translator& translator, CodePatcher& patcher,
         PageProtector& protector, EngineOptions options)
      : cache_(cache),
        table_(table),
        translator_(translator),
        patcher_(patcher),
        linker_(patcher),
        tracker_(protector),
        options_(options) {}

  /// Runs `thread` until it ends.
  void run(GuestThread& thread);

  /// Drops every translation made from the pages of [begin, end): their mapping changes.
  void invalidate(GuestAddress begin, GuestAddress end);
  /// The same because a write to [begin, end) is under way, which a watch forbids. Pages where that
  /// happens again and again become self-checking.
  void written(GuestAddress begin, GuestAddress end);
  /// The pages of [begin, end) are self-checking from now on, until `invalidate`: they change
  /// without a write that a watch could see.
  void check_always(GuestAddress begin, GuestAddress end);
  /// Where other threads that touch translated code register, and what a fork resets.
  [[nodiscard]] Epochs& epochs() { return epochs_; }
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }

 private:
  /// The block at `address`, or null.
  Block* find(GuestAddress address);
  /// Counts a run of untranslated code at `address`; whether it is to be interpreted still.
  /// Addresses that share a counter are translated a little earlier.
  bool cold(GuestAddress address);
  [[nodiscard]] uint8_t& runs_of(GuestAddress address) {
    return runs_[(address ^ address >> 12) % runs_.size()];
  }
  /// A function of its own, never inlined: the bench counts what runs between its entry and return.
  [[gnu::noinline]] Block* translate(GuestAddress address);
  /// Makes `block` unreachable, if it still is reachable.
  void discard(Block& block);
  /// Discards all blocks made from the pages of [begin, end). Returns the pages they were made
  /// from.
  std::vector<GuestAddress> drop(GuestAddress begin, GuestAddress end);
  /// Makes a region of the code cache empty and fills it from now on.
  void make_room();
  /// Makes all code of `region` unreachable.
  void evict(unsigned region);
  void handle_leave(GuestThread& thread, const Leave& leave);

  CodeCache& cache_;
  AddressTable& table_;
  Translator& translator_;
  CodePatcher& patcher_;
  BlockLinker linker_;
  CodeWriteTracker tracker_;
  Epochs epochs_;
  EngineOptions options_;
  Statistics statistics_;
  Translation translation_;
  std::array<uint8_t, 4096> runs_{};  ///< of untranslated addresses, by hash
  // Of the one thread that runs (the parent of a vfork child waits). Between the slot's `enter` and
  // `leave` what the thread knows of blocks stays; elsewhere it knows nothing.
  Epochs::Slot& slot_ = epochs_.join();
  Exit* link_from_ = nullptr;  ///< the exit the thread just left by, to be linked to its next block
};

}  // namespace ferry::engine
