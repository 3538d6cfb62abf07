// JMP JCC CALL RET LOOP JECXZ INT.
#include "translate/i386_to_mips64/handlers.hpp"

namespace ferry::translate::handlers {

using i386::ECX;
using i386::ESP;
using i386::OperandKind;
using mips64::zero;

namespace {

/// Pushes the return address.
void push_return_address(BlockBuilder& b, const Instruction& in) {
  const Gpr value = b.scratch();
  mips64::load_immediate(b.as, value, static_cast<int32_t>(in.next_address()));
  b.store(value, 4, b.stack_address(-4));
  b.adjust_esp(-4);
}

/// Brings an indirect target into the exit register; memory operands are loaded.
void read_target(BlockBuilder& b, const Operand& operand) {
  if (BlockBuilder::is_memory(operand)) {
    const Address from = b.address();
    return b.load(kExitTarget, 4, from, Extend::any);
  }
  mips64::move(b.as, kExitTarget, b.read_gpr(operand.reg));
}

/// LOOP LOOPE LOOPNE: the count is decremented without touching flags.
void loop(BlockBuilder& b, const Instruction& in, int zero_flag) {
  if (in.address_size != 4 || in.operand_size != 4) return leave_to_interpreter(b, in);
  Gpr equal = zero;
  if (zero_flag >= 0) {
    // ZF as a register before ecx, which the flags may refer to, changes.
    equal = b.scratch();
    const Condition condition = b.flags.condition(zero_flag == 1 ? 4 : 5);
    Label skip;
    b.as.ADDIU(equal, zero, 1);
    if (condition.kind != Condition::Kind::always) {
      b.branch(condition.branch_word(), skip);
      mips64::move(b.as, equal, zero);
    }
    b.bind(skip);
  }
  const Gpr count = b.begin_write(ECX);
  b.as.ADDIU(count, count, -1);
  Condition again{Condition::Kind::ne, count, zero};
  if (zero_flag >= 0) {
    const Gpr both = b.scratch();
    b.as.SLTU(both, zero, count);
    b.as.AND(both, both, equal);
    again = {Condition::Kind::ne, both, zero, true};
  }
  b.branch_exit(again, in.immediate, b.live_at_target());
}

}  // namespace

void JMP(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  if (in.operand_size != 4) return leave_to_interpreter(b, in);
  if (operand.kind == OperandKind::relative) return b.jump_exit(in.immediate, b.live_at_target());
  read_target(b, operand);
  b.indirect_exit();
}

void JCC(BlockBuilder& b, const Instruction& in) {
  if (in.operand_size != 4) return leave_to_interpreter(b, in);
  const Condition condition = b.flags.condition(in.condition());
  b.branch_exit(condition, in.immediate, b.live_at_target());
}

void CALL(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  if (in.operand_size != 4) return leave_to_interpreter(b, in);
  if (operand.kind == OperandKind::relative) {
    push_return_address(b, in);
    return b.jump_exit(in.immediate, b.live_at_target());
  }
  read_target(b, operand);
  push_return_address(b, in);
  b.indirect_exit();
}

void RET(BlockBuilder& b, const Instruction& in) {
  if (in.operand_size != 4) return leave_to_interpreter(b, in);
  b.load(kExitTarget, 4, b.stack_address(0), Extend::any);
  const bool pops = in.operands[0].kind == OperandKind::immediate;
  b.adjust_esp(4 + (pops ? static_cast<int32_t>(in.immediate & 0xffff) : 0));
  b.indirect_exit();
}

void JECXZ(BlockBuilder& b, const Instruction& in) {
  if (in.address_size != 4 || in.operand_size != 4) return leave_to_interpreter(b, in);
  b.branch_exit({Condition::Kind::eq, host_gpr(ECX), zero}, in.immediate, b.live_at_target());
}

void LOOP(BlockBuilder& b, const Instruction& in) {
  loop(b, in, -1);
}
void LOOPE(BlockBuilder& b, const Instruction& in) {
  loop(b, in, 1);
}
void LOOPNE(BlockBuilder& b, const Instruction& in) {
  loop(b, in, 0);
}

void INT(BlockBuilder& b, const Instruction& in) {
  constexpr uint32_t kLinuxSystemCall = 0x80;
  if ((in.immediate & 0xff) != kLinuxSystemCall) return leave_to_interpreter(b, in);
  b.leave(engine::LeaveReason::syscall, in.next_address());
}

}  // namespace ferry::translate::handlers
