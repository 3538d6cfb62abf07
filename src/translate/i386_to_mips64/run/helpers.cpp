#include "translate/i386_to_mips64/run/helpers.hpp"

#include "common/diagnostics.hpp"
#include "engine/engine.hpp"
#include "guest/i386/host_clock.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "guest/i386/x87/float80.hpp"
#include "guest/i386/x87/operations.hpp"
#include "host/mips64/code_patcher.hpp"
#include "translate/i386_to_mips64/emit/block_notes.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"
#include "translate/i386_to_mips64/run/code_place.hpp"
#include "translate/i386_to_mips64/run/thread.hpp"

namespace ferry::translate::run {

using emit::FlagState;
using emit::Value;
using engine::LeaveReason;
using i386::CpuState;
using i386::FlagKind;
using mips64::kCallWords;
namespace offset = emit::offset;

namespace {

/// The kind's 8-bit member, which names the operation.
FlagKind operation_of(FlagKind kind) {
  const uint32_t index = static_cast<uint32_t>(kind) - 1;
  return static_cast<FlagKind>(index - index % 3 + 1);
}

uint32_t shifted(FlagKind operation, uint32_t width_index, uint32_t a, uint32_t count) {
  const unsigned unused_bits = 32 - (8u << width_index);
  if (operation == FlagKind::shl8) return a << count;
  if (operation == FlagKind::shr8) return (a << unused_bits >> unused_bits) >> count;
  return static_cast<uint32_t>((static_cast<int32_t>(a << unused_bits) >> unused_bits) >> count);
}

/// The result of an operation where only a and b were kept.
uint32_t derive_result(FlagKind kind, uint32_t a, uint32_t b, uint32_t stored) {
  const FlagKind operation = operation_of(kind);
  switch (operation) {
    case FlagKind::add8:
      return a + b;
    case FlagKind::sub8:
      return a - b;
    case FlagKind::adc8:
    case FlagKind::sbb8:
      return stored;
    case FlagKind::shl8:
    case FlagKind::shr8:
    case FlagKind::sar8:
      return shifted(operation, (static_cast<uint32_t>(kind) - 1) % 3, a, b & 31);
    default:
      return a;  // logic, neg, inc, dec, given: the result is what was kept
  }
}

/// The thread of a state that translated code works on.
const Thread& thread_of(const CpuState& cpu) {
  const Thread* thread = Thread::of(cpu);
  CHECK(thread != nullptr);
  return *thread;
}

/// The block that holds the call which returns to `host_pc`, or null.
const engine::Block* calling_block(const Thread& thread, const uint32_t* host_pc) {
  return thread.cache().find(host_pc - kCallWords);
}

uint64_t helper_interpret(CpuState* cpu, uint32_t address) {
  const Thread& thread = thread_of(*cpu);
  const uint64_t returns_to = cpu->host_area[offset::kSlotReturnAddress];
  const engine::Block* block =
      calling_block(thread, thread.original(reinterpret_cast<const uint32_t*>(returns_to)));
  CHECK(block != nullptr);
  const i386::Instruction& instruction = emit::BlockNotes(*block).interpreted(address);
  materialise_lazy(*cpu);
  record_x87_call(*cpu);
  cpu->eip = address;
  thread.fallbacks().count(instruction.row);
  switch (i386::execute(*cpu, instruction)) {
    case i386::Outcome::next:
      return i386::translatable(*cpu) ? 0 : static_cast<uint64_t>(LeaveReason::interrupted);
    case i386::Outcome::branch:
      return static_cast<uint64_t>(LeaveReason::interrupted);
    case i386::Outcome::again:
      return static_cast<uint64_t>(LeaveReason::interrupted);
    case i386::Outcome::exception:
    case i386::Outcome::trap:
      return static_cast<uint64_t>(LeaveReason::exception);
    case i386::Outcome::syscall:
      return static_cast<uint64_t>(LeaveReason::syscall);
  }
  UNREACHABLE();
}

/// Makes the system call whose next instruction the guest pc names.
uint64_t helper_system_call(CpuState* cpu) {
  Thread* const thread = Thread::of(*cpu);
  CHECK(thread != nullptr);
  // Not later: the block that they are derived from may be gone after the call. Flags that name
  // no block stay as they are.
  if (cpu->lazy.kind >= kCodePlace.base) materialise_lazy(*cpu);
  record_x87_call(*cpu);
  return engine::Engine::system_call(*thread) ? 0 : static_cast<uint64_t>(LeaveReason::interrupted);
}

void helper_materialise(CpuState* cpu) {
  materialise_lazy(*cpu);
}

template <typename Function>
uint64_t address_of(Function* function) {
  return reinterpret_cast<uint64_t>(function);
}

/// The flags of the exit whose leave call returns to `identity`.
void materialise_exit(CpuState& cpu, const uint32_t* identity) {
  const Thread& thread = thread_of(cpu);
  identity = thread.original(identity);
  const engine::Block* block = calling_block(thread, identity);
  const engine::Exit* exit =
      block != nullptr ? mips64::exit_returning_to(*block, identity) : nullptr;
  // Dead flags may name an exit that is gone. Live flags never name an exit that passes flags on.
  cpu.lazy.kind = 0;
  if (exit == nullptr) return;
  const FlagState& recipe = emit::BlockNotes(*block).flags(exit->recipe);
  if (recipe.form != FlagState::Form::lazy_registers) materialise_recipe(cpu, recipe);
}

/// Packs flags whose kind has no carry apart.
void materialise_whole(CpuState& cpu) {
  i386::LazyFlags& lazy = cpu.lazy;
  if (lazy.kind == 0) return;
  if (lazy.kind >= kCodePlace.base) {
    return materialise_exit(cpu, reinterpret_cast<const uint32_t*>(uintptr_t{lazy.kind}));
  }
  if (lazy.kind >= static_cast<uint32_t>(FlagKind::count)) {  // dead flags: anything may be here
    lazy.kind = 0;
    return;
  }
  lazy.result = derive_result(static_cast<FlagKind>(lazy.kind), lazy.a, lazy.b, lazy.result);
  i386::materialise_flags(cpu);
}

}  // namespace

void materialise_lazy_kind(CpuState& cpu) {
  const uint32_t kind = cpu.lazy.kind;
  cpu.lazy.kind = kind & ~(emit::carry_in_kind::kKnown | emit::carry_in_kind::kSet);
  materialise_whole(cpu);
  if ((kind & emit::carry_in_kind::kKnown) == 0) return;
  const bool carry = (kind & emit::carry_in_kind::kSet) != 0;
  cpu.eflags = (cpu.eflags & ~i386::eflags::CF) | i386::flag_if(carry, i386::eflags::CF);
}

void materialise_recipe(CpuState& cpu, const FlagState& recipe) {
  if (recipe.form == FlagState::Form::lazy_registers) return materialise_lazy(cpu);
  if (recipe.form == FlagState::Form::packed) {
    cpu.lazy.kind = 0;
    return;
  }
  const auto value_of = [&](const Value& value) -> uint32_t {
    if (value.kind != Value::Kind::reg) return static_cast<uint32_t>(value.constant);
    uint32_t reg = 0;
    if (value.reg == emit::kFlagA) {
      reg = cpu.lazy.a;
    } else if (value.reg == emit::kFlagB) {
      reg = cpu.lazy.b;
    } else {
      CHECK(emit::is_guest_gpr(value.reg));
      reg = cpu.gpr[value.reg.number() - 16];
    }
    return reg + static_cast<uint32_t>(value.constant);
  };
  const FlagKind operation = operation_of(recipe.kind);
  const bool step = operation == FlagKind::inc8 || operation == FlagKind::dec8;
  uint32_t a = value_of(recipe.a), result = value_of(recipe.result);
  const uint32_t b = value_of(recipe.b);
  if (!recipe.a.known()) {
    a = result;
    if (operation == FlagKind::add8) a = result - b;
    if (operation == FlagKind::sub8) a = result + b;
  }
  if (!recipe.result.known()) result = step ? a : derive_result(recipe.kind, a, b, cpu.lazy.result);
  cpu.lazy = {static_cast<uint32_t>(recipe.kind), a, b, result};
  i386::materialise_flags(cpu);
}

void materialise_exact(CpuState& cpu, uint64_t sum) {
  const auto low = static_cast<uint32_t>(sum);
  const bool overflow = ((sum >> 32 ^ low) >> 31 & 1) != 0;
  cpu.lazy = {static_cast<uint32_t>(FlagKind::given32), low,
              i386::flag_if(overflow, i386::eflags::OF), low};
  i386::materialise_flags(cpu);
}

void record_last_x87_call(CpuState& cpu) {
  const auto last = static_cast<int64_t>(cpu.host_area[offset::kSlotX87Last]);
  cpu.host_area[offset::kSlotX87Last] = 0;
  if (last < 0) {
    constexpr uint16_t kC1 = i386::x87_status::C1;
    const bool rounded_down = (last >> emit::kX87LastRoundedDownBit & 1) != 0;
    cpu.x87.status = static_cast<uint16_t>((cpu.x87.status & ~kC1) | (rounded_down ? 0 : kC1));
    return i386::record_instruction(cpu, static_cast<uint32_t>(last) & 0x7fff'ffff);
  }
  const Thread& thread = thread_of(cpu);
  const uint32_t* end = thread.original(reinterpret_cast<const uint32_t*>(last));
  const engine::Block* block = calling_block(thread, end);
  CHECK(block != nullptr);
  const uint32_t* call = end - kCallWords;
  const engine::Mark* mark = block->mark_at(static_cast<uint32_t>(call - block->code));
  CHECK(mark != nullptr);
  i386::record_instruction(cpu, mark->address);
}

void install(Thread& thread, CpuState& cpu) {
  uint64_t* const slots = cpu.host_area.data();
  slots[offset::kSlotThread] = reinterpret_cast<uint64_t>(&thread);
  // The copy of another thread's state has the functions already.
  if (slots[offset::kSlotInterpret] == address_of(helper_interpret)) return;
  slots[offset::kSlotInterpret] = address_of(helper_interpret);
  slots[offset::kSlotMaterialise] = address_of(helper_materialise);
  slots[offset::kSlotSystemCall] = address_of(helper_system_call);
  slots[offset::kSlotClock] = address_of(i386::host_clock().read);
  slots[offset::kSlotCopySingle] = address_of(i386::copy_single);
  slots[offset::kSlotCopyDouble] = address_of(i386::copy_double);
  using namespace i386::x87_status;
  constexpr uint64_t kUsual = uint64_t{0xff} << 40 | i386::x87_control::kInitial;
  slots[offset::kSlotX87Key] = kUsual | uint64_t{PE} << 16;
  slots[offset::kSlotX87Key + 1] = kUsual;
  for (unsigned i = 0; i < i386::kX87OperationCount; ++i) {
    slots[offset::kSlotFirstOperation + i] = address_of(i386::kX87Operations[i]);
  }
}

Thread* uninstall(CpuState& cpu) {
  Thread* const thread = Thread::of(cpu);
  cpu.host_area[offset::kSlotThread] = 0;
  return thread;
}

}  // namespace ferry::translate::run
