// The engine of one process: translations, their links, and the run loop of its threads.
#pragma once

#include <array>
#include <cstdint>

#include "engine/address_table.hpp"
#include "engine/backend.hpp"
#include "engine/block_linker.hpp"
#include "engine/code_cache.hpp"
#include "engine/code_write_tracker.hpp"

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

  /// Drops every translation made from [begin, end): the bytes or their mapping change.
  void invalidate(GuestAddress begin, GuestAddress end);
  /// Whether a write to `address` is watched for translated code. Signal-safe for the thread in the
  /// run loop or in translated code.
  [[nodiscard]] bool write_watched(GuestAddress address) const { return tracker_.watched(address); }
  /// Drops every translation.
  void flush();

  [[nodiscard]] CodeCache& cache() { return cache_; }
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }

 private:
  /// The block at `address`, or null.
  Block* find(GuestAddress address);
  /// Counts a run of untranslated code at `address`; whether it is to be interpreted still.
  /// Addresses that share a counter are translated a little earlier.
  bool cold(GuestAddress address);
  /// A function of its own, never inlined: the bench counts what runs between its entry and return.
  [[gnu::noinline]] Block* translate(GuestAddress address);
  void handle_leave(GuestThread& thread, const Leave& leave);

  CodeCache& cache_;
  AddressTable& table_;
  Translator& translator_;
  CodePatcher& patcher_;
  BlockLinker linker_;
  CodeWriteTracker tracker_;
  EngineOptions options_;
  Statistics statistics_;
  Translation translation_;
  std::array<uint8_t, 4096> runs_{};  ///< of untranslated addresses, by hash
  Exit* link_from_ = nullptr;  ///< the exit the thread just left by, to be linked to its next block
};

}  // namespace ferry::engine
