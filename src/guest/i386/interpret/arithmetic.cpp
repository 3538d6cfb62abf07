// Binary and decimal arithmetic (SDM vol. 1, 5.1.2 and 5.1.3).
#include <limits>

#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

namespace {

/// A one-operand instruction; `compute(a)` and `flags(a, result)`.
template <typename Compute, typename Flags>
Outcome unary(CpuState& cpu, const Instruction& instruction, Compute compute, Flags flags) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T a = 0;
    T result = 0;
    if (!modify_operand(cpu, instruction, instruction.operands[0], a, result,
                        [&](T old) { return static_cast<T>(compute(old)); })) {
      return Outcome::exception;
    }
    set_arithmetic_flags(cpu, flags(a, result));
    return Outcome::next;
  });
}

constexpr auto kAddFlags = []<OperandType T>(T a, T b, T result) {
  return add_flags(a, b, result);
};
constexpr auto kSubFlags = []<OperandType T>(T a, T b, T result) {
  return sub_flags(a, b, result);
};

/// The accumulator pair of MUL and DIV: AX, DX:AX or EDX:EAX as one value of twice the width.
template <OperandType T>
[[nodiscard]] uint64_t accumulator_pair(const CpuState& cpu) {
  if (sizeof(T) == 1) return gpr<uint16_t>(cpu, EAX);
  return uint64_t{gpr<T>(cpu, EDX)} << kBits<T> | gpr<T>(cpu, EAX);
}

template <OperandType T>
void set_accumulator_pair(CpuState& cpu, T low, T high) {
  if (sizeof(T) == 1) {
    set_gpr<uint16_t>(cpu, EAX, static_cast<uint16_t>(high << 8 | low));
  } else {
    set_gpr(cpu, EAX, low);
    set_gpr(cpu, EDX, high);
  }
}

/// `low`: the low half of the product.
template <OperandType T>
void set_multiply_flags(CpuState& cpu, T low, bool high_half_used) {
  set_arithmetic_flags(cpu, multiply_flags(low, high_half_used));
}

/// Signed product of two T as 64 bits.
template <OperandType T>
[[nodiscard]] int64_t signed_product(T a, T b) {
  using Signed = std::make_signed_t<T>;
  return int64_t{static_cast<Signed>(a)} * int64_t{static_cast<Signed>(b)};
}

template <OperandType T>
[[nodiscard]] bool fits(int64_t value) {
  using Limits = std::numeric_limits<std::make_signed_t<T>>;
  return value >= Limits::min() && value <= Limits::max();
}

/// IMUL of two and three operands: operand 0 gets the truncated product.
Outcome truncated_product(CpuState& cpu, const Instruction& instruction, const Operand& factor_a,
                          const Operand& factor_b) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T a = 0;
    T b = 0;
    if (!read_operand(cpu, instruction, factor_a, a) ||
        !read_operand(cpu, instruction, factor_b, b)) {
      return Outcome::exception;
    }
    const int64_t product = signed_product(a, b);
    write_gpr(cpu, instruction.operands[0], static_cast<T>(product));
    set_multiply_flags(cpu, static_cast<T>(product), !fits<T>(product));
    return Outcome::next;
  });
}

}  // namespace

Outcome ADD(CpuState& cpu, const Instruction& instruction) {
  return binary(
      cpu, instruction, [](auto a, auto b) { return a + b; }, kAddFlags);
}

Outcome ADC(CpuState& cpu, const Instruction& instruction) {
  const unsigned carry_in = carry(cpu) ? 1 : 0;
  return binary(
      cpu, instruction, [=](auto a, auto b) { return a + b + carry_in; }, kAddFlags);
}

Outcome SUB(CpuState& cpu, const Instruction& instruction) {
  return binary(
      cpu, instruction, [](auto a, auto b) { return a - b; }, kSubFlags);
}

Outcome SBB(CpuState& cpu, const Instruction& instruction) {
  const unsigned borrow_in = carry(cpu) ? 1 : 0;
  return binary(
      cpu, instruction, [=](auto a, auto b) { return a - b - borrow_in; }, kSubFlags);
}

Outcome CMP(CpuState& cpu, const Instruction& instruction) {
  return flags_of_operands(cpu, instruction, []<OperandType T>(T a, T b) {
    return sub_flags(a, b, static_cast<T>(a - b));
  });
}

Outcome INC(CpuState& cpu, const Instruction& instruction) {
  return unary(
      cpu, instruction, [](auto a) { return a + 1; },
      [&]<OperandType T>(T, T result) { return inc_flags(result, carry(cpu)); });
}

Outcome DEC(CpuState& cpu, const Instruction& instruction) {
  return unary(
      cpu, instruction, [](auto a) { return a - 1; },
      [&]<OperandType T>(T, T result) { return dec_flags(result, carry(cpu)); });
}

Outcome NEG(CpuState& cpu, const Instruction& instruction) {
  return unary(
      cpu, instruction, [](auto a) { return 0 - a; },
      []<OperandType T>(T a, T result) { return sub_flags<T>(0, a, result); });
}

Outcome MUL(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T b = 0;
    if (!read_operand(cpu, instruction, instruction.operands[0], b)) return Outcome::exception;
    const uint64_t product = uint64_t{gpr<T>(cpu, EAX)} * b;
    const auto high = static_cast<T>(product >> kBits<T>);
    set_accumulator_pair(cpu, static_cast<T>(product), high);
    set_multiply_flags(cpu, static_cast<T>(product), high != 0);
    return Outcome::next;
  });
}

Outcome IMUL(CpuState& cpu, const Instruction& instruction) {
  const auto& operands = instruction.operands;
  if (operands[2].kind != OperandKind::none) {
    return truncated_product(cpu, instruction, operands[1], operands[2]);
  }
  if (operands[1].kind != OperandKind::none) {
    return truncated_product(cpu, instruction, operands[0], operands[1]);
  }
  return with_width(operands[0].width, [&]<OperandType T>(T) {
    T b = 0;
    if (!read_operand(cpu, instruction, operands[0], b)) return Outcome::exception;
    const int64_t product = signed_product(gpr<T>(cpu, EAX), b);
    set_accumulator_pair(cpu, static_cast<T>(product), static_cast<T>(product >> kBits<T>));
    set_multiply_flags(cpu, static_cast<T>(product), !fits<T>(product));
    return Outcome::next;
  });
}

// All flags are undefined after DIV and IDIV: left unchanged.

Outcome DIV(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T divisor = 0;
    if (!read_operand(cpu, instruction, instruction.operands[0], divisor)) {
      return Outcome::exception;
    }
    const uint64_t dividend = accumulator_pair<T>(cpu);
    // The quotient fits exactly if the high half is below the divisor.
    if ((dividend >> kBits<T>) >= divisor) return raise(cpu, Vector::DE);
    set_accumulator_pair(cpu, static_cast<T>(dividend / divisor),
                         static_cast<T>(dividend % divisor));
    return Outcome::next;
  });
}

Outcome IDIV(CpuState& cpu, const Instruction& instruction) {
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T raw_divisor = 0;
    if (!read_operand(cpu, instruction, instruction.operands[0], raw_divisor)) {
      return Outcome::exception;
    }
    const int64_t divisor = static_cast<std::make_signed_t<T>>(raw_divisor);
    constexpr unsigned kUnused = 64 - 2 * kBits<T>;
    const int64_t dividend = static_cast<int64_t>(accumulator_pair<T>(cpu) << kUnused) >> kUnused;
    // INT64_MIN / -1 overflows in C++ before it could be found not to fit.
    const bool overflows = divisor == -1 && dividend == std::numeric_limits<int64_t>::min();
    if (divisor == 0 || overflows || !fits<T>(dividend / divisor)) return raise(cpu, Vector::DE);
    set_accumulator_pair(cpu, static_cast<T>(dividend / divisor),
                         static_cast<T>(dividend % divisor));
    return Outcome::next;
  });
}

namespace {

/// DAA and DAS: `direction` is +1 or -1. OF is undefined: cleared.
Outcome decimal_adjust(CpuState& cpu, int direction) {
  const auto old_al = gpr<uint8_t>(cpu, EAX);
  const bool old_carry = carry(cpu);
  const bool low_adjust = (old_al & 0xf) > 9 || (cpu.eflags & eflags::AF) != 0;
  const bool high_adjust = old_al > 0x99 || old_carry;
  const int adjustment = (low_adjust ? 6 : 0) + (high_adjust ? 0x60 : 0);
  const auto al = static_cast<uint8_t>(old_al + direction * adjustment);
  // DAS also borrows out of the low adjustment of a value below 6 (SDM vol. 2, DAS).
  const bool low_borrow = direction < 0 && low_adjust && old_al < 6;
  set_gpr(cpu, EAX, al);
  set_arithmetic_flags(cpu, result_flags(al) | flag_if(low_adjust, eflags::AF) |
                                flag_if(high_adjust || low_borrow, eflags::CF));
  return Outcome::next;
}

/// AAA and AAS. OF, SF, ZF and PF are undefined: those of AL, without overflow.
Outcome ascii_adjust(CpuState& cpu, int direction) {
  const bool adjust = (cpu.gpr[EAX] & 0xf) > 9 || (cpu.eflags & eflags::AF) != 0;
  auto ax = gpr<uint16_t>(cpu, EAX);
  if (adjust) ax = static_cast<uint16_t>(ax + direction * 0x106);
  set_gpr<uint16_t>(cpu, EAX, ax & 0xff0f);
  set_arithmetic_flags(
      cpu, result_flags(static_cast<uint8_t>(ax & 0xf)) | flag_if(adjust, eflags::AF | eflags::CF));
  return Outcome::next;
}

}  // namespace

Outcome DAA(CpuState& cpu, const Instruction&) {
  return decimal_adjust(cpu, +1);
}

Outcome DAS(CpuState& cpu, const Instruction&) {
  return decimal_adjust(cpu, -1);
}

Outcome AAA(CpuState& cpu, const Instruction&) {
  return ascii_adjust(cpu, +1);
}

Outcome AAS(CpuState& cpu, const Instruction&) {
  return ascii_adjust(cpu, -1);
}

Outcome AAM(CpuState& cpu, const Instruction& instruction) {
  const auto base = static_cast<uint8_t>(instruction.immediate);
  if (base == 0) return raise(cpu, Vector::DE);
  const auto al = gpr<uint8_t>(cpu, EAX);
  const auto rest = static_cast<uint8_t>(al % base);
  set_gpr<uint16_t>(cpu, EAX, static_cast<uint16_t>(al / base << 8 | rest));
  set_arithmetic_flags(cpu, result_flags(rest));  // CF, OF and AF are undefined: cleared
  return Outcome::next;
}

Outcome AAD(CpuState& cpu, const Instruction& instruction) {
  const auto al = gpr<uint8_t>(cpu, EAX);
  const auto ah = static_cast<uint8_t>(cpu.gpr[EAX] >> 8);
  const auto tens = static_cast<uint8_t>(ah * instruction.immediate);
  const auto sum = static_cast<uint8_t>(al + tens);
  set_gpr<uint16_t>(cpu, EAX, sum);
  set_arithmetic_flags(cpu, add_flags(al, tens, sum));  // CF, OF and AF are undefined
  return Outcome::next;
}

}  // namespace ferry::i386::interpret
