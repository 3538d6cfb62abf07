#include "byte_strings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <vector>

namespace ferry::i386::test {
namespace {

using Bytes = std::vector<uint8_t>;

const std::vector<Bytes>& prefix_combinations() {
  static const std::vector<Bytes> kCombinations = {
      {},           {0x66},       {0x67},       {0xf2},       {0xf3},
      {0xf0},       {0x64},       {0x2e},       {0x66, 0x67}, {0x66, 0xf2},
      {0xf3, 0x66}, {0xf2, 0xf3}, {0xf0, 0x66}, {0xf0, 0xf3}, {0x3e, 0x65},
  };
  return kCombinations;
}

const std::vector<Bytes>& opcode_maps() {
  static const std::vector<Bytes> kMaps = {{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
  return kMaps;
}

/// A string that begins with `head`. The rest is random bytes in half of the strings, and in the
/// others one repeated byte that makes displacements and immediates extreme.
ByteString finish(std::span<const uint8_t> head, Random& random) {
  static constexpr uint8_t kExtremes[] = {0x00, 0x7f, 0x80, 0xff};
  ByteString string;
  const size_t length = std::min<size_t>(head.size(), string.size());
  std::copy_n(head.begin(), length, string.begin());
  const bool extreme = random.below(2) == 0;
  const uint8_t fill = kExtremes[random.below(4)];
  for (size_t i = length; i < string.size(); ++i) {
    string[i] = extreme ? fill : static_cast<uint8_t>(random.next() >> 56);
  }
  return string;
}

Bytes concatenate(std::initializer_list<std::span<const uint8_t>> parts) {
  Bytes all;
  for (const auto part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

void enumerate_sib_bytes(Random& random, const Visitor& visit) {
  static const std::vector<Bytes> kPrefixes = {{}, {0x67}, {0x64}, {0x36}};
  for (const Bytes& prefixes : kPrefixes) {
    for (unsigned modrm = 0; modrm < 0xc0; ++modrm) {
      for (unsigned sib = 0; sib < 0x100; ++sib) {
        const Bytes tail = {0x8b, static_cast<uint8_t>(modrm), static_cast<uint8_t>(sib)};
        visit(finish(concatenate({prefixes, tail}), random));
      }
    }
  }
}

}  // namespace

void stop_if_failed(const ByteString& bytes) {
  if (!testing::Test::HasFatalFailure()) return;
  for (const uint8_t byte : bytes) std::printf("%02x ", byte);
  std::printf("\n");
  std::exit(1);
}

ByteString bytes_of(const Encoding& encoding) {
  static constexpr uint8_t kPrefixes[] = {0, 0, 0x66, 0xf3, 0xf2};
  ByteString bytes{};
  unsigned length = 0;
  const uint8_t prefix = kPrefixes[static_cast<unsigned>(encoding.prefix)];
  if (prefix != 0) bytes[length++] = prefix;
  if (encoding.map != Map::one_byte) bytes[length++] = 0x0f;
  if (encoding.map == Map::three_byte_38) bytes[length++] = 0x38;
  if (encoding.map == Map::three_byte_3a) bytes[length++] = 0x3a;
  bytes[length++] = static_cast<uint8_t>(encoding.opcode);
  bytes[length] = static_cast<uint8_t>(encoding.modrm);
  return bytes;
}

bool is_prefix(uint8_t byte) {
  static constexpr uint8_t kPrefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                          0x66, 0x67, 0xf0, 0xf2, 0xf3};
  return std::find(std::begin(kPrefixes), std::end(kPrefixes), byte) != std::end(kPrefixes);
}

unsigned prefix_count(const ByteString& bytes) {
  unsigned count = 0;
  while (count < bytes.size() && is_prefix(bytes[count])) ++count;
  return count;
}

bool has_prefix(const ByteString& bytes, uint8_t prefix) {
  const auto end = bytes.begin() + prefix_count(bytes);
  return std::find(bytes.begin(), end, prefix) != end;
}

ByteString without_prefix(const ByteString& bytes, uint8_t prefix) {
  ByteString shorter{};
  const auto end = bytes.begin() + prefix_count(bytes);
  const auto next = std::remove_copy(bytes.begin(), end, shorter.begin(), prefix);
  std::copy(end, bytes.end(), next);
  return shorter;
}

void enumerate_byte_strings(const Visitor& visit) {
  Random random(0x6665727279ull);
  for (const Bytes& map : opcode_maps()) {
    for (unsigned opcode = 0; opcode < 0x100; ++opcode) {
      for (const Bytes& prefixes : prefix_combinations()) {
        for (unsigned modrm = 0; modrm < 0x100; ++modrm) {
          const Bytes tail = {static_cast<uint8_t>(opcode), static_cast<uint8_t>(modrm)};
          visit(finish(concatenate({prefixes, map, tail}), random));
        }
      }
    }
  }
  enumerate_sib_bytes(random, visit);
}

void random_byte_strings(uint64_t seed, uint64_t count, const Visitor& visit) {
  static constexpr uint8_t kPrefixBytes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                             0x66, 0x67, 0xf0, 0xf2, 0xf3};
  Random random(seed);
  for (uint64_t i = 0; i < count; ++i) {
    Bytes head;
    if (random.below(4) != 0) {
      // Mostly a few prefixes, sometimes enough of them to reach the length limit.
      const unsigned prefixes = random.below(16) == 0 ? random.below(16) : random.below(4);
      for (unsigned p = 0; p < prefixes; ++p) head.push_back(kPrefixBytes[random.below(11)]);
      const Bytes& map = opcode_maps()[random.below(4)];
      head.insert(head.end(), map.begin(), map.end());
    }
    visit(finish(head, random));
  }
}

}  // namespace ferry::i386::test
