#include "guest/i386/decode/decoder.hpp"

#include <cstring>

#include "guest/i386/decode/lookup.hpp"

namespace ferry::i386 {
namespace {

/// An instruction without its prefixes: 0F opcode ModRM SIB disp32 imm8, or opcode ModRM SIB disp32
/// imm32.
constexpr uint32_t kMaxBodyLength = 11;

template <typename T>
uint32_t load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<uint32_t>(value);  // sign-extends when T is signed
}

/// Notes the prefixes in `instruction` and returns how many there are; `limit` if there is nothing
/// else.
uint32_t scan_prefixes(const uint8_t* bytes, uint32_t limit, Instruction& instruction) {
  const auto override_segment = [&](SegmentRegister segment) {
    instruction.segment_override = true;
    instruction.memory.segment = segment;
  };
  uint32_t count = 0;
  for (; count < limit; ++count) {
    switch (bytes[count]) {
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
        instruction.operand_size = 2;
        break;
      case 0x67:
        instruction.address_size = 2;
        break;
      case 0xf0:
        instruction.lock = true;
        break;
      case 0xf2:
        instruction.rep = RepPrefix::repne;
        break;
      case 0xf3:
        instruction.rep = RepPrefix::repe;
        break;
      default:
        return count;
    }
  }
  return count;
}

/// SDM vol. 2, table 2-2 and 2-3. `code` is behind ModRM; returns behind the displacement.
const uint8_t* parse_memory32(const uint8_t* code, Instruction& instruction) {
  MemoryOperand& memory = instruction.memory;
  const unsigned mod = instruction.modrm >> 6;
  unsigned base = instruction.modrm & 7;
  if (base == ESP) {
    const uint8_t sib = *code++;
    const unsigned index = (sib >> 3) & 7;
    base = sib & 7;
    if (index != ESP) {
      memory.index = static_cast<uint8_t>(index);
      memory.scale_log2 = sib >> 6;
    }
  }
  if (mod == 0 && base == EBP) {
    memory.displacement = load<uint32_t>(code);
    return code + 4;
  }
  memory.base = static_cast<uint8_t>(base);
  if ((base == ESP || base == EBP) && !instruction.segment_override) memory.segment = SS;
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
const uint8_t* parse_memory16(const uint8_t* code, Instruction& instruction) {
  struct Form {
    uint8_t base, index;
  };
  static constexpr Form kForms[8] = {{EBX, ESI},         {EBX, EDI},         {EBP, ESI},
                                     {EBP, EDI},         {ESI, kNoRegister}, {EDI, kNoRegister},
                                     {EBP, kNoRegister}, {EBX, kNoRegister}};
  MemoryOperand& memory = instruction.memory;
  const unsigned mod = instruction.modrm >> 6;
  const unsigned rm = instruction.modrm & 7;
  if (mod == 0 && rm == 6) {
    memory.displacement = load<int16_t>(code);
    return code + 2;
  }
  memory.base = kForms[rm].base;
  memory.index = kForms[rm].index;
  if (memory.base == EBP && !instruction.segment_override) memory.segment = SS;
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
const uint8_t* load_sized(const uint8_t* code, unsigned size, uint32_t& value) {
  value = size == 4 ? load<uint32_t>(code) : load<uint16_t>(code);
  return code + size;
}

/// Immediates, targets and moffs. Targets stay relative until the length is known.
const uint8_t* parse_tail(const uint8_t* code, Tail tail, Instruction& instruction) {
  const unsigned size = instruction.operand_size;
  switch (tail) {
    case Tail::none:
      return code;
    case Tail::one:
      instruction.immediate = 1;
      return code;
    case Tail::byte:
      instruction.immediate = *code;
      return code + 1;
    case Tail::byte_signed:
    case Tail::byte_relative:
      instruction.immediate = load<int8_t>(code);
      return code + 1;
    case Tail::word:
      instruction.immediate = load<uint16_t>(code);
      return code + 2;
    case Tail::operand_sized:
    case Tail::relative:
      return load_sized(code, size, instruction.immediate);
    case Tail::moffs:
      return load_sized(code, instruction.address_size, instruction.memory.displacement);
    case Tail::far_pointer:
      code = load_sized(code, size, instruction.immediate);
      instruction.immediate2 = load<uint16_t>(code);
      return code + 2;
    case Tail::word_byte:
      instruction.immediate = load<uint16_t>(code);
      instruction.immediate2 = code[2];
      return code + 3;
  }
  return code;
}

void fill_operands(const Recipe& recipe, bool memory_form, Instruction& instruction) {
  const bool short_operand = instruction.operand_size == 2;
  const uint8_t fields[] = {0, static_cast<uint8_t>((instruction.modrm >> 3) & 7),
                            static_cast<uint8_t>(instruction.modrm & 7),
                            static_cast<uint8_t>(instruction.opcode & 7)};
  for (unsigned i = 0; i < recipe.operand_count; ++i) {
    const OperandRecipe& from = recipe.operands[i];
    Operand& operand = instruction.operands[i];
    if (from.source == Source::modrm_rm && memory_form) {
      operand.kind = OperandKind::memory;
      operand.width = from.width[2 + short_operand];
      continue;
    }
    operand.kind = from.kind;
    operand.width = from.width[short_operand];
    // A fixed register has field 0, a field's register has from.reg 0.
    operand.reg = static_cast<uint8_t>(from.reg + fields[static_cast<unsigned>(from.source)]);
    if (operand.width == 1 && operand.kind == OperandKind::gpr && operand.reg >= 4) {
      operand.reg -= 4;
      operand.high_byte = true;
    }
  }
}

/// The index of the row that the opcode, ModRM and prefixes select, or kNoRow.
uint16_t select_row(const OpcodeEntry& entry, const Instruction& instruction) {
  if (entry.select == Select::row) return entry.first;
  unsigned prefix_class = instruction.operand_size == 2 ? 1 : 0;
  if (instruction.rep != RepPrefix::none) {
    prefix_class = instruction.rep == RepPrefix::repe ? 2 : 3;
  }
  const unsigned block = cells_per_block(entry.select);
  return kCells[entry.first + prefix_class * block +
                cell_in_block(entry.select, instruction.modrm)];
}

/// Decodes what follows the prefixes. Opcode and ModRM are read from the first `available` bytes
/// only; SIB, displacement and immediate are read without a check: kMaxBodyLength bytes must be
/// readable.
DecodeStatus decode_body(const uint8_t* body, uint32_t available, uint32_t prefixes,
                         Instruction& instruction) {
  const uint8_t* code = body;
  const uint8_t* const end = body + available;
  instruction.opcode = *code++;
  const OpcodeEntry* entry = &kOpcodeMaps[0][instruction.opcode];
  while (entry->select == Select::escape) {
    if (code == end) return DecodeStatus::truncated;
    instruction.opcode = *code++;
    entry = &kOpcodeMaps[entry->first][instruction.opcode];
  }
  if (entry->has_modrm) {
    if (code == end) return DecodeStatus::truncated;
    instruction.modrm = *code++;
  }
  instruction.row = select_row(*entry, instruction);
  if (instruction.row == kNoRow) return DecodeStatus::illegal;
  const Recipe& recipe = kRecipes[instruction.row];
  const bool memory_form = recipe.parses_memory && instruction.modrm < 0xc0;
  if (instruction.lock && !(recipe.lockable && memory_form)) return DecodeStatus::illegal;
  if (memory_form) {
    code = instruction.address_size == 4 ? parse_memory32(code, instruction)
                                         : parse_memory16(code, instruction);
  }
  code = parse_tail(code, recipe.tail, instruction);
  instruction.length = static_cast<uint8_t>(prefixes + static_cast<uint32_t>(code - body));
  if (recipe.tail == Tail::byte_relative || recipe.tail == Tail::relative) {
    instruction.immediate += instruction.next_address();
    // A 16-bit operand size cuts the target (SDM vol. 2, JMP and Jcc).
    if (instruction.operand_size == 2) instruction.immediate &= 0xffff;
  }
  fill_operands(recipe, memory_form, instruction);
  return DecodeStatus::ok;
}

/// Few bytes are left: decode a padded copy, then see how long the instruction came out.
DecodeStatus decode_near_end(const uint8_t* bytes, uint32_t limit, uint32_t prefixes,
                             Instruction& instruction) {
  uint8_t padded[kMaxBodyLength] = {};
  std::memcpy(padded, bytes + prefixes, limit - prefixes);
  const DecodeStatus status = decode_body(padded, limit - prefixes, prefixes, instruction);
  if (status != DecodeStatus::ok) return status;
  if (instruction.length > kMaxInstructionLength) return DecodeStatus::too_long;
  return instruction.length > limit ? DecodeStatus::truncated : DecodeStatus::ok;
}

}  // namespace

DecodeStatus decode(const uint8_t* bytes, uint32_t size, uint32_t address,
                    Instruction& instruction) {
  instruction = Instruction{};
  instruction.address = address;
  const uint32_t limit = size < kMaxInstructionLength ? size : kMaxInstructionLength;
  uint32_t prefixes = 0;
  if (limit == 0) return DecodeStatus::truncated;
  if (kOpcodeMaps[0][bytes[0]].select == Select::prefix) {
    prefixes = scan_prefixes(bytes, limit, instruction);
  }
  DecodeStatus status = DecodeStatus::truncated;
  if (limit - prefixes >= kMaxBodyLength) {
    status = decode_body(bytes + prefixes, kMaxBodyLength, prefixes, instruction);
  } else if (prefixes < limit) {
    status = decode_near_end(bytes, limit, prefixes, instruction);
  }
  // All 15 bytes were there: what wants more is too long.
  if (status == DecodeStatus::truncated && limit == kMaxInstructionLength) {
    status = DecodeStatus::too_long;
  }
  return status;
}

}  // namespace ferry::i386
