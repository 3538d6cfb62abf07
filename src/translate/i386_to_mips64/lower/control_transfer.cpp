// JMP JCC CALL RET LOOP JECXZ INT INTO BOUND ENTER LEAVE.
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using i386::EBP;
using i386::ECX;
using i386::ESP;
using i386::OperandKind;
using mips64::zero;
using mips64::encode::rs_rt;

namespace {

/// Pushes the return address.
void push_return_address(BlockBuilder& b, const Instruction& in) {
  const Gpr value = b.scratch();
  const int32_t bytes = in.operand_size;
  mips64::load_immediate(b.as, value, static_cast<int32_t>(in.next_address()));
  b.store(value, in.operand_size, b.stack_address(-bytes));
  b.adjust_esp(-bytes);
}

/// Brings an indirect target into the exit register; memory operands are loaded. One of 16 bits is
/// zero-extended.
void read_target(BlockBuilder& b, const Operand& operand) {
  if (BlockBuilder::is_memory(operand)) {
    const Address from = b.address();
    return b.load(kExitTarget, operand.width, from, Extend::zero);
  }
  b.read_into(kExitTarget, operand, Extend::zero);
}

/// What LOOP, LOOPE and LOOPNE want of ZF besides a count that is not 0.
enum class ZeroFlag : uint8_t { any, set, clear };

/// LOOP LOOPE LOOPNE: the count is decremented without touching flags.
void loop(BlockBuilder& b, const Instruction& in, ZeroFlag wanted) {
  Gpr equal = zero;
  if (wanted != ZeroFlag::any) {
    // ZF goes to a register before ecx changes, to which the flags may refer.
    equal = b.scratch();
    constexpr unsigned kE = 4, kNE = 5;  // condition codes
    const Condition condition = b.flags.condition(wanted == ZeroFlag::set ? kE : kNE);
    Label skip;
    b.as.ADDIU(equal, zero, 1);
    if (condition.kind != Condition::Kind::always) {
      if (condition.kind != Condition::Kind::never) b.branch(condition.branch_word(), skip);
      mips64::move(b.as, equal, zero);
    }
    b.bind(skip);
  }
  Gpr count = b.begin_write(ECX);
  if (in.address_size == 4) {
    b.as.ADDIU(count, count, -1);
  } else {
    const Gpr low = b.scratch();
    b.as.ADDIU(low, count, -1);
    b.as.INS(count, low, 0, 16);
    b.as.ANDI(low, low, 0xffff);
    count = low;
  }
  Condition again{Condition::Kind::ne, count, zero};
  if (wanted != ZeroFlag::any) {
    const Gpr both = b.scratch();
    b.as.SLTU(both, zero, count);
    b.as.AND(both, both, equal);
    again = Condition::of_bool(both);
  }
  b.branch_exit(again, in.immediate, b.live_at_target());
}

}  // namespace

void follow(BlockBuilder& b, const Instruction& in, Flow flow) {
  if (flow == Flow::call) push_return_address(b, in);
  if (flow == Flow::end) b.adjust_esp(in.operand_size);
}

void JMP(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  if (operand.kind == OperandKind::relative) return b.jump_exit(in.immediate, b.live_at_target());
  read_target(b, operand);
  b.indirect_exit();
}

void JCC(BlockBuilder& b, const Instruction& in) {
  const Condition condition = b.flags.condition(in.condition());
  b.branch_exit(condition, in.immediate, b.live_at_target());
}

void CALL(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  if (operand.kind == OperandKind::relative) {
    push_return_address(b, in);
    return b.jump_exit(in.immediate, b.live_at_target());
  }
  read_target(b, operand);
  push_return_address(b, in);
  b.indirect_exit();
}

void RET(BlockBuilder& b, const Instruction& in) {
  const int32_t bytes = in.operand_size;
  b.load(kExitTarget, in.operand_size, b.stack_address(0), Extend::zero);
  const bool pops = in.operands[0].kind == OperandKind::immediate;
  b.adjust_esp(bytes + (pops ? static_cast<int32_t>(in.immediate & 0xffff) : 0));
  b.indirect_exit();
}

void JECXZ(BlockBuilder& b, const Instruction& in) {
  Gpr count = host_gpr(ECX);
  if (in.address_size == 2) {
    const Gpr low = b.scratch();
    b.as.ANDI(low, count, 0xffff);
    count = low;
  }
  b.branch_exit({Condition::Kind::eq, count, zero}, in.immediate, b.live_at_target());
}

void LOOP(BlockBuilder& b, const Instruction& in) {
  loop(b, in, ZeroFlag::any);
}
void LOOPE(BlockBuilder& b, const Instruction& in) {
  loop(b, in, ZeroFlag::set);
}
void LOOPNE(BlockBuilder& b, const Instruction& in) {
  loop(b, in, ZeroFlag::clear);
}

void INT(BlockBuilder& b, const Instruction& in) {
  constexpr uint32_t kLinuxSystemCall = 0x80;
  if ((in.immediate & 0xff) != kLinuxSystemCall) return leave_to_interpreter(b, in);
  if (b.options.passes.syscalls_in_line && !b.options.every_exit_leaves) {
    return b.call_system(in.next_address());
  }
  b.leave(engine::LeaveReason::syscall, in.next_address());
}

/// Overflow is left to the interpreter, which raises the exception.
void INTO(BlockBuilder& b, const Instruction&) {
  constexpr unsigned kOverflow = 0;  // condition code
  Condition overflow = b.flags.condition(kOverflow);
  if (overflow.kind == Condition::Kind::never) return;
  if (overflow.kind == Condition::Kind::always) overflow = {Condition::Kind::eq, zero, zero};
  b.branch(overflow.branch_word(), b.interpret_instead());
}

/// What lies outside the bounds is left to the interpreter, which raises the exception.
void BOUND(BlockBuilder& b, const Instruction& in) {
  const Operand& index = in.operands[0];
  Address place = b.address();
  const Gpr lower = b.scratch(), upper = b.scratch(), outside = b.scratch();
  b.load(lower, index.width, place, Extend::sign);
  if (!mips64::fits_simm16(place.offset + index.width)) {
    b.as.DADDIU(upper, place.base, place.offset);
    place = {upper, 0};
  }
  b.load(upper, index.width, {place.base, place.offset + index.width}, Extend::sign);
  const Gpr value = b.read(index, Extend::sign);
  b.as.SLT(outside, value, lower);
  b.branch(rs_rt(mips64::opcode::BNE, outside, zero), b.interpret_instead());
  b.as.SLT(outside, upper, value);
  b.branch(rs_rt(mips64::opcode::BNE, outside, zero), b.interpret_instead());
}

/// Everything that can fault comes before registers change; what is stored until then lies below
/// esp. The enclosing frames may overlap it, and then the interpreter could not read them again, so
/// the likeliest fault comes first: that of the final top of the stack, which the processor tests
/// for writing.
void ENTER(BlockBuilder& b, const Instruction& in) {
  const int32_t bytes = in.operand_size;
  const unsigned width = in.operand_size;
  const auto size = static_cast<int32_t>(in.immediate & 0xffff);
  const auto level = static_cast<int32_t>(in.immediate2 & 31);
  // With two SYNCs for each enclosing frame it could take more words than any instruction may.
  if (level > 1 && b.ordered()) return interpret(b, in);
  const int32_t total = (level + 1) * bytes + size;
  const Gpr link = b.scratch(), frame = b.scratch();
  Address top = b.stack_address(-total);
  if (!mips64::fits_simm16(top.offset)) {
    mips64::load_immediate(b.as, frame, top.offset);
    b.as.ADDU(frame, frame, top.base);
    top = {frame, 0};
  }
  b.load(link, width, top, Extend::any);
  b.store(link, width, top);
  b.store(host_gpr(EBP), width, b.stack_address(-bytes));
  for (int32_t i = 1; i < level; ++i) {
    b.load(link, width, {host_gpr(EBP), -i * bytes}, Extend::any);
    b.store(link, width, b.stack_address(-(i + 1) * bytes));
  }
  b.as.ADDIU(frame, host_gpr(ESP), b.esp_bias() - bytes);
  if (level > 0) b.store(frame, width, b.stack_address(-(level + 1) * bytes));
  b.write_register(low_part(EBP, in.operand_size), frame);
  b.adjust_esp(-total);
}

/// esp = ebp, then ebp = pop: the load comes first because it may fault.
void LEAVE(BlockBuilder& b, const Instruction& in) {
  const Gpr frame = host_gpr(EBP);
  const Gpr saved = b.scratch();
  b.load(saved, in.operand_size, {frame, 0}, Extend::zero);
  mips64::move(b.as, b.begin_write(ESP), frame);
  b.write_register(low_part(EBP, in.operand_size), saved, Extend::zero);
  b.adjust_esp(in.operand_size);
}

}  // namespace ferry::translate::lower
