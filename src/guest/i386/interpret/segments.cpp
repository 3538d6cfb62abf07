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

/// The second doubleword of a TLS entry without its base (SDM vol. 3, figure 3-8).
[[nodiscard]] uint32_t rights_of(const SegmentDescriptor& tls) {
  constexpr uint32_t kUserData = 0x0040f100;  // present, DPL 3, 32-bit, accessed data
  const uint32_t upper_limit = (tls.in_pages ? tls.limit >> 12 : tls.limit) & 0xf0000;
  return kUserData | upper_limit | (tls.writable ? kWritable : 0) |
         (tls.expand_down ? 1u << 10 : 0) | (tls.available ? 1u << 20 : 0) |
         (tls.in_pages ? 1u << 23 : 0);
}

/// Whether `size` bytes from `offset` on lie in the segment.
[[nodiscard]] bool within(const SegmentDescriptor& tls, uint32_t offset, unsigned size) {
  const uint32_t last = offset + (size - 1);
  if (last < offset) return false;
  return tls.expand_down ? offset > tls.limit : last <= tls.limit;
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
  rights = rights_of(*tls);
  limit = tls->limit;
  return true;
}

bool load_segment(CpuState& cpu, SegmentRegister segment, uint16_t selector) {
  const SegmentDescriptor* tls = nullptr;
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
    tls = tls_descriptor(cpu, selector);
  }
  if (tls != nullptr) {
    cpu.set_tls_segment(segment, static_cast<unsigned>(tls - cpu.tls.data()), selector);
  } else {
    cpu.set_flat_segment(segment, selector);
  }
  return true;
}

bool check_segment(CpuState& cpu, SegmentRegister segment, uint32_t address, unsigned size,
                   AccessKind kind) {
  const SegmentDescriptor* tls = tls_descriptor(cpu, cpu.selector[segment]);
  if (tls == nullptr || tls->is_open()) return true;
  const bool allowed = kind == AccessKind::read || tls->writable;
  if (allowed && within(*tls, address - tls->base, size)) return true;
  raise(cpu, segment == SS ? Vector::SS : Vector::GP);
  return false;
}

bool check_code_selector(CpuState& cpu, uint16_t selector, bool is_return) {
  const bool user_code = (selector & ~kRplMask) == (kUserCodeSelector & ~kRplMask);
  // A far return or IRET must not raise the privilege: RPL = 3. A jump takes any RPL up to CPL.
  if (user_code && (!is_return || (selector & kRplMask) == kRplMask)) return true;
  raise(cpu, Vector::GP, error_code(selector));
  return false;
}

}  // namespace ferry::i386::interpret
