// Comparison of x87 state, and which of its differences are allowed between processors.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "compare.hpp"
#include "guest/i386/decode/decoder.hpp"

namespace ferry::semantics {

namespace {

uint64_t largest_error = 0;

struct Extended {
  uint64_t significand;
  uint16_t sign_exponent;
};

[[nodiscard]] Extended get(const uint8_t (&bytes)[10]) {
  Extended value{};
  std::memcpy(&value.significand, bytes, 8);
  std::memcpy(&value.sign_exponent, bytes + 8, 2);
  return value;
}

template <typename... Values>
void append(std::string& text, const char* format, Values... values) {
  char line[256];
  std::snprintf(line, sizeof line, format, values...);
  text += line;
}

void compare_word(std::string& text, const char* name, uint32_t expected, uint32_t actual) {
  if (expected != actual) append(text, "  %s: processor %x, ours %x\n", name, expected, actual);
}

[[nodiscard]] bool is_transcendental(std::string_view name) {
  static constexpr std::string_view kNames[] = {"F2XM1",  "FYL2X", "FYL2XP1", "FPTAN",
                                                "FPATAN", "FSIN",  "FCOS",    "FSINCOS"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

/// Whether the manual leaves the result undefined (SDM vol. 2, FYL2XP1).
[[nodiscard]] bool outside_domain(std::string_view name, const Case& test) {
  if (name != "FYL2XP1") return false;
  // 1 - sqrt(1/2)
  constexpr Extended kLimit{0x95f619980c4336f7, 0x3ffd};
  const Extended x = get(test.x87.registers[0]);
  const uint16_t exponent = x.sign_exponent & 0x7fff;
  return exponent > kLimit.sign_exponent ||
         (exponent == kLimit.sign_exponent && x.significand > kLimit.significand);
}

/// Units of the last place between two numbers of the same sign; a large number if they are farther
/// apart or differ in sign.
[[nodiscard]] uint64_t distance(const Extended& a, const Extended& b) {
  constexpr uint64_t kFar = ~uint64_t{0};
  if ((a.sign_exponent ^ b.sign_exponent) >> 15 != 0) return kFar;
  // Denormal numbers have the scale of the smallest normal ones.
  const auto scale = [](const Extended& x) { return std::max(x.sign_exponent & 0x7fff, 1); };
  if (scale(a) == scale(b)) {
    return a.significand > b.significand ? a.significand - b.significand
                                         : b.significand - a.significand;
  }
  const Extended& large = a.sign_exponent > b.sign_exponent ? a : b;
  const Extended& small = a.sign_exponent > b.sign_exponent ? b : a;
  if (scale(large) - scale(small) != 1) return kFar;
  const uint64_t above = large.significand - (uint64_t{1} << 63);
  const uint64_t below = 0 - small.significand;
  return above > 8 || below > 8 ? kFar : above + below;
}

constexpr uint16_t kUE = 1 << 4, kStackFault = 1 << 6, kES = 1 << 7, kC1 = 1 << 9, kBusy = 1 << 15;

/// ST(i) of two results. If an unmasked underflow has scaled it in only one of them (SDM vol. 1,
/// 8.5.5), the other is scaled here too, so that the two can be compared.
struct Pair {
  Pair(const X87Image& expected, const X87Image& actual, unsigned i)
      : wanted(get(expected.registers[i])), got(get(actual.registers[i])) {
    constexpr uint16_t kScale = 24576;
    const bool one_underflowed = ((expected.status ^ actual.status) & kUE) != 0;
    if ((expected.control & kUE) != 0 || !one_underflowed) return;
    Extended& other = (expected.status & kUE) != 0 ? got : wanted;
    other.sign_exponent = static_cast<uint16_t>(other.sign_exponent + kScale);
    scaled = true;
  }
  /// Whether the two results are one unit apart and one of them is denormal or zero, or was scaled
  /// for that. Then underflow and tag may differ.
  [[nodiscard]] bool near_underflow() const {
    const bool tiny = (wanted.sign_exponent & 0x7fff) == 0 || (got.sign_exponent & 0x7fff) == 0;
    return (tiny || scaled) && distance(wanted, got) == 1;
  }
  Extended wanted;
  Extended got;
  bool scaled = false;
};

/// FIP to FDS of an instruction that completed.
void compare_pointers(std::string& text, const X87Image& expected, const X87Image& actual) {
  compare_word(text, "fip", expected.instruction_pointer, actual.instruction_pointer);
  compare_word(text, "fop", expected.opcode, actual.opcode);
  compare_word(text, "fdp", expected.data_pointer, actual.data_pointer);
  // native_runner replaces its system's number of the TLS selector by kTlsSelector, even where an
  // image holds that number by chance.
  constexpr uint16_t kSystemTlsSelector = 0x63;
  const bool same_entry =
      expected.data_selector == kTlsSelector && actual.data_selector == kSystemTlsSelector;
  compare_word(text, "fcs", expected.instruction_selector, actual.instruction_selector);
  if (!same_entry) compare_word(text, "fds", expected.data_selector, actual.data_selector);
}

}  // namespace

uint64_t largest_transcendental_error() {
  return largest_error;
}

std::string describe_x87(const X87Image& image) {
  std::string text;
  append(text, "  x87 cw=%04x sw=%04x tw=%04x", image.control, image.status, image.tags);
  for (const auto& bytes : image.registers) {
    const Extended value = get(bytes);
    append(text, " %04x:%016llx", value.sign_exponent,
           static_cast<unsigned long long>(value.significand));
  }
  return text + "\n";
}

std::string x87_differences(const i386::Instruction& instruction, const Case& test,
                            const Result& expected_result, const Result& actual_result) {
  const X87Image& expected = expected_result.x87;
  const X87Image& actual = actual_result.x87;
  const std::string_view name = i386::row(instruction.row).mnemonic;
  const bool transcendental = is_transcendental(name);
  std::string text;
  uint16_t status_mask = 0xffff;
  uint16_t tag_mask = 0xffff;
  // C1 tells the rounding direction, which may differ if the result is one unit off.
  const bool stack_fault = (expected.status & ~test.x87.status & kStackFault) != 0;
  if (transcendental && !stack_fault) status_mask &= ~kC1;
  for (unsigned i = 0; transcendental && i < 2; ++i) {  // FSINCOS has two results
    const Pair pair(expected, actual, i);
    if (!pair.near_underflow()) continue;
    const unsigned top = expected.status >> 11;
    status_mask &= static_cast<uint16_t>(~(kUE | (pair.scaled ? kES | kBusy : 0)));
    tag_mask &= static_cast<uint16_t>(~(3u << 2 * ((top + i) & 7)));
  }
  compare_word(text, "x87 control", expected.control, actual.control);
  compare_word(text, "x87 status", expected.status & status_mask, actual.status & status_mask);
  compare_word(text, "x87 tags", expected.tags & tag_mask, actual.tags & tag_mask);
  // After a fault the kernel reports the registers as XSAVE stores them; on AMD processors XSAVE
  // omits the pointers while no exception is pending.
  if (expected_result.vector == kCompleted) compare_pointers(text, expected, actual);
  for (unsigned i = 0; i < 8; ++i) {
    const Extended wanted = get(expected.registers[i]);
    const Extended got = get(actual.registers[i]);
    if (wanted.sign_exponent == got.sign_exponent && wanted.significand == got.significand)
      continue;
    if (i == 0 && outside_domain(name, test)) continue;
    const Pair pair(expected, actual, i);
    const uint64_t error = transcendental ? distance(pair.wanted, pair.got) : ~uint64_t{0};
    if (error <= 1) {
      largest_error = std::max(largest_error, error);
      continue;
    }
    append(text, "  st(%u): processor %04x:%016llx, ours %04x:%016llx\n", i, wanted.sign_exponent,
           static_cast<unsigned long long>(wanted.significand), got.sign_exponent,
           static_cast<unsigned long long>(got.significand));
  }
  return text;
}

}  // namespace ferry::semantics
