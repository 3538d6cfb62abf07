// x87 arithmetic and comparison (SDM vol. 1, 8.3.5 and 8.3.6).
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/x87_unit.hpp"

namespace ferry::i386::interpret {

using namespace x87;
using namespace x87_status;
using float80::Relation;

namespace {

using Operation = Float80Bits (*)(Context&, const Float80Bits&, const Float80Bits&);

enum class Source : uint8_t { real, integer };
enum class Order : uint8_t { straight, reversed };

[[nodiscard]] bool in_memory(const Operand& operand) {
  return operand.kind == OperandKind::memory;
}

/// destination = destination op source; reversed: source op destination.
template <Operation kOperation>
Outcome arithmetic(CpuState& cpu, const Instruction& instruction, Order order,
                   Source kind = Source::real, bool popping = false) {
  if (pending_exception(cpu)) return Outcome::exception;
  const Operand& source_operand = instruction.operands[1];
  const unsigned destination = instruction.operands[0].reg;
  Context context = make_context(cpu);
  Float80Bits source{};
  bool underflow = is_empty(cpu, destination);
  if (!in_memory(source_operand)) {
    source = st(cpu, source_operand.reg);
    underflow = underflow || is_empty(cpu, source_operand.reg);
  } else if (kind == Source::real
                 ? !load_real(cpu, instruction, source_operand.width, context, source)
                 : !load_integer(cpu, instruction, source_operand.width, source)) {
    return Outcome::exception;
  }
  record(cpu, instruction);
  Float80Bits result = float80::kIndefinite;
  if (underflow) {
    context.raised = kStackUnderflow;
  } else if (order == Order::straight) {
    result = kOperation(context, st(cpu, destination), source);
  } else {
    result = kOperation(context, source, st(cpu, destination));
  }
  if (!settle(cpu, context)) return Outcome::next;
  set_st(cpu, destination, result);
  if (popping) pop(cpu);
  return Outcome::next;
}

/// ST(0) = operation(ST(0)).
template <typename Body>
Outcome unary(CpuState& cpu, const Instruction& instruction, Body&& body) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  Float80Bits result = float80::kIndefinite;
  if (is_empty(cpu, 0)) {
    context.raised = kStackUnderflow;
  } else {
    result = body(context, st(cpu, 0));
  }
  if (settle(cpu, context)) set_st(cpu, 0, result);
  return Outcome::next;
}

}  // namespace

Outcome FADD(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::add>(cpu, instruction, Order::straight);
}
Outcome FADDP(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::add>(cpu, instruction, Order::straight, Source::real, true);
}
Outcome FIADD(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::add>(cpu, instruction, Order::straight, Source::integer);
}
Outcome FSUB(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::subtract>(cpu, instruction, Order::straight);
}
Outcome FSUBP(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::subtract>(cpu, instruction, Order::straight, Source::real, true);
}
Outcome FISUB(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::subtract>(cpu, instruction, Order::straight, Source::integer);
}
Outcome FSUBR(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::subtract>(cpu, instruction, Order::reversed);
}
Outcome FSUBRP(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::subtract>(cpu, instruction, Order::reversed, Source::real, true);
}
Outcome FISUBR(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::subtract>(cpu, instruction, Order::reversed, Source::integer);
}
Outcome FMUL(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::multiply>(cpu, instruction, Order::straight);
}
Outcome FMULP(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::multiply>(cpu, instruction, Order::straight, Source::real, true);
}
Outcome FIMUL(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::multiply>(cpu, instruction, Order::straight, Source::integer);
}
Outcome FDIV(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::divide>(cpu, instruction, Order::straight);
}
Outcome FDIVP(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::divide>(cpu, instruction, Order::straight, Source::real, true);
}
Outcome FIDIV(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::divide>(cpu, instruction, Order::straight, Source::integer);
}
Outcome FDIVR(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::divide>(cpu, instruction, Order::reversed);
}
Outcome FDIVRP(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::divide>(cpu, instruction, Order::reversed, Source::real, true);
}
Outcome FIDIVR(CpuState& cpu, const Instruction& instruction) {
  return arithmetic<float80::divide>(cpu, instruction, Order::reversed, Source::integer);
}

Outcome FSQRT(CpuState& cpu, const Instruction& instruction) {
  return unary(cpu, instruction, float80::square_root);
}
Outcome FRNDINT(CpuState& cpu, const Instruction& instruction) {
  return unary(cpu, instruction, float80::round_to_integer);
}

/// The sign bit of whatever is there changes, without exceptions.
Outcome FCHS(CpuState& cpu, const Instruction& instruction) {
  return unary(cpu, instruction, [](Context&, Float80Bits value) {
    value.sign_exponent ^= float80::kSignBit;
    return value;
  });
}
Outcome FABS(CpuState& cpu, const Instruction& instruction) {
  return unary(cpu, instruction, [](Context&, Float80Bits value) {
    value.sign_exponent &= float80::kMaxExponent;
    return value;
  });
}

Outcome FSCALE(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  Float80Bits result = float80::kIndefinite;
  if (is_empty(cpu, 0) || is_empty(cpu, 1)) {
    context.raised = kStackUnderflow;
  } else {
    result = float80::scale(context, st(cpu, 0), st(cpu, 1));
  }
  if (settle(cpu, context)) set_st(cpu, 0, result);
  return Outcome::next;
}

Outcome FXTRACT(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  float80::Extracted result{float80::kIndefinite, float80::kIndefinite};
  if (is_empty(cpu, 0)) {
    context.raised = kStackUnderflow;
  } else if (!is_empty(cpu, 7)) {
    context.raised = kStackOverflow;
  } else {
    result = float80::extract(context, st(cpu, 0));
  }
  if (!settle(cpu, context)) return Outcome::next;
  set_st(cpu, 0, result.exponent);
  push(cpu, result.significand);
  return Outcome::next;
}

namespace {

Outcome partial_remainder(CpuState& cpu, const Instruction& instruction, bool nearest) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  float80::Remainder result{.value = float80::kIndefinite};
  if (is_empty(cpu, 0) || is_empty(cpu, 1)) {
    context.raised = kStackUnderflow;
  } else {
    result = float80::remainder(context, st(cpu, 0), st(cpu, 1), nearest);
  }
  const bool stored = settle(cpu, context);
  if (stored) set_st(cpu, 0, result.value);
  if (!stored) result.numeric = false;
  cpu.x87.status = result.entered_in(cpu.x87.status);
  return Outcome::next;
}

}  // namespace

Outcome FPREM(CpuState& cpu, const Instruction& instruction) {
  return partial_remainder(cpu, instruction, false);
}
Outcome FPREM1(CpuState& cpu, const Instruction& instruction) {
  return partial_remainder(cpu, instruction, true);
}

// Comparison.

namespace {

enum class Quietness : uint8_t { ordered, unordered };

[[nodiscard]] uint16_t condition_code(Relation relation) {
  switch (relation) {
    case Relation::greater:
      return 0;
    case Relation::less:
      return C0;
    case Relation::equal:
      return C3;
    default:
      return C3 | C2 | C0;
  }
}

/// Compares ST(0) with `other`; whether the instruction goes on to pop.
[[nodiscard]] bool compare_with(CpuState& cpu, Context& context, bool underflow,
                                const Float80Bits& other, Quietness quietness, Relation& relation) {
  relation = Relation::unordered;
  if (underflow || is_empty(cpu, 0)) {
    context.raised = kStackUnderflow;
  } else {
    relation = float80::compare(context, st(cpu, 0), other, quietness == Quietness::unordered);
  }
  return settle(cpu, context);
}

Outcome compare(CpuState& cpu, const Instruction& instruction, Quietness quietness, unsigned pops,
                Source kind = Source::real) {
  if (pending_exception(cpu)) return Outcome::exception;
  const Operand& operand = instruction.operands[1];
  Context context = make_context(cpu);
  // FCOMPP and FUCOMPP have no operands: ST(1).
  const unsigned index = operand.kind == OperandKind::x87 ? operand.reg : 1;
  Float80Bits other = st(cpu, index);
  bool underflow = false;
  if (!in_memory(operand)) {
    underflow = is_empty(cpu, index);
  } else if (kind == Source::real ? !load_real(cpu, instruction, operand.width, context, other)
                                  : !load_integer(cpu, instruction, operand.width, other)) {
    return Outcome::exception;
  }
  record(cpu, instruction);
  Relation relation{};
  // An unmasked exception keeps the operands, but not the condition code.
  const bool done = compare_with(cpu, context, underflow, other, quietness, relation);
  set_conditions(cpu, C0 | C2 | C3, condition_code(relation));
  if (!done) return Outcome::next;
  for (; pops > 0; --pops) pop(cpu);
  return Outcome::next;
}

/// FCOMI and its kin: the result goes to EFLAGS.
Outcome compare_to_flags(CpuState& cpu, const Instruction& instruction, Quietness quietness,
                         bool popping) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  const unsigned index = instruction.operands[1].reg;
  Relation relation{};
  const uint16_t old_c1 = cpu.x87.status & C1;
  const bool done =
      compare_with(cpu, context, is_empty(cpu, index), st(cpu, index), quietness, relation);
  // These leave C1 alone, except on a stack fault.
  if ((context.raised & SF) == 0) set_conditions(cpu, C1, old_c1);
  const bool unordered = relation == Relation::unordered;
  set_arithmetic_flags(cpu, flag_if(unordered || relation == Relation::equal, eflags::ZF) |
                                flag_if(unordered, eflags::PF) |
                                flag_if(unordered || relation == Relation::less, eflags::CF));
  if (done && popping) pop(cpu);
  return Outcome::next;
}

}  // namespace

Outcome FCOM(CpuState& cpu, const Instruction& instruction) {
  return compare(cpu, instruction, Quietness::ordered, 0);
}
Outcome FCOMP(CpuState& cpu, const Instruction& instruction) {
  return compare(cpu, instruction, Quietness::ordered, 1);
}
Outcome FCOMPP(CpuState& cpu, const Instruction& instruction) {
  return compare(cpu, instruction, Quietness::ordered, 2);
}
Outcome FUCOM(CpuState& cpu, const Instruction& instruction) {
  return compare(cpu, instruction, Quietness::unordered, 0);
}
Outcome FUCOMP(CpuState& cpu, const Instruction& instruction) {
  return compare(cpu, instruction, Quietness::unordered, 1);
}
Outcome FUCOMPP(CpuState& cpu, const Instruction& instruction) {
  return compare(cpu, instruction, Quietness::unordered, 2);
}
Outcome FICOM(CpuState& cpu, const Instruction& instruction) {
  return compare(cpu, instruction, Quietness::ordered, 0, Source::integer);
}
Outcome FICOMP(CpuState& cpu, const Instruction& instruction) {
  return compare(cpu, instruction, Quietness::ordered, 1, Source::integer);
}
Outcome FCOMI(CpuState& cpu, const Instruction& instruction) {
  return compare_to_flags(cpu, instruction, Quietness::ordered, false);
}
Outcome FCOMIP(CpuState& cpu, const Instruction& instruction) {
  return compare_to_flags(cpu, instruction, Quietness::ordered, true);
}
Outcome FUCOMI(CpuState& cpu, const Instruction& instruction) {
  return compare_to_flags(cpu, instruction, Quietness::unordered, false);
}
Outcome FUCOMIP(CpuState& cpu, const Instruction& instruction) {
  return compare_to_flags(cpu, instruction, Quietness::unordered, true);
}

Outcome FTST(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  Context context = make_context(cpu);
  Relation relation{};
  (void)compare_with(cpu, context, false, float80::zero(false), Quietness::ordered, relation);
  set_conditions(cpu, C0 | C2 | C3, condition_code(relation));
  return Outcome::next;
}

Outcome FXAM(CpuState& cpu, const Instruction& instruction) {
  if (pending_exception(cpu)) return Outcome::exception;
  record(cpu, instruction);
  set_conditions(cpu, kConditions, float80::examine(st(cpu, 0), is_empty(cpu, 0)));
  return Outcome::next;
}

}  // namespace ferry::i386::interpret
