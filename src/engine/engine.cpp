#include "engine/engine.hpp"

#include "common/diagnostics.hpp"

namespace ferry::engine {

namespace {
constexpr unsigned kColdBlockInstructions = 64;

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
  while (thread.running()) {
    if (thread.interrupt_pending()) {
      link_from_ = nullptr;
      thread.deliver_interrupts();
      continue;
    }
    Block* block = nullptr;
    if (thread.translatable() && thread.pc() < 0x80000000u) {
      block = find(thread.pc());
      if (block == nullptr && cold(thread.pc())) {
        link_from_ = nullptr;
        ++statistics_.cold_blocks;
        thread.interpret_block(kColdBlockInstructions);
        continue;
      }
      if (block == nullptr) block = translate(thread.pc());
    }
    if (block == nullptr) {
      link_from_ = nullptr;
      ++statistics_.interpreted;
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
}

void Engine::handle_leave(GuestThread& thread, const Leave& leave) {
  switch (leave.reason) {
    case LeaveReason::direct_exit:
      ++statistics_.exits_direct;
      if (leave.exit->owner->valid) link_from_ = leave.exit;
      return;
    case LeaveReason::indirect_exit:
      ++statistics_.exits_indirect;
      return;
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
      invalidate(thread.pc(), thread.pc() + 1);
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
  uint8_t& runs = runs_[(address ^ address >> 12) % runs_.size()];
  if (runs >= options_.cold_runs) return false;
  ++runs;
  return true;
}

Block* Engine::translate(GuestAddress address) {
  const Stopwatch stopwatch(options_.clock, statistics_.translation_nanoseconds);
  if (!translator_.translate(address, cache_.next(), cache_.free_words(), translation_)) {
    flush();
    CHECK(translator_.translate(address, cache_.next(), cache_.free_words(), translation_));
  }
  if (translation_.guest_instructions == 0) return nullptr;
  uint32_t* code = cache_.commit(translation_.words);
  Block* block = cache_.add(translation_, code);
  patcher_.synchronise(code, block->words);
  tracker_.add(*block);
  const uint32_t* entry = code + block->indirect_entry;
  table_.set(address, static_cast<uint32_t>(reinterpret_cast<uintptr_t>(entry)));
  ++statistics_.blocks_translated;
  statistics_.guest_instructions_translated += block->guest_instructions;
  statistics_.host_words_emitted += block->words;
  if (options_.translated != nullptr) options_.translated(*block);
  return block;
}

void Engine::invalidate(GuestAddress begin, GuestAddress end) {
  translator_.forget_analysis();
  for (Block* block : tracker_.take(begin, end)) {
    if (!block->valid) continue;
    block->valid = false;
    ++statistics_.invalidations;
    table_.clear(block->address);
    linker_.isolate(*block);
    if (link_from_ != nullptr && link_from_->owner == block) link_from_ = nullptr;
  }
}

void Engine::flush() {
  ++statistics_.flushes;
  link_from_ = nullptr;
  table_.clear_all();
  tracker_.clear();
  cache_.flush();
  translator_.flushed();
}

}  // namespace ferry::engine
