// What of its behaviour is a processor's own: where Intel's and AMD's differ, each as its manual
// says or leaves open. A recording keeps it, so that its results are judged on any host.
#pragma once

#include <stdint.h>

namespace ferry::semantics {

/// Bits of a set of traits. None: as AMD processors, whose ways ferry has.
enum ProcessorTrait : uint8_t {
  /// PUSH and POP of segment registers access two bytes; interrupted repeats of CMPS and SCAS show
  /// the flags from before them (SDM vol. 2); FXSAVE always stores the pointers, and FOP changes
  /// only with an unmasked exception (vol. 1, 8.1.9.1).
  kIntel = 1,
  kDataPointerOfExceptionsOnly = 2,  ///< FDP changes only with an unmasked exception
  kNoX87Selectors = 4,               ///< FCS and FDS are stored as 0
};

/// The traits of the processor this program runs on, by CPUID (SDM vol. 2, leaves 0 and 7). None on
/// other hosts than x86-64.
[[nodiscard]] uint8_t processor_traits();

}  // namespace ferry::semantics
