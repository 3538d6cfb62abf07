// The byte strings the decoder is tried on: every opcode with every ModRM byte under many prefix
// combinations, every SIB byte, and random ones.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "guest/i386/decode/rows.hpp"

namespace ferry::i386::test {

inline constexpr unsigned kStringLength = 16;  // one more than an instruction may have
using ByteString = std::array<uint8_t, kStringLength>;
using Visitor = std::function<void(const ByteString&)>;

/// If an assertion has failed, prints `bytes` and ends the program.
void stop_if_failed(const ByteString& bytes);

bool is_prefix(uint8_t byte);
unsigned prefix_count(const ByteString& bytes);
bool has_prefix(const ByteString& bytes, uint8_t prefix);
ByteString without_prefix(const ByteString& bytes, uint8_t prefix);

/// The fields by which rows differ. `prefix`: the mandatory one, or `any`.
struct Encoding {
  Map map;
  unsigned opcode;
  unsigned modrm;
  Mandatory prefix;
};

/// The bytes of `encoding`, then zeroes.
ByteString bytes_of(const Encoding& encoding);

/// xorshift64*: the same strings on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1dull;
  }
  unsigned below(unsigned bound) { return static_cast<unsigned>((next() >> 32) % bound); }

 private:
  uint64_t state_;
};

/// About 3.9 million strings; those of one opcode follow each other.
void enumerate_byte_strings(const Visitor& visit);

/// `count` strings: a quarter are random bytes, the others begin with prefixes and an opcode map.
void random_byte_strings(uint64_t seed, uint64_t count, const Visitor& visit);

}  // namespace ferry::i386::test
