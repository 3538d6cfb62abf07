#include "translate/i386_to_mips64/analysis.hpp"

#include <algorithm>

namespace ferry::translate {

using i386::Instruction;
namespace ef = i386::eflags;

namespace {

constexpr uint32_t kPageBytes = 4096;
constexpr unsigned kLookAheadInstructions = 12;

/// Adds [begin, end) to `ranges`: what matters is which pages they touch.
void add_range(Ranges& ranges, GuestAddress begin, GuestAddress end) {
  for (engine::GuestRange& range : ranges) {
    const bool same_pages = range.begin / kPageBytes <= begin / kPageBytes &&
                            (range.end - 1) / kPageBytes >= (end - 1) / kPageBytes;
    if (same_pages) return;
    if (range.end == begin) {
      range.end = end;
      return;
    }
  }
  ranges.push_back({begin, end});
}

}  // namespace

/// Probes the page of `address`, and the next one: a file mapping may end before its last page
/// does. Each block does so anew, as files shrink without notice.
bool Analysis::move_window(GuestAddress address) {
  if (address - fetchable_.begin >= fetchable_.end - fetchable_.begin) {
    fetchable_ = {address, code_.fetch_end(address)};
    if (fetchable_.end <= address) return fetchable_ = {}, false;
  }
  uint8_t byte = 0;
  if (!i386::load(address, byte)) return false;
  const GuestAddress next_page = (address | (kPageBytes - 1)) + 1;
  window_begin_ = address;
  window_end_ = next_page;
  if (fetchable_.end > next_page && i386::load(next_page, byte)) window_end_ += kPageBytes;
  if (fetchable_.end < window_end_) window_end_ = fetchable_.end;
  const uint32_t bytes = window_end_ - window_begin_;
  window_span_ = bytes > i386::kMaxInstructionLength ? bytes - i386::kMaxInstructionLength : 0;
  return true;
}

/// Whether the block goes on at the target of the direct jump `in`; decodes the instruction there
/// into `next`.
bool Analysis::follow(const Instruction& in, AnalysedInstruction& next) {
  const GuestAddress target = in.immediate;
  if (!options_.passes.follow_jumps || in.operand_size != 4 || target <= in.address) return false;
  return fetch(target, next.instruction);
}

void Analysis::form(GuestAddress address, AnalysedBlock& block, Ranges& ranges) {
  GuestAddress pc = address;
  GuestAddress run_begin = address;
  unsigned branches = 0;
  AnalysedInstruction* next = block.instructions.data();
  const AnalysedInstruction* const limit =
      next + std::min(options_.max_guest_instructions, kMaxBlockInstructions);
  ranges.clear();
  bool decoded = false;
  while (next != limit) {
    AnalysedInstruction& entry = *next;
    if (!decoded && !fetch(pc, entry.instruction)) break;
    decoded = false;
    ++next;
    const RowTraits& traits = traits_of(entry.instruction.row);
    entry.traits = &traits;
    entry.followed = false;
    pc = entry.instruction.next_address();
    if (traits.flow == Flow::straight) continue;
    if (traits.flow == Flow::conditional) {
      if (!options_.passes.superblocks || ++branches > options_.max_branches) break;
      continue;
    }
    if (traits.flow != Flow::jump || next == limit || !follow(entry.instruction, *next)) break;
    entry.followed = decoded = true;
    add_range(ranges, run_begin, pc);
    pc = run_begin = entry.instruction.immediate;
  }
  block.count = static_cast<uint32_t>(next - block.instructions.data());
  block.next = pc;
  if (pc > run_begin) add_range(ranges, run_begin, pc);
}

uint32_t Analysis::scan(GuestAddress target, engine::GuestRange& range) {
  uint32_t live = 0;
  uint32_t open = ef::kArithmetic;  // not yet overwritten on this path
  GuestAddress pc = target;
  Instruction in;
  for (unsigned i = 0; i < kLookAheadInstructions && open != 0; ++i) {
    if (!fetch(pc, in)) return live | open;
    const RowTraits& traits = traits_of(in.row);
    const FlagEffect effect = flag_effect(in, traits);
    live |= effect.read & open;
    open &= ~effect.killed;
    pc = in.next_address();
    if (pc > range.end) range.end = pc;
    if (open == 0) break;
    const Flow flow = traits.flow;
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

uint32_t Analysis::look_ahead(GuestAddress target, Ranges& ranges) {
  if (!options_.passes.flag_liveness || !options_.passes.flag_lookahead) return ef::kArithmetic;
  if (options_.exact_flags) return ef::kArithmetic;  // what kills the flags may fault first
  Memo& memo = memo_[(target ^ target >> 8) & (memo_.size() - 1)];
  if (memo.generation != generation_ || memo.address != target) {
    memo = {target, generation_, 0, {target, target + 1}};
    memo.live = scan(target, memo.range);
  }
  // What was found holds only while those bytes stay: the block depends on their pages.
  if (memo.live != ef::kArithmetic) add_range(ranges, memo.range.begin, memo.range.end);
  return memo.live;
}

void Analysis::solve(AnalysedBlock& block, Ranges& ranges) {
  const bool falls_through = [&] {
    const Flow last = block.instructions[block.count - 1].traits->flow;
    return last == Flow::straight || last == Flow::conditional;
  }();
  uint32_t live = ef::kArithmetic;
  block.live_at_next = 0;
  if (falls_through) live = block.live_at_next = look_ahead(block.next, ranges);
  for (uint32_t i = block.count; i-- > 0;) {
    AnalysedInstruction& entry = block.instructions[i];
    const Instruction& in = entry.instruction;
    const Flow flow = entry.traits->flow;
    entry.live_at_target = 0;
    if (flow == Flow::end) {
      live = options_.dead_flags_at_calls ? 0 : ef::kArithmetic;
    } else if (flow != Flow::straight && !entry.followed) {
      entry.live_at_target = look_ahead(in.immediate, ranges);
      live = flow == Flow::conditional ? live | entry.live_at_target : entry.live_at_target;
    }
    if (!options_.passes.flag_liveness) live = ef::kArithmetic;
    const FlagEffect effect = flag_effect(in, *entry.traits);
    entry.live_after = live;
    entry.killed = effect.killed;
    live = (live & ~effect.killed) | effect.read;
    if (options_.exact_flags) live = ef::kArithmetic;
    entry.live_before = live;
  }
}

void Analysis::analyse(GuestAddress address, AnalysedBlock& block, Ranges& ranges) {
  window_span_ = 0;
  form(address, block, ranges);
  if (block.count != 0) solve(block, ranges);
}

}  // namespace ferry::translate
