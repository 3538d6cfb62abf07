// Row -> handler, expanded from opcodes.inc.
#include <array>

#include "guest/i386/decode/rows.hpp"
#include "translate/i386_to_mips64/handlers.hpp"

namespace ferry::translate {

namespace handlers {

#define DECLARE_interpret(mnemonic)
#define DECLARE_translate(mnemonic) void mnemonic(BlockBuilder&, const Instruction&);
#define OPCODE(map, opcode, span, extension, rm, mod, prefix, mnemonic, op1, op2, op3, family, flags_read, \
               flags_written, flags_undefined, implicit_read, implicit_written, attributes, execution)     \
  DECLARE_##execution(mnemonic)
#include "guest/i386/decode/opcodes.inc"
#undef OPCODE
#undef DECLARE_interpret
#undef DECLARE_translate

int32_t signed_immediate(const Instruction& in, unsigned width) {
  if (width == 1) return static_cast<int8_t>(in.immediate);
  if (width == 2) return static_cast<int16_t>(in.immediate);
  return static_cast<int32_t>(in.immediate);
}

void interpret(BlockBuilder& b, const Instruction& in) {
  if ((i386::row(in.row).attributes & i386::attribute::block_end) != 0) return leave_to_interpreter(b, in);
  b.call_interpreter();
}

void leave_to_interpreter(BlockBuilder& b, const Instruction& in) {
  b.leave(engine::LeaveReason::interpret, in.address);
}

namespace {

#define HANDLER_interpret(mnemonic) &interpret
#define HANDLER_translate(mnemonic) &handlers::mnemonic
constexpr auto kHandlers = std::to_array<Handler>({
#define OPCODE(map, opcode, span, extension, rm, mod, prefix, mnemonic, op1, op2, op3, family, flags_read, \
               flags_written, flags_undefined, implicit_read, implicit_written, attributes, execution)     \
  HANDLER_##execution(mnemonic),
#include "guest/i386/decode/opcodes.inc"
#undef OPCODE
});
#undef HANDLER_interpret
#undef HANDLER_translate

}  // namespace
}  // namespace handlers

Handler handler_of(uint16_t row) { return handlers::kHandlers[row]; }

}  // namespace ferry::translate
