// The rows of opcodes.inc as data: one per encoding. Decoder, disassembly, both dispatches, flag
// liveness and the tests' generators all read these.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/feature.hpp"

namespace ferry::i386 {

/// Opcode maps (SDM vol. 2, appendix A). Those after a VEX prefix are maps of their own, whose rows
/// give the prefix's pp as their mandatory prefix.
enum class Map : uint8_t {
  one_byte,
  two_byte,
  three_byte_38,
  three_byte_3a,
  vex_0f,
  vex_0f38,
  vex_0f3a
};

/// Restriction by mandatory prefix. `any`: none, so 66, F2 and F3 keep their ordinary meaning or
/// have none. F2 and F3 (the last of them) go before 66. Where a row with a prefix and one with
/// `any` share an opcode (PAUSE and NOP), the prefix wins.
enum class Mandatory : uint8_t { any, np, p66, pf3, pf2 };

/// Restriction by ModRM.mod: memory forms are those below 11.
enum class ModForm : uint8_t { any, memory, reg };

/// Instruction families = files of interpret/ and translate/ (names of SDM vol. 1, chapter 5; flag
/// control is in logic_and_bits, exchanges in atomic, the miscellaneous in system).
enum class Family : uint8_t {
  data_transfer,
  arithmetic,
  logic_and_bits,
  shift_rotate,
  control_transfer,
  string,
  atomic,
  x87,
  simd,
  system,
};

/// How operands are written in the manual's opcode maps (SDM vol. 2, A.2), plus what x87 and
/// implicit operands need. A code with two halves (RdMb) gives the register form, then the memory
/// form.
// clang-format off
enum class OperandCode : uint8_t {
  none,
  Eb, Ew, Ev, Ed, Gb, Gw, Gv, Gd,           // ModRM rm / reg; v = operand size
  Rd, RvMw, RdMw, RdMb,                     // ModRM rm; Rd is a register whatever mod says
  Mb, Mw, Md, Mq, Mt, Mdq, M, Mp, Ma, Ms,   // memory only; t = 10 bytes, p = far pointer, a = bound pair,
                                            // s = pseudo-descriptor, M = address alone or an environment
  Ib, Iw, Iv, Iz, Isb, Ib2,                 // immediates; sb = byte sign-extended to v; Ib2 = second immediate
  Jb, Jz, Ap,                               // relative targets; far pointer
  Ob, Ov,                                   // moffs
  Sw, Cd, Dd,                               // segment, control and debug register in ModRM reg
  AL, CL, AX, DX, eAX,                      // fixed registers; eAX = by operand size
  Zb, Zv,                                   // register in the opcode's low 3 bits
  Xb, Xv, Yb, Yv,                           // string source / destination
  One,                                      // the constant 1 of D0/D1
  segES, segCS, segSS, segDS, segFS, segGS,
  ST0, STi,                                 // x87; i in ModRM rm
  Pq, Pd, Qq, Qd, Nq,                       // MMX: reg, rm, rm register only
  Vx, Vd, Vq, Wx, Wd, Wq, Ww, Ux, UxMd,     // XMM: reg, rm, rm register only
  XMM0,
  Hx, Hd, Hq,                               // VEX: the register in vvvv
};
// clang-format on

/// What the instruction does with an operand. For x87 and SIMD a write that keeps part of the
/// register (MOVSS xmm, xmm) counts as write, one that computes with it (MOVHPS, ADDSS) as both. An
/// x87 push or pop is in no column.
enum class Access : uint8_t { none, r, w, rw };

struct OperandSpec {
  OperandCode code = OperandCode::none;
  Access access = Access::none;
};

inline constexpr unsigned kMaxOperands = 4;

/// Row attributes (bits).
namespace attribute {
enum Bit : uint32_t {
  lockable = 1u << 0,    ///< LOCK allowed with a memory destination
  block_end = 1u << 1,   ///< control leaves the straight line
  rep = 1u << 2,         ///< F3 or F2 repeats (movs, stos, lods, ins, outs)
  repcc = 1u << 3,       ///< F3/F2 repeat with condition (cmps, scas)
  privileged = 1u << 4,  ///< always #GP in user mode; decides before the handler
  /// The count (an immediate or CL) decides whether and which flags are written: flags_* of
  /// decoder.hpp.
  conditional_flags = 1u << 5,
  stack = 1u << 6,      ///< implicit push or pop through ESP
  byte_form = 1u << 7,  ///< 8-bit form (operand size prefix has no meaning)
  /// The flags the manual leaves undefined stay as they were (docs/flags.md). Of all other rows
  /// they get a new value.
  keeps_undefined = 1u << 8,
  /// Names a place in memory, but reads and writes nothing there.
  no_access = 1u << 9,
  /// With `stack`: reads the stack and never writes it.
  pop = 1u << 10,
  /// The result differs on every execution.
  varies = 1u << 11,
  // Block ends with a relative target: a jump that may not be taken, one that is, a call.
  branch = 1u << 12,
  jump = 1u << 13,
  call = 1u << 14,
  /// Block ends that may make a system call, after which the next instruction follows as a rule.
  system_call = 1u << 15,
};
}  // namespace attribute

/// What the translator does with a row: call its handler, or run the interpreter.
enum class Execution : uint8_t { translate, interpret };

struct Row {
  Map map;
  uint8_t opcode;  ///< first opcode of the row
  uint8_t
      span;  ///< opcodes covered: 1; 8 (7) with a register in the low 3 bits; 16 with a condition
  int8_t extension;  ///< ModRM /digit or -1
  int8_t rm;         ///< fixed ModRM rm of a register form or -1
  ModForm mod;
  Mandatory prefix;
  std::string_view
      mnemonic;  ///< the manual's, as C++ identifier: JCC, SETCC, CMOVCC, FCMOVCC, CALL_far
  std::array<OperandSpec, kMaxOperands> operands;
  Family family;
  Feature feature;  ///< without which the encoding is #UD
  uint32_t flags_read;
  uint32_t flags_written;    ///< defined result (of a shift: with a count of 1)
  uint32_t flags_undefined;  ///< the manual says undefined
  /// GPRs (bit = Gpr) read beyond the operands, address registers of X and Y included; ECX of a
  /// repeated string instruction is added by gprs_read.
  uint8_t implicit_read;
  uint8_t implicit_written;
  uint32_t attributes;
  Execution execution;
};

/// Whether the opcode's low four bits are a condition: Jcc, SETcc, CMOVcc.
[[nodiscard]] constexpr bool has_condition(const Row& row) {
  return row.span == 16;
}

namespace detail {
extern const Row* const kFirstRow;
}

/// All rows in file order; Instruction::row indexes them.
[[nodiscard]] inline const Row& row(uint16_t index) {
  return detail::kFirstRow[index];
}
[[nodiscard]] uint16_t row_count();

}  // namespace ferry::i386
