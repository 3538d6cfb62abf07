// A decoded i386 instruction. Plain data, no pointers into guest memory.
#pragma once

#include <array>
#include <cstdint>

#include "guest/i386/cpu_state.hpp"

namespace ferry::i386 {

inline constexpr unsigned kMaxInstructionLength = 15;
inline constexpr uint8_t kNoRegister = 0xff;

enum class OperandKind : uint8_t {
  none,
  gpr,        ///< `reg` = EAX..EDI; 8-bit operands: `high_byte` tells AH..BH (reg = EAX..EBX then)
  memory,     ///< Instruction::memory
  immediate,  ///< Instruction::immediate (sign-extended to 32 bits where the manual says so)
  immediate2, ///< Instruction::immediate2 (enter's level, far pointer's selector)
  relative,   ///< branch target, absolute guest address in Instruction::immediate
  segment,    ///< `reg` = ES..GS
  x87,        ///< `reg` = i of ST(i)
  mmx,        ///< `reg` = 0..7
  xmm,        ///< `reg` = 0..7
  string_source,       ///< segment:[esi] of a string instruction
  string_destination,  ///< es:[edi] of a string instruction
  far_pointer,         ///< ptr16:16/32: offset in immediate, selector in immediate2
};

struct Operand {
  OperandKind kind = OperandKind::none;
  uint8_t width = 0;  ///< bytes: 1, 2, 4, 6, 8, 10, 16; 0 where it has none (lea's address, environments)
  uint8_t reg = 0;
  bool high_byte = false;
};

/// segment:[base + index * scale + displacement], 16- or 32-bit address arithmetic.
struct MemoryOperand {
  uint8_t base = kNoRegister;   ///< Gpr or kNoRegister
  uint8_t index = kNoRegister;  ///< Gpr or kNoRegister; 16-bit forms use base and index with scale 1
  uint8_t scale_log2 = 0;       ///< 0..3
  SegmentRegister segment = DS; ///< with the override or the default of ESP/EBP applied
  uint32_t displacement = 0;    ///< sign-extended
};

enum class RepPrefix : uint8_t { none, repe, repne };  // F3 (rep/repe), F2 (repne)

struct Instruction {
  uint32_t address = 0;  ///< guest address of the first byte
  uint16_t row = 0;      ///< index into the rows of opcodes.inc
  uint8_t length = 0;    ///< bytes, 1..15
  uint8_t operand_size = 4;  ///< effective, 2 or 4 bytes
  uint8_t address_size = 4;  ///< effective, 2 or 4 bytes
  uint8_t opcode = 0;        ///< last opcode byte; its low 4 bits are the condition of jcc/setcc/cmovcc
  uint8_t modrm = 0;
  bool lock = false;
  RepPrefix rep = RepPrefix::none;
  bool segment_override = false;
  std::array<Operand, 4> operands{};  ///< explicit operands in manual order, kind none after the last
  MemoryOperand memory;
  uint32_t immediate = 0;
  uint32_t immediate2 = 0;

  [[nodiscard]] uint32_t next_address() const { return address + length; }
  [[nodiscard]] unsigned condition() const { return opcode & 0xf; }
};

}  // namespace ferry::i386
