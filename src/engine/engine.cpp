#include "engine/engine.hpp"

#include <utility>

#include "common/diagnostics.hpp"

namespace ferry::engine {

namespace {

constexpr unsigned kColdBlockInstructions = 64;

/// While it lives the thread of `slot` is outside: in a system call, the interpreter, or the
/// delivery of a signal. It knows no block and no exit then, and may stay away for long.
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

/// Adds the time it lives to a sum, if there is a clock.
class Stopwatch {
 public:
  Stopwatch(uint64_t (*clock)(), uint64_t& sum) : clock_(clock), sum_(sum) {
    if (clock_ != nullptr) sum_ -= clock_();
  }
  ~Stopwatch() {
    if (clock_ != nullptr) sum_ += clock_();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  uint64_t (*clock_)();
  uint64_t& sum_;
};
}  // namespace

void Engine::run(GuestThread& thread) {
  epochs_.enter(slot_);
  while (thread.running()) {
    if (epochs_.renew(slot_)) link_from_ = nullptr;
    if (thread.interrupt_pending()) {
      link_from_ = nullptr;
      const Outside outside(epochs_, slot_);
      thread.deliver_interrupts();
      continue;
    }
    Block* block = nullptr;
    if (thread.translatable() && thread.pc() < 0x80000000u) {
      block = find(thread.pc());
      if (block == nullptr && cold(thread.pc())) {
        link_from_ = nullptr;
        ++statistics_.cold_blocks;
        const Outside outside(epochs_, slot_);
        thread.interpret_block(kColdBlockInstructions);
        continue;
      }
      if (block == nullptr) block = translate(thread.pc());
    }
    if (block == nullptr) {
      link_from_ = nullptr;
      ++statistics_.interpreted;
      const Outside outside(epochs_, slot_);
      thread.interpret_one();
      continue;
    }
    if (link_from_ != nullptr) {
      if (options_.chain && link_from_->target == block->address) {
        linker_.link(*link_from_, *block);
        ++statistics_.links;
      }
      link_from_ = nullptr;
    }
    if (options_.entering != nullptr) options_.entering(thread.state());
    handle_leave(thread, translator_.enter(thread.state(), block->code + block->direct_entry));
  }
  link_from_ = nullptr;
  epochs_.leave(slot_);
}

void Engine::handle_leave(GuestThread& thread, const Leave& leave) {
  if (leave.reason == LeaveReason::direct_exit) {
    ++statistics_.exits_direct;
    if (leave.exit->owner->valid) link_from_ = leave.exit;
    return;
  }
  if (leave.reason == LeaveReason::indirect_exit) {
    ++statistics_.exits_indirect;
    table_.missed(thread.pc());
    return;
  }
  if (leave.reason == LeaveReason::code_changed) {
    ++statistics_.self_checks_failed;
    if (Block* block = find(thread.pc()); block != nullptr) discard(*block);
    runs_of(thread.pc()) = 0;  // what has just changed may change before it runs again
    return;
  }
  const Outside outside(epochs_, slot_);
  switch (leave.reason) {
    case LeaveReason::direct_exit:
    case LeaveReason::indirect_exit:
    case LeaveReason::code_changed:
      break;
    case LeaveReason::interrupted:
      ++statistics_.exits_interrupted;
      return;
    case LeaveReason::syscall:
      ++statistics_.system_calls;
      return thread.system_call();
    case LeaveReason::exception:
      ++statistics_.exceptions;
      return thread.deliver_exception();
    case LeaveReason::code_write:
      ++statistics_.code_writes;
      return thread.interpret_one();
    case LeaveReason::unaligned:
      ++statistics_.unaligned;
      translator_.mark_unaligned(thread.pc());
      drop(thread.pc(), thread.pc() + 1);
      return thread.interpret_one();
    case LeaveReason::interpret:
      ++statistics_.interpreted;
      return thread.interpret_one();
  }
  UNREACHABLE();
}

Block* Engine::find(GuestAddress address) {
  const uint32_t code = table_.get(address);
  if (code == table_.stub()) return nullptr;
  Block* block = cache_.find(reinterpret_cast<const void*>(uintptr_t{code}));
  CHECK(block != nullptr && block->address == address);
  return block;
}

bool Engine::cold(GuestAddress address) {
  uint8_t& runs = runs_of(address);
  if (runs >= options_.cold_runs) return false;
  ++runs;
  return true;
}

Block* Engine::translate(GuestAddress address) {
  const Stopwatch stopwatch(options_.clock, statistics_.translation_nanoseconds);
  cache_.open(translation_);
  if (!translator_.translate(address, cache_.next(), cache_.free_words(), translation_)) {
    make_room();
    cache_.open(translation_);
    CHECK(translator_.translate(address, cache_.next(), cache_.free_words(), translation_));
  }
  if (translation_.block->guest_instructions == 0) return nullptr;
  Block* block = cache_.add(translation_);
  patcher_.synchronise(block->code, block->words);
  tracker_.add(*block, translation_.ranges.span());
  const uint32_t* entry = block->code + block->indirect_entry;
  table_.set(address, static_cast<uint32_t>(reinterpret_cast<uintptr_t>(entry)));
  ++statistics_.blocks_translated;
  statistics_.guest_instructions_translated += block->guest_instructions;
  statistics_.host_words_emitted += block->words;
  if (options_.translated != nullptr) options_.translated(*block);
  return block;
}

void Engine::discard(Block& block) {
  if (!block.valid) return;
  block.valid = false;
  table_.clear(block.address);
  linker_.isolate(block);
  if (link_from_ != nullptr && link_from_->owner == &block) link_from_ = nullptr;
}

std::vector<GuestAddress> Engine::drop(GuestAddress begin, GuestAddress end) {
  translator_.forget_analysis();
  CodeWriteTracker::Taken taken = tracker_.take(begin, end);
  for (Block* block : taken.blocks) {
    statistics_.invalidations += block->valid;
    discard(*block);
  }
  return std::move(taken.pages);
}

void Engine::invalidate(GuestAddress begin, GuestAddress end) {
  drop(begin, end);
  for (const GuestAddress page : tracker_.forget_writes(begin, end)) {
    translator_.set_self_checking(page, false);
  }
}

void Engine::written(GuestAddress begin, GuestAddress end) {
  for (const GuestAddress page : drop(begin, end)) {
    if (!tracker_.count_write(page)) continue;
    ++statistics_.self_checking_pages;
    translator_.set_self_checking(page, true);
  }
}

void Engine::check_always(GuestAddress begin, GuestAddress end) {
  drop(begin, end);
  constexpr uint32_t kMask = CodeWriteTracker::kPageBytes - 1;
  for (GuestAddress page = begin & ~kMask; page < end; page += CodeWriteTracker::kPageBytes) {
    tracker_.expect_writes(page);
    translator_.set_self_checking(page, true);
  }
}

void Engine::make_room() {
  link_from_ = nullptr;
  unsigned region = cache_.reusable(epochs_);
  if (region == CodeCache::kMaxRegions) {
    if (const unsigned oldest = cache_.oldest(); oldest != CodeCache::kMaxRegions) evict(oldest);
    // This thread is past: it knows no block now.
    epochs_.renew(slot_);
    while ((region = cache_.reusable(epochs_)) == CodeCache::kMaxRegions) {
      CHECK(options_.await_others != nullptr);
      options_.await_others();
    }
  }
  translator_.forget_region(region);
  cache_.begin(region);
}

void Engine::evict(unsigned region) {
  ++(cache_.region_count() == 1 ? statistics_.flushes : statistics_.evictions);
  // What analysis knows holds only while pages are watched.
  translator_.forget_analysis();
  for (Block* block = cache_.first_block(region); block != nullptr; block = block->next) {
    if (block->valid) table_.clear(block->address);
    block->valid = false;
  }
  for (Block* block = cache_.first_block(region); block != nullptr; block = block->next) {
    linker_.isolate(*block);
    table_.release(block->address);
  }
  tracker_.remove_invalid();
  cache_.retire(region, epochs_.advance());
}

}  // namespace ferry::engine
