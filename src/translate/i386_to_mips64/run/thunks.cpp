#include "translate/i386_to_mips64/run/thunks.hpp"

#include "engine/backend.hpp"
#include "host/mips64/pseudo_instructions.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"
#include "translate/i386_to_mips64/run/address_table.hpp"
#include "translate/i386_to_mips64/run/x87_routines.hpp"

namespace ferry::translate::run {

using emit::host_gpr;
using emit::kExitTarget;
using emit::kFlagA;
using emit::kFlagB;
using emit::kFlagKind;
using emit::kState;
using emit::kTable;
using engine::LeaveReason;
using mips64::a0;
using mips64::a1;
using mips64::Assembler;
using mips64::Gpr;
using mips64::Label;
using mips64::ra;
using mips64::sp;
using mips64::t9;
using mips64::v0;
using mips64::v1;
using mips64::zero;

namespace offset = emit::offset;

namespace {

constexpr int32_t kFrameBytes = 96;  // s0..s7, s8, gp, ra, and one word to keep sp 16-byte aligned

constexpr Gpr kSaved[] = {mips64::s0, mips64::s1, mips64::s2, mips64::s3, mips64::s4, mips64::s5,
                          mips64::s6, mips64::s7, mips64::s8, mips64::gp, mips64::ra};

void load_guest_registers(Assembler& as) {
  for (unsigned reg = 0; reg < i386::kGprCount; ++reg)
    as.LW(host_gpr(reg), offset::gpr(reg), kState);
}

void store_guest_registers(Assembler& as) {
  for (unsigned reg = 0; reg < i386::kGprCount; ++reg)
    as.SW(host_gpr(reg), offset::gpr(reg), kState);
}

/// For left_with_extended_registers.
void store_whole_registers(Assembler& as) {
  for (unsigned reg = 0; reg < i386::kGprCount; ++reg) {
    as.SD(host_gpr(reg), offset::host_area(offset::kSlotWholeRegisters + reg), kState);
  }
}

void load_lazy_flags(Assembler& as) {
  as.LW(kFlagKind, offset::lazy_kind, kState);
  as.LW(kFlagA, offset::lazy_a, kState);
  as.LW(kFlagB, offset::lazy_b, kState);
}

void store_lazy_flags(Assembler& as) {
  as.SW(kFlagKind, offset::lazy_kind, kState);
  as.SW(kFlagA, offset::lazy_a, kState);
  as.SW(kFlagB, offset::lazy_b, kState);
}

/// Calls the C++ function whose address `slot` holds; a0 = state. Scratch and lazy registers are
/// lost.
void call_helper(Assembler& as, unsigned slot) {
  as.LD(t9, offset::host_area(slot), kState);
  as.JALR(ra, t9);
  mips64::move(as, a0, kState);
}

void emit_enter(Assembler& as, Thunks& thunks, Label& restore, int32_t interrupt_pending) {
  thunks.enter = as.address(as.position());
  as.DADDIU(sp, sp, -kFrameBytes);
  int32_t slot = 0;
  for (const Gpr reg : kSaved) as.SD(reg, 8 * slot++, sp);
  mips64::move(as, kState, a0);
  // From the check to the jump an asynchronous signal must lead to enter_abort: the check would
  // miss it.
  thunks.enter_check = as.address(as.position());
  Label abort;
  as.LW(v1, interrupt_pending, kState);
  as.BNE(v1, zero, abort);
  mips64::load_immediate64(as, kTable, AddressTable::kBase);
  load_lazy_flags(as);
  load_guest_registers(as);
  as.JR(a1);
  as.NOP();
  thunks.enter_end = as.address(as.position());
  as.bind(abort);
  thunks.enter_abort = as.address(as.position());
  as.BEQ(zero, zero, restore);
  as.ADDIU(v0, zero, static_cast<int32_t>(LeaveReason::interrupted));
}

/// Leaves with the reason in v0: everything of the guest is in the state.
void emit_restore(Assembler& as, Thunks& thunks, Label& restore) {
  as.bind(restore);
  thunks.restore = as.address(as.position());
  int32_t slot = 0;
  for (const Gpr reg : kSaved) as.LD(reg, 8 * slot++, sp);
  as.JR(ra);
  as.DADDIU(sp, sp, kFrameBytes);
}

/// A way out through jal/jalr: ra tells the exit.
const uint32_t* emit_leave(Assembler& as, LeaveReason reason, Label& restore, bool check) {
  const uint32_t* start = as.address(as.position());
  if (check) store_whole_registers(as);
  store_guest_registers(as);
  store_lazy_flags(as);
  as.SD(ra, offset::host_area(offset::kSlotReturnAddress), kState);
  if (reason == LeaveReason::indirect_exit) as.SW(kExitTarget, offset::eip, kState);
  as.BEQ(zero, zero, restore);
  as.ADDIU(v0, zero, static_cast<int32_t>(reason));
  return start;
}

void emit_leave_reason(Assembler& as, Thunks& thunks, Label& restore, bool check) {
  thunks.out.leave_reason = as.address(as.position());
  if (check) store_whole_registers(as);
  store_guest_registers(as);
  store_lazy_flags(as);
  as.SW(a0, offset::eip, kState);
  as.BEQ(zero, zero, restore);
  mips64::move(as, v0, v1);
}

/// After C++ that has the whole state and returned in v0 why the block must be left, or 0: goes on
/// in the block after what `reload` emits, the last word of it in the jump's delay slot.
void emit_resume(Assembler& as, Thunks::Resume& resume, Label& restore, int32_t interrupt_pending,
                 void (*reload)(Assembler&), void (*reload_last)(Assembler&)) {
  // A signal that came while C++ ran was only recorded: see interrupt in fault_recovery.cpp.
  Label interrupted;
  resume.check = as.address(as.position());
  as.LW(v1, interrupt_pending, kState);
  as.BNE(v0, zero, restore);
  as.NOP();
  as.BNE(v1, zero, interrupted);
  as.LD(ra, offset::host_area(offset::kSlotReturnAddress), kState);
  reload(as);
  as.JR(ra);
  reload_last(as);
  resume.end = as.address(as.position());
  as.bind(interrupted);
  resume.abort = as.address(as.position());
  as.BEQ(zero, zero, restore);
  as.ADDIU(v0, zero, static_cast<int32_t>(LeaveReason::interrupted));
}

void emit_call_interpreter(Assembler& as, Thunks& thunks, Label& restore,
                           int32_t interrupt_pending) {
  thunks.out.call_interpreter = as.address(as.position());
  store_guest_registers(as);
  store_lazy_flags(as);
  as.SD(ra, offset::host_area(offset::kSlotReturnAddress), kState);
  mips64::move(as, a1, a0);
  call_helper(as, offset::kSlotInterpret);
  emit_resume(as, thunks.resume[0], restore, interrupt_pending, load_guest_registers,
              [](Assembler& code) { mips64::move(code, kFlagKind, zero); });
}

void emit_call_system(Assembler& as, Thunks& thunks, Label& restore, int32_t interrupt_pending) {
  thunks.out.call_system = as.address(as.position());
  store_guest_registers(as);
  store_lazy_flags(as);
  as.SD(ra, offset::host_area(offset::kSlotReturnAddress), kState);
  as.SW(a0, offset::eip, kState);
  call_helper(as, offset::kSlotSystemCall);
  // A call that changes more than its result goes through the run loop.
  emit_resume(
      as, thunks.resume[1], restore, interrupt_pending,
      [](Assembler& code) {
        code.LW(host_gpr(i386::EAX), offset::gpr(i386::EAX), kState);
        code.LW(kFlagKind, offset::lazy_kind, kState);
        code.LW(kFlagA, offset::lazy_a, kState);
      },
      [](Assembler& code) { code.LW(kFlagB, offset::lazy_b, kState); });
}

void emit_materialise(Assembler& as, Thunks& thunks) {
  thunks.out.materialise = as.address(as.position());
  Label packed;
  as.BEQ(kFlagKind, zero, packed);  // the first store is in its slot
  store_lazy_flags(as);
  as.SD(ra, offset::host_area(offset::kSlotHelperReturn), kState);
  call_helper(as, offset::kSlotMaterialise);
  as.LD(ra, offset::host_area(offset::kSlotHelperReturn), kState);
  as.SD(zero, offset::host_area(offset::kSlotHelperReturn), kState);
  as.bind(packed);
  as.JR(ra);
  mips64::move(as, kFlagKind, zero);
}

}  // namespace

Thunks emit_thunks(Assembler& as, int32_t interrupt_pending, bool check) {
  Thunks thunks;
  Label restore;
  emit_enter(as, thunks, restore, interrupt_pending);
  emit_restore(as, thunks, restore);
  thunks.out.leave_direct = emit_leave(as, LeaveReason::direct_exit, restore, check);
  thunks.out.leave_indirect = emit_leave(as, LeaveReason::indirect_exit, restore, check);
  emit_leave_reason(as, thunks, restore, check);
  emit_call_interpreter(as, thunks, restore, interrupt_pending);
  emit_call_system(as, thunks, restore, interrupt_pending);
  emit_materialise(as, thunks);
  emit_x87_routines(as, thunks.out);
  thunks.end = as.address(as.position());
  CHECK(!as.overflowed());
  return thunks;
}

bool left_with_extended_registers(const i386::CpuState& cpu) {
  for (unsigned reg = 0; reg < i386::kGprCount; ++reg) {
    const auto whole = static_cast<int64_t>(cpu.host_area[offset::kSlotWholeRegisters + reg]);
    if (whole != static_cast<int32_t>(whole)) return false;
  }
  return true;
}

}  // namespace ferry::translate::run
