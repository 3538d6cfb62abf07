// Selectors and descriptors as user mode of an i386 Linux process meets them.
#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

namespace {

constexpr uint16_t kTableIndicator = 4;

// Second doubleword of the flat user descriptors: present, DPL 3, 4 KB granularity, 32-bit,
// accessed.
constexpr uint32_t kUserCodeRights = 0x00cffb00;
constexpr uint32_t kUserDataRights = 0x00cff300;
constexpr uint32_t kWritable = 1u << 9;

/// What an error code holds of a selector (SDM vol. 3, 6.13): EXT and IDT are 0.
[[nodiscard]] uint32_t error_code(uint16_t selector) {
  return selector & ~kRplMask;
}

[[nodiscard]] const SegmentDescriptor* tls_descriptor(const CpuState& cpu, uint16_t selector) {
  const unsigned entry = (selector >> 3) - kFirstTlsEntry;
  if ((selector & kTableIndicator) != 0 || entry >= kTlsEntries) return nullptr;
  return cpu.tls[entry].present ? &cpu.tls[entry] : nullptr;
}

}  // namespace

bool lookup_descriptor(const CpuState& cpu, uint16_t selector, uint32_t& rights, uint32_t& limit) {
  limit = 0xffffffff;
  switch (selector & ~kRplMask) {
    case kUserCodeSelector & ~kRplMask:
      rights = kUserCodeRights;
      return true;
    case kUserDataSelector & ~kRplMask:
      rights = kUserDataRights;
      return true;
    default:
      break;
  }
  const SegmentDescriptor* tls = tls_descriptor(cpu, selector);
  if (tls == nullptr) return false;
  rights = tls->writable ? kUserDataRights : kUserDataRights & ~kWritable;
  limit = tls->limit;
  return true;
}

bool load_segment(CpuState& cpu, SegmentRegister segment, uint16_t selector) {
  uint32_t base = 0;
  if ((selector & ~kRplMask) == 0) {
    if (segment == SS) {
      raise(cpu, Vector::GP, 0);
      return false;
    }
  } else {
    uint32_t rights = 0;
    uint32_t limit = 0;
    const bool found = lookup_descriptor(cpu, selector, rights, limit);
    const bool code = (selector & ~kRplMask) == (kUserCodeSelector & ~kRplMask);
    // SS takes writable data with RPL = CPL only (SDM vol. 2, MOV).
    const bool fits =
        segment != SS || (!code && (rights & kWritable) != 0 && (selector & kRplMask) == kRplMask);
    if (!found || !fits) {
      raise(cpu, Vector::GP, error_code(selector));
      return false;
    }
    if (const SegmentDescriptor* tls = tls_descriptor(cpu, selector)) base = tls->base;
  }
  cpu.selector[segment] = selector;
  cpu.segment_base[segment] = base;
  return true;
}

bool check_code_selector(CpuState& cpu, uint16_t selector, bool is_return) {
  const bool user_code = (selector & ~kRplMask) == (kUserCodeSelector & ~kRplMask);
  // A far return or IRET must not raise the privilege: RPL = 3. A jump takes any RPL up to CPL.
  if (user_code && (!is_return || (selector & kRplMask) == kRplMask)) return true;
  raise(cpu, Vector::GP, error_code(selector));
  return false;
}

}  // namespace ferry::i386::interpret
