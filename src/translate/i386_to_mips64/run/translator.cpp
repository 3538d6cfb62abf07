#include "translate/i386_to_mips64/run/translator.hpp"

#include "guest/i386/x87/float80.hpp"
#include "host/mips64/features.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"
#include "translate/i386_to_mips64/run/helpers.hpp"

namespace ferry::translate::run {

using engine::LeaveReason;
using i386::CpuState;

namespace {

constexpr uint32_t kThunkWords = 6144;

/// No block takes more words.
uint32_t max_block_words(const Options& options) {
  return 512 + 248 * options.max_guest_instructions;
}

Thunks make_thunks(engine::CodeCache& cache, const Options& options) {
  mips64::Assembler as(cache.next(), kThunkWords);
  const Thunks thunks = emit_thunks(as, options.interrupt_pending, options.check);
  cache.commit(kThunkWords);
  return thunks;
}

/// What a sequence of x87 instructions may expect in the block that `cpu`, if there is one, is
/// about to enter.
emit::X87Expectation expectation_of(const Options& options, const CpuState* cpu) {
  if (cpu == nullptr || !options.passes.x87_sequences) return {};
  const i386::X87State& x87 = cpu->x87;
  return {.possible = x87.control == i386::x87_control::kInitial,
          .inexact = (x87.status & i386::x87_status::PE) != 0,
          .top = x87.top,
          .empty = x87.empty};
}

void emit_instructions(emit::BlockBuilder& b, const AnalysedBlock& block,
                       const std::unordered_set<GuestAddress>& unaligned,
                       const OtherStates& other_states) {
  const AnalysedInstruction* const end = block.instructions.data() + block.count;
  const bool some_unaligned = !unaligned.empty();
  b.begin_block(end);
  for (const AnalysedInstruction* entry = block.instructions.data(); entry != end; ++entry) {
    const i386::Instruction& in = entry->instruction;
    b.begin_instruction(*entry);
    if (some_unaligned) [[unlikely]]
      b.set_unaligned(unaligned.contains(in.address));
    if (b.x87.possible && other_states.often(in.address)) [[unlikely]]
      b.x87.possible = false;
    if (entry->followed) [[unlikely]] {
      lower::follow(b, in, entry->traits->flow);
    } else {
      lower::handler_of(in)(b, in);
    }
    b.end_instruction();
    if (b.ended()) return;
  }
  b.jump_exit(block.next, block.live_at_next);
}

}  // namespace

void complete(Options& options, const i386::CpuState& cpu, const std::atomic<uint32_t>& pending) {
  options.msa = mips64::has_msa();
  options.interrupt_pending = static_cast<int32_t>(reinterpret_cast<const char*>(&pending) -
                                                   reinterpret_cast<const char*>(&cpu));
  CHECK(mips64::fits_simm16(options.interrupt_pending));
}

size_t smallest_cache(const Options& options) {
  constexpr uint32_t kChunkWords = 1024;  // what regions are rounded to, and more
  return (kThunkWords + max_block_words(options) + kChunkWords) * sizeof(uint32_t);
}

BlockTranslator::BlockTranslator(const Options& options, const i386::CodeSource& code,
                                 engine::CodeCache& cache)
    : options_(options),
      block_words_(max_block_words(options)),
      cache_(cache),
      thunks_(make_thunks(cache, options)),
      analysis_(options_, code),
      patcher_(thunks_.out.leave_direct) {
  CHECK(block_words_ * sizeof(uint32_t) <= engine::CodeCache::kBufferBytes);
  cache.keep_all(block_words_);
  patcher_.synchronise(thunks_.enter, kThunkWords);
}

bool BlockTranslator::translate(GuestAddress address, uint32_t* code, uint32_t capacity,
                                engine::BlockDraft& out) {
  const uint32_t room = block_words_;
  if (capacity < room) return false;
  analysis_.analyse(address, block_, out.ranges);
  engine::Block& made = *out.block;
  made.address = address;
  made.guest_instructions = static_cast<uint16_t>(block_.count);
  made.indirect_entry = 0;
  if (block_.count == 0) return true;
  emit::BlockBuilder builder(options_, thunks_.out, code, room, out);
  if (block_.self_checking || block_.instructions[0].live_before != 0) builder.flag_prologue();
  made.direct_entry = builder.as.position();
  if (block_.self_checking) builder.check_bytes(block_);
  builder.x87 = expectation_of(options_, expected_);
  emit_instructions(builder, block_, unaligned_, other_states_);
  builder.finish();
  CHECK(!builder.as.overflowed());
  made.words = builder.as.position();
  return true;
}

/// Whether the exit at `identity`, which called the leave thunk, left the lazy registers as they
/// were. (An exit that goes through the address table hands on the identity it got then.)
bool BlockTranslator::passes_flags_on(const uint32_t* identity) const {
  const engine::Block* block = cache_.find(identity - mips64::kCallWords);
  const engine::Exit* exit =
      block != nullptr ? mips64::exit_returning_to(*block, identity) : nullptr;
  return exit != nullptr && exit->recipe == emit::recipe::kLazyRegisters;
}

engine::Leave BlockTranslator::enter(void* state, const uint32_t* code) {
  auto* cpu = static_cast<CpuState*>(state);
  using Enter = uint64_t (*)(CpuState*, const uint32_t*);
  const auto enter = reinterpret_cast<Enter>(reinterpret_cast<uintptr_t>(thunks_.enter));
  const auto reason = static_cast<LeaveReason>(enter(cpu, code));
  record_x87_call(*cpu);
  const auto* left =
      reinterpret_cast<const uint32_t*>(cpu->host_area[emit::offset::kSlotReturnAddress]);
  const uint32_t* identity = Thread::of(*cpu)->original(left);
  // Indirect exits call the leave thunk in checked blocks and in an interrupted block's copy only.
  const bool called = options_.every_exit_leaves || identity != left;
  if (reason == LeaveReason::indirect_exit && !(called && passes_flags_on(identity))) {
    // What ra says is what t0 would say had the target a translation.
    cpu->lazy.kind = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(identity));
  }
  materialise_lazy(*cpu);
  if (reason != LeaveReason::direct_exit) return {reason, nullptr};
  const engine::Block* block = cache_.find(identity - mips64::kCallWords);
  CHECK(block != nullptr);
  engine::Exit* exit = mips64::exit_returning_to(*block, identity);
  CHECK(exit != nullptr);
  cpu->eip = exit->target;
  return {reason, exit};
}

void BlockTranslator::mark_unaligned(GuestAddress address) {
  unaligned_.insert(address);
}

void BlockTranslator::order_accesses() {
  if (options_.order == MemoryOrder::weak) options_.order = MemoryOrder::all_but_stack;
}

}  // namespace ferry::translate::run
