// MIPS64 general registers with their n64 names (MIPS64 vol. I; n64 ABI).
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry::mips64 {

/// A general register. A type of its own, so that an immediate cannot be passed for a register.
class Gpr {
 public:
  constexpr Gpr() = default;
  constexpr explicit Gpr(unsigned number) : number_(static_cast<uint8_t>(number)) {}
  [[nodiscard]] constexpr unsigned number() const { return number_; }
  /// Bit of this register in a register mask.
  [[nodiscard]] constexpr uint32_t bit() const { return 1u << number_; }
  constexpr bool operator==(const Gpr&) const = default;

 private:
  uint8_t number_ = 0;
};

inline constexpr Gpr zero{0}, at{1}, v0{2}, v1{3}, a0{4}, a1{5}, a2{6}, a3{7}, a4{8}, a5{9}, a6{10},
    a7{11}, t0{12}, t1{13}, t2{14}, t3{15}, s0{16}, s1{17}, s2{18}, s3{19}, s4{20}, s5{21}, s6{22},
    s7{23}, t8{24}, t9{25}, gp{28}, sp{29}, s8{30}, ra{31};

}  // namespace ferry::mips64
