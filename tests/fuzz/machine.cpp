#include "machine.hpp"

#include <signal.h>

#include "common/diagnostics.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "guest/memory/memory.hpp"
#include "host/mips64/signal_context.hpp"
#include "text.hpp"

namespace ferry::fuzz {

using i386::Instruction;
using semantics::append;
namespace ef = i386::eflags;

namespace {

constexpr unsigned kMaxSteps = 300;
constexpr uint32_t kComparedSystemFlags = ef::DF | ef::NT | ef::AC | ef::ID;

bool decode_at(uint32_t address, Instruction& instruction) {
  const bool in_code =
      address >= semantics::kCodeRegion &&
      address < semantics::kCodeRegion + semantics::kRegionSize - i386::kMaxInstructionLength;
  if (!in_code) return false;
  const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(address));
  return i386::decode(bytes, i386::kMaxInstructionLength, address, instruction) ==
         i386::DecodeStatus::ok;
}

/// Flags that the straight-line code at `address` surely reads: these must be exact after a fault
/// there.
uint32_t surely_live(uint32_t address) {
  uint32_t live = 0;
  uint32_t open = ef::kArithmetic;
  Instruction in;
  while (open != 0 && decode_at(address, in)) {
    const i386::Row& row = i386::row(in.row);
    live |= i386::flags_read(in) & row.flags_read &
            open;  // only flags that both the instruction and its row read are sure
    if (row.mnemonic == "INT3") return live | open;
    if ((row.attributes & i386::attribute::block_end) != 0 || row.mnemonic == "JCC") return live;
    if (row.mnemonic == "JECXZ" || row.mnemonic.starts_with("LOOP")) return live;
    const bool keeps = (row.attributes & i386::attribute::keeps_undefined) != 0;
    open &= ~(row.flags_written | (keeps ? 0 : row.flags_undefined));
    address = in.next_address();
  }
  return live;
}

void compare_value(std::string& text, const char* name, uint32_t expected, uint32_t actual) {
  if (expected != actual)
    append(text, "  %s: interpreter %08x, translator %08x\n", name, expected, actual);
}

std::string differences(const Outcome& expected, const i386::CpuState& actual, uint64_t memory) {
  static constexpr const char* kNames[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
  std::string text;
  for (unsigned reg = 0; reg < i386::kGprCount; ++reg) {
    compare_value(text, kNames[reg], expected.cpu.gpr[reg], actual.gpr[reg]);
  }
  compare_value(text, "eip", expected.cpu.eip, actual.eip);
  const uint32_t flags = expected.compared_flags;
  compare_value(text, "eflags", expected.cpu.eflags & flags, actual.eflags & flags);
  const i386::Exception& wanted = expected.cpu.exception;
  compare_value(text, "vector", static_cast<uint32_t>(wanted.vector),
                static_cast<uint32_t>(actual.exception.vector));
  compare_value(text, "error code", wanted.error_code, actual.exception.error_code);
  compare_value(text, "fault address", wanted.address, actual.exception.address);
  const i386::X87State& x87 = expected.cpu.x87;
  compare_value(text, "x87 status", x87.status, actual.x87.status);
  compare_value(text, "x87 top", x87.top, actual.x87.top);
  compare_value(text, "fip", x87.instruction_pointer, actual.x87.instruction_pointer);
  compare_value(text, "fop", x87.opcode, actual.x87.opcode);
  compare_value(text, "fdp", x87.data_pointer(), actual.x87.data_pointer());
  compare_value(text, "fds", x87.data_selector(), actual.x87.data_selector());
  compare_value(text, "x87 empty", x87.empty, actual.x87.empty);
  for (unsigned reg = 0; reg < 8; ++reg) {
    const bool same = x87.registers[reg] == actual.x87.registers[reg];
    if (same || (x87.empty >> reg & 1) != 0) continue;
    append(text, "  x87 register %u: interpreter %04x %016llx, translator %04x %016llx\n", reg,
           x87.registers[reg].sign_exponent,
           static_cast<unsigned long long>(x87.registers[reg].significand),
           actual.x87.registers[reg].sign_exponent,
           static_cast<unsigned long long>(actual.x87.registers[reg].significand));
  }
  if (expected.memory != memory) text += "  memory\n";
  return text;
}

}  // namespace

std::optional<Outcome> run_reference(const Sequence& sequence, Memory& memory, bool exact_flags) {
  const std::vector<uint8_t> code = sequence.bytes();
  if (code.empty()) return std::nullopt;
  Outcome result;
  i386::CpuState& cpu = result.cpu;
  memory.begin(sequence, code, cpu);
  for (unsigned steps = 0; steps < kMaxSteps; ++steps) {
    Instruction instruction;
    if (!decode_at(cpu.eip, instruction)) return std::nullopt;
    const i386::Outcome outcome = i386::step(cpu);
    if ((cpu.eflags & ef::TF) != 0) return std::nullopt;
    if (outcome == i386::Outcome::exception || outcome == i386::Outcome::trap) {
      // After a trap (INT3, INTO) eip is at the next instruction, which may read flags.
      const uint32_t flags = exact_flags ? ef::kArithmetic : surely_live(cpu.eip);
      result.compared_flags = flags | kComparedSystemFlags;
      result.memory = Memory::hash();
      return result;
    }
    if (outcome == i386::Outcome::syscall) return std::nullopt;
  }
  return std::nullopt;
}

Machine* Machine::active = nullptr;

namespace {

void on_fault(int signal, siginfo_t*, void* opaque) {
  if (Machine::active != nullptr && Machine::active->recover(opaque, signal == SIGBUS)) return;
  mips64::SignalContext context(opaque);
  const uintptr_t landing = guest::fault_landing_pad(context.pc());
  if (landing == 0) {
    ::signal(signal, SIG_DFL);
    return;
  }
  context.set_pc(landing);
}

}  // namespace

translate::Options Machine::with_pending_word(translate::Options options) {
  options.interrupt_pending = offsetof(State, interrupt_pending);
  return options;
}

Machine::Machine(const translate::Options& options, engine::EngineOptions engine_options,
                 size_t cache_bytes)
    : guards_(options.order != translate::MemoryOrder::weak ? i386::CpuState::kOrdered : 0),
      cache_(cache_bytes, translate::run::kCodePlace),
      translator_(with_pending_word(options), *this, cache_),
      table_(translator_.not_translated_stub()),
      engine_(cache_, table_, translator_, translator_.patcher(), *this, lock_, engine_options) {
  active = this;
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  CHECK(::sigaction(SIGSEGV, &action, nullptr) == 0);
  CHECK(::sigaction(SIGBUS, &action, nullptr) == 0);
}

void Machine::make_self_checking() {
  for (uint32_t offset = 0; offset < semantics::kRegionSize; offset += kGuestPageSize) {
    translator_.set_self_checking(semantics::kCodeRegion + offset, true);
  }
}

bool Machine::recover(void* opaque, bool unaligned) {
  const auto nothing_watched = [](uint32_t) { return false; };
  return translator_.recover(state_.cpu, opaque, unaligned, nothing_watched) ==
         translate::run::FaultKind::handled;
}

std::string Machine::compare(const Sequence& sequence, Memory& memory, const Outcome& expected) {
  engine_.invalidate(semantics::kCodeRegion, semantics::kCodeRegion + semantics::kRegionSize);
  const std::vector<uint8_t> code = sequence.bytes();
  for (unsigned round = 1; round <= 2; ++round) {
    memory.begin(sequence, code, state_.cpu);
    state_.cpu.guards |= guards_;
    translate::run::install(thread_, state_.cpu);
    raised_ = false;
    turns_ = 0;
    engine_.run(*this, thread_);
    std::string text = differences(expected, state_.cpu, Memory::hash());
    if (!raised_) text += "  did not end\n";
    if (!text.empty()) return text + "  in round " + std::to_string(round) + "\n";
  }
  return {};
}

bool Machine::step() {
  const i386::Outcome outcome = i386::step(state_.cpu);
  raised_ = outcome == i386::Outcome::exception || outcome == i386::Outcome::trap;
  return outcome == i386::Outcome::next;
}

void Machine::interpret_block(unsigned limit) {
  while (limit-- > 0 && step() && translatable()) {
  }
}

bool Machine::translatable() const {
  return i386::translatable(state_.cpu);
}

GuestAddress Machine::fetch_end(GuestAddress address) const {
  const bool code = address >= semantics::kCodeRegion &&
                    address < semantics::kCodeRegion + semantics::kRegionSize;
  return code ? semantics::kCodeRegion + semantics::kRegionSize : address;
}

}  // namespace ferry::fuzz
