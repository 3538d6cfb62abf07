// Rules of x87 instructions (see either_rules.hpp).
#include <cstring>

#include "access_model.hpp"
#include "compare.hpp"
#include "either_rules.hpp"
#include "generator.hpp"

namespace ferry::semantics {

using i386::OperandKind;

namespace {

constexpr uint16_t kUnderflow = 1 << 4, kExceptionSummary = 1 << 7;

[[nodiscard]] bool stores_x87(std::string_view name) {
  return name.starts_with("FST") || name.starts_with("FIST") || name == "FBSTP";
}

/// A store that an unmasked exception stops, to memory that faults: either event may come first.
bool apply_exception_before_store(const Disagreement& difference, Result& ours) {
  const Result& expected = difference.expected;
  const bool faulted =
      ours.vector == kPageFault || ours.vector == kGeneralProtection || ours.vector == kStackFault;
  if (!stores_x87(difference.mnemonic) || expected.vector != kCompleted || !faulted ||
      (expected.x87.status & kExceptionSummary) == 0) {
    return false;
  }
  // Nothing was stored or popped: the registers, the top and the control word are unchanged.
  const X87Image& before = difference.test.x87;
  constexpr uint16_t kTop = 7 << 11;
  const bool kept =
      ((expected.x87.status ^ before.status) & kTop) == 0 &&
      expected.x87.control == before.control &&
      std::memcmp(expected.x87.registers, before.registers, sizeof before.registers) == 0;
  if (!kept) return false;
  ours.vector = kCompleted;
  ours.error_code = 0;
  ours.address = 0;
  ours.eip = kCodeAddress + difference.test.length;
  ours.x87 = expected.x87;
  return true;
}

/// An image or a ten-byte operand, written in pieces, that faults: earlier pieces may be stored.
bool apply_partial_image(const Disagreement& difference, Result& ours) {
  const Result& expected = difference.expected;
  if (expected.vector != kPageFault || ours.vector != kPageFault ||
      expected.memory_hash == ours.memory_hash) {
    return false;
  }
  for (const Access& access :
       accesses(difference.instruction, difference.test, difference.test.gpr)) {
    const uint32_t first = linear_address(difference.test, access) - kDataRegion;
    const bool inside =
        expected.changed_bytes == 0 ||
        (expected.first_changed - first < access.width && expected.changed_bytes <= access.width);
    if (!access.in_pieces || !access.written || !inside) continue;
    ours.memory_hash = expected.memory_hash;
    ours.changed_bytes = expected.changed_bytes;
    ours.first_changed = expected.first_changed;
    return true;
  }
  return false;
}

/// FPREM and FSCALE that leave a denormal number as it is may report an underflow or not.
bool apply_exact_denormal(const Disagreement& difference, Result& ours) {
  const bool named = difference.mnemonic.starts_with("FPREM") || difference.mnemonic == "FSCALE";
  const X87Image& expected = difference.expected.x87;
  const X87Image& before = difference.test.x87;
  const bool underflow_of_ours =
      (before.control & kUnderflow) == 0 && (ours.x87.status & ~expected.status & kUnderflow) != 0;
  if (!named || !underflow_of_ours ||
      std::memcmp(expected.registers[0], before.registers[0], sizeof before.registers[0]) != 0) {
    return false;
  }
  std::memcpy(ours.x87.registers[0], expected.registers[0], sizeof expected.registers[0]);
  ours.x87.status = expected.status;
  ours.x87.tags = expected.tags;
  return true;
}

/// Images across offset FFFF of a 16-bit address continue above that offset, or at 0.
bool apply_wrapped_image(const Disagreement& difference, Result& ours) {
  const bool both_fault = difference.expected.vector != kCompleted && ours.vector != kCompleted;
  if (image_size(difference.instruction) == 0 || difference.instruction.address_size != 2 ||
      both_fault) {
    return false;  // the order of faults is another rule
  }
  const auto list = accesses(difference.instruction, difference.test, difference.test.gpr);
  if (list.empty() || list[0].offset + list[0].width <= 0x10000) return false;
  // The bytes read or written at 0 are not modelled, so only registers are compared.
  const Result before = ours;
  ours = difference.expected;
  std::memcpy(ours.gpr, before.gpr, sizeof ours.gpr);
  std::memcpy(ours.selector, before.selector, sizeof ours.selector);
  return true;
}

/// After an instruction without an unmasked exception, FOP and FDP are its own or the old ones.
bool apply_pointers(const Disagreement& difference, Result& ours) {
  const Result& expected = difference.expected;
  const X87Image& before = difference.test.x87;
  if ((difference.test.options & kX87) == 0 || expected.vector != kCompleted ||
      (expected.x87.status & kExceptionSummary) != 0 ||
      expected.x87.instruction_pointer != kCodeAddress) {
    return false;  // the last condition excludes control instructions, which leave FIP alone
  }
  bool changed = false;
  const auto choose = [&](auto& field, auto wanted, auto kept) {
    if (field == wanted || wanted != kept) return;
    field = wanted;
    changed = true;
  };
  choose(ours.x87.opcode, expected.x87.opcode, before.opcode);
  if (difference.instruction.modrm < 0xc0) {  // others leave FDP alone on every processor
    choose(ours.x87.data_pointer, expected.x87.data_pointer, before.data_pointer);
  }
  return changed;
}

bool apply_selectors(const Disagreement& difference, Result& ours) {
  const X87Image& expected = difference.expected.x87;
  const bool none = expected.instruction_selector == 0 && expected.data_selector == 0;
  const bool same = ours.x87.instruction_selector == 0 && ours.x87.data_selector == 0;
  if ((difference.test.options & kX87) == 0 || !none || same) return false;
  ours.x87.instruction_selector = 0;
  ours.x87.data_selector = 0;
  return true;
}

constexpr EitherRule kRules[] = {
    {"x87 exception before the store",
     "x87 store that an unmasked exception stops, to memory that faults: some processors do not "
     "look at the memory (SDM vol. 3, 6.9).",
     "the memory's fault first", apply_exception_before_store},
    {"x87 image stored in part",
     "An x87 image or ten-byte operand that faults: pieces before the fault may be stored, or not "
     "(they are stored again when it restarts).",
     "nothing is stored", apply_partial_image},
    {"denormal number kept",
     "FPREM and FSCALE that leave a denormal number as it is, with underflow unmasked: whether "
     "they report an underflow.",
     "reports it", apply_exact_denormal},
    {"x87 image across FFFF",
     "x87 images that begin below offset FFFF of a 16-bit address and end past it (SDM vol. 3, "
     "architecture compatibility, segment wraparound: differs between processors).",
     "go on above FFFF", apply_wrapped_image},
    {"x87 pointers of an exception only",
     "FOP and FDP of an instruction without an unmasked exception (SDM vol. 1, 8.1.8 and 8.1.9.1: "
     "some processors change them only with one).",
     "every instruction's", apply_pointers},
    {"no x87 selectors",
     "FCS and FDS (SDM vol. 1, 8.1.8: deprecated, stored as 0 by newer processors).", "are stored",
     apply_selectors},
};

}  // namespace

std::span<const EitherRule> x87_either_rules() {
  return kRules;
}

}  // namespace ferry::semantics
