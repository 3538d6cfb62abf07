#include "processor.hpp"

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace ferry::semantics {

uint8_t processor_traits() {
  uint8_t traits = 0;
#ifdef __x86_64__
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  constexpr unsigned kDataPointerBit = 1 << 6, kSelectorsBit = 1 << 13;
  if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) != 0 && ebx == signature_INTEL_ebx &&
      edx == signature_INTEL_edx && ecx == signature_INTEL_ecx) {
    traits |= kIntel;
  }
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) {
    if ((ebx & kDataPointerBit) != 0) traits |= kDataPointerOfExceptionsOnly;
    if ((ebx & kSelectorsBit) != 0) traits |= kNoX87Selectors;
  }
#endif
  return traits;
}

}  // namespace ferry::semantics
