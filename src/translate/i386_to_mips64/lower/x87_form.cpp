#include "translate/i386_to_mips64/lower/x87_form.hpp"

namespace ferry::translate::lower {

namespace {

using Kind = X87Form::Kind;

/// By ModRM reg: D8, and D8's forms of other operands.
X87Form arithmetic(unsigned reg, uint8_t width, uint8_t sti) {
  static constexpr Kind kKinds[8] = {Kind::add,     Kind::multiply,       Kind::compare,
                                     Kind::compare, Kind::subtract,       Kind::subtract_reversed,
                                     Kind::divide,  Kind::divide_reversed};
  return {.kind = kKinds[reg],
          .width = width,
          .sti = sti,
          .pops = static_cast<uint8_t>(reg == 3 ? 1 : 0)};
}

/// DC and DE with a register: the destination is ST(i), and reversed forms come first.
X87Form arithmetic_to_sti(unsigned reg, uint8_t sti, uint8_t pops) {
  static constexpr Kind kKinds[8] = {
      Kind::add,      Kind::multiply,        Kind::other, Kind::other, Kind::subtract_reversed,
      Kind::subtract, Kind::divide_reversed, Kind::divide};
  return {.kind = kKinds[reg], .sti = sti, .to_sti = true, .pops = pops};
}

/// FST and FSTP, FIST and FISTP: /2 and /3.
X87Form store(Kind kind, uint8_t width, unsigned reg) {
  return {.kind = kind, .width = width, .pops = static_cast<uint8_t>(reg - 2)};
}

X87Form memory_form(uint8_t opcode, unsigned reg) {
  switch (opcode) {
    case 0xd8:
      return arithmetic(reg, 4, 0);
    case 0xdc:
      return arithmetic(reg, 8, 0);
    case 0xd9:
    case 0xdd: {
      const uint8_t width = opcode == 0xd9 ? 4 : 8;
      if (reg == 0) return {.kind = Kind::load, .width = width};
      if (reg == 2 || reg == 3) return store(Kind::store, width, reg);
      return {};
    }
    case 0xdb:
      if (reg == 0) return {.kind = Kind::load_integer, .width = 4};
      if (reg == 2 || reg == 3) return store(Kind::store_integer, 4, reg);
      return {};
    case 0xdf:
      if (reg == 0) return {.kind = Kind::load_integer, .width = 2};
      if (reg == 5) return {.kind = Kind::load_integer, .width = 8};
      if (reg == 2 || reg == 3) return store(Kind::store_integer, 2, reg);
      if (reg == 7) return store(Kind::store_integer, 8, 3);
      return {};
    default:
      return {};
  }
}

/// D9 with a register: some are told by the whole ModRM byte.
X87Form register_form_d9(uint8_t modrm) {
  const uint8_t sti = modrm & 7;
  if (modrm < 0xc8) return {.kind = Kind::load, .sti = sti};
  if (modrm < 0xd0) return {.kind = Kind::exchange, .sti = sti};
  switch (modrm) {
    case 0xe0:
      return {.kind = Kind::change_sign};
    case 0xe1:
      return {.kind = Kind::absolute};
    case 0xe8:
      return {.kind = Kind::load_one};
    case 0xee:
      return {.kind = Kind::load_zero};
    case 0xfa:
      return {.kind = Kind::square_root};
    default:
      return {};
  }
}

X87Form register_form(uint8_t opcode, uint8_t modrm) {
  const unsigned reg = modrm >> 3 & 7;
  const uint8_t sti = modrm & 7;
  switch (opcode) {
    case 0xd8:
      return arithmetic(reg, 0, sti);
    case 0xd9:
      return register_form_d9(modrm);
    case 0xda:
      return modrm == 0xe9 ? X87Form{.kind = Kind::compare, .sti = 1, .pops = 2} : X87Form{};
    case 0xdb:
      return reg == 5 || reg == 6 ? X87Form{.kind = Kind::compare_to_flags, .sti = sti} : X87Form{};
    case 0xdc:
      return arithmetic_to_sti(reg, sti, 0);
    case 0xdd:
      if (reg == 2 || reg == 3) {
        return {.kind = Kind::store, .sti = sti, .pops = static_cast<uint8_t>(reg - 2)};
      }
      if (reg == 4 || reg == 5) {
        return {.kind = Kind::compare, .sti = sti, .pops = static_cast<uint8_t>(reg - 4)};
      }
      return {};
    case 0xde:
      if (modrm == 0xd9) return {.kind = Kind::compare, .sti = 1, .pops = 2};
      return arithmetic_to_sti(reg, sti, 1);
    case 0xdf:
      if (modrm == 0xe0) return {.kind = Kind::store_status};
      return reg == 5 || reg == 6 ? X87Form{.kind = Kind::compare_to_flags, .sti = sti, .pops = 1}
                                  : X87Form{};
    default:
      return {};
  }
}

}  // namespace

X87Form x87_form(const i386::Instruction& in) {
  return in.modrm < 0xc0 ? memory_form(in.opcode, in.modrm >> 3 & 7)
                         : register_form(in.opcode, in.modrm);
}

}  // namespace ferry::translate::lower
