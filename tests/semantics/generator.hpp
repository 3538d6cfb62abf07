// Makes random cases for a row of opcodes.inc: bytes, then a state in which the instruction usually
// does something (addresses in the window, divisions that do not always overflow, selectors that
// exist).
#pragma once

#include <optional>
#include <string_view>

#include "case.hpp"
#include "guest/i386/decode/instruction.hpp"
#include "guest/i386/decode/rows.hpp"
#include "random.hpp"

namespace ferry::semantics {

/// Whether the row's cases have x87 state.
[[nodiscard]] bool uses_x87(const i386::Row& row);

/// Why a row cannot be compared with the processor; empty if it can.
[[nodiscard]] std::string_view reason_to_skip(const i386::Row& row);

/// Bytes of images in memory that the processor at hand stores otherwise than ferry (probes.hpp
/// finds out which). A case ignores changes of these bytes: the FNSAVE after the case shows the
/// same x87 state, and there the rules can judge it.
struct OwnBytes {
  bool fxsave_pointers = false;       ///< FOP to FDS of FXSAVE
  bool mxcsr_mask = false;            ///< of FXSAVE
  bool environment_pointers = false;  ///< FCS to FDS of FNSTENV and FNSAVE
};

class Generator {
 public:
  Generator(uint64_t seed, OwnBytes own_bytes) : random_(seed), own_bytes_(own_bytes) {}

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

  /// An address for an access of `width` bytes: mostly in the window, sometimes at an edge of a
  /// region or in unmapped memory.
  uint32_t target(unsigned width);
  /// Replaces bytes of the window at `address`, if they lie in it.
  void patch(Case& test, uint32_t address, const void* bytes, unsigned size);
  [[nodiscard]] uint16_t selector();

  /// Makes the case ignore changes of these bytes, if they lie in the data region. At most two
  /// calls for a case.
  static void ignore(Case& test, uint32_t address, uint16_t length);

  Random random_;
  OwnBytes own_bytes_;
  uint32_t aimed_at_ = 0;  ///< linear address of the case's memory operand
};

}  // namespace ferry::semantics
