// The rows of opcodes.inc as data: one per encoding. Decoder, disassembly, both dispatches, flag
// liveness, the fuzzer's generator and the coverage page all read these.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "guest/i386/cpu_state.hpp"

namespace ferry::i386 {

/// Opcode maps (SDM vol. 2, appendix A).
enum class Map : uint8_t { one_byte, two_byte, three_byte_38, three_byte_3a };

/// Restriction by mandatory prefix (none = any: 66, F2, F3 keep their ordinary meaning).
enum class Mandatory : uint8_t { any, np, p66, pf3, pf2 };

/// Restriction by ModRM: the /digit, the mode, or a fixed rm (x87's register forms).
/// See `kAnyExtension` and the constexpr helpers in rows.cpp.
enum class ModForm : uint8_t { any, memory, reg };

/// Instruction families = files of interpret/ and translate/ (names of SDM vol. 1, chapter 5).
enum class Family : uint8_t {
  data_transfer, arithmetic, logic_and_bits, shift_rotate, control_transfer, string, atomic, x87, simd, system,
};

/// How operands are written in the manual's opcode maps (SDM vol. 2, A.2.1), plus what x87 and implicit
/// operands need.
enum class OperandCode : uint8_t {
  none,
  Eb, Ew, Ev, Ed, Gb, Gw, Gv, Gd,        // ModRM rm / reg; v = operand size
  Rd, Rv, Rw,                            // ModRM rm, register only
  Mb, Mw, Md, Mq, Mt, Mdq, Mv, M, Mp, Ma,  // memory only; t = 10 bytes, p = far pointer, a = bound pair, M = no access
  Ib, Iw, Iv, Iz, Isb, Ib2,              // immediates; sb = byte sign-extended to v; Ib2 = second immediate
  Jb, Jz, Ap,                            // relative targets; far pointer
  Ob, Ov,                                // moffs
  Sw,                                    // segment register in ModRM reg
  Cd, Dd,                                // control and debug registers
  AL, CL, AX, DX, eAX,                   // fixed registers; eAX = by operand size
  Zb, Zv,                                // register in the opcode's low 3 bits
  Xb, Xv, Yb, Yv,                        // string source / destination
  One,                                   // the constant 1 of D0/D1
  segES, segCS, segSS, segDS, segFS, segGS,
  ST0, STi,                              // x87
  Pq, Pd, Qq, Qd, Nq,                    // MMX: reg, rm, rm register only
  Vx, Vd, Vq, Wx, Wd, Wq, Ww, Wb, Ux,    // XMM: reg, rm (or memory of that size), rm register only
  PqEd, VdEd,                            // (room for odd forms; the decoder's author adds what the manual needs)
};

enum class Access : uint8_t { none, r, w, rw };

struct OperandSpec {
  OperandCode code = OperandCode::none;
  Access access = Access::none;
};

/// Row attributes (bits).
namespace attribute {
inline constexpr uint32_t none = 0;
inline constexpr uint32_t lockable = 1u << 0;    ///< LOCK allowed with a memory destination
inline constexpr uint32_t block_end = 1u << 1;   ///< control leaves the straight line
inline constexpr uint32_t rep = 1u << 2;         ///< F3 repeats (movs, stos, lods, ins, outs)
inline constexpr uint32_t repcc = 1u << 3;       ///< F3/F2 repeat with condition (cmps, scas)
inline constexpr uint32_t privileged = 1u << 4;  ///< always #GP in user mode
inline constexpr uint32_t conditional_flags = 1u << 5;  ///< flags are written only sometimes (shift by 0): written, and read too
inline constexpr uint32_t stack = 1u << 6;       ///< implicit push or pop through ESP
inline constexpr uint32_t byte_form = 1u << 7;   ///< 8-bit form (operand size prefix has no meaning)
}  // namespace attribute

/// What the translator does with a row: emit code, call a helper, or run the interpreter.
enum class Execution : uint8_t { translate, interpret };

struct Row {
  Map map;
  uint8_t opcode;       ///< first opcode of the row (rows with Zb/Zv or cc cover 8 or 16 opcodes: `span`)
  uint8_t span;         ///< number of opcodes covered: 1, 8 or 16
  int8_t extension;     ///< ModRM /digit or -1
  int8_t rm;            ///< fixed ModRM rm of a register form or -1
  ModForm mod;
  Mandatory prefix;
  std::string_view mnemonic;  ///< the manual's spelling, upper case; Jcc, SETcc, CMOVcc for the condition families
  std::array<OperandSpec, 4> operands;
  Family family;
  uint32_t flags_read;
  uint32_t flags_written;    ///< defined result
  uint32_t flags_undefined;  ///< the manual says undefined
  uint8_t implicit_read;     ///< GPRs (bit = Gpr) read beyond the operands (address registers of X/Y included)
  uint8_t implicit_written;
  uint32_t attributes;
  Execution execution;
};

/// All rows in file order; Instruction::row indexes them.
[[nodiscard]] const Row& row(uint16_t index);
[[nodiscard]] uint16_t row_count();

}  // namespace ferry::i386
