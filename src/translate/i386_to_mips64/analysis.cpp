#include "translate/i386_to_mips64/analysis.hpp"

#include <algorithm>

#include "guest/i386/decode/inline.hpp"

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

[[gnu::noinline]] bool Analysis::fetch(GuestAddress address, Instruction& instruction) {
  if (!in_window(address) && !move_window(address)) return false;
  const auto* bytes = static_cast<const uint8_t*>(i386::host_pointer(address));
  return i386::decode(bytes, window_end_ - address, address, instruction) == i386::DecodeStatus::ok;
}

/// Whether the block goes on at the target of the direct jump `in`; decodes the instruction there
/// into `next`.
bool Analysis::follow(const Instruction& in, AnalysedInstruction& next) {
  const GuestAddress target = in.immediate;
  if (!options_.passes.follow_jumps || in.operand_size != 4 || target <= in.address) return false;
  return fetch(target, next.instruction);
}

[[gnu::always_inline]] inline void Analysis::form(GuestAddress address, AnalysedBlock& block,
                                                  Ranges& ranges) {
  GuestAddress pc = address;
  GuestAddress run_begin = address;
  unsigned branches = 0;
  AnalysedInstruction* next = block.instructions.data();
  const AnalysedInstruction* const limit =
      next + std::min(options_.max_guest_instructions, kMaxBlockInstructions);
  ranges.clear();
  bool decoded = false;
  // A block goes forward only: where it is not behind the window's last instruction, it is in it.
  window_span_ = 0;
  GuestAddress window_limit = move_window(address) ? address + window_span_ : address;
  while (next != limit) {
    AnalysedInstruction& entry = *next;
    if (!decoded) {
      const bool quick = pc < window_limit &&
                         i386::decode_quickly(static_cast<const uint8_t*>(i386::host_pointer(pc)),
                                              pc, entry.instruction);
      if (!quick) [[unlikely]] {
        if (!fetch(pc, entry.instruction)) break;
        window_limit = window_begin_ + window_span_;
      }
    }
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
    window_limit = window_begin_ + window_span_;
  }
  block.count = static_cast<uint32_t>(next - block.instructions.data());
  block.next = pc;
  if (pc > run_begin) add_range(ranges, run_begin, pc);
}

void Analysis::set_self_checking(GuestAddress page, bool on) {
  if (on) {
    self_checking_pages_.insert(page);
  } else {
    self_checking_pages_.erase(page);
  }
}

bool Analysis::in_self_checking_page(const engine::GuestRange& range) const {
  GuestAddress page = range.begin & ~(kPageBytes - 1);
  for (; page < range.end; page += kPageBytes) {
    if (self_checking_pages_.contains(page)) return true;
  }
  return false;
}

/// A block that checks its own bytes is one short run of them, and ends behind an instruction that
/// may store: what is stored may be the next instruction, whose block checks.
void Analysis::make_self_checking(AnalysedBlock& block, Ranges& ranges) const {
  const GuestAddress begin = block.instructions[0].instruction.address;
  const GuestAddress limit = (begin & ~3u) + kMostCheckedBytes;
  uint32_t count = 0;
  AnalysedInstruction* entry = nullptr;
  do {
    entry = &block.instructions[count++];
  } while (count < block.count && !entry->followed && !may_store(entry->instruction) &&
           block.instructions[count].instruction.next_address() <= limit);
  entry->followed = false;
  block.count = count;
  block.next = entry->instruction.next_address();
  block.self_checking = true;
  ranges.clear();
  ranges.push_back({begin, block.next});
}

/// What a scan wants of an instruction that skim() does not take or whose effect depends on
/// operands. An `end` of 0: nothing can be decoded there.
[[gnu::noinline]] Analysis::Step Analysis::whole_step(GuestAddress pc) {
  Instruction in;
  if (!fetch(pc, in)) return {};
  const RowTraits& traits = traits_of(in.row);
  // A target cut to 16 bits is not followed: no flow but one that ends.
  const bool cut = in.operand_size != 4 && traits.flow != Flow::end;
  const Flow flow = traits.flow == Flow::straight || !cut ? traits.flow : Flow::conditional;
  return {flag_effect(in, traits), in.next_address(), in.immediate, flow};
}

/// Which flags may be read at `target` before they are overwritten; remembers it.
[[gnu::noinline]] uint32_t Analysis::scan(Memo& memo, GuestAddress target) {
  uint32_t live = 0;
  uint32_t open = ef::kArithmetic;  // not yet overwritten on this path
  GuestAddress pc = target;
  GuestAddress end = target + 1;  // behind the bytes that tell
  for (unsigned left = kLookAheadInstructions; open != 0 && left != 0; --left) {
    const auto* bytes = static_cast<const uint8_t*>(i386::host_pointer(pc));
    i386::Skimmed in;
    Step step;
    const uint8_t* behind = nullptr;
    if ((in_window(pc) || move_window(pc)) && in_window(pc) && i386::skim(bytes, in) &&
        traits_of(in.row).rule <= EffectRule::condition) {
      const RowTraits& traits = traits_of(in.row);
      step.effect = simple_effect(static_cast<uint32_t>(in.opcode), traits);
      step.flow = traits.flow;
      behind = i386::end_of(in);
      step.end = pc + static_cast<uint32_t>(behind - bytes);
    } else {
      step = whole_step(pc);
      if (step.end == 0) break;
    }
    live |= step.effect.read & open;
    open &= ~step.effect.killed;
    pc = step.end;
    if (pc > end) end = pc;
    if (step.flow == Flow::straight || open == 0) continue;
    if (step.flow == Flow::jump || step.flow == Flow::call) {
      pc = behind != nullptr ? pc + i386::distance_of(in, behind) : step.target;
      if (pc >= target && pc < target + 2 * kPageBytes) continue;
    }
    if (step.flow == Flow::end && options_.dead_flags_at_calls) open = 0;
    break;
  }
  live |= open;
  if (!self_checking_pages_.empty() && in_self_checking_page({target, end})) {
    live = ef::kArithmetic;
  }
  memo = {target, generation_, live, end};
  return live;
}

/// The flags that may be read at `target`, a successor of the block that begins at `home`.
[[gnu::always_inline]] inline uint32_t Analysis::look_ahead(GuestAddress target, GuestAddress home,
                                                            Ranges& ranges) {
  Memo& memo = memo_[(target ^ target >> 8) & (memo_.size() - 1)];
  const bool known = memo.generation == generation_ && memo.address == target;
  const uint32_t live = known ? memo.live : scan(memo, target);
  // What was found holds only while those bytes stay: the block depends on their pages. The page it
  // begins in is among its ranges already.
  const bool elsewhere = ((target ^ home) | ((memo.end - 1) ^ home)) >= kPageBytes;
  if (elsewhere && live != ef::kArithmetic) add_range(ranges, target, memo.end);
  return live;
}

[[gnu::always_inline]] inline void Analysis::solve(AnalysedBlock& block, Ranges& ranges) {
  const bool liveness = options_.passes.flag_liveness;
  // With exact flags, what kills the flags may fault first.
  const bool look = liveness && options_.passes.flag_lookahead && !options_.exact_flags;
  const uint32_t always_after = liveness ? 0 : ef::kArithmetic;
  const uint32_t always_before = options_.exact_flags ? ef::kArithmetic : 0;
  const uint32_t at_end = options_.dead_flags_at_calls ? 0 : ef::kArithmetic;
  AnalysedInstruction* const first = block.instructions.data();
  const GuestAddress home = first->instruction.address;
  AnalysedInstruction* entry = first + block.count;
  const auto live_at = [&](GuestAddress target) {
    return look ? look_ahead(target, home, ranges) : ef::kArithmetic;
  };
  uint32_t live = ef::kArithmetic;
  block.live_at_next = 0;
  const Flow last = entry[-1].traits->flow;
  if (last == Flow::straight || last == Flow::conditional) {
    live = block.live_at_next = live_at(block.next);
  }
  do {
    --entry;
    const RowTraits& traits = *entry->traits;
    entry->live_at_target = 0;
    if (traits.flow != Flow::straight) {
      if (traits.flow == Flow::end) {
        live = at_end;
      } else if (!entry->followed) {
        entry->live_at_target = live_at(entry->instruction.immediate);
        live = entry->live_at_target | (traits.flow == Flow::conditional ? live : 0);
      }
    }
    const FlagEffect effect = flag_effect(entry->instruction, traits);
    live |= always_after;
    entry->live_after = live;
    entry->killed = effect.killed;
    live = (live & ~effect.killed) | effect.read | always_before;
    entry->live_before = live;
  } while (entry != first);
}

[[gnu::noinline]] void Analysis::analyse(GuestAddress address, AnalysedBlock& block,
                                         Ranges& ranges) {
  form(address, block, ranges);
  block.self_checking = false;
  if (!self_checking_pages_.empty() &&
      std::any_of(ranges.begin(), ranges.end(),
                  [this](const auto& range) { return in_self_checking_page(range); })) {
    make_self_checking(block, ranges);
  }
  if (block.count != 0) solve(block, ranges);
}

}  // namespace ferry::translate
