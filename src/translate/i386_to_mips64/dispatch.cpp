// Row -> handler, expanded from opcodes.inc.
#include <array>

#include "guest/i386/decode/row_table.hpp"
#include "translate/i386_to_mips64/handlers.hpp"

namespace ferry::translate {

namespace handlers {

#define OPCODE(map, opcode, span, extension, rm, mod, prefix, mnemonic, op1, op2, op3, family, \
               flags_read, flags_written, flags_undefined, implicit_read, implicit_written,    \
               attributes, execution)                                                          \
  void mnemonic(BlockBuilder&, const Instruction&);
#include "guest/i386/decode/opcodes.inc"
#undef OPCODE

int32_t signed_immediate(const Instruction& in, unsigned width) {
  if (width == 1) return static_cast<int8_t>(in.immediate);
  if (width == 2) return static_cast<int16_t>(in.immediate);
  return static_cast<int32_t>(in.immediate);
}

void interpret(BlockBuilder& b, const Instruction& in) {
  if ((i386::row(in.row).attributes & i386::attribute::block_end) != 0)
    return leave_to_interpreter(b, in);
  b.call_interpreter();
}

void leave_to_interpreter(BlockBuilder& b, const Instruction& in) {
  b.leave(engine::LeaveReason::interpret, in.address);
}

namespace {

// A row's handler by execution and family: x87 has one for all, the others one per mnemonic.
#define HANDLER_interpret(family, mnemonic) &interpret
#define HANDLER_translate(family, mnemonic) HANDLER_##family(mnemonic)
#define HANDLER_data_transfer(mnemonic) &mnemonic
#define HANDLER_arithmetic(mnemonic) &mnemonic
#define HANDLER_logic_and_bits(mnemonic) &mnemonic
#define HANDLER_shift_rotate(mnemonic) &mnemonic
#define HANDLER_control_transfer(mnemonic) &mnemonic
#define HANDLER_string(mnemonic) &mnemonic
#define HANDLER_atomic(mnemonic) &mnemonic
#define HANDLER_x87(mnemonic) &x87
#define HANDLER_system(mnemonic) &mnemonic
constexpr auto kHandlers = std::to_array<Handler>({
#define OPCODE(map, opcode, span, extension, rm, mod, prefix, mnemonic, op1, op2, op3, family, \
               flags_read, flags_written, flags_undefined, implicit_read, implicit_written,    \
               attributes, execution)                                                          \
  HANDLER_##execution(family, mnemonic),
#include "guest/i386/decode/opcodes.inc"
#undef OPCODE
});
#undef HANDLER_interpret
#undef HANDLER_translate
#undef HANDLER_data_transfer
#undef HANDLER_arithmetic
#undef HANDLER_logic_and_bits
#undef HANDLER_shift_rotate
#undef HANDLER_control_transfer
#undef HANDLER_string
#undef HANDLER_atomic
#undef HANDLER_x87
#undef HANDLER_system

}  // namespace
}  // namespace handlers

namespace {

/// All but the rows whose operands are registers and constants.
constexpr bool accesses_memory(const i386::Row& row) {
  using enum i386::OperandCode;
  if ((row.attributes & (i386::attribute::stack | i386::attribute::rep | i386::attribute::repcc)) !=
      0)
    return true;
  if (row.family == i386::Family::x87 || row.family == i386::Family::simd) return true;
  if (row.mnemonic == "LEA" || row.mnemonic == "NOP") return false;
  for (const i386::OperandSpec& operand : row.operands) {
    switch (operand.code) {
      case none:
      case Gb:
      case Gw:
      case Gv:
      case Gd:
      case Rd:
      case Ib:
      case Iw:
      case Iv:
      case Iz:
      case Isb:
      case Ib2:
      case Jb:
      case Jz:
      case AL:
      case CL:
      case AX:
      case DX:
      case eAX:
      case Zb:
      case Zv:
      case One:
        break;
      default:
        return true;
    }
  }
  return row.operands[0].code == none && row.family != i386::Family::logic_and_bits &&
         row.family != i386::Family::arithmetic;
}

constexpr auto kAccessesMemory = [] {
  std::array<bool, i386::kRows.size()> accesses{};
  for (size_t i = 0; i < accesses.size(); ++i) accesses[i] = accesses_memory(i386::kRows[i]);
  return accesses;
}();

}  // namespace

bool may_access_memory(uint16_t row) {
  return kAccessesMemory[row];
}

namespace {

bool writes_memory_operand(const Instruction& in) {
  const i386::Row& row = i386::row(in.row);
  for (unsigned i = 0; i < i386::kMaxOperands; ++i) {
    const i386::Access access = row.operands[i].access;
    const bool written = access == i386::Access::w || access == i386::Access::rw;
    if (written && in.operands[i].kind == i386::OperandKind::memory) return true;
  }
  return false;
}

}  // namespace

Handler handler_of(const Instruction& in) {
  const bool through_code = in.segment_override && in.memory.segment == i386::CS;
  if (through_code && writes_memory_operand(in)) return &handlers::interpret;
  return handlers::kHandlers[in.row];
}

}  // namespace ferry::translate
