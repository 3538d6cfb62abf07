#include "translate/i386/analysis.hpp"

#include <algorithm>
#include <cstring>

#include "guest/i386/decode/inline.hpp"
#include "translate/i386/block_passes.hpp"

namespace ferry::translate {

using i386::Instruction;
namespace ef = i386::eflags;

namespace {

constexpr unsigned kLookAheadInstructions = 12;
constexpr unsigned kLeafInstructions = 4;  ///< of a leaf function, its return included

/// Adds [begin, end) to `ranges`: what matters is which pages they touch.
void add_range(GuestRanges& ranges, GuestAddress begin, GuestAddress end) {
  for (GuestRange& range : ranges) {
    const bool same_pages = range.begin / guest::kPageSize <= begin / guest::kPageSize &&
                            (range.end - 1) / guest::kPageSize >= (end - 1) / guest::kPageSize;
    if (same_pages) return;
    if (range.end == begin) {
      range.end = end;
      return;
    }
  }
  ranges.push_back({begin, end});
}

/// Whether `in` may be part of a leaf function: it stores nothing, leaves esp alone and never calls
/// the interpreter.
bool fits_leaf(const Instruction& in, const RowTraits& traits) {
  if (!traits.fits_leaf || in.segment_override || may_store(in)) return false;
  return std::none_of(in.operands.begin(), in.operands.end(), [](const i386::Operand& operand) {
    return operand.kind == i386::OperandKind::gpr && operand.reg == i386::ESP;
  });
}

}  // namespace

Analysis::Analysis(const Options& options, const i386::CodeSource& code)
    : options_(options),
      code_(code),
      most_instructions_(std::min(options.max_guest_instructions, kMaxBlockInstructions)),
      most_branches_(options.passes.superblocks ? options.max_branches : 0),
      // With exact flags, what kills the flags may fault first.
      looks_ahead_(options.passes.flag_liveness && options.passes.flag_lookahead &&
                   !options.exact_flags),
      usual_liveness_(options.passes.flag_liveness && !options.exact_flags) {}

[[gnu::noinline]] bool Analysis::find_fetchable(GuestAddress address) {
  fetchable_ = {address, code_.direct_fetch_end(address)};
  if (fetchable_.end > address) return true;
  fetchable_ = {};
  return false;
}

/// Probes the page of `address`, and the next one if an instruction may reach into it: a file
/// mapping may end before its last page does. Each block probes, as files shrink without notice.
bool Analysis::move_window(GuestAddress address) {
  if (!is_known_fetchable(address) && !find_fetchable(address)) return false;
  uint8_t byte = 0;
  if (!guest::load(address, byte)) return false;
  const GuestAddress next_page = (address | guest::kPageMask) + 1;
  window_begin_ = address;
  window_end_ = next_page;
  const bool near_end = next_page - address < i386::kMaxInstructionLength;
  if (near_end && fetchable_.end > next_page && guest::load(next_page, byte)) {
    window_end_ += guest::kPageSize;
  }
  if (fetchable_.end < window_end_) window_end_ = fetchable_.end;
  const uint32_t bytes = window_end_ - window_begin_;
  window_span_ = bytes > i386::kMaxInstructionLength ? bytes - i386::kMaxInstructionLength : 0;
  return true;
}

[[gnu::noinline]] bool Analysis::fetch(GuestAddress address, Instruction& instruction) {
  if (!in_window(address) && !move_window(address)) return false;
  const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(address));
  return i386::decode(bytes, window_end_ - address, address, instruction) == i386::DecodeStatus::ok;
}

/// Whether the block goes on at the target of the direct jump `in`; decodes the instruction there
/// into `next`.
bool Analysis::follow(const Instruction& in, AnalysedInstruction& next) {
  const GuestAddress target = in.immediate;
  if (!options_.passes.follow_jumps || in.operand_size != 4 || target <= in.address) return false;
  return fetch(target, next.instruction);
}

/// Whether a function whose first opcode is at `address` may be a leaf: most others begin with a
/// PUSH, which the opcode alone tells.
inline bool Analysis::may_be_leaf(GuestAddress address) const {
  uint8_t opcode = 0;
  if (!is_known_fetchable(address) || !guest::load(address, opcode)) return true;  // fetch() asks
  const i386::OpcodeEntry& entry = i386::tables().maps[0][opcode];
  return entry.shape != i386::Shape::plain || traits_of(entry.first).fits_leaf ||
         traits_of(entry.first).flow == Flow::end;
}

/// Decodes the function that `call` calls into the entries after it, if it is a leaf of a few
/// instructions, and follows call and return. Returns past the last entry, or null. That the
/// return goes where the call said needs no test: the same thread has just stored the address, the
/// leaf stores nothing, and a processor may take a load from its own last store whatever others do
/// meanwhile (SDM vol. 3, store-buffer forwarding).
[[gnu::noinline]] AnalysedInstruction* Analysis::enter_leaf(AnalysedInstruction& call,
                                                            const AnalysedInstruction* limit) {
  if (!options_.passes.leaf_calls || call.instruction.operand_size != 4) return nullptr;
  GuestAddress pc = call.instruction.immediate;
  AnalysedInstruction* next = &call + 1;
  for (unsigned i = 0; i < kLeafInstructions && next != limit; ++i) {
    if (!fetch(pc, next->instruction)) return nullptr;
    const RowTraits& traits = traits_of(next->instruction.row);
    next->traits = &traits;
    next->followed = is_plain_return(next->instruction);
    if (next->followed) {
      call.followed = true;
      return next + 1;
    }
    if (!fits_leaf(next->instruction, traits)) return nullptr;
    pc = next->instruction.next_address();
    ++next;
  }
  return nullptr;
}

[[gnu::always_inline]] inline void Analysis::form(GuestAddress address, AnalysedBlock& block,
                                                  GuestRanges& ranges) {
  GuestAddress pc = address;
  GuestAddress run_begin = address;
  unsigned branches = 0;
  const i386::Tables& tables = i386::tables();
  AnalysedInstruction* next = block.instructions.data();
  const AnalysedInstruction* const limit = next + most_instructions_;
  ranges.clear();
  // A block goes forward only: where it is not after the window's last instruction, it is in it.
  window_span_ = 0;
  GuestAddress window_limit = move_window(address) ? address + window_span_ : address;
  const auto take_decoded = [&] {
    next->traits = &traits_of(next->instruction.row);
    next->followed = false;
    pc = next->instruction.next_address();
    return (next++)->traits->flow;
  };
  while (next != limit) {
    const bool quick =
        pc < window_limit &&
        i386::decode_quickly(tables, static_cast<const uint8_t*>(guest::host_pointer(pc)), pc,
                             next->instruction);
    if (!quick) [[unlikely]] {
      if (!fetch(pc, next->instruction)) break;
      window_limit = window_begin_ + window_span_;
    }
    Flow flow = take_decoded();
    if (flow == Flow::straight) [[likely]]
      continue;
    while (flow == Flow::jump && next != limit && follow(next[-1].instruction, *next)) {
      AnalysedInstruction& jump = next[-1];
      jump.followed = true;
      add_range(ranges, run_begin, pc);
      run_begin = jump.instruction.immediate;
      window_limit = window_begin_ + window_span_;
      flow = take_decoded();
    }
    if (flow == Flow::straight) continue;
    if (flow == Flow::conditional) {
      if (++branches > most_branches_) break;
      continue;
    }
    if (flow == Flow::system_call && options_.passes.syscalls_in_line) continue;
    if (flow != Flow::call || !may_be_leaf(next[-1].instruction.immediate)) break;
    const Instruction& call = next[-1].instruction;
    AnalysedInstruction* const after = enter_leaf(next[-1], limit);
    if (after == nullptr) break;
    block.has_leaf = true;
    add_range(ranges, run_begin, pc);
    add_range(ranges, call.immediate, after[-1].instruction.next_address());
    next = after;
    run_begin = pc;
    window_limit = move_window(pc) ? pc + window_span_ : pc;
  }
  block.count = static_cast<uint32_t>(next - block.instructions.data());
  block.next = pc;
  if (run_begin == address) {
    if (pc > address) ranges.push_back({address, pc});
  } else {
    add_range(ranges, run_begin, pc);
  }
}

void Analysis::set_self_checking(GuestAddress page, bool on) {
  if (on) {
    self_checking_pages_.insert(page);
  } else {
    self_checking_pages_.erase(page);
  }
}

bool Analysis::in_self_checking_page(const GuestRange& range) const {
  GuestAddress page = guest::page_floor(range.begin);
  for (; page < range.end; page += guest::kPageSize) {
    if (self_checking_pages_.contains(page)) return true;
  }
  return false;
}

/// A block that checks its own bytes is one short run of them, and ends after an instruction that
/// may store: what is stored may be the next instruction, whose block checks. Another thread may
/// be writing to the bytes now, so the block's instructions are decoded again, from the copy that
/// its check will compare with.
void Analysis::make_self_checking(AnalysedBlock& block, GuestRanges& ranges) const {
  AnalysedInstruction* entry = block.instructions.data();
  const AnalysedInstruction* const formed_end = entry + block.count;
  const GuestAddress begin = entry->instruction.address;
  const GuestAddress first_word = block.first_checked_word();
  const GuestAddress limit = first_word + kMostCheckedBytes;
  GuestAddress run_end = begin;
  for (; entry != formed_end && run_end < limit; ++entry) {
    run_end = entry->instruction.next_address();
    if (entry->followed) break;
  }
  run_end = std::min(run_end, limit);
  block.checked_bytes = {};
  std::memcpy(block.checked_bytes.data(), guest::host_pointer(first_word),
              ((run_end + 3) & ~3u) - first_word);
  GuestAddress pc = begin;
  unsigned branches = 0;
  for (entry = block.instructions.data(); entry != formed_end; ++entry) {
    const uint8_t* const bytes = block.checked_bytes.data() + (pc - first_word);
    if (i386::decode(bytes, run_end - pc, pc, entry->instruction) != i386::DecodeStatus::ok) break;
    pc = entry->instruction.next_address();
    entry->traits = &traits_of(entry->instruction.row);
    entry->followed = false;
    const Flow flow = entry->traits->flow;
    const bool goes_on =
        flow == Flow::straight || (flow == Flow::conditional && ++branches <= most_branches_);
    if (!goes_on || may_store(entry->instruction)) {
      ++entry;
      break;
    }
  }
  block.count = static_cast<uint32_t>(entry - block.instructions.data());
  block.next = pc;
  block.has_leaf = false;
  block.self_checking = true;
  ranges.clear();
  if (pc != begin) ranges.push_back({begin, pc});
}

/// What a scan wants of an instruction that skim() does not take or whose effect depends on
/// operands.
[[gnu::noinline]] Analysis::Step Analysis::whole_step(GuestAddress pc) {
  Instruction in;
  if (!fetch(pc, in)) return {};
  const RowTraits& traits = traits_of(in.row);
  // A target cut to 16 bits is not followed, as that of a conditional jump is not.
  const bool direct = traits.flow == Flow::jump || traits.flow == Flow::call;
  const Flow flow = direct && in.operand_size != 4 ? Flow::conditional : traits.flow;
  return {flag_effect(in, traits), in.next_address(), in.immediate, flow};
}

/// Which flags may be read at `target` before they are overwritten; remembers it.
[[gnu::noinline]] uint32_t Analysis::scan(Memo& memo, GuestAddress target) {
  const i386::Tables& tables = i386::tables();
  uint32_t live = 0;
  uint32_t open = ef::kArithmetic;  // not yet overwritten on this path
  GuestAddress pc = target;
  GuestAddress end = target + 1;  // after the bytes that tell
  const auto account = [&](const FlagEffect& effect) {
    live |= effect.read & open;
    open &= ~effect.killed;
  };
  for (unsigned left = kLookAheadInstructions; left != 0; --left) {
    Flow flow = Flow::end;
    GuestAddress to = 0;
    const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(pc));
    i386::Skimmed in;
    if ((in_window(pc) || (move_window(pc) && in_window(pc))) && i386::skim(tables, bytes, in) &&
        traits_of(in.row).rule <= EffectRule::condition) [[likely]] {
      const RowTraits& traits = traits_of(in.row);
      account(simple_effect(static_cast<uint32_t>(in.opcode), traits));
      if (open == 0) {
        // What follows ModRM does not matter.
        end = std::max(end, pc + static_cast<uint32_t>(in.code - bytes));
        break;
      }
      const uint8_t* const after = i386::end_of(in);
      pc += static_cast<uint32_t>(after - bytes);
      if (pc > end) end = pc;
      flow = traits.flow;
      if (flow == Flow::straight) continue;
      if (flow == Flow::jump || flow == Flow::call) to = pc + i386::distance_of(in, after);
    } else {
      const Step step = whole_step(pc);
      if (step.end == 0) break;
      account(step.effect);
      pc = step.end;
      if (pc > end) end = pc;
      flow = step.flow;
      if (flow == Flow::straight && open != 0) continue;
      to = step.target;
    }
    const bool near = to >= target && to < target + 2 * guest::kPageSize;
    if ((flow == Flow::jump || flow == Flow::call) && near && open != 0) {
      pc = to;
      continue;
    }
    if (flow == Flow::end && options_.dead_flags_at_calls) open = 0;
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
                                                            GuestRanges& ranges) {
  Memo& memo = memo_[(target ^ target >> 8) & (memo_.size() - 1)];
  const bool known = memo.generation == generation_ && memo.address == target;
  const uint32_t live = known ? memo.live : scan(memo, target);
  // What was found holds only while those bytes stay: the block depends on their pages. The page it
  // begins in is among its ranges already.
  const bool elsewhere = ((target ^ home) | ((memo.end - 1) ^ home)) >= guest::kPageSize;
  if (elsewhere && live != ef::kArithmetic) add_range(ranges, target, memo.end);
  return live;
}

template <Analysis::Liveness liveness>
[[gnu::always_inline]] inline void Analysis::solve(AnalysedBlock& block, GuestRanges& ranges) {
  AnalysedInstruction* const first = block.instructions.data();
  AnalysedInstruction* entry = first + block.count;
  const auto live_at = [&](GuestAddress target) -> uint32_t {
    if (!looks_ahead_) return ef::kArithmetic;
    return look_ahead(target, first->instruction.address, ranges);
  };
  uint32_t live = ef::kArithmetic;
  block.live_at_next = 0;
  if (entry[-1].traits->flow <= Flow::system_call || entry[-1].followed) {
    live = block.live_at_next = live_at(block.next);
  }
  do {
    --entry;
    const RowTraits& traits = *entry->traits;
    FlagEffect effect{traits.flags_read, traits.flags_killed};
    if (!traits.plain()) {
      if (traits.flow == Flow::end && !entry->followed) {
        live = options_.dead_flags_at_calls ? 0 : ef::kArithmetic;
      } else if (traits.flow == Flow::system_call) {
        live = ef::kArithmetic;  // a signal's frame shows them, and the call may change the code
      } else if (traits.flow != Flow::straight && !entry->followed) {
        const uint32_t at_target = live_at(entry->instruction.immediate);
        entry->live_at_target = static_cast<uint16_t>(at_target);
        live = at_target | (traits.flow == Flow::conditional ? live : 0);
      }
      effect = flag_effect(entry->instruction, traits);
    }
    if (liveness == Liveness::by_options && !options_.passes.flag_liveness) live = ef::kArithmetic;
    entry->live_after = static_cast<uint16_t>(live);
    entry->killed = static_cast<uint16_t>(effect.killed);
    live = (live & ~effect.killed) | effect.read;
    if (liveness == Liveness::by_options && options_.exact_flags) live = ef::kArithmetic;
    entry->live_before = static_cast<uint16_t>(live);
  } while (entry != first);
}

[[gnu::noinline]] void Analysis::solve_unusually(AnalysedBlock& block, GuestRanges& ranges) {
  solve<Liveness::by_options>(block, ranges);
}

[[gnu::noinline]] void Analysis::analyse(GuestAddress address, AnalysedBlock& block,
                                         GuestRanges& ranges) {
  block.has_leaf = false;
  form(address, block, ranges);
  block.self_checking = false;
  if (!self_checking_pages_.empty() &&
      std::any_of(ranges.begin(), ranges.end(),
                  [this](const auto& range) { return in_self_checking_page(range); })) {
    make_self_checking(block, ranges);
  }
  if (block.count == 0) return;
  if (!usual_liveness_) return solve_unusually(block, ranges);
  solve<Liveness::usual>(block, ranges);
  run_block_passes(options_.passes, block);
}

}  // namespace ferry::translate
