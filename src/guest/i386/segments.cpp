#include "guest/i386/segments.hpp"

#include <new>

namespace ferry::i386 {

namespace {

// The flat segments, accessed, limits in pages.
constexpr SegmentDescriptor kFlatCode({.limit = 0xfffff,
                                       .type = SegmentDescriptor::kAccessed |
                                               SegmentDescriptor::kReadable |
                                               SegmentDescriptor::kExecutable,
                                       .in_pages = true});
constexpr SegmentDescriptor kFlatData({.limit = 0xfffff, .in_pages = true});

[[nodiscard]] bool is_null(uint16_t selector) {
  return (selector & ~kRplMask) == 0;
}

/// What an error code holds of a selector (SDM vol. 3, 6.13): EXT and IDT are 0.
[[nodiscard]] Exception fault(Vector vector, uint16_t selector) {
  return {vector, static_cast<uint32_t>(selector & ~kRplMask), 0};
}

}  // namespace

bool LocalDescriptorTable::set(unsigned index, SegmentDescriptor descriptor) {
  std::atomic<uint64_t>* entries = entries_.load(std::memory_order_relaxed);
  if (entries == nullptr) {
    entries = new (std::nothrow) std::atomic<uint64_t>[kEntries]();
    if (entries == nullptr) return false;
    entries_.store(entries, std::memory_order_release);
  }
  entries[index].store(descriptor.bits(), std::memory_order_relaxed);
  changes_.fetch_add(1, std::memory_order_release);
  return true;
}

SegmentDescriptor find_descriptor(const CpuState& cpu, uint16_t selector) {
  const unsigned index = selector >> 3;
  if (is_local(selector)) return cpu.ldt != nullptr ? cpu.ldt->get(index) : SegmentDescriptor{};
  if (index == kUserCodeSelector >> 3) return kFlatCode;
  if (index == kUserDataSelector >> 3) return kFlatData;
  const unsigned entry = index - kFirstTlsEntry;
  return entry < kTlsEntries ? cpu.tls[entry] : SegmentDescriptor{};
}

Exception segment_fault(const CpuState& cpu, SegmentRegister segment, uint16_t selector) {
  if (is_null(selector)) return segment == SS ? fault(Vector::GP, 0) : Exception{};
  const SegmentDescriptor descriptor = find_descriptor(cpu, selector);
  // Every DPL is 3. SS takes writable data with RPL = CPL only.
  const bool fits = segment == SS ? descriptor.writable() && (selector & kRplMask) == kRplMask
                                  : descriptor.readable();
  if (!descriptor.exists() || !fits) return fault(Vector::GP, selector);
  if (!descriptor.present()) return fault(segment == SS ? Vector::SS : Vector::NP, selector);
  return {};
}

Exception code_segment_fault(const CpuState& cpu, uint16_t selector, bool is_return) {
  const SegmentDescriptor descriptor = find_descriptor(cpu, selector);
  // A return must not raise the privilege: RPL = 3. A jump takes any RPL up to CPL.
  if (!descriptor.is_code() || (is_return && (selector & kRplMask) != kRplMask))
    return fault(Vector::GP, selector);
  if (!descriptor.present()) return fault(Vector::NP, selector);
  return {};
}

void put_segment(CpuState& cpu, SegmentRegister segment, uint16_t selector) {
  const uint16_t index = selector & ~kRplMask;
  if (index == 0 || index == (kUserDataSelector & ~kRplMask) ||
      index == (kUserCodeSelector & ~kRplMask)) {
    cpu.set_flat_segment(segment, selector);
  } else {
    cpu.set_segment(segment, selector, find_descriptor(cpu, selector));
  }
}

}  // namespace ferry::i386
