#include "translate/i386_to_mips64/emit/block_builder.hpp"

#include <cstring>

namespace ferry::translate::emit {

using engine::Exit;
using engine::LeaveReason;
using i386::ESP;
using mips64::encode::branch_offset;

namespace {

constexpr uint32_t kNop = 0;

/// Registers that no way out of a block reads. t1 and t2 join them where no flag is live.
constexpr uint32_t kDeadAtExits = kScratchMask | kAddressCache[0].bit() | kAddressCache[1].bit();

}  // namespace

BlockBuilder::BlockBuilder(const Options& options_in, const WaysOut& ways_out_in, uint32_t* code,
                           uint32_t capacity, engine::BlockDraft& out)
    : Emitter(options_in, ways_out_in, code, capacity, out),
      flags(*this),
      largest_bias_(options_in.passes.esp_folding ? 30000 : 0) {
  flag_state_ = &flags.state();
  std::memset(known_width_, 32, sizeof known_width_);
  end_unit();  // accesses are ordered one by one
}

void BlockBuilder::flag_prologue() {
  mips64::move(as, kFlagKind, mips64::ra);
  set_barrier();
}

// --- instructions --------------------------------------------------------------------------------

void BlockBuilder::mark_instruction() {
  // The instruction may put its operands into t1 and t2 before it faults: flags that must be exact
  // then cannot wait there.
  if (options.exact_flags && flags.uses_homes()) flags.to_packed();
  push_mark();
}

// --- guest registers -----------------------------------------------------------------------------

Gpr BlockBuilder::read_gpr(unsigned reg) {
  if (reg != ESP || esp_bias_ == 0) return host_gpr(reg);
  const Gpr adjusted = scratch();
  as.ADDIU(adjusted, host_gpr(ESP), esp_bias_);
  return adjusted;
}

/// The guest register in `host` is about to change: flags and cached addresses stop referring to
/// it.
void BlockBuilder::give_up(Gpr host) {
  const uint32_t live = live_after_ & ~entry_->killed;
  if (live != 0 && flags.operation()) flags.preserve(host);
  flags.unname(host);
  forget_addresses_of(host);
}

void BlockBuilder::forget_addresses_of(Gpr host) {
  cached_registers_ &= ~host.bit();
  for (CachedAddress& entry : cache_) {
    if (host_gpr(entry.base) == host || host_gpr(entry.index) == host) entry.valid = false;
  }
}

void BlockBuilder::set_known_width(unsigned reg, unsigned bits) {
  if (options.passes.subregisters) known_width_[reg] = static_cast<uint8_t>(bits);
}

void BlockBuilder::apply_esp_bias() {
  const int32_t bias = esp_bias_;
  const Gpr esp = host_gpr(ESP);
  esp_bias_ = 0;
  if (mips64::fits_simm16(bias)) {
    as.ADDIU(esp, esp, bias);
  } else {
    const Gpr change = scratch();
    mips64::load_immediate(as, change, bias);
    as.ADDU(esp, esp, change);
    release(change);
  }
  if (referred_to(ESP)) {
    flags.rebase_esp(bias);
    forget_addresses_of(esp);
  }
  add_mark();
}

// --- control -------------------------------------------------------------------------------------

void BlockBuilder::branch_exit(const Condition& condition, uint32_t target,
                               uint32_t live_at_target) {
  Condition taken = condition;
  if (esp_bias_ != 0) {
    // The adjustment below changes host esp: a condition on it needs its own copy.
    for (Gpr* operand : {&taken.rs, &taken.rt}) {
      if (*operand != host_gpr(ESP)) continue;
      const Gpr copy = scratch();
      mips64::move(as, copy, *operand);
      *operand = copy;
    }
    commit_esp();
  }
  if (taken.kind == Condition::Kind::never) return;
  const bool always = taken.kind == Condition::Kind::always;
  const uint32_t word = always ? mips64::opcode::BEQ : taken.branch_word();
  if (live_at_target != 0) {
    ColdPath& path = new_cold_path();
    path.kind = ColdPath::Kind::flag_exit;
    path.target = target;
    path.live = live_at_target;
    branch(word, path.label);
    if (!always) leave_slot_open(kDeadAtExits);
    return;
  }
  control(word);
  out_.exits.push_back({.kind = Exit::Kind::branch,
                        .live = 0,
                        .site = as.position() - 2,
                        .stub = 0,
                        .unlinked = word,
                        .target = target,
                        .recipe = recipe::kPacked,
                        .owner = out_.block,
                        .linked = nullptr,
                        .next_incoming = nullptr});
  if (!always) leave_slot_open(kDeadAtExits | kFlagA.bit() | kFlagB.bit());
}

void BlockBuilder::store_exit_flags(uint32_t live) {
  if (live != 0) flags.to_lazy_registers();
}

void BlockBuilder::jump_exit(uint32_t target, uint32_t live_at_target) {
  store_exit_flags(live_at_target);
  commit_esp();
  const uint32_t word = jump_to(mips64::opcode::JAL, ways_out.leave_direct);
  control(word);
  const uint32_t site = as.position() - 2;
  out_.exits.push_back({.kind = Exit::Kind::jump,
                        .live = static_cast<uint16_t>(live_at_target),
                        .site = site,
                        .stub = site,
                        .unlinked = word,
                        .target = target,
                        .recipe = live_at_target != 0 ? recipe::kLazyRegisters : recipe::kPacked,
                        .owner = out_.block,
                        .linked = nullptr,
                        .next_incoming = nullptr});
  ended_ = true;
}

void BlockBuilder::indirect_exit() {
  if (!options.dead_flags_at_calls) flags.settle();
  const Gpr entry = scratch();
  if (!options.every_exit_leaves) {
    if (options.msa) {
      as.DLSA(entry, kExitTarget, kTable, 2);
    } else {
      as.DSLL(entry, kExitTarget, 2);
      as.DADDU(entry, entry, kTable);
    }
    as.LWU(entry, 0, entry);
  }
  commit_esp();
  const bool pass_on = !options.dead_flags_at_calls && flags.in_lazy_registers();
  if (options.every_exit_leaves) {
    control(jump_to(mips64::opcode::JAL, ways_out.leave_indirect));
  } else if (pass_on) {  // t0 names an earlier exit, which is passed on instead of this one
    mips64::move(as, mips64::ra, kFlagKind);
    control(mips64::opcode::JR | mips64::encode::rs(entry));
  } else {
    control(mips64::encode::rd_rs(mips64::opcode::JALR, mips64::ra, entry));
  }
  const uint32_t recipe = options.dead_flags_at_calls ? recipe::kPacked : notes_.add(flags.state());
  const uint32_t site = as.position() - 2;
  out_.exits.push_back({.kind = Exit::Kind::indirect,
                        .live = 0,
                        .site = site,
                        .stub = site,
                        .unlinked = jump_to(mips64::opcode::JAL, ways_out.leave_indirect),
                        .target = 0,
                        .recipe = recipe,
                        .owner = out_.block,
                        .linked = nullptr,
                        .next_incoming = nullptr});
  ended_ = true;
}

void BlockBuilder::leave(LeaveReason reason, uint32_t eip) {
  // An instruction left to the interpreter may read flags that are dead after it.
  store_exit_flags(reason == LeaveReason::interpret ? entry_->live_before | live_after_
                                                    : live_after_);
  commit_esp();
  mips64::load_immediate(as, mips64::a0, static_cast<int32_t>(eip));
  as.ADDIU(mips64::v1, mips64::zero, static_cast<int32_t>(reason));
  control(jump_to(mips64::opcode::J, ways_out.leave_reason));
  ended_ = true;
}

void BlockBuilder::leave_if(const Condition& condition, uint32_t eip, LeaveReason reason) {
  ColdPath& path = new_cold_path();
  path.kind = ColdPath::Kind::leave;
  path.reason = reason;
  path.target = eip;
  branch(condition.branch_word(), path.label);
}

Label& BlockBuilder::interpret_instead() {
  if (interpret_path_ == nullptr) {
    interpret_path_ = &new_cold_path();
    interpret_path_->kind = ColdPath::Kind::interpret;
  }
  return interpret_path_->label;
}

Label& BlockBuilder::branch_to_interpreter(const Condition& condition) {
  CHECK(esp_bias_ == 0 && (live_after_ == 0 || !flags.operation()));
  ColdPath& path = new_cold_path();
  path.kind = ColdPath::Kind::interpret_and_resume;
  branch(condition.branch_word(), path.label);
  return path.resume;
}

Label& BlockBuilder::begin_sequence() {
  if (live_before() != 0 && flags.state().form != FlagState::Form::packed) {
    flags.to_lazy_registers();
  }
  commit_esp();
  forget_addresses();  // their registers are the sequence's
  marked_ = true;
  mark_instruction();
  sequence_ = &new_cold_path();
  sequence_->kind = ColdPath::Kind::interpret_sequence;
  sequence_->first = sequence_->last = entry_;
  return sequence_->label;
}

void BlockBuilder::extend_sequence(const AnalysedInstruction& next) {
  entry_ = sequence_->last = done_ = &next;
  live_after_ = next.live_after;
}

void BlockBuilder::end_sequence() {
  Label& resume = sequence_->resume;
  sequence_ = nullptr;
  bind_resume(resume);
}

Address BlockBuilder::address_of(const AnalysedInstruction& other) {
  const AnalysedInstruction* const current = entry_;
  entry_ = &other;
  const Address place = address();
  entry_ = current;
  return place;
}

void BlockBuilder::emit_cold(ColdPath& path) {
  flags.restore(path.flags);
  esp_bias_ = path.esp_bias;
  switch (path.kind) {
    case ColdPath::Kind::flag_exit:
      bind(path.label);
      return jump_exit(path.target, path.live);
    case ColdPath::Kind::interpret_and_resume:
      bind(path.label);
      emit_interpreter_call(*path.instruction);
      return branch(mips64::opcode::BEQ, path.resume);
    case ColdPath::Kind::interpret_sequence:
      bind(path.label);
      flags.to_lazy_registers();
      for (const AnalysedInstruction* each = path.first; each <= path.last; ++each) {
        emit_interpreter_call(each->instruction);
      }
      return branch(mips64::opcode::BEQ, path.resume);
    case ColdPath::Kind::packed_condition:
      bind(path.label);
      if (path.condition >> 1 >= 6) {  // signed
        flags.long_comparison(path.answer, path.condition, path.resume);
      }
      materialise_flags();
      flags.packed_bool(path.answer, path.condition);
      return branch(mips64::opcode::BEQ, path.resume);
    case ColdPath::Kind::leave:
      bind(path.label);
      live_after_ = i386::eflags::kArithmetic;
      return leave(path.reason, path.target);
    case ColdPath::Kind::interpret:
      bind(path.label);
      live_after_ = i386::eflags::kArithmetic;
      return leave(LeaveReason::interpret, path.instruction->address);
  }
}

/// Where a branch goes until it is linked.
void BlockBuilder::emit_stub(Exit& exit) {
  exit.stub = as.position();
  exit.unlinked |= branch_offset(exit.site, exit.stub);
  as.replace(exit.site, exit.unlinked);
  as.emit_pair(jump_to(mips64::opcode::JAL, ways_out.leave_direct), kNop);
}

void BlockBuilder::finish() {
  CHECK(ended_);
  // Cold words must not be taken into slots across the end of the main line, nor marked as part of
  // the last instruction's restartable words.
  set_barrier();
  for (unsigned i = 0; i < cold_count(); ++i) {
    free_scratch_ = kScratchMask;
    emit_cold(cold_path(i));
    cold_path(i).~ColdPath();
  }
  for (Exit& exit : out_.exits) {
    if (exit.kind == Exit::Kind::branch) emit_stub(exit);
  }
  notes_.finish();
}

// --- calls into C++ ------------------------------------------------------------------------------

void BlockBuilder::emit_interpreter_call(const Instruction& instruction) {
  mips64::load_immediate(as, mips64::a0, static_cast<int32_t>(instruction.address));
  notes_.add(instruction);
  control(jump_to(mips64::opcode::JAL, ways_out.call_interpreter));
}

void BlockBuilder::call_interpreter() {
  flags.to_lazy_registers();
  commit_esp();
  emit_interpreter_call(entry_->instruction);
  after_whole_call();
  flags.set_packed();
  x87.possible = false;
  order_.join();  // the interpreter orders its own accesses with earlier ones
}

void BlockBuilder::call_system(uint32_t eip) {
  flags.to_lazy_registers();  // where they are after the call too
  commit_esp();
  mips64::load_immediate(as, mips64::a0, static_cast<int32_t>(eip));
  control(jump_to(mips64::opcode::JAL, ways_out.call_system));
  after_whole_call();
  order_.join();  // the run loop's fences stand around the call
}

/// After a call of C++ that had the whole state and may have changed it.
void BlockBuilder::after_whole_call() {
  clobber_scratch();
  std::memset(known_width_, 32, sizeof known_width_);
}

}  // namespace ferry::translate::emit
