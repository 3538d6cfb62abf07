// The rows as compile-time data, for the files of this folder that build their tables from them.
#pragma once

#include <array>
#include <cstdint>

#include "guest/i386/decode/rows.hpp"

namespace ferry::i386 {

/// The short names opcodes.inc is written in.
namespace row_names {
using enum OperandCode;
using enum Feature;
using namespace attribute;

constexpr OperandSpec R(OperandCode code) {
  return {code, Access::r};
}
constexpr OperandSpec W(OperandCode code) {
  return {code, Access::w};
}
constexpr OperandSpec RW(OperandCode code) {
  return {code, Access::rw};
}
constexpr OperandSpec N(OperandCode code) {
  return {code, Access::none};
}
inline constexpr OperandSpec _{};

inline constexpr uint32_t C = eflags::CF, P = eflags::PF, A = eflags::AF, Z = eflags::ZF,
                          S = eflags::SF, O = eflags::OF, D = eflags::DF, NT = eflags::NT;
inline constexpr uint32_t ZC = Z | C, AC = A | C, OC = O | C, OAC = O | A | C, SZP = S | Z | P,
                          SZAP = S | Z | A | P, OSAP = O | S | A | P, OSZP = O | S | Z | P,
                          SZAPC = S | Z | A | P | C, OSAPC = O | S | A | P | C,
                          OSZPC = O | S | Z | P | C, OSZAP = O | S | Z | A | P,
                          OSZAPC = eflags::kArithmetic;
/// What POPF and IRET change in user mode (IF and IOPL stay, VM and RF are not reachable).
inline constexpr uint32_t kPopfFlags = OSZAPC | D | NT | eflags::TF | eflags::AC | eflags::ID;
inline constexpr uint32_t kAllFlags = kPopfFlags | eflags::IF | eflags::IOPL;

inline constexpr uint8_t EAX = 1u << i386::EAX, ECX = 1u << i386::ECX, EDX = 1u << i386::EDX,
                         EBX = 1u << i386::EBX, ESP = 1u << i386::ESP, EBP = 1u << i386::EBP,
                         ESI = 1u << i386::ESI, EDI = 1u << i386::EDI;
inline constexpr uint8_t kAllGprs = 0xff;

inline constexpr auto kRows = std::to_array<Row>({
#define OPCODE(map, opcode, span, extension, rm, mod, prefix, mnemonic, op1, op2, op3, op4, \
               family, feature, flags_read, flags_written, flags_undefined, implicit_read,  \
               implicit_written, attributes, execution)                                     \
  {Map::map,                                                                                \
   opcode,                                                                                  \
   span,                                                                                    \
   extension,                                                                               \
   rm,                                                                                      \
   ModForm::mod,                                                                            \
   Mandatory::prefix,                                                                       \
   #mnemonic,                                                                               \
   {op1, op2, op3, op4},                                                                    \
   Family::family,                                                                          \
   feature,                                                                                 \
   flags_read,                                                                              \
   flags_written,                                                                           \
   flags_undefined,                                                                         \
   implicit_read,                                                                           \
   implicit_written,                                                                        \
   attributes,                                                                              \
   Execution::execution},
#include "guest/i386/decode/opcodes.inc"
#undef OPCODE
});
}  // namespace row_names

inline constexpr auto& kRows = row_names::kRows;

}  // namespace ferry::i386
