// A decoded i386 instruction. Plain data, no pointers into guest memory.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/rows.hpp"

namespace ferry::i386 {

inline constexpr unsigned kMaxInstructionLength = 15;
inline constexpr uint8_t kNoRegister = 0xff;

enum class OperandKind : uint8_t {
  none,
  gpr,                 ///< `reg` = EAX..EDI; 8-bit: `high_byte` tells AH..BH (reg = EAX..EBX then)
  memory,              ///< Instruction::memory
  immediate,           ///< Instruction::immediate
  immediate2,          ///< Instruction::immediate2 (enter's level)
  relative,            ///< branch target, absolute guest address in Instruction::immediate
  segment,             ///< `reg` = ES..GS
  control,             ///< `reg` = i of CRi
  debug,               ///< `reg` = i of DRi
  x87,                 ///< `reg` = i of ST(i)
  mmx,                 ///< `reg` = 0..7
  xmm,                 ///< `reg` = 0..7; a ymm with a width of 32
  string_source,       ///< segment:[esi] of a string instruction, segment in Instruction::memory
  string_destination,  ///< es:[edi] of a string instruction
  far_pointer,         ///< ptr16:16/32: offset in immediate, selector in immediate2
};

struct alignas(4) Operand {
  OperandKind kind = OperandKind::none;
  /// Bytes accessed: 1, 2, 4, 6, 8, 10, 16, 32; 0 where it depends on more than the operand (lea's
  /// address, environments). An xmm register used in part has the part's width.
  uint8_t width = 0;
  uint8_t reg = 0;
  bool high_byte = false;
};

/// segment:[base + index * scale + displacement], 16- or 32-bit address arithmetic.
struct MemoryOperand {
  uint8_t base = kNoRegister;  ///< Gpr or kNoRegister
  uint8_t index =
      kNoRegister;         ///< Gpr or kNoRegister; 16-bit forms use base and index with scale 1
  uint8_t scale_log2 = 0;  ///< 0..3
  /// With the override or the default of ESP/EBP applied. Also set (override or DS) for implicit
  /// memory: string sources, xlat, maskmovq.
  SegmentRegister segment = DS;
  uint32_t displacement = 0;  ///< sign-extended

  /// [base + displacement] in a segment whose base is 0 (not fs, gs). One comparison: it is asked
  /// for every access that is translated.
  [[nodiscard]] bool is_base_alone() const {
    constexpr uint32_t kFixed = 0xfc00fff8, kBaseAlone = 0x0000ff00;
    uint32_t first_four = 0;
    std::memcpy(&first_four, std::assume_aligned<alignof(MemoryOperand)>(this), sizeof first_four);
    return (first_four & kFixed) == kBaseAlone;
  }
};
static_assert(std::endian::native == std::endian::little && FS > 3 && kGprCount == 8);

/// The last of F3 (rep/repe) and F2 (repne), mandatory or not.
enum class RepPrefix : uint8_t { none, repe, repne };

/// The order lets the decoder fill it with the fewest stores: members that stand together are
/// stored together.
struct alignas(8) Instruction {
  uint32_t address = 0;  ///< guest address of the first byte
  uint16_t row = 0;      ///< index into the rows of opcodes.inc
  uint8_t length = 0;    ///< bytes, 1..15
  bool segment_override = false;
  // What other prefixes change: without any they are stored as one word.
  uint8_t operand_size = 4;  ///< 2 or 4 bytes; 2 with a mandatory 66 too
  uint8_t address_size = 4;  ///< effective, 2 or 4 bytes
  bool lock = false;
  RepPrefix rep = RepPrefix::none;
  uint8_t opcode = 0;  ///< last opcode byte; its low 4 bits are the condition of jcc/setcc/cmovcc
  uint8_t modrm = 0;
  uint16_t immediate2 = 0;
  alignas(
      8) std::array<Operand, kMaxOperands> operands{};  ///< as in the row, kind none after the last
  uint32_t immediate = 0;  ///< Isb sign-extended to 32 bits, all others zero-extended; 1 for D0/D1
  MemoryOperand memory;

  [[nodiscard]] uint32_t next_address() const { return address + length; }
  [[nodiscard]] unsigned condition() const { return opcode & 0xf; }
};

}  // namespace ferry::i386
