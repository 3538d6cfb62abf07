#include "host/mips64/assembler.hpp"

#include <array>

namespace ferry::mips64 {

void Assembler::use(Label& target, uint32_t& word) {
  if (target.bound()) {
    word |= encode::branch_offset(position(), target.position_);
    return;
  }
  if (target.last_use_ != Label::kNone) {
    const uint32_t distance = position() - target.last_use_;
    CHECK(fits_uimm16(distance));
    word |= distance;
  }
  target.last_use_ = position();
}

void Assembler::bind(Label& label) {
  CHECK(!label.bound());
  label.position_ = position();
  constexpr uint32_t kOffset = 0xffff;
  uint32_t at = label.last_use_;
  label.last_use_ = Label::kNone;
  while (at != Label::kNone && buffer_ + at < end_) {
    uint32_t& word = buffer_[at];
    const uint32_t distance = word & kOffset;
    word = (word & ~kOffset) | encode::branch_offset(at, label.position_);
    at = distance != 0 ? at - distance : Label::kNone;
  }
}

namespace {

using namespace word_form;

/// SPECIAL words, by function.
constexpr uint16_t special_form(uint32_t function) {
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
      return kReadsRt | kWritesRd;
    case 0x0a:
    case 0x0b:  // movz movn keep the old destination
      return kReadsRs | kReadsRt | kReadsRd | kWritesRd;
    case 0x08:
      return kReadsRs | kControl;
    case 0x09:
      return kReadsRs | kWritesRd | kControl;
    case 0x0c:
    case 0x0d:
    case 0x0f:
      return kFixed;
    case 0x10:
    case 0x12:
      return kWritesRd | kFixed;
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
      return kReadsRs | kReadsRt | kFixed;
    default:
      return kReadsRs | kReadsRt | kWritesRd;
  }
}

constexpr uint16_t special3_form(uint32_t function) {
  if (function == 0x20 || function == 0x24) return kReadsRt | kWritesRd;
  const bool insert = (function & 4) != 0;
  return static_cast<uint16_t>(kReadsRs | kWritesRt | (insert ? kReadsRt : 0));
}

constexpr uint16_t major_form(uint32_t major) {
  switch (major) {
    case 0x01:  // regimm (synci among them)
    case 0x06:
    case 0x07:  // blez bgtz
      return kReadsRs | kControl;
    case 0x04:
    case 0x05:  // beq bne
      return kReadsRs | kReadsRt | kControl;
    case 0x02:
      return kControl;
    case 0x03:
      return kWritesRa | kControl;
    case 0x1c:  // special2: mul clz
      return kReadsRs | kReadsRt | kWritesRd;
    case 0x30:
    case 0x34:
    case 0x38:
    case 0x3c:  // ll lld sc scd
      return kReadsRs | kReadsRt | kWritesRt | kMemory | kFixed;
    case 0x1a:
    case 0x1b:
    case 0x22:
    case 0x26:  // ldl ldr lwl lwr merge into rt
      return kReadsRs | kReadsRt | kWritesRt | kMemory;
    case 0x37:  // ld
      return kReadsRs | kWritesRt | kMemory;
    default:
      break;
  }
  if (major >= 0x28) return kReadsRs | kReadsRt | kMemory;   // stores
  if (major >= 0x20) return kReadsRs | kWritesRt | kMemory;  // loads
  return kReadsRs | kWritesRt;                               // addiu .. lui
}

constexpr auto kForms = [] {
  std::array<uint16_t, 192> forms{};
  for (uint32_t each = 0; each < 64; ++each) {
    forms[each] = major_form(each);
    forms[64 + each] = special_form(each);
    forms[128 + each] = special3_form(each);
  }
  return forms;
}();

}  // namespace

namespace detail {
const uint16_t* const kWordForms = kForms.data();
}

}  // namespace ferry::mips64
