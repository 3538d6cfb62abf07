// Sequences of x87 instructions, translated together for the stack, the control word and the flags
// as they usually are there (X87Expectation). docs/x87.md tells how and why.
#pragma once

#include <cstdint>

#include "translate/i386_to_mips64/lower/x87_form.hpp"
#include "translate/i386_to_mips64/lower/x87_values.hpp"

namespace ferry::translate::lower {

class X87Sequence {
 public:
  explicit X87Sequence(BlockBuilder& b);

  /// Translates the current instruction and as many after it as one sequence takes. Returns false,
  /// and has emitted nothing, if it cannot take the current one.
  [[nodiscard]] bool translate();

 private:
  using Kind = X87Form::Kind;
  using Pair = X87Values::Pair;
  using Id = X87Values::Id;

  /// Whether it is one of D8 to DF, in a flat segment.
  [[nodiscard]] static bool is_escape(const Instruction& in) {
    return i386::row(in.row).family == i386::Family::x87 && in.opcode >= 0xd8 &&
           !in.segment_override;
  }
  [[nodiscard]] bool takes(const Instruction& in, const X87Form& form) const;
  [[nodiscard]] bool takes_operands(const X87Form& form) const;
  void begin();
  void check_key();
  void lower(const X87Form& form);
  void load_rounded_up();
  void finish();
  void store_conditions_and_ax();
  void store_pointers();

  // The instructions, by kind.
  void load(const X87Form& form);
  void copy_memory(const AnalysedInstruction& store, unsigned width);
  void store(const X87Form& form);
  void store_rounded(Id value, unsigned width);
  void store_integer(const X87Form& form);
  void exchange(const X87Form& form);
  void change(const X87Form& form);
  void arithmetic(const X87Form& form);
  void finish_arithmetic(const X87Form& form, unsigned destination, Id left, Id right, Id result);
  void add(Id destination, Id source, bool negate_destination, bool negate_source);
  void multiply(Pair result, Pair one, Pair other);
  void call(const uint32_t* routine);
  void compare(const X87Form& form);
  void compare_numbers(Pair one, Pair other);
  void flags_from_relation();

  // What they share.
  [[nodiscard]] unsigned physical(unsigned i) const { return (top_ + i) & 7; }
  [[nodiscard]] bool is_empty(unsigned i) const { return (empty_ >> physical(i) & 1) != 0; }
  void push(Id value);
  void pop(unsigned count);
  /// The number in ST(i), in a pair.
  [[nodiscard]] Id in_pair(unsigned i);
  [[nodiscard]] Id load_real(unsigned width);
  [[nodiscard]] Id load_integer(unsigned width);
  [[nodiscard]] Id copy_of(Id value);
  [[nodiscard]] Id destination_of(Id value);
  Address operand_address(uint8_t kind);
  void load_bits(Gpr into, unsigned width);
  void store_bits(Gpr bits, unsigned width);
  void round(Gpr significand, Gpr rest);
  void note_inexact(Gpr rest);
  void need_top_bit();
  void branch_slow_if_zero(Gpr reg) { b_.branch_if_zero(reg, *slow_); }
  void branch_slow_if_not_zero(Gpr reg) { b_.branch_if_not_zero(reg, *slow_); }

  BlockBuilder& b_;
  Assembler& as_;
  Label* slow_ = nullptr;
  X87Values values_;
  unsigned top_;
  uint8_t empty_;
  bool ended_ = false;                              ///< takes no more instructions
  bool top_bit_ready_ = false;                      ///< the register holds it
  bool rounds_ = false;                             ///< some result may be inexact
  Gpr rounded_up_ = mips64::zero;                   ///< C1, as 0 or 1
  bool compared_ = false;                           ///< the condition codes wait in kRoundedUp
  bool stores_status_ = false;                      ///< AX becomes the status word
  const AnalysedInstruction* recorded_ = nullptr;   ///< the last that FIP tells
  const AnalysedInstruction* accessing_ = nullptr;  ///< the last with a memory operand
};

}  // namespace ferry::translate::lower
