#include "access_model.hpp"

#include <algorithm>
#include <cstring>

#include "compare.hpp"
#include "generator.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::semantics {

using i386::Instruction;
using i386::OperandKind;
using enum i386::Gpr;
using enum i386::SegmentRegister;

namespace {

constexpr uint32_t kErrorWrite = 2, kErrorUser = 4;

[[nodiscard]] uint32_t page_of(uint32_t address) {
  return address & ~(guest::kPageSize - 1);
}

/// `reg` as an offset of the instruction's address size.
[[nodiscard]] uint32_t masked(const Instruction& instruction, uint32_t reg) {
  return instruction.address_size == 2 ? reg & 0xffff : reg;
}

/// The offset of an explicit memory operand. POP computes it with the value of ESP after the pop.
[[nodiscard]] uint32_t operand_offset(const Instruction& instruction, const uint32_t (&gpr)[8]) {
  i386::CpuState cpu;
  std::copy(std::begin(gpr), std::end(gpr), cpu.gpr.begin());
  if (i386::row(instruction.row).mnemonic == "POP") cpu.gpr[ESP] += instruction.operand_size;
  return i386::interpret::effective_offset(cpu, instruction);
}

[[nodiscard]] uint32_t operand_width(const Instruction& instruction, const i386::Operand& operand) {
  const std::string_view name = i386::row(instruction.row).mnemonic;
  if (name == "BOUND") return 2u * instruction.operand_size;
  if (operand.width == 0) return image_size(instruction);
  return operand.width;
}

void add_operands(const Instruction& instruction, const uint32_t (&gpr)[8],
                  std::vector<Access>& list) {
  const i386::Row& row = i386::row(instruction.row);
  const bool bit_string =
      row.mnemonic.starts_with("BT") && instruction.operands[1].kind == OperandKind::gpr;
  for (unsigned i = 0; i < i386::kMaxOperands; ++i) {
    const i386::Operand& operand = instruction.operands[i];
    const i386::Access access = row.operands[i].access;
    const bool read = access == i386::Access::r || access == i386::Access::rw;
    const bool written = access == i386::Access::w || access == i386::Access::rw;
    if (operand.kind == OperandKind::memory && !bit_string) {
      const uint32_t width = operand_width(instruction, operand);
      const bool pieces = uses_x87(row) && (operand.width == 0 || operand.width == 10);
      if (width != 0 && row.mnemonic != "LEA") {
        const uint32_t offset = operand_offset(instruction, gpr);
        list.push_back({instruction.memory.segment, offset, width, read, written, pieces});
        // An image that begins below FFFF may continue at 0.
        const bool wraps = instruction.address_size == 2 && offset + width > 0x10000;
        if (pieces && wraps) {
          const uint32_t rest = offset + width - 0x10000;
          list.push_back({instruction.memory.segment, 0, rest, read, written, pieces});
        }
      }
    } else if (operand.kind == OperandKind::string_source) {
      const uint32_t offset = masked(instruction, gpr[ESI]);
      list.push_back({instruction.memory.segment, offset, operand.width, read, written});
    } else if (operand.kind == OperandKind::string_destination) {
      list.push_back({ES, masked(instruction, gpr[EDI]), operand.width, read, written});
    }
  }
}

/// Adds accesses to `count` slots of the stack, upwards from `offset`.
void add_slots(const Instruction& instruction, uint32_t offset, unsigned count, bool written,
               std::vector<Access>& list) {
  const uint32_t size = instruction.operand_size;
  for (unsigned i = 0; i < count; ++i)
    list.push_back({SS, offset + i * size, size, !written, written});
}

/// ENTER: pushes of EBP and of the frame pointers, reads of the outer frames' pointers, and a write
/// at the final ESP.
void add_enter(const Instruction& instruction, const uint32_t (&gpr)[8],
               std::vector<Access>& list) {
  const uint32_t size = instruction.operand_size;
  const unsigned level = instruction.immediate2 & 0x1f;
  const unsigned pushes = 1 + level;
  add_slots(instruction, gpr[ESP] - pushes * size, pushes, true, list);
  if (level > 1) add_slots(instruction, gpr[EBP] - (level - 1) * size, level - 1, false, list);
  add_slots(instruction, gpr[ESP] - pushes * size - instruction.immediate, 1, true, list);
}

/// A far return's frame. Processors may read only two bytes of the selector's slot.
void add_far_frame(const Instruction& instruction, const uint32_t (&gpr)[8], unsigned slots,
                   std::vector<Access>& list) {
  const uint32_t size = instruction.operand_size;
  for (unsigned i = 0; i < slots; ++i) {
    list.push_back({SS, gpr[ESP] + i * size, size, true, false});
    if (i == 1) list.push_back({SS, gpr[ESP] + i * size, 2, true, false});
  }
}

void add_stack(const Instruction& instruction, const uint32_t (&gpr)[8],
               std::vector<Access>& list) {
  const std::string_view name = i386::row(instruction.row).mnemonic;
  const uint32_t size = instruction.operand_size;
  const uint32_t esp = gpr[ESP];
  if (name == "PUSHA") {
    add_slots(instruction, esp - 8 * size, 8, true, list);
  } else if (name == "POPA") {
    add_slots(instruction, esp, 8, false, list);
  } else if (name == "ENTER") {
    add_enter(instruction, gpr, list);
  } else if (name == "LEAVE") {
    add_slots(instruction, gpr[EBP], 1, false, list);
  } else if (name == "CALL_far") {
    add_slots(instruction, esp - 2 * size, 2, true, list);
  } else if (name == "RET_far") {
    add_far_frame(instruction, gpr, 2, list);
  } else if (name == "IRET") {
    add_far_frame(instruction, gpr, 3, list);
  } else if (name.starts_with("PUSH") || name == "CALL") {
    add_slots(instruction, esp - size, 1, true, list);
  } else if (name.starts_with("POP") || name == "RET") {
    add_slots(instruction, esp, 1, false, list);
  }
}

[[nodiscard]] bool is_null_segment(const Case& test, i386::SegmentRegister segment) {
  return segment == GS || (segment == FS && (test.options & kTlsInFs) == 0);
}

}  // namespace

bool accessible(uint32_t address, bool written) {
  const auto in = [&](uint32_t region) { return address - region < kRegionSize; };
  return in(kDataRegion) || in(kCodeRegion) || (in(kReadOnlyRegion) && !written);
}

std::vector<Access> accesses(const Instruction& instruction, const Case& test,
                             const uint32_t (&gpr)[8]) {
  static_cast<void>(test);
  std::vector<Access> list;
  add_operands(instruction, gpr, list);
  if ((i386::row(instruction.row).attributes & i386::attribute::stack) != 0) {
    add_stack(instruction, gpr, list);
  }
  return list;
}

uint32_t linear_address(const Case& test, const Access& access) {
  const bool tls = access.segment == FS && (test.options & kTlsInFs) != 0;
  return access.offset + (tls ? kWindow : 0);
}

std::vector<Fault> faults(const Case& test, const Access& access) {
  std::vector<Fault> list;
  const bool code_written = access.segment == CS && access.written;
  if (is_null_segment(test, access.segment) || code_written) {
    list.push_back({kGeneralProtection, 0, 0, 0});
    return list;
  }
  const uint32_t last_offset = access.offset + access.width - 1;
  if (last_offset < access.offset) {
    list.push_back({access.segment == SS ? kStackFault : kGeneralProtection, 0, 0, 0});
  }
  const uint32_t first = linear_address(test, access);
  const uint32_t last = first + access.width - 1;
  // Both ends' pages: no access is longer than a page.
  for (const uint32_t end : {first, last}) {
    if (accessible(end, access.written)) continue;
    const uint32_t begin = page_of(end) == page_of(first) ? first : page_of(end);
    const uint32_t rest = std::min(last - begin, page_of(end) + guest::kPageSize - 1 - begin);
    const uint32_t last_address = access.in_pieces ? begin + rest : begin;
    if (access.written) {
      list.push_back({kPageFault, kErrorUser | kErrorWrite, begin, last_address});
    }
    // If the page is missing altogether, the read of a read-modify-write may fault first.
    if (access.read && !accessible(end, false)) {
      list.push_back({kPageFault, kErrorUser, begin, last_address});
    }
  }
  return list;
}

uint32_t image_size(const Instruction& instruction) {
  const std::string_view name = i386::row(instruction.row).mnemonic;
  const bool wide = instruction.operand_size == 4;
  if (name == "FNSTENV" || name == "FLDENV") return wide ? 28 : 14;
  if (name == "FNSAVE" || name == "FRSTOR") return wide ? 108 : 94;
  if (name == "FXSAVE" || name == "FXRSTOR") return 512;
  return 0;
}

bool is_bad_selector(uint16_t selector, i386::SegmentRegister segment) {
  constexpr uint16_t kUserCode = 0x20, kUserData = 0x28, kUserCode64 = 0x30;
  const uint16_t index = selector & kSelectorIndex;
  // SS accepts only writable data segments of the caller's privilege (SDM vol. 2, MOV).
  if (segment == SS) return index != kUserData || (selector & 3) != 3;
  if (index == 0) return segment == CS;
  if (index == kUserData) return segment == CS;
  return index != kUserCode && index != kUserCode64;
}

MemoryImage::MemoryImage(const Case& test) {
  uint8_t* const window = before_.data() + kRegionSize - kWindowSize;
  uint64_t words[kWindowSize / 8];
  fill_window(test.window_seed, words);
  std::memcpy(window, words, sizeof words);
  apply_patch(test, window);
  now_ = before_;
}

std::optional<uint32_t> MemoryImage::read(uint32_t address, uint32_t size) const {
  uint32_t value = 0;
  if (address >= kDataRegion && address <= kDataEnd - size) {
    std::memcpy(&value, before_.data() + (address - kDataRegion), size);
    return value;
  }
  if (address < kReadOnlyRegion || address > kReadOnlyEnd - size) return std::nullopt;
  if (address < kReadOnlyEnd - kWindowSize) return 0;
  uint64_t words[kWindowSize / 8];
  fill_window(kReadOnlySeed, words);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(words);
  std::memcpy(&value, bytes + (address - (kReadOnlyEnd - kWindowSize)), size);
  return value;
}

void MemoryImage::store(uint32_t address, uint32_t value, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) {
    const uint32_t offset = address + i - kDataRegion;
    if (offset < kRegionSize) now_[offset] = static_cast<uint8_t>(value >> 8 * i);
  }
}

void MemoryImage::describe(const Case& test, Result& result) const {
  std::array<uint8_t, kRegionSize> now = now_;
  describe_changes(test, before_.data(), now.data(), result);
}

}  // namespace ferry::semantics
