#include "linux/kernel/seccomp_filter.hpp"

#include <linux/bpf_common.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

namespace ferry::linux {

namespace {

constexpr uint32_t kWords = 16;  // BPF_MEMWORDS
constexpr uint32_t kAllow = 0x7fff0000;
constexpr uint16_t kFromA = 0x10;  // BPF_A, which not all headers name

constexpr uint16_t kLoadData = BPF_LD | BPF_W | BPF_ABS, kLoadLength = BPF_LD | BPF_W | BPF_LEN,
                   kLoadXLength = BPF_LDX | BPF_W | BPF_LEN, kLoadWord = BPF_LD | BPF_MEM,
                   kLoadXWord = BPF_LDX | BPF_MEM, kReturn = BPF_RET | BPF_K,
                   kReturnA = BPF_RET | kFromA, kJump = BPF_JMP | BPF_JA;

/// The codes that seccomp allows.
constexpr uint16_t kCodes[] = {
    kLoadData,
    kLoadLength,
    kLoadXLength,
    kLoadWord,
    kLoadXWord,
    kReturn,
    kReturnA,
    kJump,
    BPF_LD | BPF_IMM,
    BPF_LDX | BPF_IMM,
    BPF_ST,
    BPF_STX,
    BPF_MISC | 0x00,  // TAX
    BPF_MISC | 0x80,  // TXA
    BPF_ALU | BPF_NEG,
    BPF_ALU | BPF_ADD | BPF_K,
    BPF_ALU | BPF_ADD | BPF_X,
    BPF_ALU | BPF_SUB | BPF_K,
    BPF_ALU | BPF_SUB | BPF_X,
    BPF_ALU | BPF_MUL | BPF_K,
    BPF_ALU | BPF_MUL | BPF_X,
    BPF_ALU | BPF_DIV | BPF_K,
    BPF_ALU | BPF_DIV | BPF_X,
    BPF_ALU | BPF_AND | BPF_K,
    BPF_ALU | BPF_AND | BPF_X,
    BPF_ALU | BPF_OR | BPF_K,
    BPF_ALU | BPF_OR | BPF_X,
    BPF_ALU | BPF_XOR | BPF_K,
    BPF_ALU | BPF_XOR | BPF_X,
    BPF_ALU | BPF_LSH | BPF_K,
    BPF_ALU | BPF_LSH | BPF_X,
    BPF_ALU | BPF_RSH | BPF_K,
    BPF_ALU | BPF_RSH | BPF_X,
    BPF_JMP | BPF_JEQ | BPF_K,
    BPF_JMP | BPF_JEQ | BPF_X,
    BPF_JMP | BPF_JGE | BPF_K,
    BPF_JMP | BPF_JGE | BPF_X,
    BPF_JMP | BPF_JGT | BPF_K,
    BPF_JMP | BPF_JGT | BPF_X,
    BPF_JMP | BPF_JSET | BPF_K,
    BPF_JMP | BPF_JSET | BPF_X,
};

bool code_allowed(uint16_t code) {
  for (const uint16_t allowed : kCodes) {
    if (allowed == code) return true;
  }
  return false;
}

/// Whether instruction `at` of `length` may stand there.
bool instruction_valid(const FilterInstruction& in, size_t at, size_t length) {
  if (!code_allowed(in.code)) return false;
  const size_t left = length - at - 1;
  switch (in.code) {
    case kLoadData:
      return in.value < sizeof(SeccompData) && in.value % 4 == 0;
    case BPF_ALU | BPF_DIV | BPF_K:
      return in.value != 0;
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K:
      return in.value < 32;
    case kLoadWord:
    case kLoadXWord:
    case BPF_ST:
    case BPF_STX:
      return in.value < kWords;
    case kJump:
      return in.value < left;
    default:
      return BPF_CLASS(in.code) != BPF_JMP || (in.if_true < left && in.if_false < left);
  }
}

/// net/core/filter.c, check_load_and_stores: no word is loaded that is not stored on every way
/// there.
bool words_are_stored(std::span<const FilterInstruction> program) {
  std::vector<uint16_t> known(program.size(), 0xffff);
  uint16_t stored = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const FilterInstruction& in = program[at];
    stored &= known[at];
    const auto to = [&](uint32_t skip) { known[at + 1 + skip] &= stored; };
    if (in.code == BPF_ST || in.code == BPF_STX) {
      stored = static_cast<uint16_t>(stored | 1u << in.value);
    } else if (in.code == kLoadWord || in.code == kLoadXWord) {
      if ((stored & (1u << in.value)) == 0) return false;
    } else if (in.code == kJump) {
      to(in.value);
      stored = 0xffff;
    } else if (BPF_CLASS(in.code) == BPF_JMP) {
      to(in.if_true);
      to(in.if_false);
      stored = 0xffff;
    }
  }
  return true;
}

/// The machine of classic BPF.
struct Machine {
  uint32_t a = 0, x = 0;
  std::array<uint32_t, kWords> words{};

  /// False: a division by 0, which ends the program.
  [[nodiscard]] bool calculate(uint16_t code, uint32_t operand) {
    switch (BPF_OP(code)) {
      case BPF_ADD:
        a += operand;
        break;
      case BPF_SUB:
        a -= operand;
        break;
      case BPF_MUL:
        a *= operand;
        break;
      case BPF_DIV:
        if (operand == 0) return false;
        a /= operand;
        break;
      case BPF_AND:
        a &= operand;
        break;
      case BPF_OR:
        a |= operand;
        break;
      case BPF_XOR:
        a ^= operand;
        break;
      case BPF_LSH:
        a <<= operand & 31;
        break;
      case BPF_RSH:
        a >>= operand & 31;
        break;
      default:
        a = -a;
        break;  // BPF_NEG
    }
    return true;
  }
  [[nodiscard]] bool holds(uint16_t code, uint32_t operand) const {
    switch (BPF_OP(code)) {
      case BPF_JEQ:
        return a == operand;
      case BPF_JGT:
        return a > operand;
      case BPF_JGE:
        return a >= operand;
      default:
        return (a & operand) != 0;  // BPF_JSET
    }
  }
  void load_or_store(const FilterInstruction& in, const SeccompData& data) {
    switch (in.code) {
      case kLoadData:
        std::memcpy(&a, reinterpret_cast<const uint8_t*>(&data) + in.value, sizeof a);
        break;
      case kLoadLength:
        a = sizeof data;
        break;
      case kLoadXLength:
        x = sizeof data;
        break;
      case kLoadWord:
        a = words[in.value];
        break;
      case kLoadXWord:
        x = words[in.value];
        break;
      case BPF_LD | BPF_IMM:
        a = in.value;
        break;
      case BPF_LDX | BPF_IMM:
        x = in.value;
        break;
      case BPF_ST:
        words[in.value] = a;
        break;
      case BPF_STX:
        words[in.value] = x;
        break;
      case BPF_MISC:
        x = a;
        break;
      default:
        a = x;
        break;  // TXA
    }
  }
};

uint32_t run(std::span<const FilterInstruction> program, const SeccompData& data) {
  Machine machine;
  for (size_t at = 0;; ++at) {
    const FilterInstruction& in = program[at];
    const uint32_t operand = BPF_SRC(in.code) == BPF_X ? machine.x : in.value;
    switch (BPF_CLASS(in.code)) {
      case BPF_RET:
        return in.code == kReturn ? in.value : machine.a;
      case BPF_JMP:
        if (in.code == kJump) {
          at += in.value;
        } else {
          at += machine.holds(in.code, operand) ? in.if_true : in.if_false;
        }
        break;
      case BPF_ALU:
        if (!machine.calculate(in.code, operand)) return 0;
        break;
      default:
        machine.load_or_store(in, data);
        break;
    }
  }
}

}  // namespace

bool filter_valid(std::span<const FilterInstruction> program) {
  for (size_t at = 0; at < program.size(); ++at) {
    if (!instruction_valid(program[at], at, program.size())) return false;
  }
  if (program.empty() || BPF_CLASS(program.back().code) != BPF_RET) return false;
  return words_are_stored(program);
}

uint32_t run_filters(const SeccompFilter* filter, const SeccompData& data) {
  // SECCOMP_RET_ACTION_FULL, compared as a signed number: KILL_PROCESS is the lowest.
  const auto action = [](uint32_t value) { return static_cast<int32_t>(value & 0xffff0000); };
  uint32_t result = kAllow;
  for (; filter != nullptr; filter = filter->previous) {
    const uint32_t value = run(filter->program, data);
    if (action(value) < action(result)) result = value;
  }
  return result;
}

const SeccompFilter* keep_filter(std::vector<FilterInstruction> program,
                                 const SeccompFilter* previous) {
  return new SeccompFilter{std::move(program), previous};
}

bool is_before(const SeccompFilter* filter, const SeccompFilter* later) {
  while (later != filter && later != nullptr) later = later->previous;
  return later == filter;
}

uint32_t filter_count(const SeccompFilter* filter) {
  uint32_t count = 0;
  for (; filter != nullptr; filter = filter->previous) ++count;
  return count;
}

std::string filter_text(const SeccompFilter& filter) {
  std::string text;
  for (const FilterInstruction& in : filter.program) {
    char digits[24];
    const int length = std::snprintf(digits, sizeof digits, "%04x%02x%02x%08x", in.code, in.if_true,
                                     in.if_false, in.value);
    text.append(digits, static_cast<size_t>(length));
  }
  return text;
}

std::vector<FilterInstruction> filter_from_text(std::string_view text) {
  constexpr size_t kDigits = 16;
  std::vector<FilterInstruction> program;
  for (; text.size() >= kDigits; text.remove_prefix(kDigits)) {
    uint64_t bits = 0;
    std::from_chars(text.data(), text.data() + kDigits, bits, 16);
    program.push_back({static_cast<uint16_t>(bits >> 48), static_cast<uint8_t>(bits >> 40),
                       static_cast<uint8_t>(bits >> 32), static_cast<uint32_t>(bits)});
  }
  if (!filter_valid(program)) program.clear();
  return program;
}

}  // namespace ferry::linux
