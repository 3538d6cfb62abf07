// Built from the rows of opcodes.inc.
#include "translate/i386/row_traits.hpp"

#include <array>

#include "guest/i386/decode/operand_forms.hpp"
#include "guest/i386/decode/row_table.hpp"

namespace ferry::translate {

using i386::Instruction;

namespace {

namespace ef = i386::eflags;

constexpr Flow flow_of(const i386::Row& row) {
  using namespace i386::attribute;
  if ((row.attributes & branch) != 0) return Flow::conditional;
  if ((row.attributes & jump) != 0) return Flow::jump;
  if ((row.attributes & call) != 0) return Flow::call;
  if ((row.attributes & system_call) != 0) return Flow::system_call;
  return (row.attributes & block_end) != 0 ? Flow::end : Flow::straight;
}

constexpr EffectRule rule_of(const i386::Row& row) {
  if (i386::has_condition(row)) return EffectRule::condition;
  if ((row.attributes & i386::attribute::conditional_flags) != 0) return EffectRule::shift;
  const bool any =
      ((row.flags_read | row.flags_written | row.flags_undefined) & ef::kArithmetic) != 0;
  if (any && (row.attributes & i386::attribute::repcc) != 0) return EffectRule::repeated;
  return EffectRule::fixed;
}

constexpr MemoryUse memory_use_of(const i386::Row& row) {
  using namespace i386::attribute;
  if ((row.attributes & (stack | rep | repcc)) != 0) return MemoryUse::always;
  if (row.family == i386::Family::x87 || row.family == i386::Family::simd) return MemoryUse::always;
  if ((row.attributes & no_access) != 0) return MemoryUse::none;
  MemoryUse use = MemoryUse::none;
  for (const i386::OperandSpec& operand : row.operands) {
    const i386::OperandForm& form = i386::operand_form(operand.code);
    if (form.kind == i386::OperandKind::memory) return MemoryUse::always;
    if (form.mod == i386::ModUse::memory) return MemoryUse::always;
    if (form.mod == i386::ModUse::any) use = MemoryUse::by_modrm;
    const bool register_or_constant =
        form.kind == i386::OperandKind::gpr || form.kind == i386::OperandKind::immediate ||
        form.kind == i386::OperandKind::immediate2 || form.kind == i386::OperandKind::relative ||
        form.kind == i386::OperandKind::none;
    if (!register_or_constant) return MemoryUse::always;
  }
  const bool implicit = row.operands[0].code == i386::OperandCode::none &&
                        row.family != i386::Family::logic_and_bits &&
                        row.family != i386::Family::arithmetic;
  return implicit ? MemoryUse::always : use;
}

/// Whether the row stores nothing but operands, leaves the stack alone and never calls the
/// interpreter.
constexpr bool fits_leaf(const i386::Row& row) {
  using enum i386::Family;
  const bool plain = row.family == data_transfer || row.family == arithmetic ||
                     row.family == logic_and_bits || row.family == shift_rotate;
  return plain && flow_of(row) == Flow::straight && (row.attributes & i386::attribute::stack) == 0;
}

constexpr auto kTraits = [] {
  std::array<RowTraits, i386::kRows.size()> all{};
  for (size_t i = 0; i < all.size(); ++i) {
    const i386::Row& row = i386::kRows[i];
    // What the manual leaves undefined has a value here (docs/flags.md): a new one, or the old one.
    const bool keeps = (row.attributes & i386::attribute::keeps_undefined) != 0;
    const uint32_t set = row.flags_written | (keeps ? 0 : row.flags_undefined);
    const uint32_t killed = set & ef::kArithmetic;
    all[i] = {.flags_read = static_cast<uint16_t>(row.flags_read & ef::kArithmetic),
              .flags_killed = static_cast<uint16_t>(killed),
              .flow = flow_of(row),
              .rule = rule_of(row),
              .memory = memory_use_of(row),
              .fits_leaf = fits_leaf(row)};
  }
  return all;
}();

}  // namespace

namespace detail {
const RowTraits* const kFirstTraits = kTraits.data();
}

FlagEffect refined_effect(const Instruction& in, const RowTraits& traits) {
  const FlagEffect whole{traits.flags_read, traits.flags_killed};
  if (traits.rule == EffectRule::repeated) {
    // A count of 0 lets all flags through: nothing is killed.
    return in.rep != i386::RepPrefix::none ? FlagEffect{whole.read, 0} : whole;
  }
  const unsigned count = in.operands[2].kind == i386::OperandKind::none ? 1 : 2;
  if (in.operands[count].kind != i386::OperandKind::immediate) return {whole.read, 0};
  return (in.immediate & 31) == 0 ? FlagEffect{0, 0} : whole;
}

bool may_store(const Instruction& in) {
  const i386::Row& row = i386::row(in.row);
  if (row.execution == i386::Execution::interpret) return true;
  using namespace i386::attribute;
  if ((row.attributes & (stack | pop)) == stack) return true;
  for (unsigned i = 0; i < i386::kMaxOperands; ++i) {
    const i386::Access access = row.operands[i].access;
    const i386::OperandKind kind = in.operands[i].kind;
    const bool in_memory =
        kind == i386::OperandKind::memory || kind == i386::OperandKind::string_destination;
    if (in_memory && (access == i386::Access::w || access == i386::Access::rw)) return true;
  }
  return false;
}

}  // namespace ferry::translate
