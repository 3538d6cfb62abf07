#include "generator.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "common/diagnostics.hpp"
#include "guest/i386/decode/decoder.hpp"

namespace ferry::semantics {

using i386::Instruction;
using i386::ModForm;
using i386::OperandCode;
using i386::OperandKind;
using i386::Row;
using enum i386::Gpr;

namespace {

[[nodiscard]] bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[nodiscard]] bool has(const Row& row, uint32_t attribute) {
  return (row.attributes & attribute) != 0;
}

[[nodiscard]] bool needs_modrm(OperandCode code) {
  switch (code) {
    using enum OperandCode;
    case none:
    case Ib:
    case Iw:
    case Iv:
    case Iz:
    case Isb:
    case Ib2:
    case Jb:
    case Jz:
    case Ap:
    case Ob:
    case Ov:
    case AL:
    case CL:
    case AX:
    case DX:
    case eAX:
    case Zb:
    case Zv:
    case Xb:
    case Xv:
    case Yb:
    case Yv:
    case One:
    case segES:
    case segCS:
    case segSS:
    case segDS:
    case segFS:
    case segGS:
    case ST0:
      return false;
    default:
      return true;
  }
}

[[nodiscard]] bool needs_modrm(const Row& row) {
  return row.extension >= 0 || row.mod != ModForm::any ||
         std::any_of(row.operands.begin(), row.operands.end(),
                     [](const auto& operand) { return needs_modrm(operand.code); });
}

[[nodiscard]] bool has_operand(const Row& row, std::initializer_list<OperandCode> codes) {
  return std::any_of(row.operands.begin(), row.operands.end(), [&](const auto& operand) {
    return std::find(codes.begin(), codes.end(), operand.code) != codes.end();
  });
}

[[nodiscard]] bool is_string(const Row& row) {
  return has(row, i386::attribute::rep) || has(row, i386::attribute::repcc);
}

[[nodiscard]] bool stores_fs(const Row& row) {
  return has_operand(row, {OperandCode::segFS}) ||
         (row.mnemonic == "MOV" && row.opcode == 0x8c && row.extension == i386::FS);
}

/// The register that holds the bit offset of BT and its kin with a memory operand, which may reach
/// far from the operand's address; or kNoRegister.
[[nodiscard]] uint8_t bit_offset_register(const Row& row, const Instruction& instruction) {
  const auto& operands = instruction.operands;
  const bool has_one = operands[0].kind == OperandKind::memory && row.mnemonic.starts_with("BT") &&
                       operands[1].kind == OperandKind::gpr;
  return has_one ? operands[1].reg : i386::kNoRegister;
}

}  // namespace

bool uses_x87(const Row& row) {
  return row.family == i386::Family::x87 || is_one_of(row.mnemonic, {"FXSAVE", "FXRSTOR"});
}

std::string_view reason_to_skip(const Row& row) {
  if (row.family == i386::Family::simd) return "not offered";
  const std::string_view name = row.mnemonic;
  if (is_one_of(name, {"RDTSC", "RDTSCP"})) return "reads the time";
  if (name == "RDCLOCK") return "exists in the kernel page alone (tests/linux/cases/vdso)";
  if (name == "CPUID") return "tells the processor";
  if (name == "SYSENTER") return "enters the kernel";
  if (is_one_of(name, {"LDMXCSR", "STMXCSR"})) return "CPUID does not offer SSE";
  return {};
}

unsigned Generator::put_prefixes(const Row& row, bool memory_form, Case& test) {
  using i386::Mandatory;
  unsigned size = 0;
  const auto put = [&](uint8_t byte) { test.code[size++] = byte; };
  const bool moffs = has_operand(row, {OperandCode::Ob, OperandCode::Ov});
  const bool addresses = memory_form || moffs || is_string(row) || row.mnemonic == "XLAT";
  const bool narrow_address = random_.percent(
      addresses || row.mnemonic.starts_with("LOOP") || row.mnemonic == "JECXZ" ? 12 : 3);
  if (row.prefix == Mandatory::p66) put(0x66);
  if (row.prefix == Mandatory::pf3) put(0xf3);
  if (row.prefix == Mandatory::pf2) put(0xf2);
  const bool may_narrow =
      row.prefix == Mandatory::any || row.prefix == Mandatory::pf2 || row.prefix == Mandatory::pf3;
  if (may_narrow && random_.percent(25)) put(0x66);
  if (narrow_address) put(0x67);
  if (addresses) {
    // 16-bit addresses reach the window only through FS, whose base is there.
    static constexpr uint8_t kOverrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    if (narrow_address && random_.percent(80)) {
      put(0x64);
    } else if (random_.percent(10)) {
      put(random_.pick(kOverrides));
    }
  }
  if (memory_form && has(row, i386::attribute::lockable) && random_.percent(25)) put(0xf0);
  if (is_string(row) && random_.percent(70)) put(random_.percent(50) ? 0xf3 : 0xf2);
  for (unsigned i = size; i > 1; --i) {
    std::swap(test.code[i - 1], test.code[random_.below(i)]);
  }
  return size;
}

uint8_t Generator::make_modrm(const Row& row) {
  auto modrm = static_cast<uint8_t>(random_.next());
  const bool memory_only = row.mod == ModForm::memory;
  const bool register_only = row.mod == ModForm::reg || row.rm >= 0;
  if (register_only || (!memory_only && random_.percent(40))) {
    modrm |= 0xc0;
  } else if (modrm >= 0xc0) {
    modrm &= 0xbf;
  }
  if (row.extension >= 0) modrm = static_cast<uint8_t>((modrm & ~0x38) | row.extension << 3);
  if (row.rm >= 0) modrm = static_cast<uint8_t>((modrm & ~7) | row.rm);
  return modrm;
}

void Generator::locate_displacement(unsigned offset, bool moffs, Encoded& encoded,
                                    const Case& test) {
  const Instruction& instruction = encoded.instruction;
  encoded.displacement_offset = offset;
  encoded.displacement_size = 0;
  if (moffs) {
    encoded.displacement_size = instruction.address_size;
    return;
  }
  if (instruction.modrm >= 0xc0) return;
  const unsigned mod = instruction.modrm >> 6;
  const unsigned rm = instruction.modrm & 7;
  if (instruction.address_size == 2) {
    if (mod == 2 || (mod == 0 && rm == 6)) encoded.displacement_size = 2;
    return;
  }
  const bool sib = rm == ESP;
  const unsigned base = sib ? test.code[offset] & 7 : rm;
  if (sib) ++encoded.displacement_offset;
  if (mod == 2 || (mod == 0 && base == EBP)) encoded.displacement_size = 4;
}

bool Generator::encode(uint16_t row_index, Case& test, Encoded& encoded) {
  const Row& row = i386::row(row_index);
  const bool modrm_present = needs_modrm(row);
  const uint8_t modrm = make_modrm(row);
  const bool memory_form = modrm_present && modrm < 0xc0;
  unsigned size = put_prefixes(row, memory_form, test);
  static constexpr uint8_t kEscapes[][2] = {{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
  static constexpr unsigned kEscapeLengths[] = {0, 1, 2, 2};
  const auto map = static_cast<unsigned>(row.map);
  for (unsigned i = 0; i < kEscapeLengths[map]; ++i) test.code[size++] = kEscapes[map][i];
  test.code[size++] = static_cast<uint8_t>(row.opcode + random_.below(row.span));
  if (modrm_present) test.code[size++] = modrm;
  const unsigned tail = size;
  while (size < kMaxCodeLength) test.code[size++] = static_cast<uint8_t>(random_.value());
  const auto status = i386::decode(test.code, kMaxCodeLength, kCodeAddress, encoded.instruction);
  if (status != i386::DecodeStatus::ok || encoded.instruction.row != row_index) return false;
  test.length = encoded.instruction.length;
  const bool moffs = has_operand(row, {OperandCode::Ob, OperandCode::Ov});
  locate_displacement(tail, moffs, encoded, test);
  return true;
}

uint32_t Generator::target(unsigned width) {
  const uint32_t kind = random_.below(100);
  const uint32_t near_edge = random_.below(width + 3);
  const uint32_t in_window = kWindow + random_.below(kWindowSize - 32);
  if (kind < 50) return in_window & ~7u;
  if (kind < 80) return in_window;
  if (kind < 88) return kDataEnd - near_edge;
  if (kind < 91) return kReadOnlyEnd - 64 + random_.below(32);
  if (kind < 93) return kReadOnlyEnd - near_edge;
  if (kind < 95) return kDataRegion - near_edge;
  if (kind < 97) return kDataRegion + random_.below(0x100);
  if (kind < 98) return random_.below(0x1000);
  if (kind < 99) return 0x30000000 + random_.below(0x10000000);
  return 0x80100000 + random_.below(0x10000);
}

void Generator::patch(Case& test, uint32_t address, const void* bytes, unsigned size) {
  if (address < kWindow || address > kDataEnd - size) return;
  test.patch_offset = static_cast<uint16_t>(address - kWindow);
  test.patch_length = static_cast<uint8_t>(size);
  std::memcpy(test.patch, bytes, size);
}

void Generator::aim_stack(const Row& row, Case& test) {
  const bool uses_ebp = is_one_of(row.mnemonic, {"ENTER", "LEAVE"});
  if (!has(row, i386::attribute::stack)) return;
  constexpr unsigned kWidest = 32;  // PUSHA, POPA
  test.gpr[ESP] = target(kWidest) + (random_.percent(50) ? 0 : kWidest);
  if (random_.percent(80)) test.gpr[ESP] &= ~3u;
  if (uses_ebp) test.gpr[EBP] = target(kWidest) + 0x80;
}

void Generator::aim_strings(const Instruction& instruction, Case& test) {
  const bool narrow = instruction.address_size == 2;
  const bool through_fs = instruction.segment_override && instruction.memory.segment == i386::FS;
  for (const unsigned reg : {ESI, EDI}) {
    uint32_t address = target(4);
    if (reg == ESI && through_fs) address -= kWindow;
    if (narrow) address = (address & 0xffff) | (random_.value() & 0xffff0000);
    test.gpr[reg] = address;
  }
  // Sometimes the ranges overlap.
  if (!narrow && random_.percent(20)) test.gpr[EDI] = test.gpr[ESI] + random_.below(33) - 16;
  const uint32_t count = random_.percent(90) ? random_.below(40) : random_.below(0x700);
  test.gpr[ECX] = narrow ? count | (random_.value() & 0xffff0000) : count;
}

void Generator::aim_memory(const Row& row, Case& test, Encoded& encoded) {
  Instruction& instruction = encoded.instruction;
  const auto& memory = instruction.memory;
  const bool in_fs = memory.segment == i386::FS && (test.options & kTlsInFs) != 0;
  const uint32_t base = in_fs ? kWindow : 0;
  uint32_t wanted = target(4) - base;
  // FXSAVE and FXRSTOR want multiples of 16.
  const bool aligned = is_one_of(row.mnemonic, {"FXSAVE", "FXRSTOR"}) && random_.percent(90);
  if (aligned) wanted &= ~15u;
  if (instruction.address_size == 2) wanted &= 0xffff;
  const auto scaled = [&](uint8_t reg, unsigned shift) {
    return reg == i386::kNoRegister ? 0 : test.gpr[reg] << shift;
  };
  const auto offset = [&] {
    const uint32_t sum =
        memory.displacement + scaled(memory.base, 0) + scaled(memory.index, memory.scale_log2);
    return instruction.address_size == 2 ? sum & 0xffff : sum;
  };
  const bool stack_pointer = memory.base == ESP && has(row, i386::attribute::stack);
  if (stack_pointer && memory.index != i386::kNoRegister) {
    test.gpr[memory.index] = random_.below(64) - 32;
  }
  if (encoded.displacement_size != 0) {
    const uint32_t displacement = instruction.memory.displacement + wanted - offset();
    std::memcpy(test.code + encoded.displacement_offset, &displacement, encoded.displacement_size);
    CHECK(i386::decode(test.code, test.length, kCodeAddress, instruction) ==
          i386::DecodeStatus::ok);
  } else if (memory.base != i386::kNoRegister && !stack_pointer) {
    const unsigned factor = memory.base == memory.index ? 1 + (1u << memory.scale_log2) : 1;
    const uint32_t correction = (wanted - offset()) / factor;
    if (instruction.address_size == 4 && instruction.operand_size == 4 &&
        bit_offset_register(row, instruction) == memory.base) {
      // The base register is also the bit offset, and so counts a further eighth. Without aim such
      // an access could reach anything, even the runner's own memory.
      const uint32_t rest = offset() - test.gpr[memory.base] * factor;
      const int64_t distance = static_cast<int32_t>(wanted - rest);
      test.gpr[memory.base] = static_cast<uint32_t>(distance * 8 / (8 * factor + 1));
    } else if (instruction.address_size == 2) {
      const uint32_t sum = test.gpr[memory.base] + correction;
      test.gpr[memory.base] = (test.gpr[memory.base] & 0xffff0000) | (sum & 0xffff);
    } else {
      test.gpr[memory.base] += correction;
    }
  }
  aimed_at_ = base + offset();
}

uint16_t Generator::selector() {
  // Not 33h (the kernel's 64-bit code segment), nor the TLS entries, whose numbers differ.
  static constexpr uint16_t kSelectors[] = {0x2b, 0x2b, 0x2b, 0x2b, 0x23, 0x23, 0x00,   0x03,  0x2a,
                                            0x28, 0x20, 0x21, 0x10, 0x18, 0x07, 0xfff8, 0x1fff};
  return random_.pick(kSelectors);
}

void Generator::choose_selectors(const Row& row, Case& test, const Instruction& instruction) {
  const uint16_t chosen = selector();
  const bool far = is_one_of(row.mnemonic, {"JMP_far", "CALL_far"});
  const bool loads_pointer = is_one_of(row.mnemonic, {"LDS", "LES", "LFS", "LGS", "LSS"});
  const bool by_operand = is_one_of(row.mnemonic, {"LAR", "LSL", "VERR", "VERW"}) ||
                          has_operand(row, {OperandCode::Sw});
  const unsigned size = instruction.operand_size;
  uint8_t bytes[kMaxPatchLength];
  for (auto& byte : bytes) byte = static_cast<uint8_t>(random_.next());
  if (has_operand(row, {OperandCode::Ap})) {
    const uint16_t code = random_.percent(70) ? 0x23 : chosen;
    std::memcpy(test.code + test.length - 2, &code, 2);
  } else if (far || loads_pointer) {
    const uint16_t code = far && random_.percent(60) ? 0x23 : chosen;
    std::memcpy(bytes + size, &code, 2);
    patch(test, aimed_at_, bytes, size + 2);
  } else if (is_one_of(row.mnemonic, {"RET_far", "IRET"})) {
    const uint16_t code = random_.percent(70) ? 0x23 : chosen;
    std::memcpy(bytes + size, &code, 2);
    patch(test, test.gpr[ESP], bytes, 3 * size);
  } else if (row.mnemonic == "POP" && instruction.operands[0].kind == OperandKind::segment) {
    patch(test, test.gpr[ESP], &chosen, 2);
  } else if (by_operand) {
    const auto& operands = instruction.operands;
    const auto& source = operands[1].kind == OperandKind::none ? operands[0] : operands[1];
    if (source.kind == OperandKind::gpr) {
      test.gpr[source.reg] = (random_.value() & 0xffff0000) | chosen;
    } else if (source.kind == OperandKind::memory) {
      patch(test, aimed_at_, &chosen, 2);
    }
  }
}

void Generator::choose_registers(const Row& row, Case& test, const Instruction& instruction) {
  const auto& operands = instruction.operands;
  const unsigned width = operands[0].width;
  if (is_one_of(row.mnemonic, {"DIV", "IDIV"}) && random_.percent(70)) {
    // A small high half, so that the quotient fits sometimes.
    const uint32_t high = random_.percent(50) ? random_.below(4) : 0 - random_.below(4);
    if (width == 1) {
      test.gpr[EAX] = (test.gpr[EAX] & ~0xff00u) | (high & 0xff) << 8;
    } else if (operands[0].kind != OperandKind::gpr || operands[0].reg != EDX) {
      test.gpr[EDX] = width == 2 ? (test.gpr[EDX] & 0xffff0000) | (high & 0xffff) : high;
    }
  }
  if (has_operand(row, {OperandCode::CL})) {
    test.gpr[ECX] =
        (test.gpr[ECX] & ~0xffu) | (random_.percent(90) ? random_.below(40) : random_.below(256));
  }
  if (row.mnemonic.starts_with("LOOP") || row.mnemonic == "JECXZ") {
    static constexpr uint32_t kCounts[] = {0, 1, 2, 0x10000, 0x10001, 0xffff0000, 0xffff0001};
    if (random_.percent(70)) test.gpr[ECX] = random_.pick(kCounts);
  }
  // BT with a register offset reaches far, but must not reach the memory of native_runner.
  if (const uint8_t reg = bit_offset_register(row, instruction); reg != i386::kNoRegister) {
    const uint32_t range = random_.percent(70) ? 1u << 12 : 1u << 19;
    test.gpr[reg] = random_.below(2 * range) - range;
  }
  if (row.mnemonic == "INT" && instruction.immediate == 0x80) test.code[test.length - 1] = 3;
  if (row.mnemonic == "AAM" && random_.percent(10)) test.code[test.length - 1] = 0;
  if (row.mnemonic == "ENTER") {
    // Mostly small frames: a large one always leaves the region.
    if (random_.percent(80)) test.code[test.length - 2] &= 3;
    if (random_.percent(70)) test.code[test.length - 1] &= 3;
  }
}

void Generator::ignore(Case& test, uint32_t address, uint16_t length) {
  if (address < kDataRegion || address > kDataEnd - length) return;
  IgnoredBytes& ignored = test.ignored[test.ignored[0].length == 0 ? 0 : 1];
  ignored = {static_cast<uint16_t>(address - kDataRegion), length};
}

void Generator::choose_operands(const Row& row, Case& test, const Instruction& instruction) {
  const auto& operands = instruction.operands;
  const bool in_memory = operands[0].kind == OperandKind::memory;
  const unsigned width = operands[0].width;
  if (row.mnemonic == "CMPXCHG" && random_.percent(50)) {
    if (in_memory) {
      patch(test, aimed_at_, &test.gpr[EAX], width);
    } else if (!operands[0].high_byte) {
      test.gpr[operands[0].reg] = test.gpr[EAX];
    }
  }
  if (row.mnemonic == "CMPXCHG8B" && random_.percent(50)) {
    const uint32_t expected[] = {test.gpr[EAX], test.gpr[EDX]};
    patch(test, aimed_at_, expected, sizeof expected);
  }
  if (row.mnemonic == "BOUND" && random_.percent(60)) {
    const uint32_t index = test.gpr[operands[0].reg];
    const uint32_t bounds32[] = {index - random_.below(2), index + random_.below(2)};
    const uint16_t bounds16[] = {static_cast<uint16_t>(bounds32[0]),
                                 static_cast<uint16_t>(bounds32[1])};
    if (instruction.operand_size == 4) patch(test, aimed_at_, bounds32, sizeof bounds32);
    if (instruction.operand_size == 2) patch(test, aimed_at_, bounds16, sizeof bounds16);
  }
}

void Generator::choose_state(const Row& row, Case& test, Encoded& encoded) {
  constexpr uint32_t kIfAndReserved = i386::eflags::IF | i386::eflags::kReserved1;
  const Instruction& instruction = encoded.instruction;
  for (auto& reg : test.gpr) reg = random_.value();
  test.eflags = kIfAndReserved;
  test.eflags |= static_cast<uint32_t>(random_.next()) & i386::eflags::kArithmetic;
  if (random_.percent(is_string(row) ? 30 : 5)) test.eflags |= i386::eflags::DF;
  const bool must_step = has(row, i386::attribute::block_end);
  if (must_step || random_.percent(is_string(row) ? 20 : 50)) test.options |= kSingleStep;
  if (!stores_fs(row) && random_.percent(80)) test.options |= kTlsInFs;

  aim_stack(row, test);
  if (is_string(row)) aim_strings(instruction, test);
  if (row.mnemonic == "XLAT") {
    const uint32_t base =
        (test.options & kTlsInFs) != 0 && instruction.memory.segment == i386::FS ? kWindow : 0;
    test.gpr[EBX] = target(1) - base - (test.gpr[EAX] & 0xff);
  }
  const bool memory_operand =
      std::any_of(instruction.operands.begin(), instruction.operands.end(),
                  [](const auto& operand) { return operand.kind == OperandKind::memory; });
  choose_registers(row, test, instruction);
  if (memory_operand) aim_memory(row, test, encoded);
  choose_operands(row, test, instruction);
  choose_selectors(row, test, instruction);
  if (uses_x87(row)) choose_x87(row, test, instruction);
}

Case Generator::make(uint16_t row_index) {
  Case test{};
  Encoded encoded;
  test.window_seed = static_cast<uint32_t>(random_.next());
  constexpr unsigned kMaxAttempts = 1000;
  unsigned attempts = 0;
  while (!encode(row_index, test, encoded)) {
    if (++attempts == kMaxAttempts) {
      die(1, "row %u (%s): no bytes decode to it", row_index,
          std::string(i386::row(row_index).mnemonic).c_str());
    }
  }
  choose_state(i386::row(row_index), test, encoded);
  for (unsigned i = test.length; i < kMaxCodeLength; ++i) test.code[i] = 0;
  return test;
}

}  // namespace ferry::semantics
