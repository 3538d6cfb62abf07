#include "guest/i386/x87/image.hpp"

#include <cstring>

#include "guest/i386/x87/float80.hpp"

namespace ferry::i386 {

namespace {

template <typename T>
void put(uint8_t* image, unsigned offset, T value) {
  std::memcpy(image + offset, &value, sizeof value);
}

template <typename T>
[[nodiscard]] T get(const uint8_t* image, unsigned offset) {
  T value;
  std::memcpy(&value, image + offset, sizeof value);
  return value;
}

constexpr uint16_t kOpcodeMask = 0x7ff;

// Offsets in the FXSAVE image (SDM vol. 1, table 10-2).
constexpr unsigned kFxControl = 0, kFxStatus = 2, kFxTags = 4, kFxOpcode = 6, kFxInstruction = 8,
                   kFxInstructionSelector = 12, kFxData = 16, kFxDataSelector = 20, kFxMxcsr = 24,
                   kFxMxcsrMask = 28, kFxRegisters = 32, kFxXmm = 160;

[[nodiscard]] unsigned tag(const X87State& x87, unsigned reg) {
  using float80::Class;
  if ((x87.empty >> reg & 1) != 0) return 3;
  switch (float80::classify(x87.registers[reg])) {
    case Class::normal:
      return 0;
    case Class::zero:
      return 1;
    default:
      return 2;
  }
}

}  // namespace

uint16_t status_word(const X87State& x87) {
  return static_cast<uint16_t>(x87.status | x87.top << x87_status::kTopShift);
}

void set_status_word(X87State& x87, uint16_t status) {
  x87.top = static_cast<uint8_t>(status >> x87_status::kTopShift & 7);
  x87.status = status & static_cast<uint16_t>(~x87_status::TOP);
  set_control_word(x87, x87.control);
}

uint16_t tag_word(const X87State& x87) {
  if (x87.empty == 0xff) return 0xffff;
  unsigned tags = 0;
  for (unsigned reg = 0; reg < 8; ++reg) tags |= tag(x87, reg) << 2 * reg;
  return static_cast<uint16_t>(tags);
}

void set_tag_word(X87State& x87, uint16_t tags) {
  unsigned empty = tags == 0xffff ? 0xff : 0;
  for (unsigned reg = 0; reg < 8 && empty != 0xff; ++reg)
    empty |= ((tags >> 2 * reg & 3) == 3 ? 1u : 0) << reg;
  x87.empty = static_cast<uint8_t>(empty);
}

void set_control_word(X87State& x87, uint16_t control) {
  x87.control = (control & x87_control::kWritable) | x87_control::kReserved6;
  update_summary(x87);
}

void initialize(X87State& x87) {
  const auto registers = x87.registers;
  x87 = X87State{};
  x87.registers = registers;
}

void store_environment(const X87State& x87, unsigned operand_size, uint8_t* image) {
  if (operand_size == 2) {
    put(image, 0, x87.control);
    put(image, 2, status_word(x87));
    put(image, 4, tag_word(x87));
    put(image, 6, static_cast<uint16_t>(x87.instruction_pointer));
    put(image, 8, x87.instruction_selector);
    put(image, 10, static_cast<uint16_t>(x87.data_pointer()));
    put(image, 12, x87.data_selector());
    return;
  }
  constexpr uint32_t kUnusedOnes = 0xffff0000;
  put(image, 0, kUnusedOnes | x87.control);
  put(image, 4, kUnusedOnes | status_word(x87));
  put(image, 8, kUnusedOnes | tag_word(x87));
  put(image, 12, x87.instruction_pointer);
  put(image, 16, x87.instruction_selector | uint32_t{x87.opcode} << 16);
  put(image, 20, x87.data_pointer());
  put(image, 24, kUnusedOnes | x87.data_selector());
}

void load_environment(X87State& x87, unsigned operand_size, const uint8_t* image) {
  const unsigned unit = operand_size;
  x87.control = get<uint16_t>(image, 0);
  set_status_word(x87, get<uint16_t>(image, unit));
  set_tag_word(x87, get<uint16_t>(image, 2 * unit));
  x87.instruction_selector = get<uint16_t>(image, 4 * unit);
  const auto data_selector = get<uint16_t>(image, 6 * unit);
  if (operand_size == 2) {
    x87.instruction_pointer = get<uint16_t>(image, 6);
    x87.set_data_operand(get<uint16_t>(image, 10), data_selector);
    x87.opcode = 0;
  } else {
    x87.instruction_pointer = get<uint32_t>(image, 12);
    x87.set_data_operand(get<uint32_t>(image, 20), data_selector);
    x87.opcode = get<uint16_t>(image, 18) & kOpcodeMask;
  }
}

void store_registers(const X87State& x87, uint8_t* image) {
  for (unsigned i = 0; i < 8; ++i) {
    const Float80Bits& value = x87.registers[(x87.top + i) & 7];
    put(image, 10 * i, value.significand);
    put(image, 10 * i + 8, value.sign_exponent);
  }
}

void load_registers(X87State& x87, const uint8_t* image) {
  for (unsigned i = 0; i < 8; ++i) {
    x87.registers[(x87.top + i) & 7] = {get<uint64_t>(image, 10 * i),
                                        get<uint16_t>(image, 10 * i + 8)};
  }
}

void store_fxsave_image(const CpuState& cpu, uint8_t* image, ImagePointers pointers) {
  const X87State& x87 = cpu.x87;
  std::memset(image, 0, kFxXmm);
  put(image, kFxControl, x87.control);
  put(image, kFxStatus, status_word(x87));
  put(image, kFxTags, static_cast<uint8_t>(~x87.empty));
  if (pointers == ImagePointers::always || (x87.status & x87_status::ES) != 0) {
    put(image, kFxOpcode, x87.opcode);
    put(image, kFxInstruction, x87.instruction_pointer);
    put(image, kFxInstructionSelector, x87.instruction_selector);
    put(image, kFxData, x87.data_pointer());
    put(image, kFxDataSelector, x87.data_selector());
  }
  put(image, kFxMxcsr, cpu.mxcsr);
  put(image, kFxMxcsrMask, kMxcsrMask);
  for (unsigned i = 0; i < 8; ++i) {
    const Float80Bits& value = x87.registers[(x87.top + i) & 7];
    put(image, kFxRegisters + 16 * i, value.significand);
    put(image, kFxRegisters + 16 * i + 8, value.sign_exponent);
  }
  std::memcpy(image + kFxXmm, cpu.xmm.data(), sizeof cpu.xmm);
}

uint32_t fxsave_image_mxcsr(const uint8_t* image) {
  return get<uint32_t>(image, kFxMxcsr);
}

void load_fxsave_image(CpuState& cpu, const uint8_t* image) {
  X87State& x87 = cpu.x87;
  x87.control = get<uint16_t>(image, kFxControl);
  set_status_word(x87, get<uint16_t>(image, kFxStatus));
  x87.empty = static_cast<uint8_t>(~get<uint8_t>(image, kFxTags));
  x87.opcode = get<uint16_t>(image, kFxOpcode) & kOpcodeMask;
  x87.instruction_pointer = get<uint32_t>(image, kFxInstruction);
  x87.instruction_selector = get<uint16_t>(image, kFxInstructionSelector);
  x87.set_data_operand(get<uint32_t>(image, kFxData), get<uint16_t>(image, kFxDataSelector));
  cpu.mxcsr = fxsave_image_mxcsr(image);
  for (unsigned i = 0; i < 8; ++i) {
    x87.registers[(x87.top + i) & 7] = {get<uint64_t>(image, kFxRegisters + 16 * i),
                                        get<uint16_t>(image, kFxRegisters + 16 * i + 8)};
  }
  std::memcpy(cpu.xmm.data(), image + kFxXmm, sizeof cpu.xmm);
}

}  // namespace ferry::i386
