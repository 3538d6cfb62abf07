// A scan of the code of random blocks in which accesses are ordered. It knows nothing of how the
// translator decides: it follows every path through the words of a block, and asks two things.
//   1. On no path is there an access without a SYNC between it and an earlier one that x86 keeps
//      in order with it. What came before the block counts as a load and a store.
//   2. Without any one of the SYNCs this would not hold, save two kinds: those around ll/sc and of
//      fences, which order stores and later loads too; and those after a place where paths join,
//      where the translator takes everything to have been accessed.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

#include "guest/i386/decode/decoder.hpp"
#include "guest_code.hpp"
#include "host/mips64/assembler.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"
#include "translate/i386_to_mips64/run/code_place.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::golden {
namespace {

using i386::Instruction;
using mips64::Gpr;
using mips64::WordEffects;
using translate::MemoryOrder;
using Words = std::vector<uint32_t>;
namespace op = mips64::opcode;

constexpr size_t kCacheBytes = size_t{16} << 20;
constexpr uint32_t kNop = 0;

/// Kinds of accesses, as a set.
constexpr unsigned kNone = 0, kLoad = 1, kStore = 2, kBoth = 3;

/// Whether x86 keeps accesses of the kinds `earlier` in order with later ones of `later`.
bool kept_in_order(unsigned earlier, unsigned later) {
  return ((later & kStore) != 0 && earlier != kNone) || (later & earlier & kLoad) != 0;
}

bool is(uint32_t word, uint32_t opcode) {
  return word >> 26 == opcode >> 26;
}
bool is_any(uint32_t word, std::initializer_list<uint32_t> opcodes) {
  return std::any_of(opcodes.begin(), opcodes.end(), [&](uint32_t each) { return is(word, each); });
}
bool is_linked(uint32_t word) {
  return is_any(word, {op::LL, op::LLD});
}
bool is_conditional_store(uint32_t word) {
  return is_any(word, {op::SC, op::SCD});
}
Gpr base_of(uint32_t word) {
  return Gpr(word >> 21 & 31);
}
int32_t offset_of(uint32_t word) {
  return static_cast<int16_t>(word & 0xffff);
}

Instruction instruction_at(GuestAddress address) {
  Instruction in;
  const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(address));
  EXPECT_EQ(i386::decode(bytes, i386::kMaxInstructionLength, address, in), i386::DecodeStatus::ok);
  return in;
}

/// A REP MOVS or REP STOS is one access, with nothing ordered inside.
bool is_unit(const Instruction& in) {
  const std::string_view name = i386::row(in.row).mnemonic;
  return in.rep != i386::RepPrefix::none && (name == "MOVS" || name == "STOS");
}

bool is_fence(const Instruction& in) {
  const std::string_view name = i386::row(in.row).mnemonic;
  return name == "MFENCE" || name == "LFENCE" || name == "SFENCE";
}

/// What has been accessed since the last SYNC, on some path: before the present instruction if that
/// is a unit, and in it.
struct Open {
  unsigned before = kNone, inside = kNone;
  bool operator==(const Open&) const = default;
  void add(const Open& other) {
    before |= other.before;
    inside |= other.inside;
  }
};

class Block {
 public:
  Block(Words words, std::span<const engine::Mark> marks, const translate::run::Thunks& thunks,
        MemoryOrder order, bool unaligned)
      : words_(std::move(words)),
        thunks_(thunks),
        stack_exempt_(order == MemoryOrder::all_but_stack),
        unaligned_(unaligned) {
    instructions_.resize(words_.size());
    for (const engine::Mark& mark : marks) {
      std::fill(instructions_.begin() + mark.word, instructions_.end(),
                instruction_at(mark.address));
    }
    accesses_.resize(words_.size());
    for (uint32_t at = 0; at < words_.size(); ++at) accesses_[at] = access_at(at);
    joins_.resize(words_.size() + 1);
    for (uint32_t at = 0; at < words_.size(); ++at) {
      if (const auto target = target_of(at)) joins_[*target] = true;
    }
  }

  /// The first word whose access is not ordered with an earlier one on some path; none: all are.
  [[nodiscard]] std::optional<uint32_t> unordered() const {
    std::vector<Open> entry(words_.size());
    std::vector<bool> seen(words_.size());
    std::vector<uint32_t> work{0};
    entry[0] = {kBoth, kNone};
    seen[0] = true;
    while (!work.empty()) {
      const uint32_t at = work.back();
      work.pop_back();
      Open open = entry[at];
      if (!step(at, open)) return at;
      if (control(at) && !step(at + 1, open)) return at + 1;
      for (const uint32_t next : successors(at)) {
        Open there = entry[next];
        Open arriving = open;
        const uint32_t last = control(at) ? at + 1 : at;
        if (!inside_unit(next) || instructions_[next].address != instructions_[last].address)
          arriving = {open.before | open.inside, kNone};
        there.add(arriving);
        if (seen[next] && there == entry[next]) continue;
        entry[next] = there;
        seen[next] = true;
        work.push_back(next);
      }
    }
    return std::nullopt;
  }

  /// SYNCs that rule 2 asks about.
  [[nodiscard]] std::vector<uint32_t> needed_syncs() const {
    std::vector<uint32_t> found;
    bool joined = false;  // since the last access
    for (uint32_t at = 0; at < words_.size(); ++at) {
      joined |= joins_[at];
      if (accesses_[at] != kNone) joined = false;
      if (words_[at] != op::SYNC || is_fence(instructions_[at])) continue;
      const bool before_ll = at + 1 < words_.size() && is_linked(words_[at + 1]);
      const bool after_sc = at >= 3 && is_conditional_store(words_[at - 3]);
      if (!before_ll && !after_sc && !joined) found.push_back(at);
    }
    return found;
  }

  /// Without the SYNC at `at`.
  [[nodiscard]] Block without(uint32_t at) const {
    Block copy = *this;
    copy.words_[at] = kNop;
    return copy;
  }

  [[nodiscard]] size_t accesses() const {
    return static_cast<size_t>(std::count_if(accesses_.begin(), accesses_.end(),
                                             [](unsigned kinds) { return kinds != kNone; }));
  }
  [[nodiscard]] bool has_accesses_in_parts() const {
    return std::any_of(words_.begin(), words_.end(), [](uint32_t word) {
      return is_any(word, {op::LWL, op::SWL});
    });
  }
  /// Whether each ll has its SYNC before it and each sc after it (and its branch and slot).
  [[nodiscard]] bool locked_are_fenced() const {
    for (uint32_t at = 0; at < words_.size(); ++at) {
      if (is_linked(words_[at]) && (at == 0 || words_[at - 1] != op::SYNC)) return false;
      if (is_conditional_store(words_[at]) && words_[at + 3] != op::SYNC) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] bool control(uint32_t at) const { return WordEffects(words_[at]).control(); }
  [[nodiscard]] bool inside_unit(uint32_t at) const { return is_unit(instructions_[at]); }

  /// The kinds of access of the word, or of the C++ that it calls; kNone if none, or if the word
  /// only goes on with the access of one before.
  [[nodiscard]] unsigned access_at(uint32_t at) const {
    const uint32_t word = words_[at];
    if (calls_operation(word)) return operation_access(instructions_[at]);
    if (!WordEffects(word).memory() || is_linked(word) || is_conditional_store(word)) return kNone;
    const Gpr base = base_of(word);
    const bool table = is(word, op::LWU);
    if (base == translate::emit::kState || table) return kNone;
    if (stack_exempt_ && base == translate::emit::host_gpr(i386::ESP)) return kNone;
    if (unaligned_ && continues(at)) return kNone;
    return unaligned_ ? access_of_parts(at) : kind_of(word);
  }
  static unsigned kind_of(uint32_t word) {
    return is_any(word, {op::SB, op::SH, op::SW, op::SD, op::SWL, op::SWR}) ? kStore : kLoad;
  }
  /// Whether the word before `at` that accesses memory belongs to the same access.
  [[nodiscard]] bool continues(uint32_t at) const {
    for (uint32_t i = at; i-- > 0 && words_[i] != op::SYNC;) {
      if (same_place(i, at)) return true;
    }
    return false;
  }
  [[nodiscard]] unsigned access_of_parts(uint32_t at) const {
    unsigned kinds = kind_of(words_[at]);
    for (uint32_t i = at + 1; i < words_.size() && words_[i] != op::SYNC; ++i) {
      if (same_place(at, i)) kinds |= kind_of(words_[i]);
    }
    return (kinds & kStore) != 0 ? kStore : kLoad;  // the first byte is read to be stored again
  }
  [[nodiscard]] bool same_place(uint32_t a, uint32_t b) const {
    return WordEffects(words_[a]).memory() &&
           instructions_[a].address == instructions_[b].address &&
           base_of(words_[a]) == base_of(words_[b]) &&
           std::abs(offset_of(words_[a]) - offset_of(words_[b])) < 4;
  }

  static bool calls_operation(uint32_t word) {
    return word == mips64::encode::rd_rs(op::JALR, mips64::ra, mips64::t9);
  }
  [[nodiscard]] unsigned operation_access(const Instruction& in) const {
    for (unsigned i = 0; i < i386::kMaxOperands; ++i) {
      if (in.operands[i].kind != i386::OperandKind::memory) continue;
      const bool stack = in.memory.base == i386::ESP && in.memory.is_base_alone();
      if (stack_exempt_ && stack) return kNone;
      return i386::row(in.row).operands[i].access == i386::Access::w ? kStore : kLoad;
    }
    return kNone;
  }

  /// Executes the word: false if its access is not ordered.
  [[nodiscard]] bool step(uint32_t at, Open& open) const {
    const uint32_t word = words_[at];
    if (word == op::SYNC) open = {};
    if (jumps_to(word, op::JAL, thunks_.out.call_interpreter) ||
        jumps_to(word, op::JAL, thunks_.out.call_system)) {
      open = {kBoth, kNone};
    }
    const unsigned kinds = accesses_[at];
    if (kinds == kNone) return true;
    if (inside_unit(at)) {
      if (kept_in_order(open.before, kinds)) return false;
      open.inside |= kinds;
      return true;
    }
    if (kept_in_order(open.before, kinds)) return false;
    open.before |= kinds;
    return true;
  }

  static bool jumps_to(uint32_t word, uint32_t opcode, const uint32_t* place) {
    return word == mips64::Assembler::jump_word(opcode, place);
  }
  /// The word that the branch at `at` goes to, if it lies in the block.
  [[nodiscard]] std::optional<uint32_t> target_of(uint32_t at) const {
    const uint32_t word = words_[at];
    const bool branch =
        is_any(word, {op::BEQ, op::BNE, op::BLEZ, op::BGTZ, op::BLTZ});  // BGEZ has BLTZ's opcode
    if (!branch) return std::nullopt;
    const uint32_t target = at + 1 + static_cast<uint32_t>(offset_of(word));
    EXPECT_LT(target, words_.size());
    return target;
  }
  [[nodiscard]] std::vector<uint32_t> successors(uint32_t at) const {
    if (!control(at)) return at + 1 < words_.size() ? std::vector{at + 1} : std::vector<uint32_t>{};
    const uint32_t word = words_[at];
    if (const auto target = target_of(at)) {
      const bool always = word >> 16 == op::BEQ >> 16;
      return always ? std::vector{*target} : std::vector{at + 2, *target};
    }
    const bool returns = calls_operation(word) ||
                         jumps_to(word, op::JAL, thunks_.out.call_interpreter) ||
                         jumps_to(word, op::JAL, thunks_.out.call_system) ||
                         jumps_to(word, op::JAL, thunks_.out.materialise);
    return returns ? std::vector{at + 2} : std::vector<uint32_t>{};
  }

  Words words_;
  const translate::run::Thunks& thunks_;
  const bool stack_exempt_, unaligned_;
  std::vector<Instruction> instructions_;  ///< that each word belongs to
  std::vector<unsigned> accesses_;
  std::vector<bool> joins_;  ///< a branch goes there
};

/// Makes blocks of random instructions of all rows, whose memory operands vary.
class Blocks {
 public:
  explicit Blocks(unsigned seed) : random_(seed) {
    for (uint16_t index = 0; index < i386::row_count(); ++index) {
      const i386::Row& row = i386::row(index);
      const bool ends =
          row.family == i386::Family::simd || (row.attributes & i386::attribute::block_end) != 0;
      for (const Bytes& form : forms_of(index)) (ends ? last_ : forms_).push_back(form);
    }
  }
  Bytes make() {
    Bytes code;
    for (unsigned i = 1 + below(10); i > 0; --i) {
      const std::vector<Bytes>& forms = i == 1 ? last_ : forms_;
      const Bytes form = with_other_operand(with_prefix(forms[below(forms.size())]));
      code.insert(code.end(), form.begin(), form.end());
    }
    return code;
  }
  [[nodiscard]] unsigned below(size_t limit) { return static_cast<unsigned>(random_() % limit); }

 private:
  static bool good(const Bytes& code) {
    Instruction in;
    return i386::decode(code.data(), static_cast<uint32_t>(code.size()), kGuestCode, in) ==
               i386::DecodeStatus::ok &&
           in.length == code.size();
  }
  Bytes with_prefix(const Bytes& form) {
    constexpr uint8_t kPrefixes[] = {0xf0, 0xf2, 0xf3, 0x65};
    if (below(3) != 0) return form;
    Bytes code = form;
    code.insert(code.begin(), kPrefixes[below(std::size(kPrefixes))]);
    return good(code) ? code : form;
  }
  /// [EBX + 8], the operand of all forms, becomes [REG + 8], [ESP + 8] or [ESP + REG * 2 + 8].
  Bytes with_other_operand(const Bytes& form) {
    for (size_t i = 0; i + 1 < form.size(); ++i) {
      if ((form[i] & 0xc7) != 0x43 || form[i + 1] != 0x08) continue;
      Bytes code = form;
      const unsigned choice = below(12);
      const auto with_base = [&](unsigned base) {
        code[i] = static_cast<uint8_t>((code[i] & 0xf8) | base);
      };
      if (choice < 8) with_base(choice);
      if (choice == 4) code.insert(code.begin() + static_cast<ptrdiff_t>(i) + 1, 0x24);
      if (choice == 8) {
        with_base(4);
        code.insert(code.begin() + static_cast<ptrdiff_t>(i) + 1,
                    static_cast<uint8_t>(0x44 | below(3) << 3));
      }
      return good(code) ? code : form;
    }
    return form;
  }

  std::mt19937 random_;
  std::vector<Bytes> forms_;
  std::vector<Bytes> last_;  ///< that end a block
};

class AccessOrder : public testing::TestWithParam<translate::Options> {
 protected:
  AccessOrder()
      : options_(GetParam()),
        cache_(kCacheBytes, translate::run::kCodePlace),
        translator_(options_, memory_, cache_) {}

  /// `unaligned`: every access of the block may be at any alignment.
  std::optional<Block> translate(const Bytes& code, bool unaligned) {
    GuestMemory::put(code);
    translator_.forget_analysis();
    engine::BlockDraft out;
    cache_.open(out);
    EXPECT_TRUE(translator_.translate(kGuestCode, cache_.next(), cache_.free_words(), out));
    if (out.block->guest_instructions == 0) return std::nullopt;
    const uint32_t* const words = cache_.next();
    return Block(Words(words, words + out.block->words), out.marks.span(), translator_.thunks(),
                 options_.order, unaligned);
  }

  void scan(bool unaligned) {
    constexpr unsigned kBlocks = 20000;
    Blocks blocks(1 + static_cast<unsigned>(options_.order));
    size_t accesses = 0, needed = 0, in_parts = 0;
    for (unsigned i = 0; i < kBlocks; ++i) {
      const Bytes code = blocks.make();
      const auto block = translate(code, unaligned);
      if (!block) continue;
      accesses += block->accesses();
      in_parts += block->has_accesses_in_parts();
      ASSERT_TRUE(block->locked_are_fenced()) << hex_text(code);
      const auto unordered = block->unordered();
      ASSERT_FALSE(unordered) << hex_text(code) << ": word " << *unordered << " is not ordered";
      for (const uint32_t sync : block->needed_syncs()) {
        ++needed;
        ASSERT_TRUE(block->without(sync).unordered())
            << hex_text(code) << ": the SYNC at word " << sync << " is not needed";
      }
    }
    EXPECT_GT(accesses, 2 * kBlocks);
    EXPECT_GT(needed, kBlocks);
    EXPECT_EQ(in_parts != 0, unaligned);
    std::printf("%zu accesses, %zu SYNCs that are needed\n", accesses, needed);
  }

  const translate::Options options_;
  const GuestMemory memory_;
  engine::CodeCache cache_;
  translate::run::BlockTranslator translator_;
};

TEST_P(AccessOrder, EveryPairThatNeedsASyncHasOneAndNoOther) {
  scan(false);
}

TEST_P(AccessOrder, UnalignedAccessesToo) {
  for (GuestAddress address = kGuestCode; address < kGuestCode + 0x200; ++address)
    translator_.mark_unaligned(address);
  scan(true);
}

/// `check` gives every instruction a mark, by which the scan knows the instruction of a word.
translate::Options with(MemoryOrder order, bool passes) {
  translate::Options options{.check = true, .order = order};
  if (passes) return options;
#define PASS(member, name, text) options.passes.member = false;
#include "translate/i386/passes.inc"
#undef PASS
  return options;
}

INSTANTIATE_TEST_SUITE_P(Orders, AccessOrder,
                         testing::Values(with(MemoryOrder::all, true),
                                         with(MemoryOrder::all_but_stack, true),
                                         with(MemoryOrder::all, false),
                                         with(MemoryOrder::all_but_stack, false)));

}  // namespace
}  // namespace ferry::golden
