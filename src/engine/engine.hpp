// The engine of one process: translations, their links, and the run loop of its threads.
#pragma once

#include <cstdint>
#include <vector>

#include "common/lock.hpp"
#include "engine/backend.hpp"
#include "engine/block_linker.hpp"
#include "engine/code_cache.hpp"
#include "engine/code_index.hpp"
#include "engine/code_write_tracker.hpp"
#include "engine/thread.hpp"

namespace ferry::engine {

struct EngineOptions {
  /// A block is interpreted this many times before it is translated: start-up code that runs once
  /// costs more to translate than to interpret.
  unsigned cold_runs = 2;
  /// After this many translated blocks the rest is interpreted: a way to find a wrong block.
  uint64_t max_translated = UINT64_MAX;
  GuestAddress guest_end = 0x8000'0000;  ///< blocks lie below; the beginning of a page
  bool chain = true;  ///< link exits to blocks (off: every direct exit passes the run loop)
  /// Brings the other threads to their run loops, or waits for them a little. Called again and
  /// again until no thread can still be executing in the memory that is to be reused. Needed only
  /// where a process has several threads.
  void (*await_others)() = nullptr;
  /// Sees every new block before it runs (logs); may be null.
  void (*translated)(const Block& block) = nullptr;
  /// Sees the state before a block is entered from the run loop (logs); may be null.
  void (*entering)(const void* state) = nullptr;
  /// The time in nanoseconds, for Statistics::translation_nanoseconds. Null: that stays 0.
  uint64_t (*clock)() = nullptr;
};

class Engine {
 public:
  Engine(CodeCache& cache, CodeIndex& index, Translator& translator, CodePatcher& patcher,
         PageProtector& protector, MemoryLock& lock, const EngineOptions& options)
      : cache_(cache),
        index_(index),
        translator_(translator),
        patcher_(patcher),
        options_(options),
        lock_(lock),
        linker_(patcher),
        tracker_(protector, options.guest_end) {}

  /// Runs `guest` on the calling host thread, which owns `thread`, until it ends.
  void run(Guest& guest, Thread& thread);

  // A thread calls the next three functions outside of translated code only.

  /// Drops every translation made from the pages of [begin, end), whose mapping changes.
  void invalidate(GuestAddress begin, GuestAddress end);
  /// Drops them because a write to [begin, end) is under way that a watch forbids. Pages where this
  /// happens again and again become self-checking.
  void written(GuestAddress begin, GuestAddress end);
  /// Makes the pages of [begin, end) self-checking until `invalidate`, because they change without
  /// a write that a watch could see.
  void check_always(GuestAddress begin, GuestAddress end);

  [[nodiscard]] Threads& threads() { return threads_; }
  /// The sum of what all threads have counted. Any thread may ask.
  [[nodiscard]] Statistics statistics();

 private:
  /// A MemoryGuard for a thread that is inside.
  class Locked;

  /// How a thread goes on: in `block`, or by the interpreter.
  struct Next {
    Block* block = nullptr;
    bool cold = false;  ///< there is no block because it is too early to translate one
  };

  /// Looks for the block at `address`, or makes one if it is time for that. Links the exit by which
  /// the thread has just left to the block.
  Next find_next(Thread& thread, GuestAddress address);
  /// The block at `address`, or null.
  Block* find(GuestAddress address);
  /// Counts a run of the untranslated code at `address`. True: it is still to be interpreted.
  /// Addresses that share a counter are translated a little earlier.
  bool cold(Thread& thread, GuestAddress address);
  /// Never inlined, because the bench counts what runs between its entry and its return.
  [[gnu::noinline]] Block* translate(Thread& thread, GuestAddress address);
  /// Makes the block at `address` and watches its pages, but does not publish it. Null: nothing
  /// there can be translated.
  [[gnu::always_inline]] Block* make(Thread& thread, GuestAddress address);
  /// Makes `block` unreachable, if it is not so already.
  void discard(Block& block);
  /// Discards all blocks made from the pages of [begin, end). Returns those of the pages that had
  /// blocks.
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
  MemoryLock& lock_;  ///< guards the members below, and what the references above refer to
  BlockLinker linker_;
  CodeWriteTracker tracker_;
  BlockDraft draft_;   ///< of the block in the making; a member, as it is large
  Counters counters_;  ///< of what is done under the lock
};

}  // namespace ferry::engine
