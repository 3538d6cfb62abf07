#include "emulator/check_engine.hpp"

#include <cstdio>

#include "common/diagnostics.hpp"
#include "emulator/entry_log.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "guest/i386/memory.hpp"
#include "translate/i386_to_mips64/register_map.hpp"

namespace ferry {

using engine::LeaveReason;
using i386::CpuState;

namespace {

CheckingTranslator* active = nullptr;  // the store observer has no other way to it

constexpr uint32_t kNever = 0xffffffff;

/// Instructions whose result is another one each time.
bool depends_on_time(const i386::Row& row) {
  return row.mnemonic == "RDTSC" || row.mnemonic == "RDTSCP";
}

/// The guest addresses of a block's instructions, in order.
std::vector<uint32_t> path_of(const engine::Block& block) {
  std::vector<uint32_t> path;
  for (const engine::Mark& mark : block.marks) {
    if (path.empty() || path.back() != mark.address) path.push_back(mark.address);
  }
  return path;
}

/// Everything but the host's part: what belongs to the guest.
void restore(CpuState& cpu, const CpuState& from) {
  const auto host_area = cpu.host_area;
  cpu = from;
  cpu.host_area = host_area;
}

bool same_x87(const i386::X87State& a, const i386::X87State& b) {
  if (a.control != b.control || a.status != b.status || a.top != b.top || a.empty != b.empty)
    return false;
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

CheckingTranslator::CheckingTranslator(translate::BlockTranslator& translator,
                                       const engine::CodeCache& cache)
    : translator_(translator), cache_(cache) {
  active = this;
}

void CheckingTranslator::note_store(uint32_t address, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    uint8_t before = 0;
    if (i386::load(address + i, before)) active->writes_.push_back({address + i, before, 0});
  }
}

/// Interprets along the block until control leaves it, or in front of `stop_at`.
CheckingTranslator::Run CheckingTranslator::interpret(const engine::Block& block, CpuState& cpu,
                                                      uint32_t stop_at) {
  Run run;
  writes_.clear();
  i386::set_store_observer(note_store);
  for (const uint32_t address : path_of(block)) {
    if (cpu.eip != address || address == stop_at) break;
    i386::Instruction instruction;
    const auto* bytes = static_cast<const uint8_t*>(i386::host_pointer(address));
    CHECK(i386::decode(bytes, i386::kMaxInstructionLength, address, instruction) ==
          i386::DecodeStatus::ok);
    if (depends_on_time(i386::row(instruction.row))) run.comparable = false;
    i386::Outcome outcome = i386::Outcome::again;
    while (outcome == i386::Outcome::again) outcome = i386::step(cpu);
    run.undefined_flags = (run.undefined_flags & ~i386::flags_written(instruction)) |
                          i386::flags_undefined(instruction);
    if (outcome != i386::Outcome::next && outcome != i386::Outcome::branch) break;
  }
  i386::set_store_observer(nullptr);
  return run;
}

/// Undoes `writes`, the last first, and remembers what each place held in the end.
void CheckingTranslator::take_back(std::vector<Write>& writes) {
  for (Write& write : writes) CHECK(i386::load(write.address, write.after));
  // Every one: a place written twice passes through values that are not its last.
  for (auto write = writes.rbegin(); write != writes.rend(); ++write) {
    CHECK(i386::store(write->address, write->before));
  }
}

engine::Leave CheckingTranslator::enter(void* state, const uint32_t* code) {
  auto& cpu = *static_cast<CpuState*>(state);
  const engine::Block* block = cache_.find(code);
  CHECK(block != nullptr);
  const CpuState before = cpu;
  const Run first = interpret(*block, cpu, kNever);
  take_back(writes_);
  restore(cpu, before);
  const engine::Leave leave = translator_.enter(state, code);
  const bool at_exit = leave.reason == LeaveReason::direct_exit ||
                       leave.reason == LeaveReason::indirect_exit ||
                       leave.reason == LeaveReason::syscall;
  const bool inside = leave.reason == LeaveReason::interpret;
  if (!first.comparable || (!at_exit && !inside)) return leave;

  const CpuState translated = cpu;
  std::vector<Write> by_translation = writes_;
  take_back(by_translation);
  restore(cpu, before);
  const Run second = interpret(*block, cpu, inside ? translated.eip : kNever);
  for (const Write& write : by_translation) {
    uint8_t now = 0;
    CHECK(i386::load(write.address, now));
    if (now != write.after) report(*block, "memory", cpu, translated);
  }
  const bool flags_live = leave.reason == LeaveReason::indirect_exit ||
                          (leave.reason == LeaveReason::direct_exit &&
                           leave.exit->recipe != translate::RecipeTable::kPacked);
  compare(*block, cpu, translated,
          flags_live ? i386::eflags::kArithmetic & ~second.undefined_flags : 0);
  if (at_exit) compare_extension(*block, cpu, translated);
  ++compared_;
  return leave;
}

void CheckingTranslator::compare(const engine::Block& block, const CpuState& interpreted,
                                 const CpuState& translated, uint32_t flags) const {
  if (interpreted.eip != translated.eip) report(block, "eip", interpreted, translated);
  if (interpreted.gpr != translated.gpr) report(block, "a register", interpreted, translated);
  if (((interpreted.eflags ^ translated.eflags) & (flags | i386::eflags::DF)) != 0) {
    report(block, "a flag", interpreted, translated);
  }
  if (!same_x87(interpreted.x87, translated.x87))
    report(block, "x87 state", interpreted, translated);
}

/// Every pinned register must have left as the sign extension of its lower half.
void CheckingTranslator::compare_extension(const engine::Block& block, const CpuState& interpreted,
                                           const CpuState& translated) const {
  for (unsigned reg = 0; reg < i386::kGprCount; ++reg) {
    const auto whole =
        static_cast<int64_t>(translated.host_area[translate::offset::kSlotWholeRegisters + reg]);
    if (whole != static_cast<int32_t>(whole))
      report(block, "sign extension", interpreted, translated);
  }
}

void CheckingTranslator::report(const engine::Block& block, const char* what,
                                const CpuState& interpreted, const CpuState& translated) const {
  char text[128];
  const int length = std::snprintf(
      text, sizeof text, "ferry: check: %s differs behind block %08x\n", what, block.address);
  log_write({text, static_cast<size_t>(length)});
  log_write("interpreter:\n" + register_lines(interpreted));
  log_write("translator:\n" + register_lines(translated));
  UNREACHABLE();
}

}  // namespace ferry
