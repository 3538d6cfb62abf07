// Where the arithmetic flags are while a block is translated, and how conditions are made of them.
//
// Nothing is computed when an instruction sets flags: the tracker remembers the operation and where
// its operands are. A consumer (jcc, setcc, cmovcc, adc, ...) asks for a Condition or the carry,
// which is then made from the operands: cmp+jl is slt+bne. When a guest register the live flags
// still refer to is overwritten, `preserve` copies it to its home (t1 for a, t2 for b).
#pragma once

#include "translate/i386_to_mips64/emit/emitter.hpp"
#include "translate/i386_to_mips64/emit/flag_state.hpp"

namespace ferry::translate::emit {

class FlagTracker {
 public:
  using Form = FlagState::Form;

  explicit FlagTracker(Emitter& emitter) : b_(emitter) {}

  /// The current instruction's flags are those of `kind` (8-bit member; `width` selects). Operands
  /// of 8 and 16 bits are sign-extended. Operands in scratch registers must be in their homes.
  void set(FlagKind kind8, unsigned width, Value a, Value b, Value result) {
    now_ = {Form::operation, member(kind8, width), a, b, result};
    named_ |= a.reg.bit() | b.reg.bit() | result.reg.bit();
  }
  /// The flags except CF and AF are those of a sum or difference of sign-extended 32-bit operands,
  /// which t1 holds whole: bit 32 is its sign without wrap, which is SF != OF.
  void set_exact() {
    now_ = {.form = Form::exact};
    named_ |= kFlagA.bit();
  }
  /// CF is the only live flag: `carry` is 0 or 1.
  void set_carry_only(Gpr carry);
  /// To be called before an instruction that changes CF alone while other flags are live. May call
  /// C++.
  void prepare_carry_change();
  /// To be called after that instruction: CF becomes `carry`, which is 0 or 1 and not in t1 or t2.
  void change_carry(Gpr carry);
  /// The flags, which must be in the lazy registers, become those of `kind8` if `condition` is not
  /// 0 at run time, and stay otherwise. Nothing of the instruction may fault after this.
  void set_if(Gpr condition, FlagKind kind8, unsigned width, Gpr a, Gpr b);
  /// CpuState::eflags holds the flags (after a helper or the interpreter), or no flag is live.
  void set_packed() { now_.form = Form::packed; }

  /// A condition for the current flags (cc as in the opcode). May emit words into scratch
  /// registers. May call C++ if the flags are in the lazy registers, so nothing may be in scratch
  /// registers yet.
  [[nodiscard]] Condition condition(unsigned cc);
  /// CF as 0 or 1, in `into` or in another register. May call C++ like `condition`.
  [[nodiscard]] Gpr carry(Gpr into);

  /// Guest register `reg` is about to change while flags are still wanted afterwards.
  void preserve(Gpr reg);
  /// Host esp moves by `bytes` although guest esp does not.
  void rebase_esp(int32_t bytes);
  /// Puts the flags into t0..t2 (the convention between blocks).
  void to_lazy_registers();
  /// Moves operands out of guest registers into their homes: the recipe of an indirect exit may
  /// name nothing but constants and the lazy registers.
  void settle();
  /// To be called before and after a call into C++ that keeps the flags: t0..t2 wait in the state.
  void save_for_call();
  void restore_after_call();
  /// Whether t1 or t2 hold part of the flags.
  [[nodiscard]] bool uses_homes() const;
  /// Packs the flags into CpuState::eflags. May call C++.
  void to_packed();

  /// Emits `answer` = the condition `cc` without its negation, from packed flags. For cold paths.
  void packed_bool(Gpr answer, unsigned cc);
  /// If the lazy registers hold a comparison of more than 32 bits (SBB, or what set_exact became),
  /// the emitted code sets `answer` to the signed condition `cc` without its negation and goes on
  /// at `resume`; else it falls through. For cold paths.
  void long_comparison(Gpr answer, unsigned cc, mips64::Label& resume);

  /// The state, which a cold path restores later.
  [[nodiscard]] const FlagState& state() const { return now_; }
  void restore(const FlagState& state) {
    now_ = state;
    named_ = ~0u;
  }
  /// Host registers (Gpr::bit) that operands may be in; they are in no others.
  [[nodiscard]] uint32_t named() const { return named_; }
  /// The operands are no longer in `reg`.
  void unname(Gpr reg) { named_ &= ~reg.bit(); }
  [[nodiscard]] bool in_lazy_registers() const {
    return now_.form == Form::lazy_registers || now_.form == Form::carry_apart;
  }
  [[nodiscard]] bool operation() const { return now_.form == Form::operation; }
  [[nodiscard]] bool exact() const { return now_.form == Form::exact; }

 private:
  /// Turns the exact sum or difference into an operation, which the lazy registers can hold.
  void leave_exact();
  [[nodiscard]] Gpr in_register(const Value& value) {
    // A constant 0 is in register zero.
    return value.constant == 0 && value.known() ? value.reg : moved_to_scratch(value);
  }
  [[nodiscard]] Gpr moved_to_scratch(const Value& value);
  [[nodiscard]] Gpr a_register(Gpr into = mips64::zero);
  [[nodiscard]] Gpr result_register();
  [[nodiscard]] bool is(FlagKind kind8) const {
    const uint32_t member = static_cast<uint32_t>(now_.kind) - static_cast<uint32_t>(kind8);
    return now_.form == Form::operation && member < 3;
  }
  /// SHL, SHR or SAR. While the tracker has one of them, its b is a constant.
  [[nodiscard]] bool is_shift() const;
  /// ADC or SBB.
  [[nodiscard]] bool with_carry() const { return is(FlagKind::adc8) || is(FlagKind::sbb8); }
  /// Whether the operation's flags follow from its result and b, without a.
  [[nodiscard]] bool result_in_a() const;
  /// 0, 1 or 2 for an operation of 8, 16 or 32 bits.
  [[nodiscard]] uint32_t width_index() const { return (static_cast<uint32_t>(now_.kind) - 1) % 3; }
  void narrow(Gpr reg);
  [[nodiscard]] Gpr sum(Operation operation, Gpr answer, Gpr left, const Value& right);
  [[nodiscard]] Gpr shift_result();
  template <typename Moving>
  void move_home(Moving moving);
  Condition lazy_condition(unsigned cc);
  Condition packed_condition(unsigned cc);
  Condition general_condition(unsigned cc);
  Condition subtract_condition(unsigned cc);
  Condition difference_condition(unsigned cc);
  Condition add_condition(unsigned cc);
  Condition result_condition(unsigned cc);
  Condition overflow_condition(Operation operation);
  Condition parity_condition(Gpr result);
  Condition multiply_condition(unsigned cc);
  Condition exact_condition(unsigned cc);
  Condition with_carry_condition(unsigned cc);
  [[nodiscard]] Gpr carry_word();
  [[nodiscard]] Gpr sign_without_wrap(Operation operation, Gpr a, Gpr b, Gpr result);
  Condition compare(Signedness signedness, const Value& left, const Value& right);
  Gpr shift_carry(Gpr into);
  void move_value(Gpr into, const Value& value);

  Emitter& b_;
  FlagState now_;
  uint32_t named_ = 0;
  bool saved_ = false;  ///< save_for_call stored something
};

}  // namespace ferry::translate::emit
