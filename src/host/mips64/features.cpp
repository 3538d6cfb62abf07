#include "host/mips64/features.hpp"

#include <sys/auxv.h>

namespace ferry::mips64 {

bool has_msa() {
#if defined(__mips64)
  constexpr unsigned long kHwcapMsa = 1ul << 1;  // arch/mips/include/uapi/asm/hwcap.h
  return (getauxval(AT_HWCAP) & kHwcapMsa) != 0;
#else
  return false;
#endif
}

}  // namespace ferry::mips64
