#include "guest/i386/x87_operations.hpp"

#include <bit>
#include <cstring>
#include <type_traits>

#include "guest/i386/flags.hpp"
#include "guest/i386/memory.hpp"
#include "guest/i386/x87_fast_paths.hpp"
#include "guest/i386/x87_image.hpp"

#if defined(__mips64)
#include "guest/i386/host_access_mips64.hpp"
#else
#include "guest/i386/host_access_x86_64.hpp"
#endif

namespace ferry::i386 {

namespace {

using namespace x87_status;
using float80::Context;
using float80::Relation;
using float80::Rounding;

constexpr uint64_t kDone = 0;
constexpr uint64_t kInterpret = 1;

constexpr uint16_t kExceptionPending = x87_status::ES;

enum class Pop : uint8_t { no, once, twice };

// The state, by physical register.

[[nodiscard]] inline unsigned physical(const X87State& x87, uint32_t i) {
  return (x87.top + i) & 7;
}
[[nodiscard]] inline bool is_empty(const X87State& x87, unsigned reg) {
  return (x87.empty >> reg & 1) != 0;
}
inline void finish_pop(X87State& x87, unsigned top, Pop pop) {
  if (pop == Pop::no) return;
  const unsigned count = pop == Pop::once ? 1 : 2;
  x87.empty |= static_cast<uint8_t>(1u << top);
  if (pop == Pop::twice) x87.empty |= static_cast<uint8_t>(1u << ((top + 1) & 7));
  x87.top = static_cast<uint8_t>((top + count) & 7);
}

/// Whether the exceptions of an operation are all masked, so that it ends as usual.
[[nodiscard]] bool all_masked(const Context& context) {
  return (context.raised & ~context.control & kExceptions) == 0;
}
void enter_status(X87State& x87, const Context& context) {
  x87.status = static_cast<uint16_t>((x87.status & ~C1) | context.raised);
}

template <typename T>
[[nodiscard]] inline bool load_bits(uint32_t address, uint64_t& bits) {
  if constexpr (sizeof(T) == 2) {
    uint16_t value = 0;
    const bool done = host_access::load(host_pointer(address), value);
    bits = value;
    return done;
  } else {
    uint64_t loaded = 0;
    const bool done = host_access::load_fast<T>(host_pointer(address), loaded);
    bits = static_cast<T>(loaded);
    return done;
  }
}

template <typename T>
[[nodiscard]] inline bool store_bits(uint32_t address, T value) {
  return host_access::store_fast(host_pointer(address), value);
}

// Loads.

/// Pushes a value that raises nothing.
[[nodiscard]] inline uint64_t push(CpuState* cpu, uint64_t significand, uint32_t sign_exponent) {
  X87State& x87 = cpu->x87;
  const uint32_t status = x87.status;
  const uint32_t empty = x87.empty;
  const unsigned top = (x87.top - 1u) & 7;
  uint32_t bit = 1u << top;
  // Hidden from the compiler, which would make a shift and a mask of the test, and shift again.
  asm("" : "+r"(bit));
  if ((status & kExceptionPending) != 0 || (empty & bit) == 0) return kInterpret;
  x87.registers[top].significand = significand;
  x87.registers[top].sign_exponent = static_cast<uint16_t>(sign_exponent);
  x87.top = static_cast<uint8_t>(top);
  x87.empty = static_cast<uint8_t>(empty ^ bit);
  x87.status = static_cast<uint16_t>(status & ~uint32_t{C1});
  return kDone;
}

template <typename T>
[[gnu::noinline, gnu::cold]] uint64_t load_real_slowly(CpuState* cpu, T bits) {
  Context context{.control = cpu->x87.control};
  const Float80Bits value = float80::load_widened(context, float80::widen(context, bits));
  if (!all_masked(context)) return kInterpret;
  const uint64_t outcome = push(cpu, value.significand, value.sign_exponent);
  if (outcome == kDone) enter_status(cpu->x87, context);
  return outcome;
}

template <typename T>
uint64_t fld(CpuState* cpu, uint32_t address) {
  uint64_t bits = 0;
  if (!load_bits<T>(address, bits)) return kInterpret;
  uint64_t significand = 0;
  uint32_t sign_exponent = 0;
  if (!x87_fast::widen<T>(bits, significand, sign_exponent)) {
    return load_real_slowly(cpu, static_cast<T>(bits));
  }
  return push(cpu, significand, sign_exponent);
}

uint64_t fld_m80(CpuState* cpu, uint32_t address) {
  uint64_t significand = 0;
  uint64_t sign_exponent = 0;
  if (!load_bits<uint64_t>(address, significand) ||
      !load_bits<uint16_t>(address + 8, sign_exponent)) {
    return kInterpret;
  }
  return push(cpu, significand, static_cast<uint32_t>(sign_exponent));
}

uint64_t fld_sti(CpuState* cpu, uint32_t i) {
  const X87State& x87 = cpu->x87;
  const unsigned reg = physical(x87, i);
  if (is_empty(x87, reg)) return kInterpret;
  return push(cpu, x87.registers[reg].significand, x87.registers[reg].sign_exponent);
}

template <typename T>
uint64_t fild(CpuState* cpu, uint32_t address) {
  uint64_t bits = 0;
  if (!load_bits<T>(address, bits)) return kInterpret;
  const Float80Bits value =
      float80::from_integer(static_cast<std::make_signed_t<T>>(static_cast<T>(bits)));
  return push(cpu, value.significand, value.sign_exponent);
}

uint64_t fld1(CpuState* cpu, uint32_t) {
  return push(cpu, float80::kIntegerBit, float80::kBias);
}
uint64_t fldz(CpuState* cpu, uint32_t) {
  return push(cpu, 0, 0);
}

// Stores.

template <typename T>
[[gnu::noinline, gnu::cold]] uint64_t store_real_slowly(CpuState* cpu, uint32_t address, Pop pop) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  Context context{.control = x87.control};
  T bits = 0;
  if constexpr (sizeof(T) == 4) {
    bits = float80::to_single(context, x87.registers[top]);
  } else {
    bits = float80::to_double(context, x87.registers[top]);
  }
  if (!all_masked(context) || !store(address, bits)) return kInterpret;
  enter_status(x87, context);
  finish_pop(x87, top, pop);
  return kDone;
}

template <typename T, Pop kPop>
uint64_t fst(CpuState* cpu, uint32_t address) {
  X87State& x87 = cpu->x87;
  const uint32_t status = x87.status;
  const unsigned top = x87.top;
  const Float80Bits& st0 = x87.registers[top];
  T bits = 0;
  uint32_t raised = 0;
  const bool fast = (status & kExceptionPending) == 0 && !is_empty(x87, top) &&
                    x87_fast::narrow<T>(st0.significand, st0.sign_exponent, bits, raised);
  // Rounding needs the usual mode; precision control does not matter.
  constexpr uint32_t kRelevant = x87_control::RC | PE;
  // A store that fails is tried again there, which keeps this function without a frame.
  if (!fast || (raised != 0 && (x87.control & kRelevant) != PE) || !store_bits(address, bits)) {
    return store_real_slowly<T>(cpu, address, kPop);
  }
  x87.status = static_cast<uint16_t>((status & ~uint32_t{C1}) | raised);
  finish_pop(x87, top, kPop);
  return kDone;
}

uint64_t fstp_m80(CpuState* cpu, uint32_t address) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  // All ten bytes or none: the interpreter does what crosses a page.
  constexpr uint32_t kPageMask = 0xfff;
  if ((address & kPageMask) > kPageMask + 1 - 10) return kInterpret;
  const Float80Bits& st0 = x87.registers[top];
  if (!store(address, st0.significand) || !store(address + 8, st0.sign_exponent)) return kInterpret;
  x87.status &= static_cast<uint16_t>(~C1);
  finish_pop(x87, top, Pop::once);
  return kDone;
}

template <Pop kPop>
uint64_t fst_sti(CpuState* cpu, uint32_t i) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  const unsigned reg = physical(x87, i);
  x87.registers[reg] = x87.registers[top];
  x87.empty &= static_cast<uint8_t>(~(1u << reg));
  x87.status &= static_cast<uint16_t>(~C1);
  finish_pop(x87, top, kPop);
  return kDone;
}

template <typename T>
[[gnu::noinline, gnu::cold]] uint64_t store_integer_slowly(CpuState* cpu, uint32_t address, Pop pop,
                                                           Rounding rounding) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  Context context{.control = x87.control};
  const auto bits =
      static_cast<T>(float80::to_integer(context, x87.registers[top], sizeof(T) * 8, rounding));
  if (!all_masked(context) || !store(address, bits)) return kInterpret;
  enter_status(x87, context);
  finish_pop(x87, top, pop);
  return kDone;
}

/// `kTruncating`: FISTTP, else the rounding control decides.
template <typename T, Pop kPop, bool kTruncating>
uint64_t fist(CpuState* cpu, uint32_t address) {
  X87State& x87 = cpu->x87;
  const uint32_t status = x87.status;
  const uint32_t control = x87.control;
  const unsigned top = x87.top;
  const Float80Bits& st0 = x87.registers[top];
  const auto rounding =
      kTruncating ? Rounding::toward_zero : static_cast<Rounding>(control >> 10 & 3);
  const uint32_t exponent = (st0.sign_exponent & 0x7fffu) - float80::kBias;
  // Numbers from 1 up that fit without looking; the lowest negative one is left to the slow path.
  constexpr uint32_t kBits = sizeof(T) * 8 - 1;
  const bool fast = (status & kExceptionPending) == 0 && !is_empty(x87, top) && exponent < kBits &&
                    static_cast<int64_t>(st0.significand) < 0 &&
                    (rounding == Rounding::nearest || rounding == Rounding::toward_zero);
  if (!fast) return store_integer_slowly<T>(cpu, address, kPop, rounding);
  uint64_t magnitude = st0.significand >> (63 - exponent);
  const uint64_t rest = st0.significand << exponent << 1;
  uint32_t raised = 0;
  if (rest != 0) {
    raised = PE;
    if (rounding == Rounding::nearest && (rest >> 63) != 0 &&
        ((rest << 1) | (magnitude & 1)) != 0) {
      raised = PE | C1;
      ++magnitude;
    }
    const bool overflow = (magnitude >> kBits) != 0;
    if ((control & PE) == 0 || overflow) {
      return store_integer_slowly<T>(cpu, address, kPop, rounding);
    }
  }
  const bool negative = (st0.sign_exponent & float80::kSignBit) != 0;
  if (!store_bits(address, static_cast<T>(negative ? 0 - magnitude : magnitude))) {
    return store_integer_slowly<T>(cpu, address, kPop, rounding);
  }
  x87.status = static_cast<uint16_t>((status & ~uint32_t{C1}) | raised);
  finish_pop(x87, top, kPop);
  return kDone;
}

// Arithmetic.

using Operation = Float80Bits (*)(Context&, const Float80Bits&, const Float80Bits&);
using FastOperation = bool (*)(uint64_t, uint32_t, uint64_t, uint32_t, x87_fast::Outcome&);

/// destination = destination op source, or the other way round.
template <Operation kSlow, FastOperation kFast, bool kReversed>
struct Arithmetic {
  [[nodiscard]] static Float80Bits compute(Context& context, const Float80Bits& destination,
                                           const Float80Bits& source) {
    return kReversed ? kSlow(context, source, destination) : kSlow(context, destination, source);
  }
  [[nodiscard]] static inline bool fast(const Float80Bits& destination, uint64_t significand,
                                        uint32_t sign_exponent, x87_fast::Outcome& outcome) {
    return kReversed ? kFast(significand, sign_exponent, destination.significand,
                             destination.sign_exponent, outcome)
                     : kFast(destination.significand, destination.sign_exponent, significand,
                             sign_exponent, outcome);
  }
};

using Add = Arithmetic<float80::add, x87_fast::add, false>;
using Subtract = Arithmetic<float80::subtract, x87_fast::subtract, false>;
using SubtractReversed = Arithmetic<float80::subtract, x87_fast::subtract, true>;
using Multiply = Arithmetic<float80::multiply, x87_fast::multiply, false>;
using Divide = Arithmetic<float80::divide, x87_fast::divide, false>;
using DivideReversed = Arithmetic<float80::divide, x87_fast::divide, true>;

using Compute = Float80Bits (*)(Context&, const Float80Bits&, const Float80Bits&);

[[gnu::noinline, gnu::cold]] uint64_t compute_slowly(CpuState* cpu, Context& context,
                                                     Compute compute, unsigned destination,
                                                     const Float80Bits& source, Pop pop) {
  X87State& x87 = cpu->x87;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, destination)) return kInterpret;
  const Float80Bits result = compute(context, x87.registers[destination], source);
  if (!all_masked(context)) return kInterpret;
  x87.registers[destination] = result;
  enter_status(x87, context);
  finish_pop(x87, x87.top, pop);
  return kDone;
}

template <typename T>
[[gnu::noinline, gnu::cold]] uint64_t compute_real_slowly(CpuState* cpu, Compute compute, T bits) {
  Context context{.control = cpu->x87.control};
  const Float80Bits source = float80::widen(context, bits);
  return compute_slowly(cpu, context, compute, cpu->x87.top, source, Pop::no);
}

/// Whether the operation on `destination` may go the fast way as far as the unit is concerned.
[[nodiscard]] inline bool ready(const X87State& x87, unsigned destination) {
  return (x87.status & kExceptionPending) == 0 && !is_empty(x87, destination) &&
         x87_fast::usual_mode(x87.control);
}

inline void store_outcome(X87State& x87, unsigned destination, const x87_fast::Outcome& outcome) {
  x87.registers[destination].significand = outcome.significand;
  x87.registers[destination].sign_exponent = static_cast<uint16_t>(outcome.sign_exponent);
  x87.status = static_cast<uint16_t>((x87.status & ~uint32_t{C1}) | outcome.raised);
}

/// ST(0) and a real memory operand.
template <typename Op, typename T>
uint64_t arithmetic_real(CpuState* cpu, uint32_t address) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  uint64_t bits = 0;
  if (!load_bits<T>(address, bits)) return kInterpret;
  uint64_t significand = 0;
  uint32_t sign_exponent = 0;
  x87_fast::Outcome outcome;
  if (!ready(x87, top) || !x87_fast::widen<T>(bits, significand, sign_exponent) ||
      !Op::fast(x87.registers[top], significand, sign_exponent, outcome)) {
    return compute_real_slowly<T>(cpu, Op::compute, static_cast<T>(bits));
  }
  store_outcome(x87, top, outcome);
  return kDone;
}

/// ST(0) and an integer memory operand.
template <typename Op, typename T>
uint64_t arithmetic_integer(CpuState* cpu, uint32_t address) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  uint64_t bits = 0;
  if (!load_bits<T>(address, bits)) return kInterpret;
  const Float80Bits source =
      float80::from_integer(static_cast<std::make_signed_t<T>>(static_cast<T>(bits)));
  x87_fast::Outcome outcome;
  if (!ready(x87, top) ||
      !Op::fast(x87.registers[top], source.significand, source.sign_exponent, outcome)) {
    Context context{.control = x87.control};
    return compute_slowly(cpu, context, Op::compute, top, source, Pop::no);
  }
  store_outcome(x87, top, outcome);
  return kDone;
}

[[gnu::noinline, gnu::cold]] uint64_t compute_registers_slowly(CpuState* cpu, Compute compute,
                                                               unsigned destination,
                                                               unsigned source, Pop pop) {
  Context context{.control = cpu->x87.control};
  if (is_empty(cpu->x87, source)) return kInterpret;
  const Float80Bits value = cpu->x87.registers[source];
  return compute_slowly(cpu, context, compute, destination, value, pop);
}

enum class Destination : uint8_t { st0, sti };

template <typename Op, Destination kDestination, Pop kPop>
uint64_t arithmetic_registers(CpuState* cpu, uint32_t i) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  const unsigned other = physical(x87, i);
  const unsigned destination = kDestination == Destination::st0 ? top : other;
  const unsigned source = kDestination == Destination::st0 ? other : top;
  const Float80Bits& value = x87.registers[source];
  x87_fast::Outcome outcome;
  if (!ready(x87, destination) || is_empty(x87, source) ||
      !Op::fast(x87.registers[destination], value.significand, value.sign_exponent, outcome)) {
    return compute_registers_slowly(cpu, Op::compute, destination, source, kPop);
  }
  store_outcome(x87, destination, outcome);
  finish_pop(x87, top, kPop);
  return kDone;
}

/// FCHS and FABS.
template <uint16_t kKeep, uint16_t kFlip>
uint64_t change_sign(CpuState* cpu, uint32_t) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  const uint16_t old = x87.registers[top].sign_exponent;
  x87.registers[top].sign_exponent = static_cast<uint16_t>((old & kKeep) ^ kFlip);
  x87.status &= static_cast<uint16_t>(~C1);
  return kDone;
}

template <Float80Bits (*kFunction)(Context&, const Float80Bits&)>
uint64_t unary(CpuState* cpu, uint32_t) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  Context context{.control = x87.control};
  const Float80Bits result = kFunction(context, x87.registers[top]);
  if (!all_masked(context)) return kInterpret;
  x87.registers[top] = result;
  enter_status(x87, context);
  return kDone;
}

uint64_t fxch(CpuState* cpu, uint32_t i) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  const unsigned other = physical(x87, i);
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top) || is_empty(x87, other)) {
    return kInterpret;
  }
  const Float80Bits value = x87.registers[top];
  x87.registers[top] = x87.registers[other];
  x87.registers[other] = value;
  x87.status &= static_cast<uint16_t>(~C1);
  return kDone;
}

// Comparison.

enum class Result : uint8_t { status, eflags };

template <Result kResult>
inline void enter_relation(CpuState* cpu, Relation relation) {
  // In the order of Relation: less, equal, greater, unordered.
  static constexpr uint16_t kConditionCodes[] = {C0, C3, 0, C0 | C2 | C3};
  static constexpr uint8_t kFlags[] = {eflags::CF, eflags::ZF, 0,
                                       eflags::CF | eflags::ZF | eflags::PF};
  const auto index = static_cast<unsigned>(relation);
  if constexpr (kResult == Result::status) {
    constexpr uint32_t kAllConditions = C0 | C1 | C2 | C3;
    cpu->x87.status =
        static_cast<uint16_t>((cpu->x87.status & ~kAllConditions) | kConditionCodes[index]);
  } else {
    cpu->eflags = (cpu->eflags & ~eflags::kArithmetic) | kFlags[index];
    cpu->lazy.kind = static_cast<uint32_t>(FlagKind::packed);
  }
}

struct Comparison {
  Result result;
  bool quiet;
  Pop pop;
};

[[gnu::noinline, gnu::cold]] uint64_t compare_slowly(CpuState* cpu, Context& context,
                                                     const Float80Bits& other,
                                                     const Comparison& comparison) {
  X87State& x87 = cpu->x87;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, x87.top)) return kInterpret;
  const Relation relation =
      float80::compare(context, x87.registers[x87.top], other, comparison.quiet);
  if (!all_masked(context)) return kInterpret;
  x87.status |= context.raised;
  if (comparison.result == Result::status) {
    enter_relation<Result::status>(cpu, relation);
  } else {
    enter_relation<Result::eflags>(cpu, relation);
  }
  finish_pop(x87, x87.top, comparison.pop);
  return kDone;
}

template <Comparison kComparison>
[[gnu::noinline, gnu::cold]] uint64_t compare_value_slowly(CpuState* cpu,
                                                           const Float80Bits& other) {
  Context context{.control = cpu->x87.control};
  return compare_slowly(cpu, context, other, kComparison);
}

template <Comparison kComparison>
[[nodiscard]] inline uint64_t compare_with(CpuState* cpu, uint64_t significand,
                                           uint32_t sign_exponent) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  Relation relation{};
  const Float80Bits& st0 = x87.registers[top];
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top) ||
      !x87_fast::compare(st0.significand, st0.sign_exponent, significand, sign_exponent,
                         relation)) {
    return compare_value_slowly<kComparison>(cpu,
                                             {significand, static_cast<uint16_t>(sign_exponent)});
  }
  enter_relation<kComparison.result>(cpu, relation);
  finish_pop(x87, top, kComparison.pop);
  return kDone;
}

template <Comparison kComparison>
uint64_t compare_registers(CpuState* cpu, uint32_t i) {
  const unsigned other = physical(cpu->x87, i);
  if (is_empty(cpu->x87, other)) return kInterpret;
  const Float80Bits& value = cpu->x87.registers[other];
  return compare_with<kComparison>(cpu, value.significand, value.sign_exponent);
}

/// FCOMPP and FUCOMPP, whatever the second argument.
template <Comparison kComparison>
uint64_t compare_st1(CpuState* cpu, uint32_t) {
  return compare_registers<kComparison>(cpu, 1);
}

template <Comparison kComparison, typename T>
uint64_t compare_real(CpuState* cpu, uint32_t address) {
  uint64_t bits = 0;
  if (!load_bits<T>(address, bits)) return kInterpret;
  uint64_t significand = 0;
  uint32_t sign_exponent = 0;
  if (!x87_fast::widen<T>(bits, significand, sign_exponent)) {
    Context context{.control = cpu->x87.control};
    const Float80Bits other = float80::widen(context, static_cast<T>(bits));
    return compare_slowly(cpu, context, other, kComparison);
  }
  return compare_with<kComparison>(cpu, significand, sign_exponent);
}

template <Comparison kComparison, typename T>
uint64_t compare_integer(CpuState* cpu, uint32_t address) {
  uint64_t bits = 0;
  if (!load_bits<T>(address, bits)) return kInterpret;
  const Float80Bits other =
      float80::from_integer(static_cast<std::make_signed_t<T>>(static_cast<T>(bits)));
  return compare_with<kComparison>(cpu, other.significand, other.sign_exponent);
}

constexpr Comparison kFcom{Result::status, false, Pop::no};
constexpr Comparison kFcomp{Result::status, false, Pop::once};
constexpr Comparison kFcompp{Result::status, false, Pop::twice};
constexpr Comparison kFucom{Result::status, true, Pop::no};
constexpr Comparison kFucomp{Result::status, true, Pop::once};
constexpr Comparison kFucompp{Result::status, true, Pop::twice};
constexpr Comparison kFcomi{Result::eflags, false, Pop::no};
constexpr Comparison kFcomip{Result::eflags, false, Pop::once};
constexpr Comparison kFucomi{Result::eflags, true, Pop::no};
constexpr Comparison kFucomip{Result::eflags, true, Pop::once};

uint64_t ftst(CpuState* cpu, uint32_t) {
  return compare_with<kFcom>(cpu, 0, 0);
}

// Words.

uint64_t fnstsw_ax(CpuState* cpu, uint32_t) {
  cpu->gpr[EAX] = (cpu->gpr[EAX] & 0xffff0000) | status_word(cpu->x87);
  return kDone;
}

uint64_t fnstsw_m16(CpuState* cpu, uint32_t address) {
  return store(address, status_word(cpu->x87)) ? kDone : kInterpret;
}

uint64_t fnstcw(CpuState* cpu, uint32_t address) {
  return store(address, cpu->x87.control) ? kDone : kInterpret;
}

uint64_t fldcw(CpuState* cpu, uint32_t address) {
  uint16_t control = 0;
  if ((cpu->x87.status & kExceptionPending) != 0 || !load(address, control)) return kInterpret;
  // A flag that becomes unmasked makes an exception pending; so it is in the interpreter.
  set_control_word(cpu->x87, control);
  return kDone;
}

}  // namespace

namespace {

constexpr X87Helper kNone = nullptr;

template <typename T>
constexpr X87Helper kRealArithmetic[8] = {
    arithmetic_real<Add, T>,      arithmetic_real<Multiply, T>,
    compare_real<kFcom, T>,       compare_real<kFcomp, T>,
    arithmetic_real<Subtract, T>, arithmetic_real<SubtractReversed, T>,
    arithmetic_real<Divide, T>,   arithmetic_real<DivideReversed, T>};

template <typename T>
constexpr X87Helper kIntegerArithmetic[8] = {
    arithmetic_integer<Add, T>,      arithmetic_integer<Multiply, T>,
    compare_integer<kFcom, T>,       compare_integer<kFcomp, T>,
    arithmetic_integer<Subtract, T>, arithmetic_integer<SubtractReversed, T>,
    arithmetic_integer<Divide, T>,   arithmetic_integer<DivideReversed, T>};

constexpr X87Helper kSt0Arithmetic[8] = {
    arithmetic_registers<Add, Destination::st0, Pop::no>,
    arithmetic_registers<Multiply, Destination::st0, Pop::no>,
    compare_registers<kFcom>,
    compare_registers<kFcomp>,
    arithmetic_registers<Subtract, Destination::st0, Pop::no>,
    arithmetic_registers<SubtractReversed, Destination::st0, Pop::no>,
    arithmetic_registers<Divide, Destination::st0, Pop::no>,
    arithmetic_registers<DivideReversed, Destination::st0, Pop::no>};

/// DC and DE: /4 to /7 have the reversed forms first. FCOM's aliases stand at /2 and /3.
template <Pop kPop>
constexpr X87Helper kStiArithmetic[8] = {
    arithmetic_registers<Add, Destination::sti, kPop>,
    arithmetic_registers<Multiply, Destination::sti, kPop>,
    kPop == Pop::no ? compare_registers<kFcom> : compare_registers<kFcomp>,
    kPop == Pop::no ? compare_registers<kFcomp> : compare_st1<kFcompp>,
    arithmetic_registers<SubtractReversed, Destination::sti, kPop>,
    arithmetic_registers<Subtract, Destination::sti, kPop>,
    arithmetic_registers<DivideReversed, Destination::sti, kPop>,
    arithmetic_registers<Divide, Destination::sti, kPop>};

// By ModRM reg (SDM vol. 2, tables ).
constexpr X87Helper kMemoryD9[8] = {
    fld<uint32_t>, kNone, fst<uint32_t, Pop::no>, fst<uint32_t, Pop::once>, kNone, fldcw,
    kNone,         fnstcw};
constexpr X87Helper kMemoryDb[8] = {fild<uint32_t>,
                                    fist<uint32_t, Pop::once, true>,
                                    fist<uint32_t, Pop::no, false>,
                                    fist<uint32_t, Pop::once, false>,
                                    kNone,
                                    fld_m80,
                                    kNone,
                                    fstp_m80};
constexpr X87Helper kMemoryDd[8] = {fld<uint64_t>,
                                    fist<uint64_t, Pop::once, true>,
                                    fst<uint64_t, Pop::no>,
                                    fst<uint64_t, Pop::once>,
                                    kNone,
                                    kNone,
                                    kNone,
                                    fnstsw_m16};
constexpr X87Helper kMemoryDf[8] = {fild<uint16_t>,
                                    fist<uint16_t, Pop::once, true>,
                                    fist<uint16_t, Pop::no, false>,
                                    fist<uint16_t, Pop::once, false>,
                                    kNone,
                                    fild<uint64_t>,
                                    kNone,
                                    fist<uint64_t, Pop::once, false>};
constexpr X87Helper kRegisterDb[8] = {
    kNone, kNone, kNone, kNone, kNone, compare_registers<kFucomi>, compare_registers<kFcomi>,
    kNone};
constexpr X87Helper kRegisterDd[8] = {kNone,
                                      fxch,
                                      fst_sti<Pop::no>,
                                      fst_sti<Pop::once>,
                                      compare_registers<kFucom>,
                                      compare_registers<kFucomp>,
                                      kNone,
                                      kNone};
constexpr X87Helper kRegisterDf[8] = {kNone,
                                      fxch,
                                      fst_sti<Pop::once>,
                                      fst_sti<Pop::once>,
                                      kNone,
                                      compare_registers<kFucomip>,
                                      compare_registers<kFcomip>,
                                      kNone};

/// D9 with a register form: most are one operation for the whole ModRM byte.
[[nodiscard]] X87Helper register_d9(uint8_t modrm) {
  switch (modrm) {
    case 0xe0:
      return change_sign<0xffff, float80::kSignBit>;
    case 0xe1:
      return change_sign<float80::kMaxExponent, 0>;
    case 0xe4:
      return ftst;
    case 0xe8:
      return fld1;
    case 0xee:
      return fldz;
    case 0xfa:
      return unary<float80::square_root>;
    case 0xfc:
      return unary<float80::round_to_integer>;
    default:
      break;
  }
  static constexpr X87Helper kByReg[8] = {fld_sti, fxch,  kNone, fst_sti<Pop::once>,
                                          kNone,   kNone, kNone, kNone};
  return kByReg[modrm >> 3 & 7];
}

}  // namespace

X87Helper x87_helper(const Instruction& instruction) {
  const uint8_t opcode = instruction.opcode;
  const uint8_t modrm = instruction.modrm;
  const unsigned reg = modrm >> 3 & 7;
  if (row(instruction.row).family != Family::x87 || opcode < 0xd8) return nullptr;
  if (modrm < 0xc0) {
    static constexpr const X87Helper* kMemory[8] = {
        kRealArithmetic<uint32_t>, kMemoryD9, kIntegerArithmetic<uint32_t>, kMemoryDb,
        kRealArithmetic<uint64_t>, kMemoryDd, kIntegerArithmetic<uint16_t>, kMemoryDf};
    return kMemory[opcode & 7][reg];
  }
  switch (opcode) {
    case 0xd8:
      return kSt0Arithmetic[reg];
    case 0xd9:
      return register_d9(modrm);
    case 0xda:
      return modrm == 0xe9 ? compare_st1<kFucompp> : nullptr;
    case 0xdb:
      return kRegisterDb[reg];
    case 0xdc:
      return kStiArithmetic<Pop::no>[reg];
    case 0xdd:
      return kRegisterDd[reg];
    case 0xde:
      return kStiArithmetic<Pop::once>[reg];
    default:
      return modrm == 0xe0 ? fnstsw_ax : kRegisterDf[reg];
  }
}

}  // namespace ferry::i386
