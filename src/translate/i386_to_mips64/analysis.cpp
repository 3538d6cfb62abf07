#include "translate/i386_to_mips64/analysis.hpp"

#include "guest/i386/decode/row_table.hpp"
#include "guest/i386/memory.hpp"

namespace ferry::translate {

using i386::Instruction;
namespace ef = i386::eflags;

namespace {

constexpr uint32_t kPageBytes = 4096;
constexpr unsigned kLookAheadInstructions = 12;

constexpr Flow flow_of_row(const i386::Row& row) {
  const std::string_view name = row.mnemonic;
  if (name == "JCC" || name == "JECXZ" || name == "LOOP" || name == "LOOPE" || name == "LOOPNE") {
    return Flow::conditional;
  }
  const bool relative = row.operands[0].code == i386::OperandCode::Jb ||
                        row.operands[0].code == i386::OperandCode::Jz;
  if (name == "JMP" && relative) return Flow::jump;
  if (name == "CALL" && relative) return Flow::call;
  return (row.attributes & i386::attribute::block_end) != 0 ? Flow::end : Flow::straight;
}

constexpr auto kFlows = [] {
  std::array<Flow, i386::kRows.size()> flows{};
  for (size_t i = 0; i < flows.size(); ++i) flows[i] = flow_of_row(i386::kRows[i]);
  return flows;
}();

/// Flags an instruction may read, and those whose old value cannot be seen behind it.
struct Effect {
  uint32_t read;
  uint32_t killed;
};

/// How a row's effect depends on the instruction.
enum class EffectRule : uint8_t { none, fixed, condition, shift, repeated };

struct RowEffect {
  EffectRule rule;
  Effect effect;
};

constexpr RowEffect effect_of_row(const i386::Row& row) {
  const Effect effect{row.flags_read & ef::kArithmetic,
                      (row.flags_written | row.flags_undefined) & ef::kArithmetic};
  if ((effect.read | effect.killed) == 0) return {EffectRule::none, effect};
  if (row.mnemonic == "JCC" || row.mnemonic == "SETCC" || row.mnemonic == "CMOVCC") {
    return {EffectRule::condition, effect};
  }
  if ((row.attributes & i386::attribute::conditional_flags) != 0)
    return {EffectRule::shift, effect};
  if ((row.attributes & i386::attribute::repcc) != 0) return {EffectRule::repeated, effect};
  return {EffectRule::fixed, effect};
}

constexpr auto kRowEffects = [] {
  std::array<RowEffect, i386::kRows.size()> effects{};
  for (size_t i = 0; i < effects.size(); ++i) effects[i] = effect_of_row(i386::kRows[i]);
  return effects;
}();

Effect effect_of(const Instruction& in) {
  const RowEffect& row = kRowEffects[in.row];
  switch (row.rule) {
    case EffectRule::none:
    case EffectRule::fixed:
      return row.effect;
    case EffectRule::condition:
      return {i386::flags_read(in) & ef::kArithmetic, row.effect.killed};
    case EffectRule::repeated:
      // A count of 0 lets all flags through: nothing is killed.
      return in.rep != i386::RepPrefix::none ? Effect{row.effect.read, 0} : row.effect;
    case EffectRule::shift:
      break;
  }
  const unsigned count = in.operands[2].kind == i386::OperandKind::none ? 1 : 2;
  if (in.operands[count].kind != i386::OperandKind::immediate) return {row.effect.read, 0};
  return (in.immediate & 31) == 0 ? Effect{0, 0} : row.effect;
}

}  // namespace

Flow flow_of(const Instruction& instruction) {
  return kFlows[instruction.row];
}

bool Analysis::fetch(GuestAddress address, Instruction& instruction) {
  if (address < readable_begin_ || address + i386::kMaxInstructionLength > readable_end_ ||
      address + i386::kMaxInstructionLength < address) {
    // Probe each page once: a file mapping may end before its last page does.
    const GuestAddress end = code_.fetch_end(address);
    if (end <= address) return false;
    const GuestAddress page = address & ~(kPageBytes - 1);
    uint8_t byte = 0;
    if (!i386::load(address, byte)) return false;
    readable_begin_ = page;
    readable_end_ = page + kPageBytes;
    if (end > readable_end_ && i386::load(readable_end_, byte)) readable_end_ += kPageBytes;
    if (end < readable_end_) readable_end_ = end;
  }
  const auto* bytes = static_cast<const uint8_t*>(i386::host_pointer(address));
  return i386::decode(bytes, readable_end_ - address, address, instruction) ==
         i386::DecodeStatus::ok;
}

void Analysis::add_range(AnalysedBlock& block, GuestAddress begin, GuestAddress end) {
  for (engine::GuestRange& range : block.ranges) {
    const bool same_pages = range.begin / kPageBytes <= begin / kPageBytes &&
                            (range.end - 1) / kPageBytes >= (end - 1) / kPageBytes;
    if (same_pages) return;
    if (range.end == begin) {
      range.end = end;
      return;
    }
  }
  block.ranges.push_back({begin, end});
}

void Analysis::form(GuestAddress address, AnalysedBlock& block) {
  GuestAddress pc = address;
  GuestAddress run_begin = address;
  unsigned branches = 0;
  const uint32_t limit = options_.max_guest_instructions < kMaxBlockInstructions
                             ? options_.max_guest_instructions
                             : kMaxBlockInstructions;
  block.count = 0;
  block.ranges.clear();
  while (block.count < limit) {
    AnalysedInstruction& entry = block.instructions[block.count];
    if (!fetch(pc, entry.instruction)) break;
    ++block.count;
    entry.flow = flow_of(entry.instruction);
    entry.followed = false;
    pc = entry.instruction.next_address();
    if (entry.flow == Flow::straight) continue;
    if (entry.flow == Flow::conditional) {
      if (!options_.passes.superblocks || ++branches > options_.max_branches) break;
      if (is_translated_ != nullptr && is_translated_(query_context_, pc)) break;
      continue;
    }
    const GuestAddress target = entry.instruction.immediate;
    const bool forward = entry.flow == Flow::jump && options_.passes.follow_jumps &&
                         entry.instruction.operand_size == 4 && target > pc &&
                         block.count < limit &&
                         !(is_translated_ != nullptr && is_translated_(query_context_, target));
    if (!forward) break;
    Instruction probe;
    if (!fetch(target, probe)) break;
    entry.followed = true;
    add_range(block, run_begin, pc);
    pc = run_begin = target;
  }
  block.next = pc;
  if (pc > run_begin) add_range(block, run_begin, pc);
}

uint32_t Analysis::scan(GuestAddress target, engine::GuestRange& range) {
  uint32_t live = 0;
  uint32_t open = ef::kArithmetic;  // not yet overwritten on this path
  GuestAddress pc = target;
  for (unsigned i = 0; i < kLookAheadInstructions && open != 0; ++i) {
    Instruction in;
    if (!fetch(pc, in)) return live | open;
    const Effect effect = effect_of(in);
    live |= effect.read & open;
    open &= ~effect.killed;
    pc = in.next_address();
    if (pc > range.end) range.end = pc;
    if (open == 0) break;
    const Flow flow = flow_of(in);
    if (flow == Flow::straight) continue;
    const GuestAddress to = in.immediate;
    const bool near = to >= range.begin && to < range.begin + 2 * kPageBytes;
    if ((flow == Flow::jump || flow == Flow::call) && near && in.operand_size == 4) {
      pc = to;
      continue;
    }
    if (flow == Flow::end && options_.dead_flags_at_calls) return live;
    return live | open;
  }
  return live | open;
}

uint32_t Analysis::look_ahead(AnalysedBlock& block, GuestAddress target) {
  if (!options_.passes.flag_liveness || !options_.passes.flag_lookahead) return ef::kArithmetic;
  if (options_.exact_flags) return ef::kArithmetic;  // what kills the flags may fault first
  Memo& memo = memo_[(target ^ target >> 8) & (memo_.size() - 1)];
  if (memo.generation != generation_ || memo.address != target) {
    memo = {target, generation_, 0, {target, target + 1}};
    memo.live = scan(target, memo.range);
  }
  // What was found holds only while those bytes stay: the block depends on their pages.
  if (memo.live != ef::kArithmetic) add_range(block, memo.range.begin, memo.range.end);
  return memo.live;
}

void Analysis::solve(AnalysedBlock& block) {
  const bool falls_through = [&] {
    const Flow last = block.instructions[block.count - 1].flow;
    return last == Flow::straight || last == Flow::conditional;
  }();
  uint32_t live = ef::kArithmetic;
  block.live_at_next = 0;
  if (falls_through) live = block.live_at_next = look_ahead(block, block.next);
  for (uint32_t i = block.count; i-- > 0;) {
    AnalysedInstruction& entry = block.instructions[i];
    const Instruction& in = entry.instruction;
    entry.live_at_target = 0;
    if (entry.flow == Flow::conditional || (entry.flow == Flow::jump && !entry.followed) ||
        entry.flow == Flow::call) {
      entry.live_at_target = look_ahead(block, in.immediate);
      live = entry.flow == Flow::conditional ? live | entry.live_at_target : entry.live_at_target;
    } else if (entry.flow == Flow::end) {
      live = options_.dead_flags_at_calls ? 0 : ef::kArithmetic;
    }
    if (!options_.passes.flag_liveness) live = ef::kArithmetic;
    const Effect effect = effect_of(in);
    entry.live_after = live;
    entry.killed = effect.killed;
    live = (live & ~effect.killed) | effect.read;
    if (options_.exact_flags) live = ef::kArithmetic;
    entry.live_before = live;
  }
}

void Analysis::analyse(GuestAddress address, AnalysedBlock& block) {
  readable_begin_ = readable_end_ = 0;
  form(address, block);
  if (block.count != 0) solve(block);
}

}  // namespace ferry::translate
