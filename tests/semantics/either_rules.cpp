#include "either_rules.hpp"

#include <algorithm>
#include <vector>

#include "access_model.hpp"
#include "compare.hpp"

namespace ferry::semantics {

using i386::OperandKind;
using enum i386::Gpr;
using enum i386::SegmentRegister;

namespace {

[[nodiscard]] bool is_fault(const Result& result) {
  return result.vector == kBoundRange ||
         (result.vector >= kSegmentNotPresent && result.vector <= kPageFault);
}

[[nodiscard]] bool tells(const Fault& fault, const Result& result) {
  const uint32_t mask = fault.vector == kPageFault ? ~kPresent : ~0u;
  return result.vector == fault.vector && ((result.error_code ^ fault.error_code) & mask) == 0 &&
         result.address >= fault.first_address && result.address <= fault.last_address;
}

void set_fault(Result& ours, const Result& expected) {
  ours.vector = expected.vector;
  ours.error_code = expected.error_code;
  ours.address = expected.address;
}

void set_completed(const Disagreement& difference, Result& ours) {
  ours.vector = kCompleted;
  ours.error_code = 0;
  ours.address = 0;
  ours.eip = kCodeAddress + difference.test.length;
}

/// A far return also faults for a selector with a privilege above the caller's.
[[nodiscard]] bool is_bad_return(uint16_t selector) {
  constexpr uint16_t kPrivilege = 3;
  return (selector & kPrivilege) != kPrivilege || is_bad_selector(selector, CS);
}

/// Adds the faults of loading the instruction's selector; none if the selector is good.
void add_selector_faults(const Disagreement& difference, std::vector<Fault>& list) {
  const std::string_view name = difference.mnemonic;
  const uint32_t size = difference.instruction.operand_size;
  const bool to_code = name == "CALL_far" || name == "JMP_far";
  const bool from_stack = name == "RET_far" || name == "IRET";
  const bool pointer = name.size() == 3 && name[0] == 'L' && name[2] == 'S';
  std::optional<uint32_t> selector;
  const MemoryImage memory(difference.test);
  if (difference.instruction.operands[0].kind == OperandKind::far_pointer) {
    selector = difference.instruction.immediate2;
  } else if (from_stack) {
    selector = memory.read(difference.test.gpr[ESP] + size, 2);
  } else if (to_code || pointer) {
    const auto list_of = accesses(difference.instruction, difference.test, difference.test.gpr);
    if (!list_of.empty()) {
      selector = memory.read(linear_address(difference.test, list_of[0]) + size, 2);
    }
  }
  if (!selector) return;
  const auto value = static_cast<uint16_t>(*selector);
  const i386::SegmentRegister segment = to_code || from_stack ? CS : name == "LSS" ? SS : DS;
  if (from_stack ? !is_bad_return(value) : !is_bad_selector(value, segment)) return;
  for (const uint32_t vector : {kGeneralProtection, kSegmentNotPresent}) {
    list.push_back({vector, value & uint32_t{kSelectorIndex}, 0, 0});
  }
}

/// Several accesses or pages fault, or a limit and a page: any of these faults may be reported.
bool apply_fault_order(const Disagreement& difference, Result& ours) {
  const Result& expected = difference.expected;
  if (!is_fault(expected) || !is_fault(ours)) return false;
  std::vector<Fault> possible;
  // A repeated string instruction faults in the iteration whose registers the result shows.
  for (const Access& access :
       accesses(difference.instruction, difference.test, difference.expected.gpr)) {
    const std::vector<Fault> of_access = faults(difference.test, access);
    possible.insert(possible.end(), of_access.begin(), of_access.end());
  }
  add_selector_faults(difference, possible);
  const auto is_told_by = [&](const Result& result) {
    return std::any_of(possible.begin(), possible.end(),
                       [&](const Fault& fault) { return tells(fault, result); });
  };
  const bool same = expected.vector == ours.vector && expected.error_code == ours.error_code &&
                    expected.address == ours.address;
  if (same || !is_told_by(expected) || !is_told_by(ours)) return false;
  set_fault(ours, expected);
  return true;
}

bool apply_repeat_flags(const Disagreement& difference, Result& ours) {
  constexpr uint32_t kFlags = i386::eflags::kArithmetic;
  const Result& expected = difference.expected;
  const bool compares = difference.mnemonic == "CMPS" || difference.mnemonic == "SCAS";
  if (!compares || difference.instruction.rep == i386::RepPrefix::none ||
      expected.eip != kCodeAddress) {
    return false;
  }
  // Before the first iteration ends there is only one answer.
  if (expected.gpr[ECX] == difference.test.gpr[ECX]) return false;
  const bool from_before = ((expected.eflags ^ difference.test.eflags) & kFlags) == 0;
  if (!from_before || ((expected.eflags ^ ours.eflags) & kFlags) == 0) return false;
  ours.eflags = (ours.eflags & ~kFlags) | (expected.eflags & kFlags);
  return true;
}

/// The two bytes at `address`, if only the rest of the slot there is missing.
[[nodiscard]] bool half_accessible(uint32_t address, uint32_t size, bool written) {
  return size == 4 && accessible(address, written) && accessible(address + 1, written) &&
         !accessible(address + 3, written);
}

bool push_of_half(const Disagreement& difference, Result& ours) {
  const uint32_t size = difference.instruction.operand_size;
  const uint32_t slot = difference.test.gpr[ESP] - size;
  const bool stopped = ours.vector == kPageFault;
  if (size != 4 || difference.expected.vector != kCompleted) return false;
  if (stopped ? !half_accessible(slot, size, true) : ours.vector != kCompleted) return false;
  constexpr uint16_t kInitial[] = {0x2b, 0x23, 0x2b, 0x2b, 0, 0};
  const uint8_t segment = difference.instruction.operands[0].reg;
  const bool tls = segment == FS && (difference.test.options & kTlsInFs) != 0;
  // The selector would be the system's number of the TLS entry; the generator makes no such case.
  if (tls) return false;
  MemoryImage memory(difference.test);
  memory.store(slot, kInitial[segment], 2);
  Result other = ours;
  memory.describe(difference.test, other);
  if (!stopped && other.memory_hash == ours.memory_hash) return false;
  if (stopped) {
    set_completed(difference, other);
    other.gpr[ESP] = slot;
  }
  ours = other;
  return true;
}

/// A pop of a selector, or a far return, from a slot of which the second half is missing.
bool pop_of_half(const Disagreement& difference, Result& ours) {
  const uint32_t size = difference.instruction.operand_size;
  const bool far = difference.mnemonic != "POP";
  const uint32_t esp = difference.test.gpr[ESP];
  const uint32_t slot = esp + (far ? size : 0);
  const MemoryImage memory(difference.test);
  const auto selector = memory.read(slot, 2);
  if (ours.vector != kPageFault || !half_accessible(slot, size, false) || !selector) return false;
  const Result& expected = difference.expected;
  const auto value = static_cast<uint16_t>(*selector);
  const uint8_t segment = far ? uint8_t{CS} : difference.instruction.operands[0].reg;
  if (expected.vector != kCompleted) {
    const bool of_selector =
        expected.vector != kPageFault && expected.error_code == (value & kSelectorIndex) &&
        (far ? is_bad_return(value)
             : is_bad_selector(value, static_cast<i386::SegmentRegister>(segment)));
    if (!of_selector) return false;
    set_fault(ours, expected);
    return true;
  }
  if (difference.mnemonic == "IRET") return false;  // its flags lie beyond
  set_completed(difference, ours);
  ours.gpr[ESP] = slot + size;
  ours.selector[segment] = value;
  if (far) {
    const auto target = memory.read(esp, size);
    if (!target) return false;
    ours.eip = *target;
    if (difference.instruction.operands[0].kind == OperandKind::immediate) {
      ours.gpr[ESP] += difference.instruction.immediate;
    }
  }
  return true;
}

bool apply_selector_slot(const Disagreement& difference, Result& ours) {
  const bool segment = difference.instruction.operands[0].kind == OperandKind::segment;
  if (difference.mnemonic == "PUSH" && segment) return push_of_half(difference, ours);
  const bool pops = (difference.mnemonic == "POP" && segment) || difference.mnemonic == "RET_far" ||
                    difference.mnemonic == "IRET";
  return pops && pop_of_half(difference, ours);
}

bool apply_first_bound(const Disagreement& difference, Result& ours) {
  if (difference.mnemonic != "BOUND" || difference.expected.vector != kBoundRange ||
      ours.vector != kPageFault) {
    return false;
  }
  const auto list = accesses(difference.instruction, difference.test, difference.test.gpr);
  const uint32_t size = difference.instruction.operand_size;
  if (list.empty()) return false;
  const auto lower =
      MemoryImage(difference.test).read(linear_address(difference.test, list[0]), size);
  if (!lower) return false;
  const uint32_t index = difference.test.gpr[difference.instruction.operands[0].reg];
  const bool below = size == 2 ? static_cast<int16_t>(index) < static_cast<int16_t>(*lower)
                               : static_cast<int32_t>(index) < static_cast<int32_t>(*lower);
  if (!below) return false;
  set_fault(ours, difference.expected);
  return ours.error_code == 0 && ours.address == 0;
}

bool apply_popped_registers(const Disagreement& difference, Result& ours) {
  if (difference.mnemonic != "POPA" || difference.expected.vector == kCompleted) return false;
  const uint32_t size = difference.instruction.operand_size;
  const uint32_t mask = size == 2 ? 0xffff : ~0u;
  const MemoryImage memory(difference.test);
  Result other = ours;
  for (unsigned i = 0; i < 8; ++i) {
    if (i == ESP || difference.expected.gpr[i] == ours.gpr[i]) continue;
    const auto popped = memory.read(difference.test.gpr[ESP] + (7 - i) * size, size);
    if (!popped) return false;
    other.gpr[i] = (difference.test.gpr[i] & ~mask) | (*popped & mask);
  }
  if (std::equal(std::begin(ours.gpr), std::end(ours.gpr), other.gpr)) return false;
  ours = other;
  return true;
}

/// What PUSHA, CALL far or ENTER push, in order; empty for other instructions.
[[nodiscard]] std::vector<uint32_t> pushed_values(const Disagreement& difference) {
  const auto& gpr = difference.test.gpr;
  if (difference.mnemonic == "PUSHA") return {std::begin(gpr), std::end(gpr)};
  if (difference.mnemonic == "CALL_far") return {0x23, kCodeAddress + difference.test.length};
  if (difference.mnemonic == "ENTER") {
    return {gpr[EBP], gpr[ESP] - difference.instruction.operand_size};
  }
  return {};
}

/// Some of the pushes before the one that faults have reached memory.
bool apply_partial_pushes(const Disagreement& difference, Result& ours) {
  const Result& expected = difference.expected;
  const std::vector<uint32_t> values = pushed_values(difference);
  if (values.empty() || !is_fault(expected) || !is_fault(ours) ||
      expected.memory_hash == ours.memory_hash) {
    return false;
  }
  const uint32_t size = difference.instruction.operand_size;
  const auto count = static_cast<uint32_t>(values.size());
  // Any run of consecutive pushes: some processors begin with the last slot.
  for (uint32_t begin = 0; begin < count; ++begin) {
    for (uint32_t end = begin; end <= count; ++end) {
      MemoryImage memory(difference.test);
      for (uint32_t i = begin; i < end; ++i) {
        memory.store(difference.test.gpr[ESP] - (i + 1) * size, values[i], size);
      }
      Result other = ours;
      memory.describe(difference.test, other);
      if (other.memory_hash != expected.memory_hash) continue;
      ours = other;
      return true;
    }
  }
  return false;
}

bool apply_outer_stack(const Disagreement& difference, Result& ours) {
  const Result& expected = difference.expected;
  const bool far = difference.mnemonic == "RET_far" || difference.mnemonic == "IRET";
  if (!far || expected.vector != kPageFault || ours.vector == kPageFault || !is_fault(ours)) {
    return false;
  }
  const uint32_t size = difference.instruction.operand_size;
  const uint32_t esp = difference.test.gpr[ESP];
  const uint32_t frame = (difference.mnemonic == "IRET" ? 3 : 2) * size;
  const auto selector = MemoryImage(difference.test).read(esp + size, 2);
  const bool bad = selector && is_bad_return(static_cast<uint16_t>(*selector)) &&
                   ours.error_code == (*selector & kSelectorIndex);
  const uint32_t parameters = difference.instruction.operands[0].kind == OperandKind::immediate
                                  ? difference.instruction.immediate
                                  : 0;
  const uint32_t distance = expected.address - esp;
  const bool in_outer_frame = distance >= frame && distance < frame + parameters + 2 * size;
  constexpr uint32_t kUserRead = 4;
  if (!bad || !in_outer_frame || accessible(expected.address, false) ||
      (expected.error_code & ~kPresent) != kUserRead) {
    return false;
  }
  set_fault(ours, expected);
  return true;
}

bool apply_undefined_destination(const Disagreement& difference, Result& ours) {
  const std::string_view name = difference.mnemonic;
  const Result& expected = difference.expected;
  const i386::Operand& destination = difference.instruction.operands[0];
  const uint32_t size = difference.instruction.operand_size;
  const bool scan = (name == "BSF" || name == "BSR") && (ours.eflags & i386::eflags::ZF) != 0;
  const bool swap = name == "BSWAP" && size == 2;
  if ((!scan && !swap) || expected.vector != kCompleted || destination.kind != OperandKind::gpr) {
    return false;
  }
  const uint32_t mask = size == 2 ? 0xffff : ~0u;
  uint32_t& ours_there = ours.gpr[destination.reg];
  const uint32_t other = (ours_there & ~mask) | (expected.gpr[destination.reg] & mask);
  if (other == ours_there) return false;
  ours_there = other;
  return true;
}

constexpr EitherRule kRules[] = {
    {"order of faults",
     "Of several faults of one instruction (two operands, an operand and the stack, two pages of "
     "one access, a limit and a page, a selector and a page; read or write of an operand that is "
     "both) the one that is reported: SDM vol. 3, 6.9: within a class of table 6-2 the order is "
     "the implementation's.",
     "the order of the manual's pseudocode (CMPS and MOVS: (E)SI before (E)DI), in an access the "
     "lower page, a limit before a page",
     apply_fault_order},
    {"flags of a stopped comparison",
     "CMPS and SCAS that stop between two iterations: SDM vol. 2, REP: the flags from before the "
     "first; other processors show those of the last iteration.",
     "the last iteration's", apply_repeat_flags},
    {"half of a selector's slot",
     "A selector's slot on the stack: SDM vol. 2, PUSH: recent Intel processors access two of its "
     "four bytes; AMD's access all and store zeroes above.",
     "all four bytes", apply_selector_slot},
    {"first bound first",
     "BOUND whose second bound lies in a missing page while the first is violated already: #BR or "
     "#PF (SDM vol. 3, 6.9).",
     "reads both, then compares", apply_first_bound},
    {"registers of a stopped POPA",
     "POPA that faults: registers popped before keep their new values, or the old ones (both "
     "restart: ESP is unchanged).",
     "takes them back", apply_popped_registers},
    {"stores of a stopped instruction",
     "PUSHA, CALL far and ENTER that fault at a later slot: the earlier ones are stored, or not "
     "(they are stored again when it restarts).",
     "in the order of the manual's pseudocode, up to the fault", apply_partial_pushes},
    {"outer stack before the selector",
     "Far return to a bad selector: some processors read the outer ESP and SS before they check "
     "the selector, so a missing page there comes first (SDM vol. 3, 6.9).",
     "checks the selector first", apply_outer_stack},
    {"undefined destination",
     "BSF and BSR of 0, BSWAP of 16 bits: SDM vol. 2 leaves the destination undefined.",
     "BSF and BSR leave it as it was, BSWAP clears it: as AMD documents or processors do",
     apply_undefined_destination},
};

}  // namespace

std::span<const EitherRule> either_rules() {
  return kRules;
}

std::string explained_by_rules(const Case& test, const Result& expected, const Result& actual) {
  const auto instruction = decode(test);
  if (!instruction) return {};
  const Disagreement difference{test, *instruction, i386::row(instruction->row).mnemonic, expected};
  Result ours = actual;
  std::string names;
  for (const auto rules : {either_rules(), x87_either_rules()}) {
    for (const EitherRule& rule : rules) {
      if (!rule.apply(difference, ours)) continue;
      if (!names.empty()) names += " + ";
      names += rule.name;
    }
  }
  if (names.empty() || !differences(test, expected, ours).empty()) return {};
  return names;
}

}  // namespace ferry::semantics
