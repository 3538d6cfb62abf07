// The inner part of the decoder, in line for loops over many instructions: what needs no call and
// no check, from the same tables.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "guest/i386/decode/instruction.hpp"
#include "guest/i386/decode/recipes.hpp"

namespace ferry::i386 {

/// An instruction without its prefixes: 0F opcode ModRM SIB disp32 imm8, or opcode ModRM SIB disp32
/// imm32.
inline constexpr uint32_t kMaxBodyLength = 11;

namespace detail {

/// Packed, because the MIPS compiler makes byte accesses of a memcpy from a pointer of unknown
/// alignment.
template <typename T>
struct [[gnu::packed, gnu::may_alias]] Unaligned {
  T value;
};

/// Sign-extends when T is signed.
template <typename T>
uint32_t load(const uint8_t* bytes) {
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

  /// The members of Instruction from operand_size to rep.
  [[nodiscard]] uint32_t word() const {
    return std::bit_cast<uint32_t>(std::array<uint8_t, 4>{
        operand_size, address_size, lock ? uint8_t{1} : uint8_t{0}, static_cast<uint8_t>(rep)});
  }
};

}  // namespace detail

/// An instruction whose row is known. What lies past its ModRM byte has not been read.
struct Skimmed {
  const Tables* tables = nullptr;
  const uint8_t* body = nullptr;  ///< after the prefixes
  const uint8_t* code = nullptr;  ///< after opcode and ModRM
  // Bytes, as wide as an index.
  size_t opcode = 0;
  size_t modrm = 0;    ///< 0 if it has none
  size_t numbers = 0;  ///< index into kModrmEntries: ModRM, or the opcode that stands in its place
  uint16_t row = kNoRow;
  bool memory_form = false;

  [[nodiscard]] const Recipe& recipe() const { return tables->recipes[row]; }
};

/// Finds the row of an instruction without prefixes. False, and `out` holds no meaning: prefixes,
/// a rare form or none at all, which decode() tells apart. Reads the opcode and ModRM;
/// kMaxBodyLength bytes must be readable at `bytes`. `tables`: tables(). Signal-safe.
[[nodiscard, gnu::always_inline]] inline bool skim(const Tables& tables, const uint8_t* bytes,
                                                   Skimmed& out) {
  out.tables = &tables;
  out.body = bytes;
  out.code = bytes + 1;
  out.opcode = *bytes;
  const OpcodeEntry* entry = &tables.maps[0][out.opcode];
  Shape shape = entry->shape;
  if (shape < Shape::modrm) [[unlikely]] {
    if (shape != Shape::escape) return false;
    out.opcode = *out.code++;
    entry = &tables.maps[1][out.opcode];
    shape = entry->shape;
    if (shape < Shape::modrm) return false;
  }
  out.row = entry->first;
  if (shape == Shape::plain) {
    out.modrm = 0;
    out.numbers = out.opcode;
    out.memory_form = false;
    return true;
  }
  out.modrm = out.numbers = *out.code++;
  out.memory_form = out.modrm < 0xc0;
  if (shape != Shape::modrm) {
    out.row =
        tables.cells[out.row + cell_in_block(Select::by_group, static_cast<unsigned>(out.modrm))];
    if (out.row == kNoRow) [[unlikely]]
      return false;
  }
  return true;
}

/// The place after the last byte of `in`, which skim() found.
[[nodiscard, gnu::always_inline]] inline const uint8_t* end_of(const Skimmed& in) {
  const uint8_t* code = in.code;
  if (in.memory_form) {
    const ModrmEntry& form = *computed(&in.tables->modrm[in.modrm]);
    if (form.has_sib && has_no_base(in.modrm, *code)) code += 4;
    code += form.bytes;
  }
  return code + in.recipe().tail_bytes[0];
}

/// The relative target of `in`, which skim() found and which has one: the distance from its end.
/// `end`: end_of(in).
[[nodiscard, gnu::always_inline]] inline uint32_t distance_of(const Skimmed& in,
                                                              const uint8_t* end) {
  return in.recipe().tail_bytes[0] == 1 ? detail::load<int8_t>(end - 1)
                                        : detail::load<uint32_t>(end - 4);
}

namespace detail {

/// Parses SIB and displacement; returns the place after them.
[[gnu::always_inline]] inline const uint8_t* parse_memory32(const Tables& tables,
                                                            const uint8_t* code, size_t modrm,
                                                            MemoryOperand& memory) {
  const ModrmEntry& form = *computed(&tables.modrm[modrm]);
  auto& address = reinterpret_cast<AddressWord&>(memory);
  unsigned bytes = form.displacement;
  if (!form.has_sib) {
    address = form.address;
  } else {
    const size_t sib = *code++;
    if (has_no_base(modrm, sib)) [[unlikely]] {
      address = tables.sib_addresses[1][sib];
      bytes = 4;
    } else {
      address = tables.sib_addresses[0][sib];
    }
  }
  uint32_t displacement = 0;
  if (bytes == 1) {
    displacement = load<int8_t>(code);
  } else if (bytes != 0) {
    displacement = load<uint32_t>(code);
  }
  memory.displacement = displacement;
  return code + bytes;
}

/// An immediate or a target of `bytes`. Targets stay relative until the length is known.
[[gnu::always_inline]] inline uint32_t load_tail(const uint8_t* code, unsigned bytes,
                                                 bool is_signed) {
  if (bytes == 1) return is_signed ? load<int8_t>(code) : *code;
  return bytes == 4 ? load<uint32_t>(code) : load<uint16_t>(code);
}

const uint8_t* parse_memory16(const uint8_t* code, size_t modrm, MemoryOperand& memory);
const uint8_t* parse_rare_tail(const uint8_t* code, Tail tail, const Prefixes& prefixes,
                               Instruction& instruction);

/// The operands; `numbers` are those of ModrmEntry.
[[gnu::always_inline]] inline void fill_operands(const OperandRecipe& operands, uint64_t numbers,
                                                 uint64_t others, unsigned rotation,
                                                 Instruction& instruction) {
  static_assert(offsetof(Instruction, operands) % sizeof(uint64_t) == 0 &&
                sizeof(Instruction::operands) == 2 * sizeof(uint64_t));
  const uint64_t rotated = numbers >> rotation | numbers << (-rotation & 63);
  auto* const words = reinterpret_cast<uint64_t*>(reinterpret_cast<char*>(&instruction) +
                                                  offsetof(Instruction, operands));
  words[0] = operands.words + (rotated & operands.number_bits);
  words[1] = others;
}

enum class Pace : uint8_t { quick, slow };

/// Decodes all of `in`, whose validity the caller checks. kMaxBodyLength bytes must be readable.
/// The quick pace has no prefixes (which the compiler sees), no rare tails and no calls.
template <Pace pace>
[[gnu::always_inline]] inline void fill(const Skimmed& in, const Prefixes& prefixes,
                                        uint32_t address, Instruction& instruction) {
  const Recipe& recipe = *computed(&in.recipe());
  const uint8_t* code = in.code;
  const bool operand_size_2 = prefixes.operand_size == 2;
  const auto operands = [&](const OperandRecipe& form) {
    fill_operands(form, in.tables->modrm[in.numbers].numbers,
                  recipe.third_and_fourth[operand_size_2], recipe.rotation, instruction);
  };
  // Some members are stored now and some at the end: the compiler would merge neighbouring stores,
  // at the cost of more instructions.
  instruction.address = address;
  instruction.row = in.row;
  instruction.opcode = static_cast<uint8_t>(in.opcode);
  instruction.immediate2 = 0;
  if (!in.memory_form) {
    operands(recipe.operands[variant_of(false, operand_size_2)]);
    instruction.memory = {};
  } else {
    operands(recipe.operands[variant_of(true, operand_size_2)]);
    code = prefixes.address_size == 4
               ? parse_memory32(*in.tables, code, in.modrm, instruction.memory)
               : parse_memory16(code, in.modrm, instruction.memory);
  }
  const unsigned tail_bytes = recipe.tail_bytes[operand_size_2];
  if (pace == Pace::slow && tail_bytes == kRareTail) {
    code = parse_rare_tail(code, recipe.tail, prefixes, instruction);
  } else if (tail_bytes != 0) {
    uint32_t value = load_tail(code, tail_bytes, recipe.tail_signed);
    code += tail_bytes;
    if (recipe.tail_relative) {
      value += address + prefixes.count + static_cast<uint32_t>(code - in.body);
      // A 16-bit operand size cuts the target (SDM vol. 2, JMP and Jcc).
      if (operand_size_2) value &= 0xffff;
    }
    instruction.immediate = value;
  } else {
    instruction.immediate = recipe.immediate;
  }
  if (prefixes.segment_override) instruction.memory.segment = prefixes.segment;
  const auto length = static_cast<uint32_t>(prefixes.count + (code - in.body));
  static_assert(offsetof(Instruction, segment_override) == offsetof(Instruction, length) + 1);
  reinterpret_cast<uint16_t&>(instruction.length) =
      static_cast<uint16_t>((length & 0xff) | (prefixes.segment_override ? 0x100 : 0));
  instruction.modrm = static_cast<uint8_t>(in.modrm);
  static_assert(offsetof(Instruction, operand_size) % sizeof(uint32_t) == 0 &&
                offsetof(Instruction, rep) == offsetof(Instruction, operand_size) + 3);
  reinterpret_cast<uint32_t&>(instruction.operand_size) = prefixes.word();
}

}  // namespace detail

/// decode() in line, for what skim() takes. False: decode() must be asked.
[[nodiscard, gnu::always_inline]] inline bool decode_quickly(const Tables& tables,
                                                             const uint8_t* bytes, uint32_t address,
                                                             Instruction& instruction) {
  Skimmed in;
  if (!skim(tables, bytes, in)) return false;
  detail::fill<detail::Pace::quick>(in, {}, address, instruction);
  return true;
}

}  // namespace ferry::i386
