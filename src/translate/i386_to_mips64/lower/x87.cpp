// x87 instructions: the common ones call a C++ operation directly, all others go through the
// interpreter.
#include "guest/i386/x87/operations.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using mips64::zero;

namespace {

/// The address the operation works on as a guest address in a1, or i of ST(i). The operation makes
/// one access, which is ordered here.
void load_argument(BlockBuilder& b, const Instruction& in) {
  for (unsigned i = 0; i < i386::kMaxOperands; ++i) {
    if (!BlockBuilder::is_memory(in.operands[i])) continue;
    const Address place = b.address();
    const bool stores = i386::row(in.row).operands[i].access == i386::Access::w;
    b.order_access(stores ? access::kStore : access::kLoad, place.base);
    return b.as.ADDIU(mips64::a1, place.base, place.offset);
  }
  int32_t stack_index = 0;
  for (const Operand& operand : in.operands) {
    if (operand.kind == i386::OperandKind::x87 && operand.reg != 0) stack_index = operand.reg;
  }
  b.as.ADDIU(mips64::a1, zero, stack_index);
}

}  // namespace

void x87(BlockBuilder& b, const Instruction& in) {
  const unsigned operation = i386::x87_operation(in);
  // The operation notes its address as FDP and the data segments' common selector as FDS, which is
  // right for flat data segments only.
  const bool flat =
      in.modrm >= 0xc0 || (in.memory.segment < i386::FS && in.memory.segment != i386::CS);
  if (operation == i386::kX87OperationCount || !flat) return interpret(b, in);
  const bool keeps_flags = (i386::flags_written(in) & i386::eflags::kArithmetic) == 0;
  const bool flags_live = keeps_flags && b.live() != 0;
  if (flags_live) b.flags.save_for_call();
  b.commit_esp();
  const bool writes_ax = in.operands[0].kind == i386::OperandKind::gpr;
  load_argument(b, in);
  if (writes_ax) b.as.SW(host_gpr(i386::EAX), offset::gpr(i386::EAX), kState);
  b.as.LD(mips64::t9, offset::host_area(offset::kSlotFirstOperation + operation), kState);
  mips64::move(b.as, mips64::a0, kState);
  b.control(mips64::encode::rd_rs(mips64::opcode::JALR, mips64::ra, mips64::t9));
  b.clobber_scratch();
  // Before any way out: the interpreter wants the flags in their place too.
  if (flags_live) b.flags.restore_after_call();
  // v0 = 0: done. Otherwise nothing has changed and the interpreter executes the instruction. A
  // signal that came meanwhile was only recorded, so the code looks for one here.
  b.as.LW(mips64::t3, b.options.interrupt_pending, kState);
  b.branch_if_not_zero(mips64::v0, b.interpret_instead());
  if (writes_ax) b.as.LW(b.begin_write(i386::EAX), offset::gpr(i386::EAX), kState);
  if (!keeps_flags) b.flags.set_packed();
  // This word usually goes into the slot of the next branch.
  if (i386::is_recorded(in)) {
    b.as.SD(mips64::ra, offset::host_area(offset::kSlotX87Return), kState);
  }
  b.leave_if({Condition::Kind::ne, mips64::t3, zero}, in.next_address());
}

}  // namespace ferry::translate::lower
