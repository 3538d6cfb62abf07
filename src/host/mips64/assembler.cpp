#include "host/mips64/assembler.hpp"

#include <array>

namespace ferry::mips64 {

void Assembler::emit_branch(uint32_t word, Label& target) {
  if (target.bound()) {
    emit(word | encode::branch_offset(position_, target.position_));
    return;
  }
  CHECK(target.use_count_ < Label::kMaxUses);
  target.uses_[target.use_count_++] = position_;
  emit(word);
}

void Assembler::bind(Label& label) {
  CHECK(!label.bound());
  label.position_ = position_;
  for (unsigned use = 0; use < label.use_count_; ++use) {
    const uint32_t at = label.uses_[use];
    if (at < capacity_) buffer_[at] |= encode::branch_offset(at, position_);
  }
  label.use_count_ = 0;
}

namespace {

constexpr uint32_t bit(uint32_t number) {
  return (1u << number) & ~1u;
}

constexpr WordEffects special_effects(uint32_t word, uint32_t rs, uint32_t rt, uint32_t rd) {
  const uint32_t function = word & 63;
  switch (function) {
    case 0x00:
    case 0x02:
    case 0x03:  // sll srl(rotr) sra
    case 0x38:
    case 0x3a:
    case 0x3b:
    case 0x3c:
    case 0x3e:
    case 0x3f:
      return {.reads = bit(rt), .writes = bit(rd)};
    case 0x0a:
    case 0x0b:  // movz movn keep the old destination
      return {.reads = bit(rs) | bit(rt) | bit(rd), .writes = bit(rd)};
    case 0x08:
      return {.reads = bit(rs), .control = true};
    case 0x09:
      return {.reads = bit(rs), .writes = bit(rd), .control = true};
    case 0x0c:
    case 0x0d:
    case 0x0f:
      return {.fixed = true};
    case 0x10:
    case 0x12:
      return {.writes = bit(rd), .fixed = true};
    case 0x11:
    case 0x13:
    case 0x18:
    case 0x19:
    case 0x1a:
    case 0x1b:
    case 0x1c:
    case 0x1d:
    case 0x1e:
    case 0x1f:
      return {.reads = bit(rs) | bit(rt), .fixed = true};
    default:
      return {.reads = bit(rs) | bit(rt), .writes = bit(rd)};
  }
}

constexpr WordEffects describe(uint32_t word) {
  const uint32_t major = word >> 26;
  const uint32_t rs = (word >> 21) & 31, rt = (word >> 16) & 31, rd = (word >> 11) & 31;
  if (major == 0) return special_effects(word, rs, rt, rd);
  if (major == 1 || (major >= 4 && major <= 7)) {  // regimm (synci among them), beq .. bgtz
    return {.reads = bit(rs) | (major == 4 || major == 5 ? bit(rt) : 0), .control = true};
  }
  if (major == 2 || major == 3) return {.writes = major == 3 ? bit(31) : 0, .control = true};
  if (major == 0x1c) return {.reads = bit(rs) | bit(rt), .writes = bit(rd)};  // special2: mul clz
  if (major == 0x1f) {                                                        // special3
    const uint32_t function = word & 63;
    if (function == 0x20 || function == 0x24) return {.reads = bit(rt), .writes = bit(rd)};
    const bool insert = (function & 4) != 0;
    return {.reads = bit(rs) | (insert ? bit(rt) : 0), .writes = bit(rt)};
  }
  if (major == 0x30 || major == 0x34 || major == 0x38 || major == 0x3c) {  // ll lld sc scd
    return {.reads = bit(rs) | bit(rt), .writes = bit(rt), .memory = true, .fixed = true};
  }
  const bool store = major >= 0x28 && major != 0x37;
  if (store) return {.reads = bit(rs) | bit(rt), .memory = true};
  if (major >= 0x20 || major == 0x1a || major == 0x1b) {  // loads; lwl/lwr/ldl/ldr merge into rt
    const bool merges = major == 0x22 || major == 0x26 || major == 0x1a || major == 0x1b;
    return {.reads = bit(rs) | (merges ? bit(rt) : 0), .writes = bit(rt), .memory = true};
  }
  return {.reads = bit(rs), .writes = bit(rt)};  // addiu .. lui
}

/// The form of an opcode is read off a word with three different registers.
constexpr uint16_t form_of(uint32_t opcode_word) {
  using namespace detail::word_form;
  constexpr uint32_t kRs = 1, kRt = 2, kRd = 3;
  const WordEffects effects = describe(opcode_word | kRs << 21 | kRt << 16 | kRd << 11);
  uint32_t form = 0;
  if ((effects.reads & bit(kRs)) != 0) form |= reads_rs;
  if ((effects.reads & bit(kRt)) != 0) form |= reads_rt;
  if ((effects.reads & bit(kRd)) != 0) form |= reads_rd;
  if ((effects.writes & bit(kRt)) != 0) form |= writes_rt;
  if ((effects.writes & bit(kRd)) != 0) form |= writes_rd;
  if ((effects.writes & bit(31)) != 0) form |= writes_ra;
  if (effects.control) form |= control;
  if (effects.memory) form |= memory;
  if (effects.fixed) form |= fixed;
  return static_cast<uint16_t>(form);
}

constexpr auto kForms = [] {
  std::array<uint16_t, 192> forms{};
  for (uint32_t each = 0; each < 64; ++each) {
    forms[each] = form_of(each << 26);
    forms[64 + each] = form_of(each);
    forms[128 + each] = form_of(0x1fu << 26 | each);
  }
  return forms;
}();

}  // namespace

namespace detail {
const uint16_t* const kWordForms = kForms.data();
}

}  // namespace ferry::mips64
