// x87 data transfer and constants (SDM vol. 1, 8.3.3 and 8.3.4).
#include <cstring>

#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/x87_unit.hpp"
#include "guest/i386/x87/constants.hpp"

namespace ferry::i386::interpret {

using namespace x87;
using namespace x87_status;
using float80::Rounding;

namespace {

/// Pushes `value`, or the indefinite on a stack fault.
Outcome push_result(CpuState& cpu, const Instruction& instruction, Context& context,
                    Float80Bits value) {
  record(cpu, instruction);
  const bool underflow = (context.raised & SF) != 0;
  if (!underflow && !is_empty(cpu, 7)) {
    context.raised = kStackOverflow;
    value = float80::kIndefinite;
  }
  // A denormal is loaded even if #D is unmasked.
  const bool stopped = (context.raised & ~context.control & IE) != 0;
  (void)settle(cpu, context);
  if (!stopped) push(cpu, value);
  return Outcome::next;
}

/// Whether an exception keeps a store to memory from happening: unmasked #O and #U do as well, and
/// then there is no rounding to report.
[[nodiscard]] bool store_stopped(Context& context) {
  const unsigned unmasked = context.raised & ~context.control;
  if ((unmasked & (OE | UE)) != 0) context.raised &= static_cast<uint16_t>(~(PE | C1));
  return (unmasked & (IE | OE | UE)) != 0;
}

template <typename T>
[[nodiscard]] bool store_to_operand(CpuState& cpu, const Instruction& instruction, T value) {
  uint32_t address = 0;
  return operand_address(cpu, instruction, AccessKind::write, address) &&
         store_memory(cpu, instruction.memory.segment, address, value);
}

enum class Popping : uint8_t { no, yes };

/// Converts ST(0) to T with `convert` and stores it; `indefinite` if there is nothing in ST(0).
template <typename T, typename Convert>
Outcome store_converted(CpuState& cpu, const Instruction& instruction, Popping popping,
                        T indefinite, Convert&& convert) {
  Context context = make_context(cpu);
  T value = indefinite;
  if (is_empty(cpu, 0)) {
    context.raised = kStackUnderflow;
  } else {
    value = convert(context, st(cpu, 0));
  }
  const bool stopped = store_stopped(context);
  if (stopped ? !check_writable(cpu, instruction, sizeof value)
              : !store_to_operand(cpu, instruction, value)) {
    return Outcome::exception;
  }
  record(cpu, instruction);
  (void)settle(cpu, context);
  if (!stopped && popping == Popping::yes) pop(cpu);
  return Outcome::next;
}

/// The ten bytes of an extended value or a packed decimal.
[[nodiscard]] bool store_ten(bool stopped, CpuState& cpu, const Instruction& instruction,
                             uint64_t low, uint16_t high) {
  uint8_t bytes[10];
  std::memcpy(bytes, &low, 8);
  std::memcpy(bytes + 8, &high, 2);
  return stopped ? check_writable(cpu, instruction, sizeof bytes)
                 : store_block(cpu, instruction, bytes, sizeof bytes);
}

Outcome store_extended(CpuState& cpu, const Instruction& instruction, Popping popping) {
  Context context = make_context(cpu);
  Float80Bits value = st(cpu, 0);
  if (is_empty(cpu, 0)) {
    context.raised = kStackUnderflow;
    value = float80::kIndefinite;
  }
  const bool stopped = store_stopped(context);
  if (!store_ten(stopped, cpu, instruction, value.significand, value.sign_exponent)) {
    return Outcome::exception;
  }
  record(cpu, instruction);
  (void)settle(cpu, context);
  if (!stopped && popping == Popping::yes) pop(cpu);
  return Outcome::next;
}

Outcome store_register(CpuState& cpu, const Instruction& instruction, Popping popping) {
  record(cpu, instruction);
  // D9 /3 (called FSTPNCE) does not look for stack underflow: nothing is stored then.
  constexpr uint8_t kUncheckedOpcode = 0xd9;
  if (instruction.opcode == kUncheckedOpcode && is_empty(cpu, 0)) {
    set_conditions(cpu, C1, 0);
    pop(cpu);
    return Outcome::next;
  }
  Context context = make_context(cpu);
  Float80Bits value = st(cpu, 0);
  if (is_empty(cpu, 0)) {
    context.raised = kStackUnderflow;
    value = float80::kIndefinite;
  }
  if (!settle(cpu, context)) return Outcome::next;
  set_st(cpu, instruction.operands[0].reg, value);
  if (popping == Popping::yes) pop(cpu);
  return Outcome::next;
}

Outcome store_real(CpuState& cpu, const Instruction& instruction, Popping popping) {
  constexpr uint32_t kIndefiniteSingle = 0xffc00000;
  constexpr uint64_t kIndefiniteDouble = 0xfff8000000000000;
  if (pending_exception(cpu)) return Outcome::exception;
  const Operand& operand = instruction.operands[0];
  if (operand.kind == OperandKind::x87) return store_register(cpu, instruction, popping);
  if (operand.width == 4) {
    return store_converted(cpu, instruction, popping, kIndefiniteSingle, float80::to_single);
  }
  if (operand.width == 8) {
    return store_converted(cpu, instruction, popping, kIndefiniteDouble, float80::to_double);
  }
  return store_extended(cpu, instruction, popping);
}

Outcome store_integer(CpuState& cpu, const Instruction& instruction, Popping popping,
                      Rounding rounding) {
  if (pending_exception(cpu)) return Outcome::exception;
  const auto store_as = [&]<typename T>(T) {
    constexpr unsigned kWidth = sizeof(T) * 8;
    constexpr T kIndefiniteInteger = T{1} << (kWidth - 1);
    return store_converted(
        cpu, instruction, popping, kIndefiniteInteger,
        [&](Context& context, const Float80Bits& value) {
          return static_cast<T>(float80::to_integer(context, value, kWidth, rounding));
        });
  };
  switch (instruction.operands[0].width) {
    case 2:
      return store_as(uint16_t{});
    case 4:
      return store_as(uint32_t{});
    default:
      return store_as(uint64_t{});
  }
}

}  // namespace

Outcome FLD(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  const Operand& operand = instruction.operands[0];
  Context context = make_context(cpu);
  Float80Bits value{};
  if (operand.kind == OperandKind::x87) {
    value = st(cpu, operand.reg);
    if (is_empty(cpu, operand.reg)) {
      context.raised = kStackUnderflow;
      value = float80::kIndefinite;
    }
  } else {
    if (!load_real(cpu, instruction, operand.width, context, value)) return Outcome::exception;
    // An extended value is moved as it is.
    if (operand.width != 10) value = float80::load_widened(context, value);
  }
  return push_result(cpu, instruction, context, value);
}

Outcome FILD(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  Context context = make_context(cpu);
  Float80Bits value{};
  if (!load_integer(cpu, instruction, instruction.operands[0].width, value)) {
    return Outcome::exception;
  }
  return push_result(cpu, instruction, context, value);
}

Outcome FBLD(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  Context context = make_context(cpu);
  Float80Bits bytes{};
  if (!load_real(cpu, instruction, 10, context, bytes)) return Outcome::exception;
  return push_result(cpu, instruction, context,
                     float80::from_bcd(bytes.significand, bytes.sign_exponent));
}

Outcome FST(CpuState& cpu, const Instruction& instruction) {
  return store_real(cpu, instruction, Popping::no);
}
Outcome FSTP(CpuState& cpu, const Instruction& instruction) {
  return store_real(cpu, instruction, Popping::yes);
}
Outcome FIST(CpuState& cpu, const Instruction& instruction) {
  return store_integer(cpu, instruction, Popping::no, make_context(cpu).rounding());
}
Outcome FISTP(CpuState& cpu, const Instruction& instruction) {
  return store_integer(cpu, instruction, Popping::yes, make_context(cpu).rounding());
}
Outcome FISTTP(CpuState& cpu, const Instruction& instruction) {
  return store_integer(cpu, instruction, Popping::yes, Rounding::toward_zero);
}

Outcome FBSTP(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  Context context = make_context(cpu);
  Float80Bits value = st(cpu, 0);
  if (is_empty(cpu, 0)) {
    // Any NaN: its conversion gives the indefinite too.
    context.raised = kStackUnderflow;
    value = float80::kIndefinite;
  }
  const float80::PackedBcd decimal = float80::to_bcd(context, value);
  const bool stopped = store_stopped(context);
  if (!store_ten(stopped, cpu, instruction, decimal.low, decimal.high)) {
    return Outcome::exception;
  }
  record(cpu, instruction);
  (void)settle(cpu, context);
  if (!stopped) pop(cpu);
  return Outcome::next;
}

/// An empty register counts as holding the indefinite, once #IS is masked.
Outcome FXCH(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  const unsigned other = instruction.operands[1].reg;
  Context context = make_context(cpu);
  const Float80Bits first = is_empty(cpu, 0) ? float80::kIndefinite : st(cpu, 0);
  const Float80Bits second = is_empty(cpu, other) ? float80::kIndefinite : st(cpu, other);
  if (is_empty(cpu, 0) || is_empty(cpu, other)) context.raised = kStackUnderflow;
  if (!settle(cpu, context)) return Outcome::next;
  set_st(cpu, 0, second);
  set_st(cpu, other, first);
  return Outcome::next;
}

Outcome FCMOVCC(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  static constexpr uint32_t kFlags[] = {eflags::CF, eflags::ZF, eflags::CF | eflags::ZF,
                                        eflags::PF};
  const bool negated = (instruction.opcode & 1) != 0;
  const bool set = (cpu.eflags & kFlags[instruction.modrm >> 3 & 3]) != 0;
  const unsigned source = instruction.operands[1].reg;
  Context context = make_context(cpu);
  if (is_empty(cpu, 0) || is_empty(cpu, source)) {
    context.raised = kStackUnderflow;
    if (settle(cpu, context)) set_st(cpu, 0, float80::kIndefinite);
  } else if (set != negated) {
    set_st(cpu, 0, st(cpu, source));
  }
  return Outcome::next;
}

namespace {

Outcome load_constant(CpuState& cpu, const Instruction& instruction,
                      const float80::Constant& constant) {
  if (pending_exception(cpu)) return Outcome::exception;
  Context context = make_context(cpu);
  return push_result(cpu, instruction, context, constant.rounded(context.rounding()));
}

Outcome load_exact(CpuState& cpu, const Instruction& instruction, const Float80Bits& value) {
  if (pending_exception(cpu)) return Outcome::exception;
  Context context = make_context(cpu);
  return push_result(cpu, instruction, context, value);
}

}  // namespace

Outcome FLD1(CpuState& cpu, const Instruction& instruction) {
  return load_exact(cpu, instruction, float80::kPlusOne);
}
Outcome FLDZ(CpuState& cpu, const Instruction& instruction) {
  return load_exact(cpu, instruction, float80::zero(false));
}
Outcome FLDL2T(CpuState& cpu, const Instruction& instruction) {
  return load_constant(cpu, instruction, float80::kLog2Of10);
}
Outcome FLDL2E(CpuState& cpu, const Instruction& instruction) {
  return load_constant(cpu, instruction, float80::kLog2OfE);
}
Outcome FLDPI(CpuState& cpu, const Instruction& instruction) {
  return load_constant(cpu, instruction, float80::kPi);
}
Outcome FLDLG2(CpuState& cpu, const Instruction& instruction) {
  return load_constant(cpu, instruction, float80::kLog10Of2);
}
Outcome FLDLN2(CpuState& cpu, const Instruction& instruction) {
  return load_constant(cpu, instruction, float80::kLogOf2);
}

}  // namespace ferry::i386::interpret
