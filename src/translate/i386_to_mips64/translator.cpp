#include "translate/i386_to_mips64/translator.hpp"

#include "translate/i386_to_mips64/handlers.hpp"
#include "translate/i386_to_mips64/helpers.hpp"
#include "translate/i386_to_mips64/x87.hpp"

namespace ferry::translate {

using engine::GuestAddress;
using engine::LeaveReason;
using i386::CpuState;

namespace {

constexpr uint32_t kThunkWords = 512;
/// No block takes more; also the size of the buffer for interrupted blocks.
constexpr uint32_t kMaxBlockWords = 16384;
constexpr uint32_t kPageWords = 1024;

BlockTranslator* active = nullptr;  ///< the process's one; helpers have no other way to it

Thunks make_thunks(engine::CodeCache& cache, const Options& options) {
  mips64::Assembler as(cache.next(), kThunkWords);
  const Thunks thunks = emit_thunks(as, options.interrupt_pending, options.check);
  cache.commit(kThunkWords);
  return thunks;
}

void emit_instructions(BlockBuilder& b, const AnalysedBlock& block,
                       const std::unordered_set<GuestAddress>& unaligned) {
  const AnalysedInstruction* const end = block.instructions.data() + block.count;
  const bool some_unaligned = !unaligned.empty();
  for (const AnalysedInstruction* entry = block.instructions.data(); entry != end; ++entry) {
    const Instruction& in = entry->instruction;
    b.begin_instruction(*entry, some_unaligned && unaligned.contains(in.address));
    if (!entry->followed) handler_of(in, *entry->traits)(b, in);
    b.end_instruction();
    if (b.ended()) return;
  }
  b.jump_exit(block.next, block.live_at_next);
}

}  // namespace

BlockTranslator::BlockTranslator(const Options& options, const i386::CodeSource& code,
                                 engine::CodeCache& cache)
    : options_(options),
      cache_(cache),
      thunks_(make_thunks(cache, options)),
      analysis_(options_, code),
      patcher_(thunks_.leave_direct) {
  interrupt_buffer_ =
      cache.commit(kMaxBlockWords + 2 * kPageWords);  // copies keep their place in a page
  cache.keep_all();
  active = this;
  set_helper_context({.cache = &cache_,
                      .recipes = &recipes_,
                      .interpreted = &interpreted_,
                      .original = [](const uint32_t* pc) { return active->original(pc); }});
  patcher_.synchronise(thunks_.enter, kThunkWords);
}

uint32_t BlockTranslator::not_translated_stub() const {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(thunks_.leave_indirect));
}

bool BlockTranslator::translate(GuestAddress address, uint32_t* code, uint32_t capacity,
                                engine::Translation& out) {
  if (capacity < kMaxBlockWords) return false;
  analysis_.analyse(address, block_, out.ranges);
  out.address = address;
  out.guest_instructions = block_.count;
  if (block_.count == 0) return true;
  BlockBuilder builder(options_, thunks_, recipes_, interpreted_, code, kMaxBlockWords, out);
  if (block_.instructions[0].live_before != 0) builder.flag_prologue();
  out.direct_entry = builder.as.position();
  emit_instructions(builder, block_, unaligned_);
  builder.finish();
  CHECK(!builder.as.overflowed());
  out.words = builder.as.position();
  return true;
}

/// Whether the exit at `identity` belongs to a block that left the lazy registers as they were: an
/// interrupted or a checked one, whose indirect exits call the leave thunk. (Otherwise such an exit
/// hands on the identity it got.)
bool BlockTranslator::passes_flags_on(const uint32_t* identity) const {
  const engine::Block* block = cache_.find(identity - 2);
  const engine::Exit* exit = block != nullptr ? block->exit_leaving_at(identity) : nullptr;
  return exit != nullptr && exit->recipe == RecipeTable::kLazyRegisters;
}

engine::Leave BlockTranslator::enter(void* state, const uint32_t* code) {
  auto* cpu = static_cast<CpuState*>(state);
  // The block may call x87 operations this state (a new thread, a vfork child's parent) has not
  // seen yet.
  if (cpu->host_area[offset::kSlotOperationsKnown] != operation_count()) install_operations(*cpu);
  using Enter = uint64_t (*)(CpuState*, const uint32_t*);
  const auto enter = reinterpret_cast<Enter>(reinterpret_cast<uintptr_t>(thunks_.enter));
  const auto reason = static_cast<LeaveReason>(enter(cpu, code));
  record_x87_call(*cpu);
  const uint32_t* identity =
      original(reinterpret_cast<const uint32_t*>(cpu->host_area[offset::kSlotReturnAddress]));
  if (reason == LeaveReason::indirect_exit && !passes_flags_on(identity)) {
    // What ra says is what t0 would say had the target a translation.
    cpu->lazy.kind = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(identity));
  }
  materialise_lazy(*cpu);
  if (reason != LeaveReason::direct_exit) return {reason, nullptr};
  const engine::Block* block = cache_.find(identity - 2);
  CHECK(block != nullptr);
  engine::Exit* exit = block->exit_leaving_at(identity);
  CHECK(exit != nullptr);
  cpu->eip = exit->target;
  return {reason, exit};
}

void BlockTranslator::mark_unaligned(GuestAddress address) {
  unaligned_.insert(address);
}

void BlockTranslator::flushed() {
  interrupted_block_ = nullptr;
  recipes_.clear();
  interpreted_.clear();
  analysis_.forget();
}

}  // namespace ferry::translate
