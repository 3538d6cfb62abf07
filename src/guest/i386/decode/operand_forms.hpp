// What each OperandCode means to the decoder.
#pragma once

#include <array>
#include <cstdint>

#include "guest/i386/decode/instruction.hpp"
#include "guest/i386/decode/rows.hpp"

namespace ferry::i386 {

/// Where an operand's register number stands.
enum class Source : uint8_t { fixed, modrm_reg, modrm_rm, opcode, vex_vvvv };

/// What follows opcode, ModRM, SIB and displacement.
enum class Tail : uint8_t {
  none,
  byte,
  byte_signed,
  word,
  operand_sized,
  byte_relative,
  relative,
  moffs,
  far_pointer,
  word_byte,
  one,  ///< no bytes: the constant 1
};

/// Which ModRM.mod values an operand allows. `any_mod_is_reg`: mod is ignored, no SIB or
/// displacement.
enum class ModUse : uint8_t { none, any, memory, reg, any_mod_is_reg };

struct OperandForm {
  OperandCode code;
  OperandKind kind;
  Source source;
  uint8_t reg;
  /// Bytes: register form with operand size 4 and 2, memory form with operand size 4 and 2.
  std::array<uint8_t, 4> width;
  ModUse mod;
  Tail tail;
  uint8_t long_width = 0;  ///< bytes of either form with VEX.L; 0: the width is always the same
};

constexpr OperandForm fixed_form(OperandCode code, OperandKind kind, uint8_t reg, uint8_t width4,
                                 uint8_t width2, Tail tail = Tail::none) {
  return {code, kind, Source::fixed, reg, {width4, width2, 0, 0}, ModUse::none, tail};
}
constexpr OperandForm reg_form(OperandCode code, OperandKind kind, uint8_t width4, uint8_t width2,
                               ModUse mod = ModUse::any) {
  return {code, kind, Source::modrm_reg, 0, {width4, width2, 0, 0}, mod, Tail::none};
}
constexpr OperandForm rm_form(OperandCode code, OperandKind kind, uint8_t width4, uint8_t width2,
                              uint8_t memory4, uint8_t memory2, ModUse mod = ModUse::any) {
  return {code, kind, Source::modrm_rm, 0, {width4, width2, memory4, memory2}, mod, Tail::none};
}
constexpr OperandForm rm_form(OperandCode code, OperandKind kind, uint8_t width) {
  return rm_form(code, kind, width, width, width, width);
}
/// A vector of the whole length: 16 bytes, or 32 with VEX.L.
constexpr OperandForm vector_form(OperandCode code, Source source, ModUse mod = ModUse::any) {
  const uint8_t memory = source == Source::modrm_rm && mod == ModUse::any ? 16 : 0;
  return {code, OperandKind::xmm, source, 0, {16, 16, memory, memory}, mod, Tail::none, 32};
}
constexpr OperandForm vex_form(OperandCode code, uint8_t width) {
  return {code,         OperandKind::xmm, Source::vex_vvvv, 0, {width, width, 0, 0},
          ModUse::none, Tail::none};
}
constexpr OperandForm memory_form(OperandCode code, uint8_t width4, uint8_t width2) {
  return rm_form(code, OperandKind::memory, 0, 0, width4, width2, ModUse::memory);
}

namespace operand_forms {
using enum OperandCode;
using Kind = OperandKind;

// clang-format off
inline constexpr auto kTable = std::to_array<OperandForm>({
  fixed_form(none, Kind::none, 0, 0, 0),
  rm_form(Eb, Kind::gpr, 1), rm_form(Ew, Kind::gpr, 2), rm_form(Ev, Kind::gpr, 4, 2, 4, 2), rm_form(Ed, Kind::gpr, 4),
  reg_form(Gb, Kind::gpr, 1, 1), reg_form(Gw, Kind::gpr, 2, 2), reg_form(Gv, Kind::gpr, 4, 2), reg_form(Gd, Kind::gpr, 4, 4),
  rm_form(Rd, Kind::gpr, 4, 4, 0, 0, ModUse::any_mod_is_reg),
  rm_form(RvMw, Kind::gpr, 4, 2, 2, 2), rm_form(RdMw, Kind::gpr, 4, 4, 2, 2), rm_form(RdMb, Kind::gpr, 4, 4, 1, 1),
  memory_form(Mb, 1, 1), memory_form(Mw, 2, 2), memory_form(Md, 4, 4), memory_form(Mq, 8, 8), memory_form(Mt, 10, 10),
  memory_form(Mdq, 16, 16), memory_form(M, 0, 0), memory_form(Mp, 6, 4), memory_form(Ma, 8, 4), memory_form(Ms, 6, 6),
  fixed_form(Ib, Kind::immediate, 0, 1, 1, Tail::byte), fixed_form(Iw, Kind::immediate, 0, 2, 2, Tail::word),
  fixed_form(Iv, Kind::immediate, 0, 4, 2, Tail::operand_sized), fixed_form(Iz, Kind::immediate, 0, 4, 2, Tail::operand_sized),
  fixed_form(Isb, Kind::immediate, 0, 4, 2, Tail::byte_signed), fixed_form(Ib2, Kind::immediate2, 0, 1, 1, Tail::word_byte),
  fixed_form(Jb, Kind::relative, 0, 4, 2, Tail::byte_relative), fixed_form(Jz, Kind::relative, 0, 4, 2, Tail::relative),
  fixed_form(Ap, Kind::far_pointer, 0, 6, 4, Tail::far_pointer),
  fixed_form(Ob, Kind::memory, 0, 1, 1, Tail::moffs), fixed_form(Ov, Kind::memory, 0, 4, 2, Tail::moffs),
  reg_form(Sw, Kind::segment, 2, 2),
  reg_form(Cd, Kind::control, 4, 4, ModUse::any_mod_is_reg), reg_form(Dd, Kind::debug, 4, 4, ModUse::any_mod_is_reg),
  fixed_form(AL, Kind::gpr, EAX, 1, 1), fixed_form(CL, Kind::gpr, ECX, 1, 1), fixed_form(AX, Kind::gpr, EAX, 2, 2),
  fixed_form(DX, Kind::gpr, EDX, 2, 2), fixed_form(eAX, Kind::gpr, EAX, 4, 2),
  {Zb, Kind::gpr, Source::opcode, 0, {1, 1, 0, 0}, ModUse::none, Tail::none},
  {Zv, Kind::gpr, Source::opcode, 0, {4, 2, 0, 0}, ModUse::none, Tail::none},
  fixed_form(Xb, Kind::string_source, 0, 1, 1), fixed_form(Xv, Kind::string_source, 0, 4, 2),
  fixed_form(Yb, Kind::string_destination, 0, 1, 1), fixed_form(Yv, Kind::string_destination, 0, 4, 2),
  fixed_form(One, Kind::immediate, 0, 1, 1, Tail::one),
  fixed_form(segES, Kind::segment, ES, 2, 2), fixed_form(segCS, Kind::segment, CS, 2, 2), fixed_form(segSS, Kind::segment, SS, 2, 2),
  fixed_form(segDS, Kind::segment, DS, 2, 2), fixed_form(segFS, Kind::segment, FS, 2, 2), fixed_form(segGS, Kind::segment, GS, 2, 2),
  fixed_form(ST0, Kind::x87, 0, 10, 10), rm_form(STi, Kind::x87, 10, 10, 0, 0, ModUse::reg),
  reg_form(Pq, Kind::mmx, 8, 8), reg_form(Pd, Kind::mmx, 4, 4), rm_form(Qq, Kind::mmx, 8), rm_form(Qd, Kind::mmx, 4),
  rm_form(Nq, Kind::mmx, 8, 8, 0, 0, ModUse::reg),
  vector_form(Vx, Source::modrm_reg), reg_form(Vd, Kind::xmm, 4, 4), reg_form(Vq, Kind::xmm, 8, 8),
  vector_form(Wx, Source::modrm_rm), rm_form(Wd, Kind::xmm, 4), rm_form(Wq, Kind::xmm, 8), rm_form(Ww, Kind::xmm, 2),
  vector_form(Ux, Source::modrm_rm, ModUse::reg), rm_form(UxMd, Kind::xmm, 16, 16, 4, 4),
  fixed_form(XMM0, Kind::xmm, 0, 16, 16),
  vector_form(Hx, Source::vex_vvvv, ModUse::none), vex_form(Hd, 4), vex_form(Hq, 8),
});
// clang-format on
}  // namespace operand_forms

constexpr const OperandForm& operand_form(OperandCode code) {
  return operand_forms::kTable[static_cast<unsigned>(code)];
}

consteval bool operand_forms_in_order() {
  for (unsigned i = 0; i < operand_forms::kTable.size(); ++i) {
    if (static_cast<unsigned>(operand_forms::kTable[i].code) != i) return false;
  }
  return operand_forms::kTable.back().code == OperandCode::Hq;
}
static_assert(operand_forms_in_order(), "the table follows the order of OperandCode");

}  // namespace ferry::i386
