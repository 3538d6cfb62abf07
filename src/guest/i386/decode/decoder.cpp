#include "guest/i386/decode/decoder.hpp"

#include <cstring>

#include "guest/i386/decode/inline.hpp"

namespace ferry::i386 {

using detail::load;
using detail::Prefixes;

namespace {

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

/// `size` bytes, 2 or 4, zero-extended.
inline const uint8_t* load_sized(const uint8_t* code, unsigned size, uint32_t& value) {
  value = size == 4 ? load<uint32_t>(code) : load<uint16_t>(code);
  return code + size;
}

}  // namespace

/// SDM vol. 2, table 2-1.
const uint8_t* detail::parse_memory16(const uint8_t* code, size_t modrm, MemoryOperand& memory) {
  struct Form {
    uint8_t base, index;
  };
  static constexpr Form kForms[8] = {{EBX, ESI},         {EBX, EDI},         {EBP, ESI},
                                     {EBP, EDI},         {ESI, kNoRegister}, {EDI, kNoRegister},
                                     {EBP, kNoRegister}, {EBX, kNoRegister}};
  memory = {};
  const size_t mod = modrm >> 6;
  const size_t rm = modrm & 7;
  if (mod == 0 && rm == 6) {
    memory.displacement = load<int16_t>(code);
    return code + 2;
  }
  memory.base = kForms[rm].base;
  memory.index = kForms[rm].index;
  memory.segment = default_segment(memory.base);
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

/// The tails kRareTail stands for.
const uint8_t* detail::parse_rare_tail(const uint8_t* code, Tail tail, const Prefixes& prefixes,
                                       Instruction& instruction) {
  switch (tail) {
    case Tail::moffs:
      return load_sized(code, prefixes.address_size, instruction.memory.displacement);
    case Tail::far_pointer:
      code = load_sized(code, prefixes.operand_size, instruction.immediate);
      instruction.immediate2 = static_cast<uint16_t>(load<uint16_t>(code));
      return code + 2;
    case Tail::word_byte:
      instruction.immediate = load<uint16_t>(code);
      instruction.immediate2 = code[2];
      return code + 3;
    default:
      return code;
  }
}

namespace {

/// The index of the row that the opcode, ModRM and prefixes select, or kNoRow.
uint16_t select_row(const Tables& tables, const OpcodeEntry& entry, uint32_t modrm,
                    const Prefixes& prefixes) {
  if (entry.select == Select::row) return entry.first;
  unsigned prefix_class = prefixes.operand_size == 2 ? 1 : 0;
  if (prefixes.rep != RepPrefix::none) prefix_class = prefixes.rep == RepPrefix::repe ? 2 : 3;
  const unsigned block = cells_per_block(entry.select);
  return tables.cells[entry.first + prefix_class * block + cell_in_block(entry.select, modrm)];
}

/// Decodes what follows the prefixes. Opcode and ModRM are read from the first `available` bytes
/// only; SIB, displacement and immediate are read without a check: kMaxBodyLength bytes must be
/// readable.
DecodeStatus decode_body(const uint8_t* body, uint32_t available, const Prefixes& prefixes,
                         uint32_t address, Instruction& instruction) {
  const uint8_t* const end = body + available;
  const Tables& tables = i386::tables();
  Skimmed in{.tables = &tables, .body = body, .code = body + 1, .opcode = *body};
  const OpcodeEntry* entry = &tables.maps[0][in.opcode];
  while (entry->select == Select::escape) {
    if (in.code == end) return DecodeStatus::truncated;
    in.opcode = *in.code++;
    entry = &tables.maps[entry->first][in.opcode];
  }
  in.numbers = in.opcode;
  if (entry->has_modrm) {
    if (in.code == end) return DecodeStatus::truncated;
    in.modrm = in.numbers = *in.code++;
  }
  in.row = select_row(tables, *entry, static_cast<uint32_t>(in.modrm), prefixes);
  if (in.row == kNoRow) return DecodeStatus::illegal;
  in.memory_form = in.recipe().parses_memory && in.modrm < 0xc0;
  if (prefixes.lock && !(in.recipe().lockable && in.memory_form)) return DecodeStatus::illegal;
  detail::fill<detail::Pace::slow>(in, prefixes, address, instruction);
  return DecodeStatus::ok;
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
    uint8_t padded[kMaxBodyLength];
    const uint8_t* body = bytes + prefixes.count;
    if (rest < kMaxBodyLength) {
      std::memset(padded, 0, sizeof padded);
      std::memcpy(padded, body, rest);
      body = padded;
    }
    status = decode_body(body, rest, prefixes, address, instruction);
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

void refuse_features(FeatureSet features) {
  fill_all_cells(all_tables.cells, features);
  for (const Row& row : kRows) {
    if (!contains(features, row.feature)) continue;
    for (unsigned opcode = row.opcode; opcode < row.opcode + unsigned{row.span}; ++opcode) {
      OpcodeEntry& entry = all_tables.maps[static_cast<unsigned>(row.map)][opcode];
      if (entry.select != Select::row) continue;
      entry.first = kNoRow;
      entry.shape = Shape::other;
    }
  }
}

DecodeStatus decode(const uint8_t* bytes, uint32_t size, uint32_t address,
                    Instruction& instruction) {
  if (size >= kMaxBodyLength && decode_quickly(tables(), bytes, address, instruction)) {
    return DecodeStatus::ok;
  }
  return decode_slowly(bytes, size, address, instruction);
}

}  // namespace ferry::i386
