#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "common/diagnostics.hpp"

namespace ferry::engine {

namespace {

constexpr unsigned kColdBlockInstructions = 64;

/// While an object of this class lives, the thread of `slot` is outside: in a system call, in the
/// interpreter, or in the delivery of a signal. The thread then holds no pointer to a block or an
/// exit, and may stay away for long.
class Outside {
 public:
  Outside(Epochs& epochs, Epochs::Slot& slot) : epochs_(epochs), slot_(slot) {
    epochs_.leave(slot_);
  }
  ~Outside() { epochs_.enter(slot_); }
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

 private:
  Epochs& epochs_;
  Epochs::Slot& slot_;
};

/// Adds the time between its construction and its destruction to a sum, if there is a clock.
class Stopwatch {
 public:
  Stopwatch(uint64_t (*clock)(), Counter& sum) : clock_(clock), sum_(sum) {
    if (clock_ != nullptr) sum_ += -clock_();
  }
  ~Stopwatch() {
    if (clock_ != nullptr) sum_ += clock_();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  uint64_t (*clock_)();
  Counter& sum_;
};

}  // namespace

/// If it has to wait for the lock, the thread lets go of its pointers to blocks first: the holder
/// of the lock may be waiting for that. It forgets the exit it left by, if that may be gone.
class Engine::Locked {
 public:
  Locked(Engine& engine, Thread& thread) : lock_(engine.lock_.enabled() ? &engine.lock_ : nullptr) {
    if (lock_ != nullptr) acquire(engine.threads_.epochs(), thread);
  }
  ~Locked() {
    if (lock_ != nullptr) lock_->release();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  void acquire(Epochs& epochs, Thread& thread) {
    if (lock_->try_acquire()) {
      if (epochs.renew(thread.slot_)) thread.link_from_ = nullptr;
      return;
    }
    thread.link_from_ = nullptr;
    epochs.leave(thread.slot_);
    lock_->acquire();
    epochs.enter(thread.slot_);
  }
  MemoryLock* const lock_;
};

void Engine::run(Guest& guest, Thread& thread) {
  Epochs& epochs = threads_.epochs();
  thread.engine_ = this;
  epochs.enter(thread.slot_);
  while (guest.running()) {
    if (epochs.renew(thread.slot_)) thread.link_from_ = nullptr;
    if (guest.interrupt_pending()) {
      thread.link_from_ = nullptr;
      const Outside outside(epochs, thread.slot_);
      guest.deliver_interrupts();
      continue;
    }
    thread.discards_seen_ = discards_.get();
    Next next;
    if (guest.translatable()) next = find_next(guest, thread);
    thread.link_from_ = nullptr;
    if (next.block == nullptr) {
      ++(next.cold ? thread.counters_.cold_blocks : thread.counters_.interpreted);
      const Outside outside(epochs, thread.slot_);
      next.cold ? guest.interpret_block(kColdBlockInstructions) : guest.interpret_one();
      continue;
    }
    // Each time: a child that shares the memory of this process (vfork) has its own run loop, and
    // its parent's thread.
    thread.guest_ = &guest;
    thread.note_entry(next.block->address);
    if (options_.entering != nullptr) options_.entering(guest.state());
    const uint32_t* entry = next.block->code + next.block->direct_entry;
    handle_leave(guest, thread, translator_.enter(guest.state(), entry));
  }
  thread.link_from_ = nullptr;
  epochs.leave(thread.slot_);
}

/// What is needed after the call is read again from `thread`, because each value that is kept in a
/// register during the call costs every call two instructions. The child of a vfork, which has used
/// `thread` too, may have left other values there; but then an interrupt is pending.
bool Engine::system_call(Thread& thread) {
  ++thread.counters_.system_calls;
  Epochs::leave(thread.slot_);
  const bool goes_on = thread.guest_->system_call();
  const Engine& engine = *thread.engine_;
  thread.threads_.epochs_.enter(thread.slot_);
  return goes_on && engine.discards_.get() == thread.discards_seen_;
}

Engine::Next Engine::find_next(Guest& guest, Thread& thread) {
  const GuestAddress address = guest.pc();
  const Locked locked(*this, thread);
  Next next{.block = find(address)};
  if (next.block == nullptr) {
    next.cold = cold(address);
    if (next.cold) return next;
    translator_.expect(guest.state());
    next.block = translate(thread, address);
    if (next.block == nullptr) return next;
  }
  Exit* const exit = thread.link_from_;
  if (exit != nullptr && options_.chain && exit->target == next.block->address) {
    linker_.link(*exit, *next.block);
    if (log_enabled(LogChannel::link))
      log_printf(LogChannel::link, "link %08x to %08x\n", exit->owner->address,
                 next.block->address);
    ++thread.counters_.links;
  }
  return next;
}

void Engine::handle_leave(Guest& guest, Thread& thread, const Leave& leave) {
  if (leave.reason == LeaveReason::direct_exit) {
    ++thread.counters_.exits_direct;
    if (leave.exit->owner->valid()) thread.link_from_ = leave.exit;
    return;
  }
  if (leave.reason == LeaveReason::indirect_exit) {
    ++thread.counters_.exits_indirect;
    const Locked locked(*this, thread);
    index_.missed(guest.pc());
    return;
  }
  if (leave.reason == LeaveReason::code_changed) {
    ++thread.counters_.self_checks_failed;
    const Locked locked(*this, thread);
    if (Block* block = find(guest.pc()); block != nullptr) discard(*block);
    runs_of(guest.pc()) = 0;  // what has just changed may change again before it runs
    return;
  }
  const Outside outside(threads_.epochs(), thread.slot_);
  handle_leave_outside(guest, thread, leave.reason);
}

void Engine::handle_leave_outside(Guest& guest, Thread& thread, LeaveReason reason) {
  switch (reason) {
    case LeaveReason::direct_exit:
    case LeaveReason::indirect_exit:
    case LeaveReason::code_changed:
      break;
    case LeaveReason::interrupted:
      ++thread.counters_.exits_interrupted;
      return;
    case LeaveReason::syscall:
      ++thread.counters_.system_calls;
      guest.system_call();
      return;
    case LeaveReason::exception:
      ++thread.counters_.exceptions;
      return guest.deliver_exception();
    case LeaveReason::code_write:
      ++thread.counters_.code_writes;
      return guest.interpret_one();
    case LeaveReason::unaligned: {
      ++thread.counters_.unaligned;
      {
        const MemoryGuard guard(lock_);
        translator_.mark_unaligned(guest.pc());
        drop(guest.pc(), guest.pc() + 1);
      }
      return guest.interpret_one();
    }
    case LeaveReason::other_state: {
      ++thread.counters_.other_states;
      {
        const MemoryGuard guard(lock_);
        translator_.note_other_state(guest.pc());
        drop(guest.pc(), guest.pc() + 1);
      }
      return guest.interpret_one();
    }
    case LeaveReason::interpret:
      ++thread.counters_.interpreted;
      return guest.interpret_one();
  }
  UNREACHABLE();
}

Block* Engine::find(GuestAddress address) {
  const uint32_t* code = index_.get(address);
  if (code == nullptr) return nullptr;
  Block* block = cache_.find(code);
  CHECK(block != nullptr && block->address == address);
  return block;
}

bool Engine::cold(GuestAddress address) {
  const bool later = counters_.blocks_translated.get() >= young_until_;
  const unsigned limit = later ? std::min(options_.cold_runs, kLaterColdRuns) : options_.cold_runs;
  uint8_t& runs = runs_of(address);
  if (runs >= limit) return false;
  ++runs;
  return true;
}

inline Block* Engine::make(Thread& thread, GuestAddress address) {
  for (;;) {
    cache_.open(draft_);
    if (!translator_.translate(address, cache_.next(), cache_.free_words(), draft_)) {
      if (!make_room(thread)) {
        translator_.forget_analysis();  // of pages that no block of this draft will watch
        return nullptr;
      }
      cache_.open(draft_);
      CHECK(translator_.translate(address, cache_.next(), cache_.free_words(), draft_));
    }
    if (draft_.block->guest_instructions == 0) return nullptr;
    Block* const block = cache_.add(draft_);
    const bool unseen_writes = tracker_.add(*block, draft_.ranges.span());
    if (!lock_.enabled() || !unseen_writes) return block;
    // Another thread may have written to the bytes after they were read and before they were
    // watched. They are watched now, or check themselves, so the block is made once more.
    block->set_valid(false);
    translator_.forget_analysis();
    for (const GuestAddress page : tracker_.take_unwatched())
      check_always(page, page + kGuestPageSize);
  }
}

Block* Engine::translate(Thread& thread, GuestAddress address) {
  if (counters_.blocks_translated.get() >= options_.max_translated) return nullptr;
  const Stopwatch stopwatch(options_.clock, counters_.translation_nanoseconds);
  Block* const block = make(thread, address);
  if (block == nullptr) return nullptr;
  patcher_.synchronise(block->code, block->words);
  index_.set(address, block->code + block->indirect_entry);
  ++counters_.blocks_translated;
  counters_.guest_instructions_translated += block->guest_instructions;
  counters_.host_words_emitted += block->words;
  if (options_.translated != nullptr) options_.translated(*block);
  return block;
}

void Engine::discard(Block& block) {
  if (!block.valid()) return;
  if (log_enabled(LogChannel::invalidate))
    log_printf(LogChannel::invalidate, "drop %08x\n", block.address);
  block.set_valid(false);
  ++discards_;
  index_.clear(block.address);
  linker_.isolate(block);
}

Statistics Engine::statistics() {
  Statistics sum;
  counters_.add_to(sum);
  threads_.add_to(sum);
  return sum;
}

std::vector<GuestAddress> Engine::drop(GuestAddress begin, GuestAddress end) {
  CodeWriteTracker::Taken taken = tracker_.take(begin, end);
  if (taken.pages.empty()) return {};
  translator_.forget_analysis();
  for (Block* block : taken.blocks) {
    if (block->valid()) ++counters_.invalidations;
    discard(*block);
  }
  tracker_.release(taken.pages);
  return std::move(taken.pages);
}

void Engine::invalidate(GuestAddress begin, GuestAddress end) {
  const MemoryGuard guard(lock_);
  if (tracker_.concerned(begin, end)) forget_code(begin, end);  // most memory never holds code
}

[[gnu::noinline]] void Engine::forget_code(GuestAddress begin, GuestAddress end) {
  drop(begin, end);
  for (const GuestAddress page : tracker_.forget_writes(begin, end)) {
    translator_.set_self_checking(page, false);
  }
}

void Engine::written(GuestAddress begin, GuestAddress end) {
  const MemoryGuard guard(lock_);
  for (const GuestAddress page : drop(begin, end)) {
    if (!tracker_.count_write(page)) continue;
    ++counters_.self_checking_pages;
    translator_.set_self_checking(page, true);
  }
}

void Engine::check_always(GuestAddress begin, GuestAddress end) {
  const MemoryGuard guard(lock_);
  drop(begin, end);
  constexpr uint32_t kMask = kGuestPageSize - 1;
  for (GuestAddress page = begin & ~kMask; page < end; page += kGuestPageSize) {
    tracker_.expect_writes(page);
    translator_.set_self_checking(page, true);
  }
}

void Engine::order_accesses() {
  const MemoryGuard guard(lock_);
  unsigned region = 0;
  while ((region = cache_.oldest()) != CodeCache::kMaxRegions) evict(region);
  translator_.order_accesses();
  region = cache_.reusable(threads_.epochs());
  CHECK(region != CodeCache::kMaxRegions);  // no other thread holds a block
  begin(region);
}

void Engine::begin(unsigned region) {
  translator_.forget_region(region);
  cache_.begin(region);
}

bool Engine::make_room(Thread& thread) {
  // A nudge may be lost (a signal of the same number waits already), so it is repeated now and
  // then.
  constexpr unsigned kRefusalsToNudge = 64;
  Epochs& epochs = threads_.epochs();
  thread.link_from_ = nullptr;
  epochs.renew(thread.slot_);  // this thread holds no pointer to a block
  unsigned region = cache_.reusable(epochs);
  if (region == CodeCache::kMaxRegions) {
    const bool waiting = cache_.any_retired();
    if (!waiting) evict(cache_.oldest());
    epochs.renew(thread.slot_);
    region = cache_.reusable(epochs);
    if (region == CodeCache::kMaxRegions) {
      CHECK(options_.nudge != nullptr);
      if (!waiting || ++refused_ % kRefusalsToNudge == 0) threads_.nudge_lagging(options_.nudge);
      return false;
    }
  }
  begin(region);
  return true;
}

void Engine::hold_for_fork() {
  threads_.lock_.acquire();
  cache_.hold_for_fork();
}

void Engine::release_after_fork() {
  cache_.release_after_fork();
  threads_.lock_.release();
}

void Engine::begin_child() {
  std::ranges::fill(cold_runs_, uint8_t{0});
  young_until_ = counters_.blocks_translated.get() + kManyBlocks;
}

void Engine::evict(unsigned region) {
  log_printf(LogChannel::evict, "evict region %u\n", region);
  ++(cache_.region_count() == 1 ? counters_.flushes : counters_.evictions);
  ++discards_;
  // What the analysis remembers is true only while the pages it comes from are watched.
  translator_.forget_analysis();
  for (Block* block = cache_.first_block(region); block != nullptr; block = block->next) {
    if (block->valid()) index_.clear(block->address);
    block->set_valid(false);
  }
  for (Block* block = cache_.first_block(region); block != nullptr; block = block->next) {
    linker_.isolate(*block);
    index_.release(block->address);
  }
  tracker_.remove_invalid();
  cache_.retire(region, threads_.epochs().advance());
}

}  // namespace ferry::engine
