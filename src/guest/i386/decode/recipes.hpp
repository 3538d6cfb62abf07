// What is left to decode when the row is known, and what ModRM and SIB bytes say: tables built at
// compile time.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "common/diagnostics.hpp"
#include "guest/i386/decode/lookup.hpp"

namespace ferry::i386 {

/// The same pointer, whose origin the compiler does not see: so it is computed once, not for each
/// member again.
template <typename T>
[[gnu::always_inline]] inline const T* computed(const T* pointer) {
  asm("" : "+r"(pointer));
  return pointer;
}

/// Operands are put together as words: kind and width from the row, the register's number from
/// ModRM.
using OperandWord = uint32_t;
inline constexpr OperandWord kRegisterUnit = std::bit_cast<OperandWord>(Operand{.reg = 1});
inline constexpr OperandWord kHighByteUnit = std::bit_cast<OperandWord>(Operand{.high_byte = true});

/// Which bits of a number a register operand takes. Numbers 4 to 7 of an 8-bit register mean the
/// high byte of 0 to 3, so that bit 2 is there twice.
inline constexpr OperandWord kRegisterBits = 7 * kRegisterUnit;
inline constexpr OperandWord kByteRegisterBits = 3 * kRegisterUnit | kHighByteUnit;

constexpr OperandWord number_word(unsigned number) {
  return number * kRegisterUnit | (number >> 2) * kHighByteUnit;
}

constexpr uint64_t two_words(uint32_t first, uint32_t second) {
  return uint64_t{second} << 32 | first;
}

/// What a ModRM or SIB byte says of an address: the fields of MemoryOperand before the
/// displacement.
using AddressWord = uint32_t;
constexpr AddressWord address_word(const MemoryOperand& memory) {
  struct Halves {
    AddressWord address;
    uint32_t displacement;
  };
  return std::bit_cast<Halves>(memory).address;
}
constexpr SegmentRegister default_segment(unsigned base) {
  return base == ESP || base == EBP ? SS : DS;
}

/// What a ModRM byte says (32-bit addresses: SDM vol. 2, table 2-2).
struct alignas(16) ModrmEntry {
  uint64_t numbers;      ///< number_word of reg and rm; for an opcode that names a register: of rm
  AddressWord address;   ///< without SIB
  uint8_t displacement;  ///< bytes: 0, 1 or 4
  uint8_t bytes;         ///< SIB and displacement, except that of a SIB byte without base
  bool has_sib;
};

consteval ModrmEntry make_modrm_entry(unsigned modrm) {
  const unsigned rm = modrm & 7;
  const unsigned mod = modrm >> 6;
  ModrmEntry entry{};
  entry.numbers = two_words(number_word(modrm >> 3 & 7), number_word(rm));
  if (mod == 3) return entry;
  entry.has_sib = rm == ESP;
  if (mod == 0 && rm == EBP) {
    entry.address = address_word({});
    entry.displacement = 4;
  } else {
    const SegmentRegister segment = default_segment(rm);
    entry.address = address_word({.base = static_cast<uint8_t>(rm), .segment = segment});
    entry.displacement = mod == 2 ? 4 : static_cast<uint8_t>(mod);
  }
  entry.bytes = static_cast<uint8_t>(entry.displacement + (entry.has_sib ? 1 : 0));
  return entry;
}

consteval auto make_modrm_entries() {
  std::array<ModrmEntry, 256> entries{};
  for (unsigned modrm = 0; modrm < 256; ++modrm) entries[modrm] = make_modrm_entry(modrm);
  return entries;
}

/// A base of 5 with mod 0 means none, and a displacement of 4 bytes.
constexpr bool has_no_base(size_t modrm, size_t sib) {
  return modrm < 0x40 && (sib & 7) == EBP;
}

/// By SIB byte, for one with a base and one without (SDM vol. 2, table 2-3).
consteval auto make_sib_addresses() {
  std::array<std::array<AddressWord, 256>, 2> words{};
  for (unsigned sib = 0; sib < 256; ++sib) {
    const unsigned index = sib >> 3 & 7;
    MemoryOperand memory;
    if (index != ESP) {
      memory.index = static_cast<uint8_t>(index);
      memory.scale_log2 = static_cast<uint8_t>(sib >> 6);
    }
    words[1][sib] = address_word(memory);
    memory.base = sib & 7;
    memory.segment = default_segment(memory.base);
    words[0][sib] = address_word(memory);
  }
  return words;
}

/// The first two operands: a word each, and which bits of ModrmEntry::numbers they take.
struct OperandRecipe {
  uint64_t words;
  uint64_t number_bits;
};

/// What is left to do when the row is known.
struct alignas(128) Recipe {
  /// By operand size (4, 2), then by form (register, memory): see variant_of.
  std::array<OperandRecipe, 4> operands;
  /// By operand size: the third and fourth operand, which never have a number.
  std::array<uint64_t, 2> third_and_fourth;
  /// Bits to rotate ModrmEntry::numbers by: 32 if the first operand is in rm or the second in reg.
  uint8_t rotation;
  /// Bytes of the immediate or target by operand size (4, 2), or kRareTail.
  std::array<uint8_t, 2> tail_bytes;
  Tail tail;
  bool tail_relative;
  bool tail_signed;   ///< of one byte
  uint8_t immediate;  ///< of a row without bytes for it
  bool parses_memory;
  bool lockable;
};

constexpr unsigned variant_of(bool memory_form, bool operand_size_2) {
  return (memory_form ? 2u : 0u) + (operand_size_2 ? 1u : 0u);
}

/// An operand without its register number.
consteval OperandWord operand_word(const OperandForm& form, unsigned variant) {
  const bool memory = variant >= 2 && form.source == Source::modrm_rm;
  const uint8_t width = form.width[memory ? variant : variant & 1];
  return std::bit_cast<OperandWord>(
      Operand{memory ? OperandKind::memory : form.kind, width, form.reg});
}

consteval OperandWord number_bits(const OperandForm& form, unsigned variant) {
  if (form.source == Source::fixed) return 0;
  if (variant >= 2 && form.source == Source::modrm_rm) return 0;
  return form.kind == OperandKind::gpr && form.width[variant & 1] == 1 ? kByteRegisterBits
                                                                       : kRegisterBits;
}

/// Whether the operand at `index` has its number where it is without rotation. Opcodes that name a
/// register stand in the place of ModRM.
consteval bool in_place(const OperandForm& form, unsigned index) {
  return (form.source == Source::modrm_reg) == (index == 0);
}

consteval uint8_t rotation_of(const std::array<OperandForm, kMaxOperands>& forms) {
  // Both operands in the same field would need more than a rotation: that does not compile.
  bool rotated[2] = {};
  for (unsigned i = 0; i < 2; ++i) {
    rotated[i] = forms[i].source == Source::fixed
                     ? forms[1 - i].source != Source::fixed && !in_place(forms[1 - i], 1 - i)
                     : !in_place(forms[i], i);
  }
  if (rotated[0] != rotated[1] || forms[2].source != Source::fixed ||
      forms[3].source != Source::fixed)
    UNREACHABLE();
  return rotated[0] ? 32 : 0;
}

consteval Recipe make_recipe(const Row& row) {
  Recipe recipe{};
  std::array<OperandForm, kMaxOperands> forms{};
  for (unsigned i = 0; i < kMaxOperands; ++i) forms[i] = operand_form(row.operands[i].code);
  for (unsigned variant = 0; variant < 4; ++variant) {
    recipe.operands[variant] = {
        .words = two_words(operand_word(forms[0], variant), operand_word(forms[1], variant)),
        .number_bits = two_words(number_bits(forms[0], variant), number_bits(forms[1], variant)),
    };
  }
  const Tail tail = tail_of(row);
  for (unsigned size = 0; size < 2; ++size) {
    recipe.third_and_fourth[size] =
        two_words(operand_word(forms[2], size), operand_word(forms[3], size));
    recipe.tail_bytes[size] = tail_bytes(tail, size != 0);
  }
  recipe.rotation = rotation_of(forms);
  recipe.tail = tail;
  recipe.tail_relative = tail == Tail::relative || tail == Tail::byte_relative;
  recipe.tail_signed = tail == Tail::byte_signed || tail == Tail::byte_relative;
  recipe.immediate = tail == Tail::one ? 1 : 0;
  recipe.parses_memory = parses_memory(row);
  recipe.lockable = (row.attributes & attribute::lockable) != 0;
  return recipe;
}

consteval auto make_recipes() {
  std::array<Recipe, kRows.size()> recipes{};
  for (unsigned i = 0; i < kRows.size(); ++i) recipes[i] = make_recipe(kRows[i]);
  return recipes;
}

/// All tables at one address: loops need one register for them.
struct Tables {
  OpcodeMaps maps = kOpcodeMaps;
  Cells cells = kCells;
  std::array<std::array<AddressWord, 256>, 2> sib_addresses = make_sib_addresses();
  std::array<ModrmEntry, 256> modrm = make_modrm_entries();
  std::array<Recipe, kRows.size()> recipes = make_recipes();
};

inline constinit Tables all_tables{};
static_assert(offsetof(Tables, recipes) + sizeof(Recipe) <= 0x8000,
              "what an instruction can add to an address reaches the first recipe");

/// all_tables by an address the compiler takes as it is, instead of making one for each table.
[[gnu::always_inline]] inline const Tables& tables() {
  return *computed(&all_tables);
}

}  // namespace ferry::i386
