// The x87 part of a case: register contents, words and memory operands with which the instruction
// usually does something, often at the limits of a format.
#include <algorithm>
#include <cstring>

#include "generator.hpp"

namespace ferry::semantics {

using i386::Instruction;
using i386::Row;

namespace {

constexpr uint64_t kIntegerBit = uint64_t{1} << 63;
constexpr uint16_t kBias = 0x3fff;

struct Extended {
  uint64_t significand;
  uint16_t sign_exponent;
};

void put(uint8_t (&bytes)[10], const Extended& value) {
  std::memcpy(bytes, &value.significand, 8);
  std::memcpy(bytes + 8, &value.sign_exponent, 2);
}

/// Fractions whose rounding to 24, 53 or 64 bits is a tie, a carry, or exact.
[[nodiscard]] uint64_t significand(Random& random) {
  const uint64_t bits = random.next();
  const unsigned shift = random.below(64);
  switch (random.below(8)) {
    case 0:
      return kIntegerBit;
    case 1:
      return ~uint64_t{0};
    case 2:
      return kIntegerBit | bits << shift;
    case 3:
      return kIntegerBit | uint64_t{1} << shift;
    case 4:
      return ~uint64_t{0} << shift | kIntegerBit;
    case 5: {
      static constexpr unsigned kDropped[] = {11, 40};
      const unsigned dropped = random.pick(kDropped);
      const uint64_t kept = bits & ~uint64_t{0} << dropped;
      return kIntegerBit | kept | (uint64_t{1} << (dropped - 1)) | (random.below(3) - 1);
    }
    default:
      return kIntegerBit | bits;
  }
}

[[nodiscard]] Extended extended(Random& random) {
  const uint16_t sign = random.percent(50) ? 0x8000 : 0;
  const auto with = [&](uint32_t exponent, uint64_t bits) {
    return Extended{bits, static_cast<uint16_t>(sign | (exponent & 0x7fff))};
  };
  const uint64_t normal = significand(random);
  const uint32_t kind = random.below(100);
  if (kind < 35) return with(kBias - 70 + random.below(140), normal);
  if (kind < 50) return with(kBias - 3 + random.below(6), normal);
  if (kind < 58) {
    const auto integer = static_cast<uint64_t>(random.value()) << random.below(32) | 1;
    const int shift = __builtin_clzll(integer);
    return with(static_cast<uint32_t>(kBias + 63 - shift), integer << shift);
  }
  if (kind < 64) return with(1 + random.below(80), normal);
  if (kind < 70) return with(0x7ffe - random.below(80), normal);
  if (kind < 74) return with(random.below(0x8000), normal);
  if (kind < 80) return with(0, 0);
  if (kind < 84) return with(0x7fff, kIntegerBit);
  if (kind < 88) return with(0x7fff, kIntegerBit | random.next());
  if (kind < 90) return with(0x7fff, (normal & ~(kIntegerBit >> 1)) | kIntegerBit | 1);
  if (kind < 94) return with(0, (random.next() & ~kIntegerBit) >> random.below(63));
  if (kind < 96) return with(0, normal);
  if (kind < 98) return with(random.below(0x8000), normal & ~kIntegerBit);
  return with(0x7fff, normal & ~kIntegerBit);
}

/// Exponents near the edges of single and double precision.
[[nodiscard]] Extended narrowable(Random& random) {
  static constexpr uint16_t kEdges[] = {kBias - 1074, kBias - 1022, kBias + 1023,
                                        kBias - 149,  kBias - 126,  kBias + 127};
  Extended value{significand(random), 0};
  value.sign_exponent =
      static_cast<uint16_t>(random.pick(kEdges) - 3 + random.below(8) + random.below(2) * 0x8000);
  return value;
}

/// A bit pattern of a narrower format, of any kind of number.
[[nodiscard]] uint64_t narrow_bits(Random& random, unsigned fraction, unsigned exponent_bits) {
  const uint64_t bits = random.next();
  const uint64_t fraction_mask = (uint64_t{1} << fraction) - 1;
  const uint64_t exponent_mask = (uint64_t{1} << exponent_bits) - 1;
  const uint64_t sign = (bits >> 63) << (fraction + exponent_bits);
  const uint64_t bias = exponent_mask >> 1;
  const uint64_t part = significand(random) << 1 >> (64 - fraction) & fraction_mask;
  const auto with = [&](uint64_t exponent, uint64_t low) {
    return sign | (exponent & exponent_mask) << fraction | low;
  };
  const uint32_t kind = random.below(100);
  if (kind < 55) return with(bias - 30 + random.below(60), part);
  if (kind < 65) return with(random.below(4), part);
  if (kind < 72) return with(exponent_mask - 1 - random.below(3), part);
  if (kind < 80) return with(0, 0);
  if (kind < 85) return with(0, bits >> random.below(60) & fraction_mask);
  if (kind < 90) return with(exponent_mask, 0);
  if (kind < 96) return with(exponent_mask, bits & fraction_mask);
  return with(random.below(1u << 11), part);
}

[[nodiscard]] bool is_transcendental(std::string_view name) {
  return name == "F2XM1" || name == "FYL2X" || name == "FYL2XP1" || name == "FPTAN" ||
         name == "FPATAN" || name == "FSIN" || name == "FCOS" || name == "FSINCOS";
}

}  // namespace

void Generator::choose_x87_words(X87Image& image) {
  image.control = 0x37f;
  if (random_.percent(60)) {
    static constexpr uint16_t kPrecisions[] = {0, 0x100, 0x200, 0x300, 0x300};
    image.control =
        static_cast<uint16_t>(random_.below(4) << 10 | random_.pick(kPrecisions) | 0x7f);
  }
  if (random_.percent(25)) image.control &= static_cast<uint16_t>(~(random_.next() & 0x3f));
  const uint32_t conditions = static_cast<uint32_t>(random_.next()) & 0x4700;
  image.status = static_cast<uint16_t>(conditions | random_.below(8) << 11);
  if (random_.percent(10)) image.status |= static_cast<uint16_t>(random_.next() & 0x7f);
  image.instruction_pointer = static_cast<uint32_t>(random_.next());
  image.data_pointer = static_cast<uint32_t>(random_.next());
  image.instruction_selector = static_cast<uint16_t>(random_.next());
  image.data_selector = static_cast<uint16_t>(random_.next() | 0x8000);  // no TLS selector
  image.opcode = static_cast<uint16_t>(random_.below(0x800));
}

void Generator::choose_x87_registers(const Row& row, X87Image& image) {
  Extended values[8];
  for (auto& value : values) value = random_.percent(90) ? extended(random_) : narrowable(random_);
  if (row.mnemonic.starts_with("FST") && random_.percent(50)) values[0] = narrowable(random_);
  if (is_transcendental(row.mnemonic) && random_.percent(75)) {
    const uint32_t low = row.mnemonic == "FYL2X" ? kBias - 20 : kBias - 40;
    const uint32_t span = row.mnemonic == "F2XM1" || row.mnemonic == "FYL2XP1" ? 40 : 50;
    const uint16_t sign = row.mnemonic != "FYL2X" && random_.percent(50) ? 0x8000 : 0;
    values[0] = {kIntegerBit | random_.next(),
                 static_cast<uint16_t>(sign | (low + random_.below(span)))};
  }
  // Operands that nearly cancel, divide evenly, or are equal.
  if (random_.percent(25)) {
    const unsigned i = 1 + random_.below(7);
    values[i] = values[0];
    if (random_.percent(60)) values[i].sign_exponent ^= 0x8000;
    if (random_.percent(50)) {
      values[i].sign_exponent =
          static_cast<uint16_t>((values[i].sign_exponent & 0x8000) |
                                ((values[i].sign_exponent + random_.below(136) - 68) & 0x7fff));
    }
    if (random_.percent(50)) values[i].significand ^= uint64_t{1} << random_.below(63);
  }
  for (unsigned i = 0; i < 8; ++i) put(image.registers[i], values[i]);

  // Which registers, counted from the top, are empty.
  static constexpr uint8_t kEmpty[] = {0xf0, 0xf0, 0xc0, 0x80, 0x80, 0x00, 0x00, 0xff, 0x7f};
  const auto random_bits = static_cast<uint8_t>(random_.next());
  const unsigned empty = random_.percent(88) ? random_.pick(kEmpty) : random_bits;
  const unsigned top = image.status >> 11 & 7;
  // Tags other than 3 are recomputed from the contents when stored.
  unsigned tags = static_cast<unsigned>(random_.next()) & 0x5555;
  for (unsigned i = 0; i < 8; ++i) {
    if ((empty >> i & 1) != 0) tags |= 3u << 2 * ((top + i) & 7);
  }
  image.tags = static_cast<uint16_t>(tags);
}

void Generator::choose_x87_memory(const Row& row, Case& test, const Instruction& instruction) {
  const auto& operands = instruction.operands;
  const bool first = operands[0].kind == i386::OperandKind::memory;
  const unsigned width = first ? operands[0].width : operands[1].width;
  if (row.mnemonic == "FXSAVE") {
    constexpr uint16_t kPointersOffset = 6, kPointersSize = 16, kMaskOffset = 28, kMaskSize = 4;
    if (own_bytes_.fxsave_pointers) ignore(test, aimed_at_ + kPointersOffset, kPointersSize);
    if (own_bytes_.mxcsr_mask) ignore(test, aimed_at_ + kMaskOffset, kMaskSize);
  } else if (row.mnemonic == "FNSTENV" || row.mnemonic == "FNSAVE") {
    // From FCS to FDS (SDM vol. 1, figures 8-9 and 8-11).
    const bool wide = instruction.operand_size == 4;
    const uint32_t offset = wide ? 16 : 8;
    if (own_bytes_.environment_pointers) ignore(test, aimed_at_ + offset, wide ? 10 : 6);
  } else if (row.mnemonic == "FXRSTOR") {
    constexpr uint32_t kMxcsrOffset = 24;
    constexpr uint32_t kMisalignedMask = 1u << 17;  // MM: AMD processors have it, ferry does not
    const uint32_t mxcsr = random_.value() & (random_.percent(90) ? 0xffff : ~kMisalignedMask);
    patch(test, aimed_at_ + kMxcsrOffset, &mxcsr, 4);
  } else if (row.mnemonic == "FLDCW") {
    const auto control = static_cast<uint16_t>(random_.next());
    patch(test, aimed_at_, &control, 2);
  } else if (row.mnemonic == "FBLD") {
    uint8_t digits[10];
    for (auto& byte : digits) {
      byte = static_cast<uint8_t>(random_.below(10) << 4 | random_.below(10));
    }
    digits[9] = random_.percent(50) ? 0x80 : 0;
    patch(test, aimed_at_, digits, sizeof digits);
  } else if (row.mnemonic.starts_with("FI")) {
    const uint64_t value = uint64_t{random_.value()} << (width == 8 ? random_.below(33) : 0);
    patch(test, aimed_at_, &value, width);
  } else if (width == 4) {
    const auto bits = static_cast<uint32_t>(narrow_bits(random_, 23, 8));
    patch(test, aimed_at_, &bits, 4);
  } else if (width == 8) {
    const uint64_t bits = narrow_bits(random_, 52, 11);
    patch(test, aimed_at_, &bits, 8);
  } else if (width == 10) {
    uint8_t bytes[10];
    put(bytes, extended(random_));
    patch(test, aimed_at_, bytes, 10);
  }
}

void Generator::choose_x87(const Row& row, Case& test, const Instruction& instruction) {
  test.options = static_cast<uint8_t>((test.options & ~kSingleStep) | kX87);
  choose_x87_words(test.x87);
  choose_x87_registers(row, test.x87);
  choose_x87_memory(row, test, instruction);
}

}  // namespace ferry::semantics
