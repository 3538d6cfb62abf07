// Makes random cases for a row of opcodes.inc: bytes, then a state in which the instruction mostly
// does something (addresses in the window, divisors that do not always overflow, selectors that
// exist).
#pragma once

#include <optional>
#include <string_view>

#include "case.hpp"
#include "guest/i386/decode/instruction.hpp"
#include "guest/i386/decode/rows.hpp"
#include "processor.hpp"
#include "random.hpp"

namespace ferry::semantics {

/// Whether the row's cases have x87 state.
[[nodiscard]] bool uses_x87(const i386::Row& row);

/// Why a row cannot be compared with the processor; empty if it can.
[[nodiscard]] std::string_view reason_to_skip(const i386::Row& row);

class Generator {
 public:
  /// `traits`: those of the processor that is to run the cases.
  Generator(uint64_t seed, uint8_t traits) : random_(seed), traits_(traits) {}

  /// A case whose bytes decode to `row_index`.
  [[nodiscard]] Case make(uint16_t row_index);

 private:
  /// Bytes of an instruction of the row, and where in them the displacement stands.
  struct Encoded {
    i386::Instruction instruction;
    unsigned displacement_offset = 0;
    unsigned displacement_size = 0;
  };

  bool encode(uint16_t row_index, Case& test, Encoded& encoded);
  unsigned put_prefixes(const i386::Row& row, bool memory_form, Case& test);
  uint8_t make_modrm(const i386::Row& row);
  void locate_displacement(unsigned offset, bool moffs, Encoded& encoded, const Case& test);

  void choose_state(const i386::Row& row, Case& test, Encoded& encoded);
  void aim_stack(const i386::Row& row, Case& test);
  void aim_strings(const i386::Instruction& instruction, Case& test);
  void aim_memory(const i386::Row& row, Case& test, Encoded& encoded);
  void choose_operands(const i386::Row& row, Case& test, const i386::Instruction& instruction);
  void choose_selectors(const i386::Row& row, Case& test, const i386::Instruction& instruction);
  void choose_registers(const i386::Row& row, Case& test, const i386::Instruction& instruction);

  // x87_generator.cpp
  void choose_x87(const i386::Row& row, Case& test, const i386::Instruction& instruction);
  void choose_x87_words(X87Image& image);
  void choose_x87_registers(const i386::Row& row, X87Image& image);
  void choose_x87_memory(const i386::Row& row, Case& test, const i386::Instruction& instruction);

  /// An address for an access of `width` bytes: mostly in the window, sometimes at an edge or
  /// nowhere.
  uint32_t target(unsigned width);
  /// Replaces bytes of the window at `address`, if they lie in it.
  void patch(Case& test, uint32_t address, const void* bytes, unsigned size);
  [[nodiscard]] uint16_t selector();

  /// Changes of these bytes do not count, if they lie in the data region.
  static void ignore(Case& test, uint32_t address, uint16_t length);

  Random random_;
  uint8_t traits_;
  uint32_t aimed_at_ = 0;  ///< linear address of the case's memory operand
};

}  // namespace ferry::semantics
