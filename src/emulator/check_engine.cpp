#include "emulator/check_engine.hpp"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <type_traits>

#include "common/diagnostics.hpp"
#include "emulator/entry_log.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "guest/memory/memory.hpp"
#include "translate/i386/row_traits.hpp"
#include "translate/i386_to_mips64/run/thunks.hpp"

namespace ferry::emulator {

using engine::LeaveReason;
using i386::CpuState;

namespace {

// The one that interprets on this host thread: the store observer has no other way to it, and must
// not see the stores of other threads.
thread_local CheckingTranslator* active = nullptr;

constexpr uint32_t kNever = 0xffffffff;

static_assert(std::is_trivially_copyable_v<CpuState>);
static_assert(offsetof(CpuState, fetch_window) > offsetof(CpuState, host_area));

/// Everything but the host's part: host_area, the largest, and what follows it.
void copy_guest_state(CpuState& to, const CpuState& from) {
  // If the alignment is unknown the compiler uses unaligned accesses, which emulators of MIPS are
  // slow at.
  constexpr size_t kAlignment = alignof(CpuState);
  std::memcpy(std::assume_aligned<kAlignment>(reinterpret_cast<char*>(&to)),
              std::assume_aligned<kAlignment>(reinterpret_cast<const char*>(&from)),
              offsetof(CpuState, host_area));
}

bool same_x87(const i386::X87State& a, const i386::X87State& b) {
  if (a.control != b.control || a.status != b.status || a.top != b.top || a.empty != b.empty ||
      a.instruction_pointer != b.instruction_pointer ||
      a.instruction_selector != b.instruction_selector || a.opcode != b.opcode ||
      a.data_operand != b.data_operand) {
    return false;
  }
  for (size_t i = 0; i < a.registers.size(); ++i) {
    const bool empty = ((a.empty >> i) & 1) != 0;
    if (!empty && (a.registers[i].significand != b.registers[i].significand ||
                   a.registers[i].sign_exponent != b.registers[i].sign_exponent)) {
      return false;
    }
  }
  return true;
}

}  // namespace

CheckingTranslator::CheckingTranslator(translate::run::BlockTranslator& translator,
                                       const engine::CodeCache& cache)
    : translator_(translator), cache_(cache) {
  guest::set_store_observer(note_store);
}

void CheckingTranslator::note_store(uint32_t address, uint32_t size) {
  if (active == nullptr) return;
  for (uint32_t i = 0; i < size; ++i) {
    uint8_t before = 0;
    if (guest::load(address + i, before)) active->writes_.push_back({address + i, before, 0});
  }
}

/// Interprets the block until control leaves it or reaches `stop_at`.
bool CheckingTranslator::interpret(const engine::Block& block, CpuState& cpu, uint32_t stop_at) {
  bool comparable = true;
  writes_.clear();
  active = this;
  uint32_t last = kNever;
  // Every instruction of the block has a mark, in order; some have several.
  for (const engine::Mark& mark : block.marks) {
    const uint32_t address = mark.address;
    if (address == last) continue;
    last = address;
    if (cpu.eip != address || address == stop_at) break;
    i386::Instruction instruction;
    const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(address));
    CHECK(i386::decode(bytes, i386::kMaxInstructionLength, address, instruction) ==
          i386::DecodeStatus::ok);
    if ((i386::row(instruction.row).attributes & i386::attribute::varies) != 0) comparable = false;
    i386::Outcome outcome = i386::Outcome::again;
    while (outcome == i386::Outcome::again) outcome = i386::execute(cpu, instruction);
    if (outcome != i386::Outcome::next && outcome != i386::Outcome::branch) break;
    // A conditional branch that is taken leaves the block, even if to its next instruction.
    const bool conditional =
        translate::traits_of(instruction.row).flow == translate::Flow::conditional;
    if (outcome == i386::Outcome::branch && conditional) break;
  }
  active = nullptr;
  return comparable;
}

/// Undoes `writes`, the last first, and remembers what each place held in the end.
void CheckingTranslator::take_back(std::vector<Write>& writes) const {
  // Another thread may have unmapped the place.
  const bool may_fail = threaded_;
  for (Write& write : writes) CHECK(guest::load(write.address, write.after) || may_fail);
  // All writes are undone one by one, because a place written twice passes through values that are
  // not its last. A store that a watch forbade left its place as it was; such a place cannot be
  // written now, and is skipped.
  for (auto write = writes.rbegin(); write != writes.rend(); ++write) {
    uint8_t now = 0;
    CHECK(guest::load(write->address, now) || may_fail);
    if (now != write->before) CHECK(guest::store(write->address, write->before) || may_fail);
  }
}

engine::Leave CheckingTranslator::enter(void* state, const uint32_t* code) {
  constexpr unsigned kMostTries = 4;
  auto& cpu = *static_cast<CpuState*>(state);
  const engine::Block* block = cache_.find(code);
  CHECK(block != nullptr);
  const LockGuard guard(turn_);
  copy_guest_state(before_, cpu);
  for (unsigned tries = threaded_ ? kMostTries : 1;;) {
    const char* difference = nullptr;
    const engine::Leave leave = check(*block, cpu, code, &difference);
    if (difference == nullptr) return leave;
    if (--tries == 0) report(*block, difference);
    take_back(writes_);
    copy_guest_state(cpu, before_);
  }
}

engine::Leave CheckingTranslator::check(const engine::Block& block, CpuState& cpu,
                                        const uint32_t* code, const char** difference) {
  const bool comparable = interpret(block, cpu, kNever);
  copy_guest_state(interpreted_, cpu);
  take_back(writes_);
  copy_guest_state(cpu, before_);
  const engine::Leave leave = translator_.enter(&cpu, code);
  const bool at_exit = leave.reason == LeaveReason::direct_exit ||
                       leave.reason == LeaveReason::indirect_exit ||
                       leave.reason == LeaveReason::syscall;
  const bool inside = leave.reason == LeaveReason::interpret;
  if (!comparable || (!at_exit && !inside)) return leave;

  copy_guest_state(translated_, cpu);
  if (at_exit) {
    if (!translate::run::left_with_extended_registers(cpu)) *difference = "sign extension";
    if (*difference == nullptr) *difference = compare_memory(writes_);
    copy_guest_state(cpu, interpreted_);
  } else {
    // The interpreter went further than the translation: it runs again, up to where the translation
    // left.
    std::vector<Write> by_translation = writes_;
    take_back(by_translation);
    copy_guest_state(cpu, before_);
    interpret(block, cpu, translated_.eip);
    copy_guest_state(interpreted_, cpu);
    *difference = compare_memory(by_translation);
  }
  // Flags that nobody reads may be anything.
  uint32_t live = 0;
  if (leave.reason == LeaveReason::indirect_exit) live = i386::eflags::kArithmetic;
  if (leave.reason == LeaveReason::direct_exit) live = leave.exit->live;
  if (*difference == nullptr) *difference = compare_state(live);
  ++compared_;
  return leave;
}

/// Every place of `writes` must hold now what is noted as its value after the other run.
const char* CheckingTranslator::compare_memory(const std::vector<Write>& writes) {
  for (const Write& write : writes) {
    uint8_t now = 0;
    if (!guest::load(write.address, now) || now != write.after) return "memory";
  }
  return nullptr;
}

const char* CheckingTranslator::compare_state(uint32_t flags) const {
  if (interpreted_.eip != translated_.eip) return "eip";
  if (interpreted_.gpr != translated_.gpr) return "a register";
  if (((interpreted_.eflags ^ translated_.eflags) & (flags | i386::eflags::DF)) != 0)
    return "a flag";
  return same_x87(interpreted_.x87, translated_.x87) ? nullptr : "x87 state";
}

void CheckingTranslator::report(const engine::Block& block, const char* what) const {
  char text[128];
  const int length = std::snprintf(text, sizeof text, "ferry: check: %s differs after block %08x\n",
                                   what, block.address);
  log_write({text, static_cast<size_t>(length)});
  log_write("interpreter:\n" + register_lines(interpreted_));
  log_write("translator:\n" + register_lines(translated_));
  UNREACHABLE();
}

}  // namespace ferry::emulator
