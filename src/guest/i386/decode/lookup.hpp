// From opcode, ModRM and prefix to a row in at most two loads. Everything here is built from the
// rows at compile time; refuse_features() takes rows out again.
#pragma once

#include <array>
#include <cstdint>

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

/// What an opcode without prefixes is. The sign matters: skim() takes what is not negative.
enum class Shape : int8_t {
  other = -2,   ///< none of these, or a tail of several parts
  escape = -1,  ///< 0F: the second map follows
  modrm = 0,    ///< one row, with a ModRM byte
  plain = 1,    ///< one row, without
  group = 2,    ///< Select::by_group
};

struct alignas(8) OpcodeEntry {
  uint16_t first = kNoRow;  ///< row, map, or index into the cells
  Shape shape = Shape::other;
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

/// Whether the row takes this ModRM byte.
constexpr bool takes_modrm(const Row& row, unsigned modrm) {
  const bool is_reg = modrm >= 0xc0;
  if (row.extension >= 0 && static_cast<unsigned>(row.extension) != ((modrm >> 3) & 7))
    return false;
  if (row.rm >= 0 && static_cast<unsigned>(row.rm) != (modrm & 7)) return false;
  return row.mod == ModForm::any || (row.mod == ModForm::reg) == is_reg;
}

/// 0: the row does not take the prefix, 1: it takes any, 2: it requires this one.
constexpr unsigned takes_prefix(const Row& row, unsigned prefix_class) {
  if (row.prefix == Mandatory::any) return 1;
  return static_cast<unsigned>(row.prefix) - 1 == prefix_class ? 2 : 0;
}
static_assert(static_cast<unsigned>(Mandatory::np) == 1 &&
              static_cast<unsigned>(Mandatory::p66) == 2 &&
              static_cast<unsigned>(Mandatory::pf3) == 3 &&
              static_cast<unsigned>(Mandatory::pf2) == 4);

/// Whether an instruction of the row has SIB and displacement where ModRM names memory.
constexpr bool parses_memory(const Row& row) {
  const ModUse use = mod_use(row);
  return use == ModUse::any || use == ModUse::memory;
}

/// What follows opcode, ModRM, SIB and displacement.
constexpr Tail tail_of(const Row& row) {
  Tail tail = Tail::none;
  for (const OperandSpec& operand : row.operands) {
    const Tail part = operand_form(operand.code).tail;
    if (part != Tail::none) tail = part;
  }
  return tail;
}

/// Of Recipe::tail_bytes: the tail has more than one part, or depends on the address size.
inline constexpr uint8_t kRareTail = 0xff;

constexpr uint8_t tail_bytes(Tail tail, bool operand_size_2) {
  switch (tail) {
    case Tail::none:
    case Tail::one:
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

using OpcodeMaps = std::array<std::array<OpcodeEntry, 256>, kMapCount>;

/// The shape of an opcode whose entry is otherwise final.
consteval Shape shape_of(const OpcodeEntry& entry, unsigned map, unsigned opcode) {
  if (entry.select == Select::escape && map == 0) return Shape::escape;
  if (entry.select > Select::by_group || entry.select == Select::by_prefix) return Shape::other;
  if (entry.select == Select::row && entry.first == kNoRow) return Shape::other;
  for (const Row& row : kRows) {
    if (static_cast<unsigned>(row.map) != map) continue;
    if (opcode < row.opcode || opcode >= row.opcode + unsigned{row.span}) continue;
    if (tail_bytes(tail_of(row), false) == kRareTail) return Shape::other;
    // skim() takes every mod below 11 for memory.
    if (entry.has_modrm && !parses_memory(row) && row.mod != ModForm::reg) return Shape::other;
  }
  if (entry.select == Select::by_group) return Shape::group;
  return entry.has_modrm ? Shape::modrm : Shape::plain;
}

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
  maps[0][0x0f] = {.first = 1, .select = Select::escape};
  maps[1][0x38] = {.first = 2, .select = Select::escape};
  maps[1][0x3a] = {.first = 3, .select = Select::escape};
  uint16_t next = 0;
  for (auto& map : maps) {
    for (OpcodeEntry& entry : map) {
      const unsigned cells = cells_per_block(entry.select);
      if (cells == 0) continue;
      entry.first = next;
      next = static_cast<uint16_t>(next + cells * kPrefixClasses);
    }
  }
  for (unsigned map = 0; map < kMapCount; ++map) {
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
      maps[map][opcode].shape = shape_of(maps[map][opcode], map, opcode);
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

constexpr void fill_cells(Cells& cells, const OpcodeEntry& entry, unsigned index,
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

/// Second pass: rows that take any prefix first, then over them those that require one. Rows that
/// need one of the features `refused` are left out.
constexpr void fill_all_cells(Cells& cells, FeatureSet refused) {
  cells.fill(kNoRow);
  for (unsigned strength = 1; strength <= 2; ++strength) {
    for (unsigned i = 0; i < kRows.size(); ++i) {
      const Row& row = kRows[i];
      if (contains(refused, row.feature)) continue;
      for (unsigned opcode = row.opcode; opcode < row.opcode + unsigned{row.span}; ++opcode) {
        const OpcodeEntry& entry = kOpcodeMaps[static_cast<unsigned>(row.map)][opcode];
        if (cells_per_block(entry.select) != 0) fill_cells(cells, entry, i, strength);
      }
    }
  }
}

consteval Cells make_cells() {
  Cells cells;
  fill_all_cells(cells, 0);
  return cells;
}

inline constexpr Cells kCells = make_cells();

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
