// From opcode, ModRM and prefix to a row in at most two loads, and per row what is left to decode.
// Everything here is built from the rows at compile time.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "common/diagnostics.hpp"
#include "guest/i386/decode/operand_forms.hpp"
#include "guest/i386/decode/row_table.hpp"

namespace ferry::i386 {

inline constexpr uint16_t kNoRow = 0xffff;
inline constexpr unsigned kMapCount = 4;

/// How an opcode's rows are told apart. Three have kPrefixClasses blocks of cells.
enum class Select : uint8_t {
  row,        ///< one row (or none): `first` is its index
  by_prefix,  ///< one cell a block
  by_group,   ///< kGroupCells: memory /0../7, register /0../7
  by_rm,      ///< kRmCells: memory /0../7, then the 64 register forms
  // From here on no instruction is complete.
  escape,  ///< 0F, 0F 38, 0F 3A: another map follows, `first` is its number
  prefix,  ///< no opcode but a prefix byte
};

struct alignas(4) OpcodeEntry {
  uint16_t first = kNoRow;  ///< row, map, or index into the cells
  Select select = Select::row;
  bool has_modrm = false;
};

inline constexpr unsigned kPrefixClasses = 4;  // none, 66, F3, F2
inline constexpr unsigned kGroupCells = 16;
inline constexpr unsigned kRmCells = 8 + 64;

constexpr unsigned cells_per_block(Select select) {
  switch (select) {
    case Select::by_prefix:
      return 1;
    case Select::by_group:
      return kGroupCells;
    case Select::by_rm:
      return kRmCells;
    default:
      return 0;
  }
}

constexpr unsigned cell_in_block(Select select, unsigned modrm) {
  const bool is_reg = modrm >= 0xc0;
  switch (select) {
    case Select::by_group:
      return (is_reg ? 8 : 0) + ((modrm >> 3) & 7);
    case Select::by_rm:
      return is_reg ? 8 + (modrm - 0xc0) : (modrm >> 3) & 7;
    default:
      return 0;
  }
}

constexpr bool is_prefix_byte(unsigned byte) {
  return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e ||
         (byte >= 0x64 && byte <= 0x67) || byte == 0xf0 || byte == 0xf2 || byte == 0xf3;
}

constexpr ModUse mod_use(const Row& row) {
  ModUse use = row.extension >= 0 || row.mod != ModForm::any ? ModUse::any : ModUse::none;
  for (const OperandSpec& operand : row.operands) {
    const ModUse form = operand_form(operand.code).mod;
    if (form > use) use = form;
  }
  return use;
}

/// Does the row take this ModRM byte?
constexpr bool takes_modrm(const Row& row, unsigned modrm) {
  const bool is_reg = modrm >= 0xc0;
  if (row.extension >= 0 && static_cast<unsigned>(row.extension) != ((modrm >> 3) & 7))
    return false;
  if (row.rm >= 0 && static_cast<unsigned>(row.rm) != (modrm & 7)) return false;
  return row.mod == ModForm::any || (row.mod == ModForm::reg) == is_reg;
}

/// 0 does not take it, 1 takes it as it takes any, 2 asks for it.
constexpr unsigned takes_prefix(const Row& row, unsigned prefix_class) {
  if (row.prefix == Mandatory::any) return 1;
  return static_cast<unsigned>(row.prefix) - 1 == prefix_class ? 2 : 0;
}
static_assert(static_cast<unsigned>(Mandatory::np) == 1 &&
              static_cast<unsigned>(Mandatory::p66) == 2 &&
              static_cast<unsigned>(Mandatory::pf3) == 3 &&
              static_cast<unsigned>(Mandatory::pf2) == 4);

using OpcodeMaps = std::array<std::array<OpcodeEntry, 256>, kMapCount>;

/// First pass: how each opcode's rows are told apart, and where its cells lie.
consteval OpcodeMaps make_entries() {
  OpcodeMaps maps;
  for (unsigned i = 0; i < kRows.size(); ++i) {
    const Row& row = kRows[i];
    Select select = row.rm >= 0                                     ? Select::by_rm
                    : row.extension >= 0 || row.mod != ModForm::any ? Select::by_group
                    : row.prefix != Mandatory::any                  ? Select::by_prefix
                                                                    : Select::row;
    for (unsigned opcode = row.opcode; opcode < row.opcode + unsigned{row.span}; ++opcode) {
      OpcodeEntry& entry = maps[static_cast<unsigned>(row.map)][opcode];
      if (select > entry.select) entry.select = select;
      entry.has_modrm = entry.has_modrm || mod_use(row) != ModUse::none;
      entry.first = static_cast<uint16_t>(i);
    }
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (is_prefix_byte(byte)) maps[0][byte].select = Select::prefix;
  }
  maps[0][0x0f] = {1, Select::escape, false};
  maps[1][0x38] = {2, Select::escape, false};
  maps[1][0x3a] = {3, Select::escape, false};
  uint16_t next = 0;
  for (auto& map : maps) {
    for (OpcodeEntry& entry : map) {
      const unsigned cells = cells_per_block(entry.select);
      if (cells == 0) continue;
      entry.first = next;
      next = static_cast<uint16_t>(next + cells * kPrefixClasses);
    }
  }
  return maps;
}

inline constexpr OpcodeMaps kOpcodeMaps = make_entries();

consteval unsigned count_cells() {
  unsigned count = 0;
  for (const auto& map : kOpcodeMaps) {
    for (const OpcodeEntry& entry : map) count += cells_per_block(entry.select) * kPrefixClasses;
  }
  return count;
}

using Cells = std::array<uint16_t, count_cells()>;

consteval void fill_cells(Cells& cells, const OpcodeEntry& entry, unsigned index,
                          unsigned strength) {
  const Row& row = kRows[index];
  const unsigned block = cells_per_block(entry.select);
  for (unsigned prefix_class = 0; prefix_class < kPrefixClasses; ++prefix_class) {
    if (takes_prefix(row, prefix_class) != strength) continue;
    // Memory forms need one ModRM byte per /digit (rm 0, mod 0), register forms all of mod 3.
    for (unsigned modrm = 0; modrm < 0x100; modrm += modrm < 0xc0 ? 8 : 1) {
      if (modrm >= 0x40 && modrm < 0xc0) continue;
      if (entry.has_modrm && !takes_modrm(row, modrm)) continue;
      cells[entry.first + prefix_class * block + cell_in_block(entry.select, modrm)] =
          static_cast<uint16_t>(index);
    }
  }
}

/// Second pass: rows that take any prefix first, then those that ask for one over them.
consteval Cells make_cells() {
  Cells cells;
  cells.fill(kNoRow);
  for (unsigned strength = 1; strength <= 2; ++strength) {
    for (unsigned i = 0; i < kRows.size(); ++i) {
      const Row& row = kRows[i];
      for (unsigned opcode = row.opcode; opcode < row.opcode + unsigned{row.span}; ++opcode) {
        const OpcodeEntry& entry = kOpcodeMaps[static_cast<unsigned>(row.map)][opcode];
        if (cells_per_block(entry.select) != 0) fill_cells(cells, entry, i, strength);
      }
    }
  }
  return cells;
}

inline constexpr Cells kCells = make_cells();

/// Operands are put together as words. 8-bit registers have the high byte mark in their recipe;
/// only the number tells whether it stays.
using OperandWord = uint32_t;
inline constexpr OperandWord kRegisterUnit = std::bit_cast<OperandWord>(Operand{.reg = 1});
inline constexpr OperandWord kHighByteUnit = std::bit_cast<OperandWord>(Operand{.high_byte = true});

/// Where the first two operands have their register numbers from. Opcode: its low three bits, which
/// stand in place of ModRM then.
enum class RegisterPair : uint8_t {
  none,
  reg_rm,
  rm_reg,
  reg_none,
  none_reg,
  rm_none,
  none_rm,
  count
};

constexpr std::array<Source, 2> sources_of(RegisterPair pair) {
  using enum Source;
  switch (pair) {
    case RegisterPair::reg_rm:
      return {modrm_reg, modrm_rm};
    case RegisterPair::rm_reg:
      return {modrm_rm, modrm_reg};
    case RegisterPair::reg_none:
      return {modrm_reg, fixed};
    case RegisterPair::none_reg:
      return {fixed, modrm_reg};
    case RegisterPair::rm_none:
      return {modrm_rm, fixed};
    case RegisterPair::none_rm:
      return {fixed, modrm_rm};
    default:
      return {fixed, fixed};
  }
}

constexpr uint64_t two_words(OperandWord first, OperandWord second) {
  return uint64_t{second} << 32 | first;
}

/// By pair and ModRM byte: what to add to the words of two operands.
inline constexpr auto kRegisterPairs = [] {
  std::array<std::array<uint64_t, 256>, static_cast<size_t>(RegisterPair::count)> pairs{};
  for (unsigned pair = 0; pair < pairs.size(); ++pair) {
    const auto sources = sources_of(static_cast<RegisterPair>(pair));
    for (unsigned modrm = 0; modrm < 256; ++modrm) {
      const auto number = [modrm](Source source) -> OperandWord {
        if (source == Source::fixed) return 0;
        return (source == Source::modrm_reg ? modrm >> 3 & 7 : modrm & 7) * kRegisterUnit;
      };
      pairs[pair][modrm] = two_words(number(sources[0]), number(sources[1]));
    }
  }
  return pairs;
}();

/// The operands of a row but for their register numbers; the third never has one.
struct OperandRecipe {
  uint64_t first_two;
  OperandWord third;
  RegisterPair pair;
};

/// What is left to do when the row is known.
struct alignas(128) Recipe {
  /// By operand size (4, 2), then by form (register, memory): see variant_of.
  std::array<OperandRecipe, 4> operands;
  uint8_t opcode_register;  ///< bits of the opcode that take the place of ModRM
  /// Bytes of the immediate or target by operand size (4, 2), or kRareTail.
  std::array<uint8_t, 2> tail_bytes;
  Tail tail;
  bool tail_relative;
  bool tail_signed;    ///< of one byte
  bool parses_memory;  ///< mod below 11 has SIB and displacement
  bool lockable;
  bool byte_registers;  ///< some operand's register number may mean a high byte
};

/// Of Recipe::tail_bytes: the tail has more than one part, or none that is read.
inline constexpr uint8_t kRareTail = 0xff;

constexpr uint8_t tail_bytes(Tail tail, bool operand_size_2) {
  switch (tail) {
    case Tail::none:
      return 0;
    case Tail::byte:
    case Tail::byte_signed:
    case Tail::byte_relative:
      return 1;
    case Tail::word:
      return 2;
    case Tail::operand_sized:
    case Tail::relative:
      return operand_size_2 ? 2 : 4;
    default:
      return kRareTail;
  }
}

constexpr unsigned variant_of(bool memory_form, bool operand_size_2) {
  return (memory_form ? 2u : 0u) + (operand_size_2 ? 1u : 0u);
}

/// An operand but for its register number.
consteval OperandWord operand_word(const OperandForm& form, unsigned variant) {
  const bool memory = variant >= 2 && form.source == Source::modrm_rm;
  const uint8_t width = form.width[memory ? variant : variant & 1];
  const OperandKind kind = memory ? OperandKind::memory : form.kind;
  const bool byte_register = form.source != Source::fixed && kind == OperandKind::gpr && width == 1;
  return std::bit_cast<OperandWord>(Operand{kind, width, form.reg, byte_register});
}

/// Whether `pair` gives the numbers operands with these sources want. What stands in the opcode is
/// put into the place of rm.
consteval bool serves(RegisterPair pair, std::array<Source, 2> wanted, bool memory_form) {
  const auto given = sources_of(pair);
  for (unsigned i = 0; i < 2; ++i) {
    Source source = wanted[i] == Source::opcode ? Source::modrm_rm : wanted[i];
    if (memory_form && wanted[i] == Source::modrm_rm) source = Source::fixed;
    if (given[i] != source) return false;
  }
  return true;
}

/// No pair serves a row whose operands have numbers in unforeseen places: that does not compile.
consteval RegisterPair pair_for(std::array<Source, 2> wanted, bool memory_form) {
  unsigned pair = 0;
  while (!serves(static_cast<RegisterPair>(pair), wanted, memory_form)) ++pair;
  if (pair >= static_cast<unsigned>(RegisterPair::count)) UNREACHABLE();
  return static_cast<RegisterPair>(pair);
}

consteval Recipe make_recipe(const Row& row) {
  Recipe recipe{};
  std::array<OperandForm, kMaxOperands> forms{};
  for (unsigned i = 0; i < kMaxOperands; ++i) {
    forms[i] = operand_form(row.operands[i].code);
    if (forms[i].tail != Tail::none) recipe.tail = forms[i].tail;
    if (forms[i].source == Source::opcode) recipe.opcode_register = 7;
  }
  if (forms[2].source != Source::fixed) UNREACHABLE();
  for (unsigned variant = 0; variant < 4; ++variant) {
    const OperandWord first = operand_word(forms[0], variant);
    const OperandWord second = operand_word(forms[1], variant);
    recipe.operands[variant] = {
        .first_two = two_words(first, second),
        .third = operand_word(forms[2], variant),
        .pair = pair_for({forms[0].source, forms[1].source}, variant >= 2),
    };
    if (((first | second) & kHighByteUnit) != 0) recipe.byte_registers = true;
  }
  recipe.tail_bytes = {tail_bytes(recipe.tail, false), tail_bytes(recipe.tail, true)};
  recipe.tail_relative = recipe.tail == Tail::relative || recipe.tail == Tail::byte_relative;
  recipe.tail_signed = recipe.tail == Tail::byte_signed || recipe.tail == Tail::byte_relative;
  const ModUse use = mod_use(row);
  recipe.parses_memory = use == ModUse::any || use == ModUse::memory;
  recipe.lockable = (row.attributes & attribute::lockable) != 0;
  return recipe;
}

consteval auto make_recipes() {
  std::array<Recipe, kRows.size()> recipes{};
  for (unsigned i = 0; i < kRows.size(); ++i) recipes[i] = make_recipe(kRows[i]);
  return recipes;
}

inline constexpr auto kRecipes = make_recipes();

/// Operand codes and the mod column must say the same.
consteval bool mod_columns_agree() {
  for (const Row& row : kRows) {
    const ModUse use = mod_use(row);
    if (use == ModUse::memory && row.mod != ModForm::memory) return false;
    if (use == ModUse::reg && row.mod != ModForm::reg) return false;
    if (use == ModUse::any_mod_is_reg && row.mod != ModForm::any) return false;
    if (row.rm >= 0 && (row.extension < 0 || row.mod != ModForm::reg)) return false;
  }
  return true;
}
static_assert(mod_columns_agree(), "a memory-only or register-only operand needs its mod column");

}  // namespace ferry::i386
