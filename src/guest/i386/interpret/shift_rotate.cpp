// Shifts, rotates and double shifts (SDM vol. 1, 5.1.5). Counts are masked to five bits; a masked
// count of 0 leaves operand and flags alone, but the operand is still written (and can fault).
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

namespace {

constexpr unsigned kCountMask = 0x1f;

/// `compute(a, count, flags)` gives the result and changes the six flags in `flags`; it is called
/// with a count of 1..31.
template <typename Compute>
Outcome shift(CpuState& cpu, const Instruction& instruction, Compute compute) {
  uint8_t raw_count = 0;
  if (!read_operand(cpu, instruction, instruction.operands[1], raw_count)) {
    return Outcome::exception;
  }
  const unsigned count = raw_count & kCountMask;
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    T old = 0;
    T result = 0;
    uint32_t flags = cpu.eflags;
    const bool done =
        modify_operand(cpu, instruction, instruction.operands[0], old, result, [&](T a) {
          flags = cpu.eflags;
          return count == 0 ? a : compute(a, count, flags);
        });
    if (!done) return Outcome::exception;
    set_arithmetic_flags(cpu, flags);
    return Outcome::next;
  });
}

/// Rotates change CF and OF only. OF is defined for a count of 1; the same formula is used for all.
void set_rotate_flags(uint32_t& flags, bool carry_out, bool overflow) {
  flags = (flags & ~(eflags::CF | eflags::OF)) | flag_if(carry_out, eflags::CF) |
          flag_if(overflow, eflags::OF);
}

/// Whether the two top bits differ: OF of the right rotates.
template <OperandType T>
[[nodiscard]] bool top_bits_differ(T value) {
  return sign_bit(static_cast<T>(value ^ static_cast<T>(value << 1)));
}

/// The operand with CF above it, as one value of width + 1 bits that RCL and RCR rotate.
template <OperandType T>
[[nodiscard]] uint64_t with_carry(T value, uint32_t flags) {
  return uint64_t{value} | uint64_t{(flags & eflags::CF) != 0} << kBits<T>;
}

/// What a double shift makes.
template <OperandType T>
struct DoubleShifted {
  T result;
  bool carry;
  bool overflow;  ///< whether the last place changed the sign: undefined unless the count is 1
};

/// SHLD and SHRD: `compute(destination, source, count)`; 0 < count.
template <typename Compute>
Outcome double_shift(CpuState& cpu, const Instruction& instruction, Compute compute) {
  uint8_t raw_count = 0;
  if (!read_operand(cpu, instruction, instruction.operands[2], raw_count)) {
    return Outcome::exception;
  }
  const unsigned count = raw_count & kCountMask;
  return with_width(instruction.operands[0].width, [&]<OperandType T>(T) {
    const T source = read_gpr<T>(cpu, instruction.operands[1]);
    T old = 0;
    T result = 0;
    DoubleShifted<T> shifted{};
    const bool done =
        modify_operand(cpu, instruction, instruction.operands[0], old, result, [&](T a) {
          if (count == 0) return a;
          shifted = compute(a, source, count);
          return shifted.result;
        });
    if (!done) return Outcome::exception;
    if (count == 0) return Outcome::next;
    // AF is undefined: cleared.
    set_arithmetic_flags(cpu, result_flags(result) | flag_if(shifted.carry, eflags::CF) |
                                  flag_if(shifted.overflow, eflags::OF));
    return Outcome::next;
  });
}

}  // namespace

Outcome SHL(CpuState& cpu, const Instruction& instruction) {
  return shift(cpu, instruction, []<OperandType T>(T a, unsigned count, uint32_t& flags) {
    const auto result = static_cast<T>(uint64_t{a} << count);
    flags = shl_flags(a, count, result);
    return result;
  });
}

Outcome SHR(CpuState& cpu, const Instruction& instruction) {
  return shift(cpu, instruction, []<OperandType T>(T a, unsigned count, uint32_t& flags) {
    const auto result = static_cast<T>(uint64_t{a} >> count);
    flags = shr_flags(a, count, result);
    return result;
  });
}

Outcome SAR(CpuState& cpu, const Instruction& instruction) {
  return shift(cpu, instruction, []<OperandType T>(T a, unsigned count, uint32_t& flags) {
    const int64_t wide = static_cast<std::make_signed_t<T>>(a);
    const auto result = static_cast<T>(wide >> count);
    flags = sar_flags(a, count, result);
    return result;
  });
}

Outcome ROL(CpuState& cpu, const Instruction& instruction) {
  return shift(cpu, instruction, []<OperandType T>(T a, unsigned count, uint32_t& flags) {
    const T result = std::rotl(a, static_cast<int>(count % kBits<T>));
    const bool carry_out = (result & 1) != 0;
    set_rotate_flags(flags, carry_out, sign_bit(result) != carry_out);
    return result;
  });
}

Outcome ROR(CpuState& cpu, const Instruction& instruction) {
  return shift(cpu, instruction, []<OperandType T>(T a, unsigned count, uint32_t& flags) {
    const T result = std::rotr(a, static_cast<int>(count % kBits<T>));
    set_rotate_flags(flags, sign_bit(result), top_bits_differ(result));
    return result;
  });
}

Outcome RCL(CpuState& cpu, const Instruction& instruction) {
  return shift(cpu, instruction, []<OperandType T>(T a, unsigned count, uint32_t& flags) {
    const unsigned places = count % (kBits<T> + 1);
    const uint64_t wide = with_carry(a, flags);
    const uint64_t rotated = wide << places | wide >> (kBits<T> + 1 - places);
    const auto result = static_cast<T>(rotated);
    const bool carry_out = (rotated >> kBits<T>)&1;
    set_rotate_flags(flags, carry_out, sign_bit(result) != carry_out);
    return result;
  });
}

Outcome RCR(CpuState& cpu, const Instruction& instruction) {
  return shift(cpu, instruction, []<OperandType T>(T a, unsigned count, uint32_t& flags) {
    const unsigned places = count % (kBits<T> + 1);
    const uint64_t wide = with_carry(a, flags);
    const uint64_t rotated = wide >> places | wide << (kBits<T> + 1 - places);
    const auto result = static_cast<T>(rotated);
    set_rotate_flags(flags, (rotated >> kBits<T>)&1, top_bits_differ(result));
    return result;
  });
}

// With 16-bit operands a count above 16 is undefined; the value shifted in is then the destination
// again, as on Intel's processors (on AMD's the source).

Outcome SHLD(CpuState& cpu, const Instruction& instruction) {
  return double_shift(cpu, instruction, []<OperandType T>(T a, T source, unsigned count) {
    const unsigned width = kBits<T>;
    const bool beyond = count > width;
    const unsigned places = beyond ? count - width : count;
    const T high = beyond ? source : a;
    const T low = beyond ? a : source;
    const bool carry_out = (high >> (width - places)) & 1;
    const auto result = static_cast<T>((uint64_t{high} << width | low) << places >> width);
    return DoubleShifted<T>{result, carry_out, sign_bit(result) != carry_out};
  });
}

Outcome SHRD(CpuState& cpu, const Instruction& instruction) {
  return double_shift(cpu, instruction, []<OperandType T>(T a, T source, unsigned count) {
    const unsigned width = kBits<T>;
    const bool beyond = count > width;
    const uint64_t pair = beyond ? uint64_t{a} << width | source : uint64_t{source} << width | a;
    const unsigned places = beyond ? count - width : count;
    const auto result = static_cast<T>(pair >> places);
    return DoubleShifted<T>{result, (pair >> (places - 1) & 1) != 0, top_bits_differ(result)};
  });
}

}  // namespace ferry::i386::interpret
