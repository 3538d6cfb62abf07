// The state of one i386 processor as user mode sees it, and the exceptions it raises.
//
// Translated code addresses this structure through one host register, so the order of the first
// fields is part of the host ABI (emit/register_map.hpp asserts the offsets).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "guest/i386/descriptors.hpp"

namespace ferry::i386 {

/// Encoding order of the manual (SDM vol. 2, table 2-2).
enum Gpr : uint8_t { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };
inline constexpr unsigned kGprCount = 8;

/// Encoding order of the manual's sreg field.
enum SegmentRegister : uint8_t { ES, CS, SS, DS, FS, GS };
inline constexpr unsigned kSegmentCount = 6;

/// EFLAGS bits (SDM vol. 1, 3.4.3).
namespace eflags {
inline constexpr uint32_t CF = 1u << 0, PF = 1u << 2, AF = 1u << 4, ZF = 1u << 6, SF = 1u << 7,
                          TF = 1u << 8, IF = 1u << 9, DF = 1u << 10, OF = 1u << 11, IOPL = 3u << 12,
                          NT = 1u << 14, RF = 1u << 16, VM = 1u << 17, AC = 1u << 18, ID = 1u << 21;
inline constexpr uint32_t kReserved1 = 1u << 1;  ///< Always set.
inline constexpr uint32_t kArithmetic = CF | PF | AF | ZF | SF | OF;
}  // namespace eflags

/// Exception vectors user mode can cause (SDM vol. 3, table 6-1), and the software interrupt.
enum class Vector : uint8_t {
  DE = 0,
  DB = 1,
  BP = 3,
  OF = 4,
  BR = 5,
  UD = 6,
  NM = 7,
  TS = 10,
  NP = 11,
  SS = 12,
  GP = 13,
  PF = 14,
  MF = 16,
  AC = 17,
  XM = 19,
  none = 255,
};

/// #PF bits of the error code (SDM vol. 3, 4.7). The interpreter leaves `present` clear: only the
/// owner of the address space knows it.
inline constexpr uint32_t kPageFaultPresent = 1u << 0;
inline constexpr uint32_t kPageFaultWrite = 1u << 1;
inline constexpr uint32_t kPageFaultUser = 1u << 2;
inline constexpr uint32_t kPageFaultFetch = 1u << 4;

/// What the processor would push and put in CR2. Valid when an interpreter step reports one.
struct Exception {
  Vector vector = Vector::none;
  uint32_t error_code = 0;  ///< #PF: kPageFault*. Others: selector.
  uint32_t address = 0;     ///< #PF: the linear address (CR2). #DB: the bits it sets in DR6.
};
inline constexpr uint32_t kSingleStep = 1u << 14;  ///< BS of DR6

/// Selectors of an i386 Linux process (its GDT as a 64-bit kernel lays it out for 32-bit processes,
/// with the three TLS entries where a 32-bit kernel has them).
inline constexpr uint16_t kRplMask = 3;
inline constexpr uint16_t kUserCodeSelector = 0x23;
inline constexpr uint16_t kUserDataSelector = 0x2b;
inline constexpr unsigned kFirstTlsEntry = 6;
inline constexpr unsigned kTlsEntries = 3;

/// An 80-bit extended value as x87 registers hold it (SDM vol. 1, 8.2).
struct Float80Bits {
  uint64_t significand;
  uint16_t sign_exponent;
  bool operator==(const Float80Bits&) const = default;
};

/// x87 state. Registers are physical (R0..R7); ST(i) is R[(top + i) & 7].
struct X87State {
  std::array<Float80Bits, 8> registers{};
  // Translated code compares the next eight bytes at once with what it was made for.
  alignas(8) uint16_t control = 0x037f;
  uint16_t status = 0;  ///< Without the TOP field, which lives in `top`.
  uint8_t top = 0;
  /// Bit r set: physical register r is empty. Full tags are computed when stored. What an empty
  /// register holds means nothing (docs/x87.md).
  uint8_t empty = 0xff;
  uint16_t unused = 0;  ///< always 0
  uint16_t opcode = 0;  ///< Last instruction's low 11 bits.
  uint32_t instruction_pointer = 0;
  uint16_t instruction_selector = 0;
  /// FDP in the low half; in the high half FDS xor kUserDataSelector. So storing an extended
  /// address sets both for an operand in a flat segment.
  uint64_t data_operand = uint64_t{kUserDataSelector} << 32;

  [[nodiscard]] uint32_t data_pointer() const { return static_cast<uint32_t>(data_operand); }
  [[nodiscard]] uint16_t data_selector() const {
    return static_cast<uint16_t>((data_operand >> 32) ^ kUserDataSelector);
  }
  void set_data_operand(uint32_t pointer, uint16_t selector) {
    data_operand = static_cast<uint64_t>(selector ^ kUserDataSelector) << 32 | pointer;
  }
};

struct alignas(16) Xmm {
  std::array<uint64_t, 2> quad{};
};

/// Arithmetic flags as translated code leaves them: an operation and its operands (flags.hpp).
/// `kind` 0 (FlagKind::packed) means CpuState::eflags holds them.
struct LazyFlags {
  uint32_t kind = 0;
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t result = 0;
};

struct CpuState {
  /// Of `guards`: accesses keep the order that x86 gives them, for other threads and processes.
  static constexpr uint32_t kOrdered = 1;
  /// Of `guards`: `segment` holds a descriptor that is not open.
  [[nodiscard]] static constexpr uint32_t limit_bit(SegmentRegister segment) {
    return 2u << segment;
  }

  /// Loads a segment register with a selector and the descriptor it names, which stays there
  /// whatever becomes of the table's entry (SDM vol. 3, 3.4.3).
  void set_segment(SegmentRegister segment, uint16_t new_selector, SegmentDescriptor descriptor) {
    selector[segment] = new_selector;
    hidden[segment] = descriptor;
    segment_base[segment] = descriptor.base();
    open_base[segment] = descriptor.is_open() ? descriptor.base() : 0;
    const uint32_t bit = limit_bit(segment);
    guards = (guards & ~bit) | (descriptor.is_open() ? 0 : bit);
  }
  /// A flat or null segment, whose descriptor nobody asks for.
  void set_flat_segment(SegmentRegister segment, uint16_t new_selector) {
    selector[segment] = new_selector;
    segment_base[segment] = open_base[segment] = 0;
    guards &= ~limit_bit(segment);
  }

  std::array<uint32_t, kGprCount> gpr{};
  uint32_t eip = 0;
  /// All bits but, while lazy.kind != packed, the six arithmetic ones. Reserved bit 1 and IF are
  /// always set.
  uint32_t eflags = eflags::kReserved1 | eflags::IF;
  LazyFlags lazy;
  std::array<uint32_t, kSegmentCount> segment_base{};
  /// The base if the descriptor is_open(), else 0: what translated code adds for FS and GS. If it
  /// is 0, translated code leaves the access to the interpreter, which checks selector and
  /// descriptor.
  std::array<uint32_t, kSegmentCount> open_base{};
  /// What the interpreter's accesses need besides the page's protection, as a set of bits.
  uint32_t guards = 0;
  alignas(8) std::array<uint16_t, kSegmentCount> selector{
      kUserDataSelector, kUserCodeSelector, kUserDataSelector, kUserDataSelector, 0, 0};
  uint32_t mxcsr = 0x1f80;
  X87State x87;
  std::array<Xmm, 8> xmm{};
  std::array<SegmentDescriptor, kTlsEntries> tls{};       ///< entries of the GDT
  std::array<SegmentDescriptor, kSegmentCount> hidden{};  ///< of segments that are not flat
  const LocalDescriptorTable* ldt = nullptr;              ///< the process's; null: none
  uint32_t ldt_changes = 0;  ///< of `ldt`, when segment registers last followed them
  Exception exception;       ///< Set by the step that reports it.
  /// Room for the host side of translated code (saved registers, helper addresses); no guest state.
  std::array<uint64_t, 256> host_area{};
  /// Where this thread may fetch code, as found out last (code_source.hpp).
  struct {
    uint32_t begin = 0;
    uint32_t bytes = 0;
    uint32_t generation = 0;
    bool in_place = false;  ///< the bytes can be decoded where they lie
  } fetch_window;
};

}  // namespace ferry::i386
