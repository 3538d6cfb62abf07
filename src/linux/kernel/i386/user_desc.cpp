#include "linux/kernel/i386/user_desc.hpp"

namespace ferry::linux {

abi::UserDesc user_desc_of(uint32_t entry, i386::SegmentDescriptor descriptor) {
  abi::UserDesc desc{};
  desc.entry_number = entry;
  desc.flags = abi::kDescReadExecOnly | abi::kDescSegNotPresent;
  if (!descriptor.exists()) return desc;
  desc.base = descriptor.base();
  desc.limit = descriptor.scaled_limit();
  desc.flags = abi::kDescSeg32Bit | (descriptor.expands_down() ? abi::kDescExpandDown : 0) |
               (descriptor.writable() ? 0 : abi::kDescReadExecOnly) |
               (descriptor.in_pages() ? abi::kDescLimitInPages : 0) |
               (descriptor.available() ? abi::kDescUsable : 0);
  return desc;
}

}  // namespace ferry::linux
