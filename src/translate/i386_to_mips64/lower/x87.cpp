// x87 instructions: those that sequences take, then those that call a C++ operation directly. All
// others go through the interpreter.
#include "guest/i386/x87/float80.hpp"
#include "guest/i386/x87/operations.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"
#include "translate/i386_to_mips64/lower/x87_sequence.hpp"

namespace ferry::translate::lower {

using mips64::Gpr;
using mips64::zero;

namespace {

constexpr uint8_t kFwait = 0x9b;

/// Whether the operand's segment is flat, or there is no memory operand: the operation notes its
/// address as FDP and the data segments' common selector as FDS.
bool is_flat(const Instruction& in) {
  return in.modrm >= 0xc0 || (in.memory.segment < i386::FS && in.memory.segment != i386::CS);
}

/// `into` = the guest address of the current instruction's memory operand. The operation makes one
/// access, which is ordered here.
void load_address(BlockBuilder& b, Gpr into, uint8_t access) {
  b.take_scratch(into);
  const Address place = b.address();
  b.order_access(access, place.base);
  b.as.ADDIU(into, place.base, place.offset);
}

/// a1 = the address the operation works on, or i of ST(i).
void load_argument(BlockBuilder& b, const Instruction& in) {
  for (unsigned i = 0; i < i386::kMaxOperands; ++i) {
    if (!BlockBuilder::is_memory(in.operands[i])) continue;
    const bool stores = i386::row(in.row).operands[i].access == i386::Access::w;
    return load_address(b, mips64::a1, stores ? access::kStore : access::kLoad);
  }
  int32_t stack_index = 0;
  for (const Operand& operand : in.operands) {
    if (operand.kind == i386::OperandKind::x87 && operand.reg != 0) stack_index = operand.reg;
  }
  b.as.ADDIU(mips64::a1, zero, stack_index);
}

/// What the operation leaves to the interpreter, beginning with which instruction.
struct Operation {
  unsigned slot;            ///< of CpuState::host_area, where its address is
  Label& interpret;         ///< where to go if it has done nothing
  bool keeps_flags = true;  ///< else it packs them
  bool writes_ax = false;
  bool recorded = true;  ///< FIP becomes the address of the current instruction
};

/// Calls the operation, whose arguments are in a1 and a2, then goes on at `next`.
void call(BlockBuilder& b, const Operation& operation, GuestAddress next) {
  if (operation.writes_ax) b.as.SW(host_gpr(i386::EAX), offset::gpr(i386::EAX), kState);
  b.as.LD(mips64::t9, offset::host_area(operation.slot), kState);
  mips64::move(b.as, mips64::a0, kState);
  b.control(mips64::encode::rd_rs(mips64::opcode::JALR, mips64::ra, mips64::t9));
  b.clobber_scratch();
  // Before any way out: the interpreter wants the flags in their place too.
  b.flags.restore_after_call();
  // v0 = 0: done. Otherwise nothing has changed. A signal that came meanwhile was only recorded, so
  // the code looks for one here.
  b.as.LW(mips64::t3, b.options.interrupt_pending, kState);
  b.branch_if_not_zero(mips64::v0, operation.interpret);
  if (operation.writes_ax) {
    b.as.LW(b.begin_write(i386::EAX), offset::gpr(i386::EAX), kState);
  }
  if (!operation.keeps_flags) b.flags.set_packed();
  // This word usually goes into the slot of the next branch.
  if (operation.recorded) {
    b.as.SD(mips64::ra, offset::host_area(offset::kSlotX87Last), kState);
  }
  b.leave_if({Condition::Kind::ne, mips64::t3, zero}, next);
}

/// FWAIT does nothing but report what an earlier instruction left pending.
void wait(BlockBuilder& b) {
  const Gpr status = b.scratch();
  b.as.LHU(status, offset::x87_status, kState);
  b.as.ANDI(status, status, i386::x87_status::ES);
  b.branch_if_not_zero(status, b.interpret_instead());
}

/// FLD m32 or m64, or FSTP of the same (/0 and /3 of D9 and DD), in a flat segment.
bool is_real_memory(const Instruction& in, unsigned reg) {
  return (in.opcode | 4) == 0xdd && in.modrm < 0xc0 && (in.modrm >> 3 & 7) == reg && is_flat(in);
}

/// Compilers copy numbers by FLD and FSTP, one after the other. The two are one operation, which
/// leaves the x87 stack as it was. False: the instruction is not the first of such a pair.
bool copy(BlockBuilder& b, const Instruction& in) {
  constexpr unsigned kLoad = 0, kStoreAndPop = 3;
  if (!b.options.passes.x87_copies || !is_real_memory(in, kLoad)) return false;
  const AnalysedInstruction* const store = b.following();
  if (store == nullptr || store->instruction.opcode != in.opcode ||
      !is_real_memory(store->instruction, kStoreAndPop)) {
    return false;
  }
  if (b.live() != 0) b.flags.save_for_call();
  b.commit_esp();
  // Whatever stops the pair, it begins again.
  Label& interpret = b.interpret_instead();
  load_address(b, mips64::a1, access::kLoad);
  b.begin_together(*store);
  load_address(b, mips64::a2, access::kStore);
  const unsigned slot =
      in.operands[0].width == 4 ? offset::kSlotCopySingle : offset::kSlotCopyDouble;
  call(b, {.slot = slot, .interpret = interpret}, store->instruction.next_address());
  return true;
}

/// What is expected of the unit after an instruction that a C++ operation executes.
void follow_stack(X87Expectation& x87, const Instruction& in) {
  using Kind = X87Form::Kind;
  const X87Form form = x87_form(in);
  switch (form.kind) {
    case Kind::other:
      x87.possible = false;
      return;
    case Kind::load:
    case Kind::load_integer:
    case Kind::load_one:
    case Kind::load_zero:
      x87.top = (x87.top - 1) & 7;
      x87.empty &= static_cast<uint8_t>(~(1u << x87.top));
      return;
    case Kind::store:
      if (form.width == 0) {
        x87.empty &= static_cast<uint8_t>(~(1u << ((x87.top + form.sti) & 7)));
      }
      break;
    default:
      break;
  }
  for (unsigned i = 0; i < form.pops; ++i) {
    x87.empty |= static_cast<uint8_t>(1u << x87.top);
    x87.top = (x87.top + 1) & 7;
  }
}

/// Whether the instruction reads C1 as an earlier one left it, or leaves it so: FNSTSW, FCOMI and
/// FUCOMI, FCMOVcc.
bool needs_c1(const Instruction& in) {
  const unsigned reg = in.modrm >> 3 & 7;
  if (in.modrm < 0xc0) return in.opcode == 0xdd && reg == 7;
  const bool moves = (in.opcode == 0xda || in.opcode == 0xdb) && reg < 4;
  const bool compares = (in.opcode == 0xdb || in.opcode == 0xdf) && (reg == 5 || reg == 6);
  return moves || compares || (in.opcode == 0xdf && in.modrm == 0xe0);
}

}  // namespace

void x87(BlockBuilder& b, const Instruction& in) {
  if (b.is_done()) return;
  if (in.opcode == kFwait) return wait(b);
  if (X87Sequence(b).translate() || copy(b, in)) return;
  const unsigned operation = i386::x87_operation(in);
  if (operation == i386::kX87OperationCount || !is_flat(in)) return interpret(b, in);
  if ((i386::flags_read(in) & i386::eflags::kArithmetic) != 0) b.flags.to_packed();  // FCMOVcc
  const bool keeps_flags = (i386::flags_written(in) & i386::eflags::kArithmetic) == 0;
  if (keeps_flags && b.live() != 0) b.flags.save_for_call();
  b.commit_esp();
  if (needs_c1(in)) {
    // After a sequence, C1 waits where FIP does.
    const Gpr last = b.scratch();
    b.as.LD(last, offset::host_area(offset::kSlotX87Last), kState);
    b.branch(mips64::opcode::BLTZ | mips64::encode::rs(last), b.interpret_instead());
    b.release(last);
  }
  load_argument(b, in);
  follow_stack(b.x87, in);
  call(b,
       {.slot = offset::kSlotFirstOperation + operation,
        .interpret = b.interpret_instead(),
        .keeps_flags = keeps_flags,
        .writes_ax = in.operands[0].kind == i386::OperandKind::gpr,
        .recorded = i386::is_recorded(in)},
       in.next_address());
}

}  // namespace ferry::translate::lower
