// The constants that FLDL2T and its kin load (SDM vol. 1, table 8-8).
#pragma once

#include "guest/i386/x87/float80.hpp"

namespace ferry::i386::float80 {

/// A constant cut to 64 bits, and whether the rest is more than half of the last one.
struct Constant {
  uint64_t significand;
  uint16_t exponent;
  bool above_half;

  /// Constants follow the rounding control, without #P (SDM vol. 1, 8.3.4).
  [[nodiscard]] constexpr Float80Bits rounded(Rounding rounding) const {
    const bool up = rounding == Rounding::up || (rounding == Rounding::nearest && above_half);
    return {significand + (up ? 1 : 0), exponent};
  }
};

inline constexpr Constant kLog2Of10{0xd49a784bcd1b8afe, 0x4000, false};
inline constexpr Constant kLog2OfE{0xb8aa3b295c17f0bb, 0x3fff, true};
inline constexpr Constant kPi{0xc90fdaa22168c234, 0x4000, true};
inline constexpr Constant kLog10Of2{0x9a209a84fbcff798, 0x3ffd, true};
inline constexpr Constant kLogOf2{0xb17217f7d1cf79ab, 0x3ffe, true};

}  // namespace ferry::i386::float80
