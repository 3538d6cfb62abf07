// The engine of one process: translations, their links, and the run loop of its threads.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/backend.hpp"
#include "engine/block_linker.hpp"
#include "engine/code_cache.hpp"
#include "engine/code_index.hpp"
#include "engine/code_write_tracker.hpp"
#include "engine/lock.hpp"
#include "engine/thread.hpp"

namespace ferry::engine {

struct EngineOptions {
  /// A block is interpreted this many times before it is translated: start-up code that runs once
  /// costs more to translate than to interpret.
  unsigned cold_runs = 2;
  /// What comes after so many blocks is interpreted: to find a block that is wrong.
  uint64_t max_translated = UINT64_MAX;
  GuestAddress guest_end = 0x8000'0000;  ///< blocks lie below; a multiple of the tracker's page
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
  Engine(CodeCache& cache, CodeIndex& index, Translator& translator, CodePatcher& patcher,
         PageProtector& protector, const EngineOptions& options)
      : cache_(cache),
        index_(index),
        translator_(translator),
        patcher_(patcher),
        options_(options),
        linker_(patcher),
        tracker_(protector, options.guest_end) {}

  /// Runs `guest` on the calling host thread, which owns `thread`, until it ends.
  void run(Guest& guest, Thread& thread);
  /// To be called before a second thread runs, by the only one, outside of translated code: from
  /// now on the lock is taken.
  void allow_threads() { shared_ = true; }

  // The next three are called by a thread that is outside of translated code.

  /// Drops every translation made from the pages of [begin, end): their mapping changes.
  void invalidate(GuestAddress begin, GuestAddress end);
  /// The same because a write to [begin, end) is under way, which a watch forbids. Pages where that
  /// happens again and again become self-checking.
  void written(GuestAddress begin, GuestAddress end);
  /// The pages of [begin, end) are self-checking from now on, until `invalidate`: they change
  /// without a write that a watch could see.
  void check_always(GuestAddress begin, GuestAddress end);

  [[nodiscard]] Threads& threads() { return threads_; }
  /// What all threads counted. From any thread.
  [[nodiscard]] Statistics statistics();

 private:
  /// Holds the lock while it lives; nothing where there is one thread.
  class Locked;

  /// How a thread goes on: in `block`, or by the interpreter.
  struct Next {
    Block* block = nullptr;
    bool cold = false;  ///< without a block: it is not to be translated yet
  };

  /// Looks for the block at `address`, makes it where it is time for that, and links the exit the
  /// thread left by to it.
  Next find_next(Thread& thread, GuestAddress address);
  /// The block at `address`, or null.
  Block* find(GuestAddress address);
  /// Counts a run of untranslated code at `address`; whether it is to be interpreted still.
  /// Addresses that share a counter are translated a little earlier.
  bool cold(Thread& thread, GuestAddress address);
  /// A function of its own, never inlined: the bench counts what runs between its entry and return.
  [[gnu::noinline]] Block* translate(Thread& thread, GuestAddress address);
  /// Makes the block at `address`, its pages watched, but publishes it not. Null: nothing there can
  /// be translated.
  Block* make(Thread& thread, GuestAddress address);
  /// Makes `block` unreachable, if it still is reachable.
  void discard(Block& block);
  /// Discards all blocks made from the pages of [begin, end). Returns the pages they were made
  /// from.
  std::vector<GuestAddress> drop(GuestAddress begin, GuestAddress end);
  /// Makes a region of the code cache empty and fills it from now on.
  void make_room(Thread& thread);
  /// Makes all code of `region` unreachable.
  void evict(unsigned region);
  void handle_leave(Guest& guest, Thread& thread, const Leave& leave);
  void handle_leave_outside(Guest& guest, Thread& thread, LeaveReason reason);

  CodeCache& cache_;
  CodeIndex& index_;
  Translator& translator_;
  CodePatcher& patcher_;
  const EngineOptions options_;
  Threads threads_;
  bool shared_ = false;  ///< more than one thread may be in here
  Lock lock_;            ///< of what follows, and of what the members above refer to
  BlockLinker linker_;
  CodeWriteTracker tracker_;
  Counters counters_;  ///< of what is done under the lock
};

}  // namespace ferry::engine
