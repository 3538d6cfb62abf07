// The engine of one process: translations, their links, and the run loop of its threads.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/lock.hpp"
#include "common/zeroed_array.hpp"
#include "engine/backend.hpp"
#include "engine/block_linker.hpp"
#include "engine/code_cache.hpp"
#include "engine/code_index.hpp"
#include "engine/code_write_tracker.hpp"
#include "engine/thread.hpp"

namespace ferry::engine {

/// See EngineOptions::cold_runs.
inline constexpr unsigned kColdRuns = 6;
inline constexpr unsigned kManyBlocks = 256;
inline constexpr unsigned kLaterColdRuns = 2;

struct EngineOptions {
  /// A block is interpreted this many times before it is translated, as the code of a start-up
  /// costs more to translate than to interpret; after kManyBlocks translations kLaterColdRuns times
  /// at the most, as a program that has so much code to repeat repeats nearly all of it.
  unsigned cold_runs = kColdRuns;
  /// After this many translated blocks the rest is interpreted: a way to find a wrong block.
  uint64_t max_translated = UINT64_MAX;
  GuestAddress guest_end = 0x8000'0000;  ///< blocks lie below; the beginning of a page
  bool chain = true;  ///< link exits to blocks (off: every direct exit passes the run loop)
  /// Asks the thread with this number (Thread::set_number) to come to its run loop soon; does not
  /// wait for it. Needed only where a process has several threads.
  void (*nudge)(int32_t thread) = nullptr;
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

  /// Makes the system call of the guest that `thread` runs, which is in a block, before the guest
  /// pc. Returns whether the block may go on there: the guest runs on at the same pc, only with the
  /// result, and no block has been discarded since the thread was last in the run loop. Pending
  /// interrupts are not looked at. The engine is that of `thread`.
  [[nodiscard]] static bool system_call(Thread& thread);

  // A thread calls the next four functions outside of translated code only.

  /// Drops every translation made from the pages of [begin, end), whose mapping changes.
  void invalidate(GuestAddress begin, GuestAddress end);
  /// Drops them because a write to [begin, end) is under way that a watch forbids. Pages where this
  /// happens again and again become self-checking.
  void written(GuestAddress begin, GuestAddress end);
  /// Makes the pages of [begin, end) self-checking until `invalidate`, because they change without
  /// a write that a watch could see.
  void check_always(GuestAddress begin, GuestAddress end);
  /// Drops every translation, and makes those from now on order their accesses
  /// (Translator::order_accesses). The caller is the only thread.
  void order_accesses();

  [[nodiscard]] Threads& threads() { return threads_; }

  /// Take and release the engine's own locks around a fork, under the memory lock, so that the
  /// child finds nothing half done. The child destroys the other threads' objects.
  void hold_for_fork();
  void release_after_fork();
  /// In the child of a fork: what it has not run yet counts as the code of a start-up again, since
  /// most children soon execute another program, or end.
  void begin_child();

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
  Next find_next(Guest& guest, Thread& thread);
  /// The block at `address`, or null.
  Block* find(GuestAddress address);
  /// Counts a run of the untranslated code at `address`. True: it is still to be interpreted.
  /// Addresses that share a counter are translated a little earlier.
  bool cold(GuestAddress address);
  [[nodiscard]] uint8_t& runs_of(GuestAddress address) {
    return cold_runs_[(address ^ address >> 12) % cold_runs_.size()];
  }
  /// Never inlined, because the bench counts what runs between its entry and its return.
  [[gnu::noinline]] Block* translate(Thread& thread, GuestAddress address);
  /// Makes the block at `address` and watches its pages, but does not publish it. Null: nothing
  /// there can be translated, or there is no room at present.
  [[gnu::always_inline]] Block* make(Thread& thread, GuestAddress address);
  /// Makes `block` unreachable, if it is not so already.
  void discard(Block& block);
  /// `invalidate` where there may be something to drop.
  void forget_code(GuestAddress begin, GuestAddress end);
  /// Discards all blocks made from the pages of [begin, end). Returns those of the pages that had
  /// blocks.
  std::vector<GuestAddress> drop(GuestAddress begin, GuestAddress end);
  /// Makes a region of the code cache empty and fills it from now on. False if other threads may
  /// still be inside all of them: they have been asked to come out, and waiting for them here would
  /// keep the lock from threads that need it to get out.
  [[nodiscard]] bool make_room(Thread& thread);
  /// Fills `region`, in which no thread can be, from now on.
  void begin(unsigned region);
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
  /// Runs of untranslated code, by the address's hash: of all threads together, as code that many
  /// threads run once each is not cold.
  ZeroedArray<uint8_t> cold_runs_{4096};
  uint64_t young_until_ = kManyBlocks;  ///< blocks translated when the process is no longer young
  BlockDraft draft_;                    ///< of the block in the making; a member, as it is large
  unsigned refused_ = 0;  ///< how often `make_room` said no since a region was evicted
  /// How often blocks were made unreachable. Read without the lock: a thread that has entered its
  /// slot either sees the count that came with the discard of a block, or keeps the block's memory
  /// from being reused (epochs.hpp).
  Counter discards_;
  Counters counters_;  ///< of what is done under the lock
};

}  // namespace ferry::engine
