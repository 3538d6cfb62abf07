#include "guest/i386/interpret/x87_unit.hpp"

#include <cstring>

namespace ferry::i386::interpret::x87 {

void record(CpuState& cpu, const Instruction& instruction) {
  X87State& x87 = cpu.x87;
  x87.instruction_pointer = instruction.address;
  x87.instruction_selector = cpu.selector[CS];
  x87.opcode = static_cast<uint16_t>((instruction.opcode & 7) << 8 | instruction.modrm);
  // An instruction without a memory operand leaves the data pointer.
  if (instruction.modrm >= 0xc0) return;
  x87.set_data_operand(effective_offset(cpu, instruction),
                       cpu.selector[instruction.memory.segment]);
}

namespace {

/// The checks of a guarded access to a block: a number of ten bytes, the image of FXSAVE, or an
/// environment or state, which consists of words of the operand size.
[[nodiscard]] bool may_access_block(CpuState& cpu, const Instruction& instruction, uint32_t address,
                                    unsigned size, AccessKind kind) {
  constexpr unsigned kNumber = 10, kLargestState = 108;
  unsigned alignment = instruction.operand_size;
  if (size == kNumber) alignment = 8;
  if (size > kLargestState) alignment = 16;
  if (!is_guarded(cpu, address, alignment)) return true;
  return check_access(cpu, instruction.memory.segment, address, size, alignment, kind);
}

}  // namespace

bool load_block(CpuState& cpu, const Instruction& instruction, void* block, unsigned size) {
  uint32_t address = 0;
  if (!operand_address(cpu, instruction, AccessKind::read, address) ||
      !may_access_block(cpu, instruction, address, size, AccessKind::read)) {
    return false;
  }
  if (guest::copy_from_guest(block, address, size)) return true;
  access_fault(cpu, instruction.memory.segment, address, size, AccessKind::read);
  return false;
}

namespace {

[[nodiscard]] bool can_write(uint32_t address) {
  uint8_t expected = 0;
  bool exchanged = false;
  return guest::compare_exchange<uint8_t>(address, expected, 0, exchanged);
}

/// A block reaches into two pages at most, so its ends tell whether all of it can be written.
[[nodiscard]] bool writable_address(CpuState& cpu, const Instruction& instruction, unsigned size,
                                    uint32_t& address) {
  if (!operand_address(cpu, instruction, AccessKind::write, address) ||
      !may_access_block(cpu, instruction, address, size, AccessKind::write)) {
    return false;
  }
  const uint32_t last = address + size - 1;
  if (last >= address && can_write(address) && can_write(last)) return true;
  access_fault(cpu, instruction.memory.segment, address, size, AccessKind::write);
  return false;
}

}  // namespace

bool check_writable(CpuState& cpu, const Instruction& instruction, unsigned size) {
  uint32_t address = 0;
  return writable_address(cpu, instruction, size, address);
}

bool store_block(CpuState& cpu, const Instruction& instruction, const void* block, unsigned size) {
  uint32_t address = 0;
  if (!writable_address(cpu, instruction, size, address)) return false;
  if (guest::copy_to_guest(address, block, size)) return true;
  access_fault(cpu, instruction.memory.segment, address, size, AccessKind::write);
  return false;
}

namespace {

template <typename T>
[[nodiscard]] bool load_operand(CpuState& cpu, const Instruction& instruction, T& value) {
  uint32_t address = 0;
  return operand_address(cpu, instruction, AccessKind::read, address) &&
         load_memory(cpu, instruction.memory.segment, address, value);
}

}  // namespace

bool load_real(CpuState& cpu, const Instruction& instruction, unsigned width, Context& context,
               Float80Bits& value) {
  if (width == 4) {
    uint32_t bits = 0;
    if (!load_operand(cpu, instruction, bits)) return false;
    value = float80::widen(context, bits);
    return true;
  }
  if (width == 8) {
    uint64_t bits = 0;
    if (!load_operand(cpu, instruction, bits)) return false;
    value = float80::widen(context, bits);
    return true;
  }
  uint8_t bytes[10];
  if (!load_block(cpu, instruction, bytes, sizeof bytes)) return false;
  std::memcpy(&value.significand, bytes, 8);
  std::memcpy(&value.sign_exponent, bytes + 8, 2);
  return true;
}

bool load_integer(CpuState& cpu, const Instruction& instruction, unsigned width,
                  Float80Bits& value) {
  const auto load_as = [&]<typename Unsigned, typename Signed>(Unsigned bits, Signed) {
    if (!load_operand(cpu, instruction, bits)) return false;
    value = float80::from_integer(static_cast<Signed>(bits));
    return true;
  };
  if (width == 2) return load_as(uint16_t{}, int16_t{});
  if (width == 4) return load_as(uint32_t{}, int32_t{});
  return load_as(uint64_t{}, int64_t{});
}

}  // namespace ferry::i386::interpret::x87
