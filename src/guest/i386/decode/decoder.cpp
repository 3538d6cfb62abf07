#include "guest/i386/decode/decoder.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

#include "guest/i386/decode/lookup.hpp"

namespace ferry::i386 {
namespace {

/// An instruction without its prefixes: 0F opcode ModRM SIB disp32 imm8, or opcode ModRM SIB disp32
/// imm32.
constexpr uint32_t kMaxBodyLength = 11;

/// Packed, because for a memcpy from a pointer of unknown alignment the MIPS compiler goes byte by
/// byte.
template <typename T>
struct [[gnu::packed, gnu::may_alias]] Unaligned {
  T value;
};

template <typename T>
uint32_t load(const uint8_t* bytes) {
  // Sign-extends when T is signed.
  return static_cast<uint32_t>(reinterpret_cast<const Unaligned<T>*>(bytes)->value);
}

/// What the prefixes say. Passed by value into inlined functions, so that the common case without
/// any costs nothing.
struct Prefixes {
  uint32_t count = 0;
  uint8_t operand_size = 4;
  uint8_t address_size = 4;
  bool lock = false;
  RepPrefix rep = RepPrefix::none;
  bool segment_override = false;
  SegmentRegister segment = DS;
};

/// `count` is `limit` if there is nothing but prefixes.
Prefixes scan_prefixes(const uint8_t* bytes, uint32_t limit) {
  Prefixes prefixes;
  const auto override_segment = [&prefixes](SegmentRegister segment) {
    prefixes.segment_override = true;
    prefixes.segment = segment;
  };
  for (; prefixes.count < limit; ++prefixes.count) {
    switch (bytes[prefixes.count]) {
      case 0x26:
        override_segment(ES);
        break;
      case 0x2e:
        override_segment(CS);
        break;
      case 0x36:
        override_segment(SS);
        break;
      case 0x3e:
        override_segment(DS);
        break;
      case 0x64:
        override_segment(FS);
        break;
      case 0x65:
        override_segment(GS);
        break;
      case 0x66:
        prefixes.operand_size = 2;
        break;
      case 0x67:
        prefixes.address_size = 2;
        break;
      case 0xf0:
        prefixes.lock = true;
        break;
      case 0xf2:
        prefixes.rep = RepPrefix::repne;
        break;
      case 0xf3:
        prefixes.rep = RepPrefix::repe;
        break;
      default:
        return prefixes;
    }
  }
  return prefixes;
}

/// SDM vol. 2, tables 2-2 and 2-3. `code` is behind ModRM; returns behind the displacement.
inline const uint8_t* parse_memory32(const uint8_t* code, uint32_t modrm, const Prefixes& prefixes,
                                     MemoryOperand& memory) {
  const uint32_t mod = modrm >> 6;
  uint32_t base = modrm & 7;
  if (base == ESP) {
    const uint32_t sib = *code++;
    const uint32_t index = (sib >> 3) & 7;
    base = sib & 7;
    if (index != ESP) {
      memory.index = static_cast<uint8_t>(index);
      memory.scale_log2 = static_cast<uint8_t>(sib >> 6);
    }
  }
  if (mod == 0 && base == EBP) {
    memory.displacement = load<uint32_t>(code);
    return code + 4;
  }
  memory.base = static_cast<uint8_t>(base);
  if ((base == ESP || base == EBP) && !prefixes.segment_override) memory.segment = SS;
  if (mod == 1) {
    memory.displacement = load<int8_t>(code);
    return code + 1;
  }
  if (mod == 2) {
    memory.displacement = load<uint32_t>(code);
    return code + 4;
  }
  return code;
}

/// SDM vol. 2, table 2-1.
const uint8_t* parse_memory16(const uint8_t* code, uint32_t modrm, const Prefixes& prefixes,
                              MemoryOperand& memory) {
  struct Form {
    uint8_t base, index;
  };
  static constexpr Form kForms[8] = {{EBX, ESI},         {EBX, EDI},         {EBP, ESI},
                                     {EBP, EDI},         {ESI, kNoRegister}, {EDI, kNoRegister},
                                     {EBP, kNoRegister}, {EBX, kNoRegister}};
  const uint32_t mod = modrm >> 6;
  const uint32_t rm = modrm & 7;
  if (mod == 0 && rm == 6) {
    memory.displacement = load<int16_t>(code);
    return code + 2;
  }
  memory.base = kForms[rm].base;
  memory.index = kForms[rm].index;
  if (memory.base == EBP && !prefixes.segment_override) memory.segment = SS;
  if (mod == 1) {
    memory.displacement = load<int8_t>(code);
    return code + 1;
  }
  if (mod == 2) {
    memory.displacement = load<int16_t>(code);
    return code + 2;
  }
  return code;
}

/// `size` bytes, 2 or 4, zero-extended.
inline const uint8_t* load_sized(const uint8_t* code, unsigned size, uint32_t& value) {
  value = size == 4 ? load<uint32_t>(code) : load<uint16_t>(code);
  return code + size;
}

/// The tails with more than one part, and the one without bytes.
const uint8_t* parse_rare_tail(const uint8_t* code, Tail tail, const Prefixes& prefixes,
                               Instruction& instruction) {
  switch (tail) {
    case Tail::one:
      instruction.immediate = 1;
      return code;
    case Tail::moffs:
      return load_sized(code, prefixes.address_size, instruction.memory.displacement);
    case Tail::far_pointer:
      code = load_sized(code, prefixes.operand_size, instruction.immediate);
      instruction.immediate2 = load<uint16_t>(code);
      return code + 2;
    case Tail::word_byte:
      instruction.immediate = load<uint16_t>(code);
      instruction.immediate2 = code[2];
      return code + 3;
    default:
      return code;
  }
}

/// An immediate or a target of `bytes`. Targets stay relative until the length is known.
inline void load_tail(const uint8_t* code, unsigned bytes, bool is_signed,
                      Instruction& instruction) {
  if (bytes == 1) {
    instruction.immediate = is_signed ? load<int8_t>(code) : *code;
  } else {
    instruction.immediate = bytes == 4 ? load<uint32_t>(code) : load<uint16_t>(code);
  }
}

/// Numbers 4 to 7 of an 8-bit register mean the high byte of 0 to 3.
[[gnu::noinline]] DecodeStatus settle_byte_registers(Instruction& instruction) {
  for (Operand& operand : instruction.operands) {
    if (operand.high_byte && operand.reg < 4) operand.high_byte = false;
    if (operand.high_byte) operand.reg = static_cast<uint8_t>(operand.reg - 4);
  }
  return DecodeStatus::ok;
}

[[gnu::always_inline]] inline void fill_operands(const Recipe& recipe, bool memory_form,
                                                 bool operand_size_2, uint32_t opcode,
                                                 uint32_t modrm, Instruction& instruction) {
  const OperandRecipe& operands = recipe.operands[variant_of(memory_form, operand_size_2)];
  // Rows with a register in the opcode have no ModRM.
  const uint32_t numbers = modrm | (opcode & recipe.opcode_register);
  const uint64_t first_two =
      operands.first_two + kRegisterPairs[static_cast<size_t>(operands.pair)][numbers];
  static_assert(offsetof(Instruction, operands) % sizeof first_two == 0);
  reinterpret_cast<uint64_t&>(instruction.operands) = first_two;
  instruction.operands[2] = std::bit_cast<Operand>(operands.third);
}

/// The index of the row that the opcode, ModRM and prefixes select, or kNoRow.
inline uint16_t select_row(OpcodeEntry entry, uint32_t modrm, const Prefixes& prefixes) {
  if (entry.select == Select::row) return entry.first;
  unsigned prefix_class = prefixes.operand_size == 2 ? 1 : 0;
  if (prefixes.rep != RepPrefix::none) prefix_class = prefixes.rep == RepPrefix::repe ? 2 : 3;
  const unsigned block = cells_per_block(entry.select);
  return kCells[entry.first + prefix_class * block + cell_in_block(entry.select, modrm)];
}

enum class Pace : uint8_t { fast, slow };

/// Decodes what follows the prefixes. Opcode and ModRM are read from the first `available` bytes
/// only; SIB, displacement and immediate are read without a check: kMaxBodyLength bytes must be
/// readable, and at the fast pace available. At that pace it has no calls and gives up
/// (`truncated`) at a prefix or a rare tail.
template <Pace pace>
[[gnu::always_inline]] inline DecodeStatus decode_body(const uint8_t* body, uint32_t available,
                                                       const Prefixes& prefixes, uint32_t address,
                                                       Instruction& instruction) {
  const uint8_t* code = body;
  const uint8_t* const end = body + available;
  uint32_t opcode = *code++;
  OpcodeEntry entry = kOpcodeMaps[0][opcode];
  while (entry.select >= Select::escape) {
    // Behind prefixes none is left; at the fast pace one is not for this function.
    if (entry.select == Select::prefix) return DecodeStatus::truncated;
    if (pace == Pace::slow && code == end) return DecodeStatus::truncated;
    opcode = *code++;
    entry = kOpcodeMaps[entry.first][opcode];
  }
  uint32_t modrm = 0;
  if (entry.has_modrm) {
    if (pace == Pace::slow && code == end) return DecodeStatus::truncated;
    modrm = *code++;
  }
  const uint16_t row = select_row(entry, modrm, prefixes);
  if (row == kNoRow) return DecodeStatus::illegal;
  const Recipe& recipe = kRecipes[row];
  const bool memory_form = recipe.parses_memory && modrm < 0xc0;
  if (prefixes.lock && !(recipe.lockable && memory_form)) return DecodeStatus::illegal;

  instruction.memory = MemoryOperand{.segment = prefixes.segment};
  instruction.immediate = 0;
  instruction.immediate2 = 0;
  if (memory_form) {
    code = prefixes.address_size == 4 ? parse_memory32(code, modrm, prefixes, instruction.memory)
                                      : parse_memory16(code, modrm, prefixes, instruction.memory);
  }
  const unsigned tail_bytes = recipe.tail_bytes[prefixes.operand_size == 2 ? 1 : 0];
  if (tail_bytes == kRareTail) {
    if (pace == Pace::fast) return DecodeStatus::truncated;
    code = parse_rare_tail(code, recipe.tail, prefixes, instruction);
  } else if (tail_bytes != 0) {
    load_tail(code, tail_bytes, recipe.tail_signed, instruction);
    code += tail_bytes;
  }
  const uint32_t length = prefixes.count + static_cast<uint32_t>(code - body);
  if (recipe.tail_relative) {
    instruction.immediate += address + length;
    // A 16-bit operand size cuts the target (SDM vol. 2, JMP and Jcc).
    if (prefixes.operand_size == 2) instruction.immediate &= 0xffff;
  }
  fill_operands(recipe, memory_form, prefixes.operand_size == 2, opcode, modrm, instruction);
  instruction.address = address;
  instruction.row = row;
  instruction.length = static_cast<uint8_t>(length);
  instruction.operand_size = prefixes.operand_size;
  instruction.address_size = prefixes.address_size;
  instruction.opcode = static_cast<uint8_t>(opcode);
  instruction.modrm = static_cast<uint8_t>(modrm);
  instruction.lock = prefixes.lock;
  instruction.rep = prefixes.rep;
  instruction.segment_override = prefixes.segment_override;
  return recipe.byte_registers ? settle_byte_registers(instruction) : DecodeStatus::ok;
}

/// Prefixes, or fewer bytes than the longest instruction may need: decode a padded copy where
/// necessary, then see how long the instruction came out.
[[gnu::noinline]] DecodeStatus decode_slowly(const uint8_t* bytes, uint32_t size, uint32_t address,
                                             Instruction& instruction) {
  const uint32_t limit = size < kMaxInstructionLength ? size : kMaxInstructionLength;
  const Prefixes prefixes = scan_prefixes(bytes, limit);
  const uint32_t rest = limit - prefixes.count;
  DecodeStatus status = DecodeStatus::truncated;
  if (rest != 0) {
    uint8_t padded[kMaxBodyLength] = {};
    const uint8_t* body = bytes + prefixes.count;
    if (rest < kMaxBodyLength) {
      std::memcpy(padded, body, rest);
      body = padded;
    }
    status = decode_body<Pace::slow>(body, rest, prefixes, address, instruction);
    if (status == DecodeStatus::ok && instruction.length > kMaxInstructionLength) {
      return DecodeStatus::too_long;
    }
    if (status == DecodeStatus::ok && instruction.length > limit) status = DecodeStatus::truncated;
  }
  // All 15 bytes were there: what wants more is too long.
  if (status == DecodeStatus::truncated && limit == kMaxInstructionLength) {
    return DecodeStatus::too_long;
  }
  return status;
}

}  // namespace

DecodeStatus decode(const uint8_t* bytes, uint32_t size, uint32_t address,
                    Instruction& instruction) {
  if (size >= kMaxBodyLength) {
    const DecodeStatus status =
        decode_body<Pace::fast>(bytes, kMaxBodyLength, Prefixes{}, address, instruction);
    if (status != DecodeStatus::truncated) return status;
  }
  return decode_slowly(bytes, size, address, instruction);
}

}  // namespace ferry::i386
