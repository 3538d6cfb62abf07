// Instructions that do nothing in user mode here, and the one that reads a clock.
#include "guest/i386/host_clock.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using emit::host_gpr;
using emit::kState;
using i386::EAX;
using i386::ECX;
using i386::EDX;

namespace offset = emit::offset;

void NOP(BlockBuilder&, const Instruction&) {}
void PAUSE(BlockBuilder&, const Instruction&) {}
void PREFETCH(BlockBuilder&, const Instruction&) {}

void MFENCE(BlockBuilder& b, const Instruction&) {
  b.fence();
}
void LFENCE(BlockBuilder& b, const Instruction&) {
  b.fence();
}
void SFENCE(BlockBuilder& b, const Instruction&) {
  b.fence();
}

/// The kernel page, the only place of the instruction, overwrites the flags after it.
void RDCLOCK(BlockBuilder& b, const Instruction& in) {
  if (!i386::host_clock().exists_at(in.address) || b.live() != 0) return interpret(b, in);
  b.commit_esp();
  b.as.LD(mips64::t9, offset::host_area(offset::kSlotClock), kState);
  mips64::move(b.as, mips64::a1, host_gpr(ECX));
  mips64::move(b.as, mips64::a0, host_gpr(EAX));
  b.control(mips64::encode::rd_rs(mips64::opcode::JALR, mips64::ra, mips64::t9));
  b.clobber_scratch();
  // A signal that came meanwhile was only recorded, so the code looks for one here.
  b.as.LW(mips64::t3, b.options.interrupt_pending, kState);
  b.as.SLL(b.begin_write(EAX), mips64::v0, 0);
  b.as.DSRA32(b.begin_write(EDX), mips64::v0, 0);
  b.as.SLL(b.begin_write(ECX), mips64::v1, 0);
  b.flags.set_packed();
  b.leave_if({Condition::Kind::ne, mips64::t3, mips64::zero}, in.next_address());
}

}  // namespace ferry::translate::lower
