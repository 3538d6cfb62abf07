// Host signals in translated code: exact guest state at faults, and the way out for asynchronous
// signals. Everything here runs in a signal handler. Faults in delay slots:
// emit/emission_passes.hpp.
#include <cstring>

#include "guest/memory/memory.hpp"
#include "host/mips64/signal_context.hpp"
#include "translate/i386_to_mips64/emit/block_notes.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"
#include "translate/i386_to_mips64/run/address_table.hpp"
#include "translate/i386_to_mips64/run/helpers.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::translate::run {

using emit::FlagState;
using engine::LeaveReason;
using mips64::Gpr;
using mips64::SignalContext;

namespace offset = emit::offset;

namespace {

constexpr uint64_t kTableReach = uint64_t{8} << 30;  // 2 GB of entries above and below the base

struct HostAccess {
  uint64_t address;
  unsigned bytes;
  bool store;
};

/// Decodes the load or store `word` (MIPS64 vol. I, I-type).
HostAccess access_of(uint32_t word, const SignalContext& context) {
  const Gpr base((word >> 21) & 31);
  const auto offset = static_cast<int64_t>(static_cast<int16_t>(word & 0xffff));
  const uint32_t major = word >> 26;
  const bool store = (major >= 0x28 && major <= 0x2f) || major >= 0x38;
  static constexpr uint8_t kBytes[8] = {1, 2, 1, 4, 1,
                                        2, 1, 4};  // lb lh lwl lw lbu lhu lwr lwu, and the stores
  unsigned bytes = kBytes[major & 7];
  namespace op = mips64::opcode;
  for (const uint32_t linked : {op::LL, op::SC})
    if (major == linked >> 26) bytes = 4;
  for (const uint32_t doubleword : {op::LLD, op::SCD, op::LD, op::SD})
    if (major == doubleword >> 26) bytes = 8;
  return {context.reg(base) + static_cast<uint64_t>(offset), bytes, store};
}

/// Whether the conditional branch `word` is taken.
bool is_taken(uint32_t word, const SignalContext& context) {
  const auto rs = static_cast<int64_t>(context.reg(Gpr(word >> 21 & 31)));
  const auto rt = static_cast<int64_t>(context.reg(Gpr(word >> 16 & 31)));
  namespace op = mips64::opcode;
  switch (word & 0xfc000000) {
    case op::BEQ:
      return rs == rt;
    case op::BNE:
      return rs != rt;
    case op::BLEZ:
      return rs <= 0;
    case op::BGTZ:
      return rs > 0;
    default:  // BLTZ, BGEZ
      return (rs < 0) == ((word & op::BGEZ & ~op::BLTZ) == 0);
  }
}

}  // namespace

FaultKind BlockTranslator::recover(i386::CpuState& cpu, void* ucontext, bool unaligned,
                                   bool (*write_watched)(uint32_t)) {
  SignalContext context(ucontext);
  const Thread* thread = Thread::of(cpu);
  if (thread == nullptr) return FaultKind::not_ours;
  const auto* pc = thread->original(reinterpret_cast<const uint32_t*>(context.pc()));
  const engine::Block* block = cache_.find(pc);
  if (block == nullptr) return FaultKind::not_ours;
  // A fault in a delay slot is reported at the branch.
  const bool in_slot = mips64::WordEffects(*pc).control();
  if (in_slot) ++pc;
  const uint32_t word = *pc;
  if (!mips64::WordEffects(word).memory()) return FaultKind::not_ours;
  const HostAccess access = access_of(word, context);
  if (access.address - (AddressTable::kBase - kTableReach) < 2 * kTableReach) {
    // The entry that an indirect jump loads is not there: nothing is translated at the target, so
    // the jump goes where an empty entry would have sent it.
    context.set_reg(Gpr((word >> 16) & 31), reinterpret_cast<uint64_t>(not_translated_stub()));
    context.set_pc(context.pc() + 4);
    return FaultKind::handled;
  }
  const engine::Mark* mark = block->mark_at(static_cast<uint32_t>(pc - block->code));
  CHECK(mark != nullptr);
  if (in_slot && mark->word == static_cast<uint32_t>(pc - block->code)) {
    // A load from after the branch: it is not executed where the branch is taken.
    const auto* branch = reinterpret_cast<const uint32_t*>(context.pc());
    if (is_taken(*branch, context)) {
      const auto distance = static_cast<int16_t>(*branch & 0xffff);
      context.set_pc(reinterpret_cast<uint64_t>(branch + 1 + distance));
      return FaultKind::handled;
    }
  }
  for (unsigned reg = 0; reg < i386::kGprCount; ++reg) {
    cpu.gpr[reg] = static_cast<uint32_t>(context.reg(emit::host_gpr(reg)));
  }
  cpu.eip = mark->address;
  cpu.lazy.kind = static_cast<uint32_t>(context.reg(emit::kFlagKind));
  cpu.lazy.a = static_cast<uint32_t>(context.reg(emit::kFlagA));
  cpu.lazy.b = static_cast<uint32_t>(context.reg(emit::kFlagB));
  const FlagState& flags = emit::BlockNotes(*block).flags(mark->recipe);
  if (flags.form == FlagState::Form::exact) {
    materialise_exact(cpu, context.reg(emit::kFlagA));
  } else {
    materialise_recipe(cpu, flags);  // before esp is completed: recipes refer to the host's
  }
  cpu.gpr[i386::ESP] += static_cast<uint32_t>(mark->data);

  const auto guest_address = static_cast<uint32_t>(access.address);
  const bool in_user_half = access.address < guest::kGuestEnd;
  LeaveReason reason = LeaveReason::exception;
  if (unaligned && in_user_half && access.address % access.bytes != 0) {
    reason = LeaveReason::unaligned;
  } else if (access.store &&
             (write_watched(guest_address) || write_watched(guest_address + access.bytes - 1))) {
    reason = LeaveReason::code_write;
  } else {
    // The interpreter repeats the access and reports it exactly: addresses, error code, partial
    // work.
    reason = LeaveReason::interpret;
  }
  context.set_reg(mips64::v0, static_cast<uint64_t>(reason));
  context.set_pc(reinterpret_cast<uint64_t>(thunks_.restore));
  return FaultKind::handled;
}

const uint32_t* BlockTranslator::copy_for_interrupt(Thread& thread, const uint32_t* pc) {
  const engine::Block* block = cache_.find(pc);
  if (block == nullptr) return nullptr;
  thread.set_interrupted({block->code, block->words});
  uint32_t* copy = thread.buffer();
  std::memcpy(copy, block->code, block->words * sizeof(uint32_t));
  for (const engine::Exit& exit : block->exits) {
    copy[exit.site] = exit.unlinked;
    if (exit.kind == engine::Exit::Kind::branch) {
      copy[exit.stub] = mips64::Assembler::jump_word(mips64::opcode::JAL, thunks_.out.leave_direct);
    }
  }
  patcher_.synchronise(copy, block->words);
  return copy + (pc - block->code);
}

/// Where the thread is decides how it is brought to the run loop:
///   - in a block: it goes on in a copy whose exits all leave;
///   - in a thunk after its last look at the pending word: to the thunk's way out;
///   - in C++ that a block called to pack flags: it returns to a copy of the block;
///   - in any other C++ or thunk: the pending word is still to be looked at.
void BlockTranslator::interrupt(i386::CpuState& cpu, void* ucontext) {
  SignalContext context(ucontext);
  Thread* const thread = Thread::of(cpu);
  if (thread == nullptr) return;  // it has not been in translated code yet
  const auto* pc = reinterpret_cast<const uint32_t*>(context.pc());
  if (pc >= thunks_.enter_check && pc < thunks_.enter_end) {
    return context.set_pc(reinterpret_cast<uint64_t>(thunks_.enter_abort));
  }
  for (const Thunks::Resume& resume : thunks_.resume) {
    if (pc < resume.check || pc >= resume.end) continue;
    // If v0 is not 0, a leave for another reason is under way already.
    if (context.reg(mips64::v0) == 0) context.set_pc(reinterpret_cast<uint64_t>(resume.abort));
    return;
  }
  if (const uint32_t* copy = copy_for_interrupt(*thread, pc); copy != nullptr) {
    return context.set_pc(reinterpret_cast<uint64_t>(copy));
  }
  uint64_t& returns_to = cpu.host_area[offset::kSlotHelperReturn];
  if (returns_to != 0) {
    const uint32_t* copy =
        copy_for_interrupt(*thread, reinterpret_cast<const uint32_t*>(returns_to));
    if (copy != nullptr) returns_to = reinterpret_cast<uint64_t>(copy);
  }
  if (pc >= thunks_.out.materialise &&
      pc < thunks_.end) {  // before the slot is written, or after its last use
    const uint32_t* copy =
        copy_for_interrupt(*thread, reinterpret_cast<const uint32_t*>(context.reg(mips64::ra)));
    if (copy != nullptr) context.set_reg(mips64::ra, reinterpret_cast<uint64_t>(copy));
  }
}

}  // namespace ferry::translate::run
