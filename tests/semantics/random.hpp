// A small random generator whose sequence is the same on every host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ferry::semantics {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  /// splitmix64 (public domain algorithm).
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// 0 .. limit - 1.
  uint32_t below(uint32_t limit) { return static_cast<uint32_t>((next() >> 32) * limit >> 32); }
  bool percent(uint32_t chance) { return below(100) < chance; }

  template <typename T, size_t kSize>
  T pick(const T (&items)[kSize]) {
    return items[below(kSize)];
  }

  /// A 32-bit value; values at the edges of each width are common.
  uint32_t value() {
    static constexpr uint32_t kEdges[] = {
        0,          1,          2,          3,         7,          8,          0x0f,
        0x10,       0x1f,       0x20,       0x21,      0x7f,       0x80,       0x99,
        0xfe,       0xff,       0x100,      0x7fff,    0x8000,     0xfffe,     0xffff,
        0x10000,    0x7ffffffe, 0x7fffffff, 1u << 31,  0x80000001, 0xffff7fff, 0xffff8000,
        0xffffff7f, 0xffffff80, 0xfffffffe, 0xffffffff};
    const uint64_t random = next();
    const auto bits = static_cast<uint32_t>(random);
    switch (random >> 62) {
      case 0:
        return pick(kEdges);
      case 1:
        return bits & 0xff ? bits >> (random >> 32 & 31) : bits;
      default:
        return bits;
    }
  }

 private:
  uint64_t state_;
};

}  // namespace ferry::semantics
