// Loads, stores and moves of operations.hpp, and what all its functions share. Included by
// x87/operations.cpp alone.
#pragma once

#include <type_traits>

#include "guest/i386/flags.hpp"
#include "guest/i386/x87/fast_paths.hpp"
#include "guest/i386/x87/image.hpp"
#include "guest/memory/inline_access.hpp"
#include "guest/memory/memory.hpp"

namespace ferry::i386::x87_fast {

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
[[nodiscard]] inline bool all_masked(const Context& context) {
  return (context.raised & ~context.control & kExceptions) == 0;
}
inline void enter_status(X87State& x87, const Context& context) {
  x87.status = static_cast<uint16_t>((x87.status & ~C1) | context.raised);
}

/// Every operation that is done enters its memory operand as the one FSTENV shows. Registers hold
/// addresses sign-extended, so that extension costs nothing; it changes nothing either, since an
/// address that could be accessed is below 2 GB.
inline void note_operand(X87State& x87, uint32_t address) {
  x87.data_operand = static_cast<uint64_t>(static_cast<int32_t>(address));
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

[[nodiscard]] inline uint64_t push_operand(CpuState* cpu, uint32_t address, uint64_t significand,
                                           uint32_t sign_exponent) {
  const uint64_t outcome = push(cpu, significand, sign_exponent);
  if (outcome == kDone) note_operand(cpu->x87, address);
  return outcome;
}

template <typename T>
[[gnu::noinline, gnu::cold]] uint64_t load_real_slowly(CpuState* cpu, uint32_t address, T bits) {
  Context context{.control = cpu->x87.control};
  const Float80Bits value = float80::load_widened(context, float80::widen(context, bits));
  if (!all_masked(context)) return kInterpret;
  const uint64_t outcome = push_operand(cpu, address, value.significand, value.sign_exponent);
  if (outcome == kDone) enter_status(cpu->x87, context);
  return outcome;
}

template <typename T>
uint64_t fld(CpuState* cpu, uint32_t address) {
  uint64_t bits = 0;
  if (!guest::load_inline<T>(address, bits)) return kInterpret;
  uint64_t significand = 0;
  uint32_t sign_exponent = 0;
  if (!x87_fast::widen<T>(bits, significand, sign_exponent)) {
    return load_real_slowly(cpu, address, static_cast<T>(bits));
  }
  return push_operand(cpu, address, significand, sign_exponent);
}

inline uint64_t fld_m80(CpuState* cpu, uint32_t address) {
  uint64_t significand = 0;
  uint64_t sign_exponent = 0;
  if (!guest::load_inline<uint64_t>(address, significand) ||
      !guest::load_inline<uint16_t>(address + 8, sign_exponent)) {
    return kInterpret;
  }
  return push_operand(cpu, address, significand, static_cast<uint32_t>(sign_exponent));
}

inline uint64_t fld_sti(CpuState* cpu, uint32_t i) {
  const X87State& x87 = cpu->x87;
  const unsigned reg = physical(x87, i);
  if (is_empty(x87, reg)) return kInterpret;
  return push(cpu, x87.registers[reg].significand, x87.registers[reg].sign_exponent);
}

template <typename T>
uint64_t fild(CpuState* cpu, uint32_t address) {
  uint64_t bits = 0;
  if (!guest::load_inline<T>(address, bits)) return kInterpret;
  const Float80Bits value =
      float80::from_integer(static_cast<std::make_signed_t<T>>(static_cast<T>(bits)));
  return push_operand(cpu, address, value.significand, value.sign_exponent);
}

inline uint64_t fld1(CpuState* cpu, uint32_t) {
  return push(cpu, float80::kIntegerBit, float80::kBias);
}
inline uint64_t fldz(CpuState* cpu, uint32_t) {
  return push(cpu, 0, 0);
}

// Stores.

template <typename T>
[[gnu::noinline, gnu::cold]] inline uint64_t store_real_slowly(CpuState* cpu, uint32_t address,
                                                               Pop pop) {
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
  if (!all_masked(context) || !guest::store(address, bits)) return kInterpret;
  enter_status(x87, context);
  finish_pop(x87, top, pop);
  note_operand(x87, address);
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
  if (!fast || (raised != 0 && (x87.control & kRelevant) != PE) ||
      !guest::store_inline(address, bits)) {
    return store_real_slowly<T>(cpu, address, kPop);
  }
  x87.status = static_cast<uint16_t>((status & ~uint32_t{C1}) | raised);
  finish_pop(x87, top, kPop);
  note_operand(x87, address);
  return kDone;
}

inline uint64_t fstp_m80(CpuState* cpu, uint32_t address) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  // All ten bytes or none: the interpreter does what crosses a page.
  if ((address & guest::kPageMask) > guest::kPageSize - 10) return kInterpret;
  const Float80Bits& st0 = x87.registers[top];
  if (!guest::store_inline(address, st0.significand) ||
      !guest::store_inline(address + 8, st0.sign_exponent)) {
    return kInterpret;
  }
  x87.status &= static_cast<uint16_t>(~C1);
  finish_pop(x87, top, Pop::once);
  note_operand(x87, address);
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
[[gnu::noinline, gnu::cold]] inline uint64_t store_integer_slowly(CpuState* cpu, uint32_t address,
                                                                  Pop pop, Rounding rounding) {
  X87State& x87 = cpu->x87;
  const unsigned top = x87.top;
  if ((x87.status & kExceptionPending) != 0 || is_empty(x87, top)) return kInterpret;
  Context context{.control = x87.control};
  const auto bits =
      static_cast<T>(float80::to_integer(context, x87.registers[top], sizeof(T) * 8, rounding));
  if (!all_masked(context) || !guest::store(address, bits)) return kInterpret;
  enter_status(x87, context);
  finish_pop(x87, top, pop);
  note_operand(x87, address);
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
  if (!guest::store_inline(address, static_cast<T>(negative ? 0 - magnitude : magnitude))) {
    return store_integer_slowly<T>(cpu, address, kPop, rounding);
  }
  x87.status = static_cast<uint16_t>((status & ~uint32_t{C1}) | raised);
  finish_pop(x87, top, kPop);
  note_operand(x87, address);
  return kDone;
}

}  // namespace ferry::i386::x87_fast
