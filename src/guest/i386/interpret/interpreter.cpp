#include "guest/i386/interpret/interpreter.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "guest/i386/code_source.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/decode/inline.hpp"
#include "guest/i386/decode/operand_forms.hpp"
#include "guest/i386/decode/row_table.hpp"
#include "guest/i386/flags.hpp"
#include "guest/i386/interpret/frequent.hpp"
#include "guest/i386/interpret/handlers.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386 {

namespace {

using interpret::raise;

Outcome privileged_instruction(CpuState& cpu, const Instruction&) {
  return raise(cpu, Vector::GP);
}

/// For rows CPUID does not offer (yet): MMX and SSE.
Outcome not_offered(CpuState& cpu, const Instruction&) {
  return raise(cpu, Vector::UD);
}

namespace dispatch {
using namespace row_names;

// A discarded branch needs no definition: privileged instructions and the family simd have no
// handlers.
#define OPCODE(map, opcode, span, extension, rm, mod, prefix, mnemonic, op1, op2, op3, op4, \
               family, feature, flags_read, flags_written, flags_undefined, implicit_read,  \
               implicit_written, attributes, execution)                                     \
  []() -> Handler {                                                                         \
    if constexpr (((attributes)&attribute::privileged) != 0) {                              \
      return privileged_instruction;                                                        \
    } else if constexpr (Family::family == Family::simd) {                                  \
      return not_offered;                                                                   \
    } else {                                                                                \
      return interpret::mnemonic;                                                           \
    }                                                                                       \
  }(),

constexpr Handler kHandlers[] = {
#include "guest/i386/decode/opcodes.inc"
};

#undef OPCODE

}  // namespace dispatch

/// Whether translatable() may be false after an instruction of the row: it sets TF, DF or AC, or
/// loads a segment.
constexpr bool may_end_translatable(const Row& row) {
  if ((row.flags_written & (eflags::TF | eflags::DF | eflags::AC)) != 0) return true;
  return std::any_of(row.operands.begin(), row.operands.end(), [](const OperandSpec& operand) {
    const bool segment = operand_form(operand.code).kind == OperandKind::segment;
    return (segment && operand.access == Access::w) || operand.code == OperandCode::Mp;
  });
}

Outcome as_branch(CpuState& cpu, const Instruction& instruction) {
  const Outcome outcome = dispatch::kHandlers[instruction.row](cpu, instruction);
  if (outcome != Outcome::next) return outcome;
  cpu.eip = instruction.next_address();
  return Outcome::branch;
}

/// For run(), which does not ask translatable() after each instruction: those that may end it end
/// the run.
constexpr auto kRunHandlers = [] {
  std::array<Handler, kRows.size()> handlers{};
  for (size_t i = 0; i < handlers.size(); ++i)
    handlers[i] = may_end_translatable(kRows[i]) ? as_branch : dispatch::kHandlers[i];
  return handlers;
}();

/// #PF of an instruction fetch that failed at `address`.
Outcome fetch_fault(CpuState& cpu, uint32_t address) {
  cpu.exception = {Vector::PF, kPageFaultUser | kPageFaultFetch, address};
  return Outcome::exception;
}

/// MOV and POP to SS hold single-step traps back until the next instruction is done (SDM vol. 3,
/// 6.8.3); LSS does not.
bool holds_traps_back(const Instruction& instruction) {
  const Operand& operand = instruction.operands[0];
  return operand.kind == OperandKind::segment && operand.reg == SS &&
         row(instruction.row).operands[0].access == Access::w;
}

}  // namespace

Outcome execute(CpuState& cpu, const Instruction& instruction) {
  CHECK(cpu.lazy.kind == static_cast<uint32_t>(FlagKind::packed));
  const bool single_step = (cpu.eflags & eflags::TF) != 0;
  Outcome outcome = dispatch::kHandlers[instruction.row](cpu, instruction);
  if (outcome == Outcome::next) cpu.eip = instruction.next_address();
  const bool completed =
      outcome == Outcome::next || outcome == Outcome::branch || outcome == Outcome::again;
  if (single_step && completed && !holds_traps_back(instruction)) {
    outcome = interpret::trap(cpu, Vector::DB);
    cpu.exception.address = kSingleStep;
  }
  return outcome;
}

namespace {

constexpr uint32_t kFetchBytes = 16;  // an instruction and one byte, so that two loads do

/// Copies `size` bytes, which lie in one page; by two loads where the page goes on far enough.
bool fetch(uint8_t (&bytes)[kFetchBytes], uint32_t address, uint32_t size) {
  if (size < kMaxInstructionLength ||
      (address & guest::kPageMask) > guest::kPageSize - kFetchBytes) {
    return guest::copy_from_guest(bytes, address, size);
  }
  uint64_t low = 0;
  uint64_t high = 0;
  if (!guest::load(address, low) || !guest::load(address + 8, high)) return false;
  std::memcpy(bytes, &low, sizeof low);
  std::memcpy(bytes + 8, &high, sizeof high);
  return true;
}

const CodeSource* code_source = nullptr;
std::atomic<uint32_t> code_generation{1};

/// Asks where instructions may be fetched from `address` on.
[[gnu::noinline]] bool open_window(CpuState& cpu, uint32_t address, uint32_t generation) {
  uint32_t end = code_source != nullptr ? code_source->direct_fetch_end(address) : ~0u;
  const bool direct = end != address;
  if (!direct) end = code_source->fetch_end(address);
  const bool in_place = direct && (code_source == nullptr || !code_source->changes_beside());
  cpu.fetch_window = {address, end - address, generation, in_place};
  return end != address;
}

/// Whether the instruction byte at `address` may be fetched. In line: asked for every cold block.
[[gnu::always_inline]] inline bool may_fetch(CpuState& cpu, uint32_t address) {
  const auto& window = cpu.fetch_window;
  const uint32_t generation = code_generation.load(std::memory_order_acquire);
  if (window.generation == generation && address - window.begin < window.bytes) return true;
  return open_window(cpu, address, generation);
}

/// Whether a mapping has been changed since may_fetch knew `generation`: then bytes fetched since
/// may be those of the middle of the change, such as zeroes that are still to be filled in.
bool changed_since(uint32_t generation) {
  std::atomic_thread_fence(std::memory_order_acquire);
  return code_generation.load(std::memory_order_relaxed) != generation;
}

}  // namespace

void set_code_source(const CodeSource* source) {
  code_source = source;
  forget_code_ranges();
}

void forget_code_ranges() {
  code_generation.fetch_add(1, std::memory_order_acq_rel);
}

namespace {

/// How many bytes an instruction at cpu.eip may have: the limit of a code segment that is not flat
/// may cut it.
uint32_t longest_instruction(const CpuState& cpu) {
  if ((cpu.guards & CpuState::limit_bit(CS)) == 0) return kMaxInstructionLength;
  const SegmentDescriptor segment = cpu.hidden[CS];
  uint32_t length = kMaxInstructionLength;
  while (length > 0 && !segment.covers(cpu.eip, length)) --length;
  return length;
}

}  // namespace

Outcome step(CpuState& cpu) {
  const uint32_t address = cpu.segment_base[CS] + cpu.eip;
  const uint32_t longest = longest_instruction(cpu);
  if (longest == 0) return raise(cpu, Vector::GP);
  uint8_t bytes[kFetchBytes];
  // The bytes of the next page are fetched only if the instruction reaches there.
  const uint32_t size =
      std::min<uint32_t>(longest, guest::kPageSize - (address & guest::kPageMask));
  Instruction instruction;
  DecodeStatus status = DecodeStatus::ok;
  uint32_t generation = 0;
  do {
    if (!may_fetch(cpu, address)) return fetch_fault(cpu, address);
    generation = cpu.fetch_window.generation;
    if (!fetch(bytes, address, size)) return fetch_fault(cpu, address);
    status = decode(bytes, size, cpu.eip, instruction);
    if (status == DecodeStatus::truncated && size < longest) {
      const uint32_t rest = longest - size;
      if (!may_fetch(cpu, address + size) ||
          !guest::copy_from_guest(bytes + size, address + size, rest))
        return fetch_fault(cpu, address + size);
      status = decode(bytes, longest, cpu.eip, instruction);
    }
  } while (changed_since(generation));
  switch (status) {
    case DecodeStatus::ok:
      return execute(cpu, instruction);
    case DecodeStatus::illegal:
      return raise(cpu, Vector::UD);
    case DecodeStatus::too_long:
    case DecodeStatus::truncated:
      break;
  }
  return raise(cpu, Vector::GP);
}

namespace {

/// From this offset on, an instruction may reach into the next page.
constexpr uint32_t kNarrow = guest::kPageSize - kMaxInstructionLength + 1;

/// Whether the page of `address` has instructions that can be decoded in place.
bool enter_page(CpuState& cpu, uint32_t address) {
  uint8_t byte = 0;
  return may_fetch(cpu, address) && cpu.fetch_window.in_place && guest::load(address, byte);
}

/// Executes the instruction at `address`, which may fault or go on in the next page, from a copy.
[[gnu::noinline]] Outcome run_copied(CpuState& cpu, uint32_t address) {
  if ((address & guest::kPageMask) > guest::kPageSize - kFetchBytes) {
    materialise_flags(cpu);
    return step(cpu);
  }
  uint8_t bytes[kFetchBytes];
  do {
    if (!may_fetch(cpu, address) || !fetch(bytes, address, sizeof bytes))
      return fetch_fault(cpu, address);
  } while (changed_since(cpu.fetch_window.generation));
  return interpret::kForms[*bytes](cpu, bytes, address);
}

}  // namespace

Outcome interpret::execute_other(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  materialise_flags(cpu);
  Instruction instruction;
  // Most instructions have no prefix and are decoded in line: start-up is interpreted.
  if (!decode_quickly(i386::tables(), bytes, address, instruction) &&
      decode(bytes, kMaxInstructionLength, address, instruction) != DecodeStatus::ok) {
    return step(cpu);  // raises the exception
  }
  // TF is clear here, so the handler does without the rest of execute().
  const Outcome outcome = kRunHandlers[instruction.row](cpu, instruction);
  if (outcome == Outcome::next) cpu.eip = instruction.next_address();
  return outcome;
}

Outcome run(CpuState& cpu, unsigned limit) {
  CHECK(cpu.lazy.kind == static_cast<uint32_t>(FlagKind::packed));
  uint32_t page = guest::page_floor(cpu.eip) + guest::kPageSize;  // entered; at first another one
  Outcome outcome = Outcome::next;
  do {
    const uint32_t address = cpu.eip;
    if (address - page >= kNarrow) [[unlikely]] {
      if (address - page >= guest::kPageSize && enter_page(cpu, address))
        page = guest::page_floor(address);
      if (address - page >= kNarrow) {
        outcome = run_copied(cpu, address);
        if (!translatable(cpu)) break;
        continue;
      }
    }
    const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(address));
    outcome = interpret::kForms[*bytes](cpu, bytes, address);
  } while (outcome == Outcome::next && --limit > 0);
  materialise_flags(cpu);
  return outcome;
}

}  // namespace ferry::i386
