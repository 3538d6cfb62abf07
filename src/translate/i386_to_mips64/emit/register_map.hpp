// Which MIPS register holds what while translated code runs. The whole convention is here.
//
//   s0..s7   guest eax ecx edx ebx esp ebp esi edi, always sign-extended from 32 bits
//   s8       guest state (CpuState)
//   gp       address table base
//   t0 t1 t2 lazy flags between blocks: kind (or the identity of the indirect exit that knows
//            them), a, b; meaningful where flags are live
//   t8 t9    addresses kept for reuse inside a block; t9 also holds the callee of C++ calls
//   v0       target of an indirect exit
//   ra       at a block's end: identifies the exit that was taken
//   at v1 a0-a7 t3  scratch inside one instruction
//
// s0..s8 and gp are callee-saved in n64, so calls into C++ keep the guest's registers.
#pragma once

#include <cstddef>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/x87/operations.hpp"
#include "host/mips64/registers.hpp"

namespace ferry::translate::emit {

using mips64::Gpr;

inline constexpr Gpr kState = mips64::s8;
inline constexpr Gpr kTable = mips64::gp;
inline constexpr Gpr kFlagKind = mips64::t0;
inline constexpr Gpr kFlagA = mips64::t1;
inline constexpr Gpr kFlagB = mips64::t2;
inline constexpr Gpr kExitTarget = mips64::v0;
inline constexpr Gpr kAddressCache[] = {mips64::t8, mips64::t9};

/// Scratch registers a handler may allocate (bit mask by number).
inline constexpr uint32_t kScratchMask = mips64::at.bit() | mips64::v1.bit() | mips64::a0.bit() |
                                         mips64::a1.bit() | mips64::a2.bit() | mips64::a3.bit() |
                                         mips64::a4.bit() | mips64::a5.bit() | mips64::a6.bit() |
                                         mips64::a7.bit() | mips64::t3.bit();

/// Host register of a guest register.
[[nodiscard]] constexpr Gpr host_gpr(unsigned guest) {
  return Gpr(16 + guest);
}
[[nodiscard]] constexpr bool is_guest_gpr(Gpr reg) {
  return reg.number() >= 16 && reg.number() < 16 + i386::kGprCount;
}

/// Offsets of CpuState that emitted code uses.
namespace offset {
inline constexpr int32_t gpr(unsigned guest) {
  return static_cast<int32_t>(offsetof(i386::CpuState, gpr) + 4 * guest);
}
inline constexpr int32_t eip = offsetof(i386::CpuState, eip);
inline constexpr int32_t eflags = offsetof(i386::CpuState, eflags);
inline constexpr int32_t lazy_kind = offsetof(i386::CpuState, lazy.kind);
inline constexpr int32_t lazy_a = offsetof(i386::CpuState, lazy.a);
inline constexpr int32_t lazy_b = offsetof(i386::CpuState, lazy.b);
inline constexpr int32_t lazy_result = offsetof(i386::CpuState, lazy.result);
inline constexpr int32_t open_base(unsigned segment) {
  return static_cast<int32_t>(offsetof(i386::CpuState, open_base) + 4 * segment);
}
inline constexpr int32_t selector(unsigned segment) {
  return static_cast<int32_t>(offsetof(i386::CpuState, selector) + 2 * segment);
}
/// The eight bytes from the control word to the empty registers.
inline constexpr int32_t x87_key = offsetof(i386::CpuState, x87.control);
inline constexpr int32_t x87_status = offsetof(i386::CpuState, x87.status);
inline constexpr int32_t x87_top = offsetof(i386::CpuState, x87.top);
static_assert(x87_key % 8 == 0 && x87_status == x87_key + 2 && x87_top == x87_key + 4 &&
              offsetof(i386::CpuState, x87.empty) == x87_top + 1 &&
              offsetof(i386::CpuState, x87.unused) == x87_key + 6);
inline constexpr int32_t x87_data_operand = offsetof(i386::CpuState, x87.data_operand);
inline constexpr int32_t x87_significand(unsigned reg) {
  return static_cast<int32_t>(offsetof(i386::CpuState, x87.registers) +
                              sizeof(i386::Float80Bits) * reg);
}
inline constexpr int32_t x87_sign_exponent(unsigned reg) {
  return x87_significand(reg) + static_cast<int32_t>(offsetof(i386::Float80Bits, sign_exponent));
}
/// Slots of CpuState::host_area.
inline constexpr int32_t host_area(unsigned slot) {
  return static_cast<int32_t>(offsetof(i386::CpuState, host_area) + 8 * slot);
}
inline constexpr unsigned kSlotReturnAddress = 0;  ///< ra at the leave
inline constexpr unsigned kSlotHelperReturn =
    1;  ///< where the materialise thunk returns to, while it runs
/// The last x87 instruction that translated code has executed, or 0: the state tells it. Either the
/// return address of the operation that was called, or x87_last of its guest address.
inline constexpr unsigned kSlotX87Last = 2;
// Addresses of C++ functions, in every state the same:
inline constexpr unsigned kSlotInterpret = 3;       ///< run/helpers.cpp
inline constexpr unsigned kSlotMaterialise = 4;     ///< run/helpers.cpp
inline constexpr unsigned kSlotSystemCall = 5;      ///< run/helpers.cpp
inline constexpr unsigned kSlotClock = 6;           ///< i386::HostClock::read
inline constexpr unsigned kSlotCopySingle = 7;      ///< i386::copy_single
inline constexpr unsigned kSlotCopyDouble = 8;      ///< i386::copy_double
inline constexpr unsigned kSlotFirstOperation = 9;  ///< i386::kX87Operations, in order
/// What the eight bytes at x87_key are, as a rule, where nothing is on the stack, without the
/// sticky flags but #P and the condition codes; then the same without #P.
inline constexpr unsigned kSlotX87Key = 200;
inline constexpr unsigned kSlotX87Spill = 202;        ///< eight pairs: values of a sequence
inline constexpr unsigned kSlotThread = 247;          ///< run::Thread
inline constexpr unsigned kSlotWholeRegisters = 248;  ///< eight of them, see store_whole_registers
static_assert(kSlotFirstOperation + i386::kX87OperationCount <= kSlotX87Key);
static_assert(offsetof(i386::CpuState, host_area) + sizeof(i386::CpuState::host_area) < 32768,
              "emitted code reaches the state with 16-bit offsets");
static_assert(offsetof(i386::CpuState, gpr) == 0, "the state begins with the registers");
}  // namespace offset

/// kSlotX87Last for the instruction at a guest address: negative, unlike a return address. If the
/// bit x87_last_rounded_down is set, the instruction cleared C1, and set it otherwise.
inline constexpr unsigned kX87LastRoundedDownBit = 32;
[[nodiscard]] constexpr int32_t x87_last(uint32_t address) {
  return static_cast<int32_t>(address | 0x8000'0000);
}

}  // namespace ferry::translate::emit
