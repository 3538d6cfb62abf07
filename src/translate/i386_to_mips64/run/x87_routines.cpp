#include "translate/i386_to_mips64/run/x87_routines.hpp"

#include <type_traits>

#include "host/mips64/pseudo_instructions.hpp"
#include "translate/i386_to_mips64/lower/x87_values.hpp"

namespace ferry::translate::run {

using mips64::Assembler;
using mips64::Gpr;
using mips64::Label;
using mips64::move;
using mips64::ra;
using mips64::zero;
using namespace lower::x87_registers;

namespace {

constexpr Gpr kDistance = kTemp[1];  ///< of the exponents; then what comes after the significand
constexpr Gpr kRest = kTemp[1];
constexpr Gpr kFirst = kTemp[2];
constexpr Gpr kSecond = kTemp[0];

/// A sum of numbers whose exponents differ by at least this is the larger one, even if it is a
/// difference and the larger number a power of two.
constexpr int32_t kFarApart = 67;

/// The addition of `b_` to `a_`. Words that stand one level deeper are in delay slots.
class Addition {
 public:
  Addition(Assembler& as, const Pair& a, const Pair& b) : as_(as), a_(a), b_(b) {}

  void emit() {
    as_.XOR(kFirst, a_.exponent, b_.exponent);
    as_.ANDI(kFirst, kFirst, lower::kSign);
    as_.BNE(kFirst, zero, signs_differ_);
    /**/ as_.DSUBU(kDistance, a_.exponent, b_.exponent);
    as_.SEH(kDistance, kDistance);
    Label b_is_larger;
    as_.BLTZ(kDistance, b_is_larger);
    /**/ as_.SLTIU(kFirst, kDistance, 64);
    add_smaller(a_, b_);
    as_.bind(b_is_larger);
    as_.DSUBU(kDistance, zero, kDistance);
    as_.SLTIU(kFirst, kDistance, 64);
    add_smaller(b_, a_);
    emit_difference();
    emit_normalisation();
    as_.bind(carry_);
    carry();
    as_.ANDI(kSecond, a_.significand, 1);
    as_.bind(round_);
    round();
    emit_far();
    as_.bind(slow_);
    as_.JR(ra);
    /**/ as_.NOP();
  }

 private:
  /// The distance is known, and whether it is below 64 in kFirst. Both signs are those of `larger`.
  void add_smaller(const Pair& larger, const Pair& smaller) {
    as_.BEQ(kFirst, zero, &larger == &a_ ? far_ : far_from_b_);
    /**/ as_.NOR(kSecond, kDistance, zero);
    as_.DSRLV(kFirst, smaller.significand, kDistance);
    as_.DSLL(kRest, smaller.significand, 1);
    as_.DSLLV(kRest, kRest, kSecond);
    as_.DADDU(a_.significand, larger.significand, kFirst);
    as_.SLTU(kFirst, a_.significand, kFirst);
    if (&larger != &a_) move(as_, a_.exponent, larger.exponent);
    as_.BNE(kFirst, zero, carry_);
    /**/ as_.ANDI(kSecond, a_.significand, 1);
    round();
  }

  void emit_difference() {
    as_.bind(signs_differ_);
    as_.XORI(kDistance, kDistance, lower::kSign);
    as_.SEH(kDistance, kDistance);
    Label exponents_equal;
    as_.BEQ(kDistance, zero, exponents_equal);
    /**/ as_.SLTIU(kFirst, kDistance, 64);
    Label b_is_larger;
    as_.BLTZ(kDistance, b_is_larger);
    /**/ as_.NOP();
    subtract_smaller(a_, b_);
    as_.bind(b_is_larger);
    as_.DSUBU(kDistance, zero, kDistance);
    as_.SLTIU(kFirst, kDistance, 64);
    subtract_smaller(b_, a_);
    as_.bind(exponents_equal);
    as_.SLTU(kFirst, a_.significand, b_.significand);
    Label positive;
    as_.BEQ(kFirst, zero, positive);
    /**/ as_.DSUBU(a_.significand, a_.significand, b_.significand);
    as_.DSUBU(a_.significand, zero, a_.significand);
    move(as_, a_.exponent, b_.exponent);
    as_.bind(positive);
    as_.BEQ(zero, zero, normalise_);
    /**/ move(as_, kRest, zero);
  }

  void subtract_smaller(const Pair& larger, const Pair& smaller) {
    as_.BEQ(kFirst, zero, &larger == &a_ ? far_ : far_from_b_);
    /**/ as_.NOR(kSecond, kDistance, zero);
    as_.DSRLV(kFirst, smaller.significand, kDistance);
    as_.DSLL(kRest, smaller.significand, 1);
    as_.DSLLV(kRest, kRest, kSecond);
    as_.DSUBU(a_.significand, larger.significand, kFirst);
    as_.SLTU(kFirst, zero, kRest);
    as_.DSUBU(a_.significand, a_.significand, kFirst);
    if (&larger != &a_) move(as_, a_.exponent, larger.exponent);
    as_.BGEZ(a_.significand, normalise_);
    /**/ as_.DSUBU(kRest, zero, kRest);
    as_.BEQ(zero, zero, round_);
    /**/ as_.ANDI(kSecond, a_.significand, 1);
  }

  /// The number with the larger exponent word is zero, or the smaller number is too small to change
  /// it.
  void emit_far() {
    Label a_is_zero;
    as_.bind(far_);
    as_.BEQ(a_.significand, zero, a_is_zero);
    /**/ as_.SLTIU(kFirst, kDistance, kFarApart);
    as_.BNE(kFirst, zero, slow_);
    /**/ as_.XOR(kFirst, a_.exponent, b_.exponent);
    return_unchanged();
    as_.bind(exact_);
    exact();
    as_.bind(far_from_b_);
    as_.BEQ(b_.significand, zero, exact_);
    /**/ as_.SLTIU(kFirst, kDistance, kFarApart);
    as_.BNE(kFirst, zero, slow_);
    /**/ as_.XOR(kFirst, a_.exponent, b_.exponent);
    move(as_, a_.exponent, b_.exponent);
    move(as_, a_.significand, b_.significand);
    return_unchanged();
    as_.bind(a_is_zero);
    move(as_, a_.exponent, b_.exponent);
    move(as_, a_.significand, b_.significand);
    exact();
  }

  /// Moves the significand's highest 1 to its place. An exponent that leaves its range goes the
  /// slow way.
  void emit_normalisation() {
    Label is_zero;
    as_.bind(normalise_);
    as_.BEQ(a_.significand, zero, is_zero);
    /**/ as_.DCLZ(kFirst, a_.significand);
    as_.ANDI(kSecond, a_.exponent, lower::kExponentBits);
    as_.SLTU(kSecond, kSecond, kFirst);
    as_.BNE(kSecond, zero, slow_);
    /**/ as_.NOR(kSecond, kFirst, zero);
    as_.SUBU(a_.exponent, a_.exponent, kFirst);
    as_.DSLLV(a_.significand, a_.significand, kFirst);
    as_.DSRL(kRoundedUp, kRest, 1);
    as_.DSRLV(kRoundedUp, kRoundedUp, kSecond);
    as_.OR(a_.significand, a_.significand, kRoundedUp);
    as_.DSLLV(kRest, kRest, kFirst);
    as_.BEQ(zero, zero, round_);
    /**/ as_.ANDI(kSecond, a_.significand, 1);
    as_.bind(is_zero);
    as_.BNE(kRest, zero, slow_);
    /**/ as_.ADDIU(a_.exponent, zero, lower::kExponentOfExtended);
    exact();
  }

  /// The sum has 65 bits; the lowest is in kSecond.
  void carry() {
    as_.ANDI(kFirst, kRest, 1);
    as_.DSRL(kRest, kRest, 1);
    as_.OR(kRest, kRest, kFirst);
    as_.DSLL32(kSecond, kSecond, 31);
    as_.OR(kRest, kRest, kSecond);
    as_.DSRL(a_.significand, a_.significand, 1);
    as_.OR(a_.significand, a_.significand, kTopBit);
    as_.ADDIU(a_.exponent, a_.exponent, 1);
  }

  /// kSecond is 1 if the significand is odd.
  void round() {
    Label carried_out;
    Label both_are_zero;
    as_.DSUBU(kSecond, kTopBit, kSecond);
    as_.SLTU(kRoundedUp, kSecond, kRest);
    as_.DADDU(a_.significand, a_.significand, kRoundedUp);
    as_.BEQ(a_.significand, zero, carried_out);
    /**/ as_.DADDIU(ra, ra, 8);
    as_.JR(ra);
    /**/ as_.OR(kInexact, kInexact, kRest);
    as_.bind(carried_out);
    as_.BEQ(kRoundedUp, zero, both_are_zero);
    /**/ as_.NOP();
    move(as_, a_.significand, kTopBit);
    as_.ADDIU(a_.exponent, a_.exponent, 1);
    as_.bind(both_are_zero);
    as_.JR(ra);
    /**/ as_.OR(kInexact, kInexact, kRest);
  }

  /// The larger number is the result. That is away from zero if the smaller one, whose sign is the
  /// other if kFirst says so, was subtracted.
  void return_unchanged() {
    as_.DADDIU(ra, ra, 8);
    as_.OR(kInexact, kInexact, kTopBit);
    as_.JR(ra);
    /**/ as_.EXT(kRoundedUp, kFirst, lower::kSignPosition, 1);
  }

  void exact() {
    as_.DADDIU(ra, ra, 8);
    as_.JR(ra);
    /**/ move(as_, kRoundedUp, zero);
  }

  Assembler& as_;
  const Pair& a_;
  const Pair& b_;
  Label signs_differ_, normalise_, carry_, round_, far_, far_from_b_, exact_, slow_;
};

/// The division of a pair by another one: two digits of 32 bits, each as Knuth has it (The Art of
/// Computer Programming, vol. 2, 4.3.1, algorithm D).
class Division {
 public:
  Division(Assembler& as, const Pair& a, const Pair& b) : as_(as), a_(a), b_(b) {}

  void emit() {
    as_.BEQ(b_.significand, zero, slow_);
    /**/ as_.SUBU(a_.exponent, a_.exponent, b_.exponent);
    // The quotient of significands is to have its highest bit: half the dividend if that is not
    // less. kCarry becomes its bits below the significand's.
    Label less;
    as_.SLTU(kFirst, a_.significand, b_.significand);
    move(as_, kCarry, zero);
    as_.BNE(kFirst, zero, less);
    /**/ as_.ADDIU(a_.exponent, a_.exponent, lower::kExponentOfOne - 1);
    as_.DSLL(kCarry, a_.significand, 31);
    as_.DSLL32(kCarry, kCarry, 0);
    as_.DSRL32(kCarry, kCarry, 0);
    as_.DSRL(a_.significand, a_.significand, 1);
    as_.ADDIU(a_.exponent, a_.exponent, 1);
    as_.bind(less);
    as_.DSRL32(kUpper, b_.significand, 0);
    digit(a_.significand, a_.significand, kCarry);
    as_.DSLL32(a_.significand, a_.significand, 0);
    digit(kUpper, kRemainder, zero);
    as_.DADDU(a_.significand, a_.significand, kUpper);
    // The remainder against half the divisor decides; a tie cannot be, nor a carry.
    as_.DSUBU(kLower, b_.significand, kRemainder);
    as_.SLTU(kRoundedUp, kLower, kRemainder);
    as_.OR(kInexact, kInexact, kRemainder);
    as_.DADDU(a_.significand, a_.significand, kRoundedUp);
    as_.BGEZ(a_.significand, slow_);  // the dividend is zero
    /**/ as_.ANDI(kLower, a_.exponent, lower::kOutOfRange);
    as_.BNE(kLower, zero, slow_);
    /**/ as_.DADDIU(ra, ra, 8);
    as_.JR(ra);
    /**/ as_.NOP();
    as_.bind(slow_);
    as_.JR(ra);
    /**/ as_.NOP();
  }

 private:
  static constexpr Gpr kUpper = kTemp[1];  ///< 32 bits of the divisor; of the second digit
  static constexpr Gpr kRemainder = kTemp[2];
  static constexpr Gpr kLower = kTemp[0];
  static constexpr Gpr kCarry = kRoundedUp;

  /// quotient = the digit of `dividend`, after which `next` comes (32 bits); the remainder is in
  /// kRemainder. The divisor's upper half is in kUpper.
  void digit(Gpr quotient, Gpr dividend, Gpr next) {
    Label done;
    as_.DDIVU(dividend, kUpper);
    as_.DSLL32(kLower, b_.significand, 0);
    as_.DSRL32(kLower, kLower, 0);
    as_.MFLO(quotient);
    as_.MFHI(kRemainder);
    as_.DMULTU(quotient, kLower);
    as_.DSLL32(kRemainder, kRemainder, 0);
    as_.OR(kRemainder, kRemainder, next);
    const Gpr product = kCarry;
    as_.MFLO(product);
    as_.SLTU(kLower, kRemainder, product);
    as_.BEQ(kLower, zero, done);
    /**/ as_.NOP();
    as_.DADDIU(quotient, quotient, -1);
    as_.DADDU(kRemainder, kRemainder, b_.significand);
    as_.SLTU(kLower, kRemainder, b_.significand);
    as_.BNE(kLower, zero, done);
    /**/ as_.SLTU(kLower, kRemainder, product);
    as_.BEQ(kLower, zero, done);
    /**/ as_.NOP();
    as_.DADDIU(quotient, quotient, -1);
    as_.DADDU(kRemainder, kRemainder, b_.significand);
    as_.bind(done);
    as_.DSUBU(kRemainder, kRemainder, product);
  }

  Assembler& as_;
  const Pair& a_;
  const Pair& b_;
  Label slow_;
};

/// The square root of a pair: 32 bits by Newton's method, the others by a division (Zimmermann,
/// "Karatsuba square root", 1999).
class SquareRoot {
 public:
  SquareRoot(Assembler& as, const Pair& a) : as_(as), a_(a) {}

  void emit() {
    Label is_zero;
    as_.BEQ(a_.significand, zero, is_zero);
    /**/ as_.ANDI(kFirst, a_.exponent, lower::kSign);
    as_.BNE(kFirst, zero, slow_);
    /**/ as_.ANDI(kFirst, a_.exponent, lower::kExponentBits);
    // The radicand has 128 bits: the significand, halved where the exponent is even, and kLow.
    as_.ADDIU(kFirst, kFirst, lower::kExponentOfOne);
    as_.SRL(a_.exponent, kFirst, 1);
    as_.NOR(kFirst, kFirst, zero);
    as_.ANDI(kFirst, kFirst, 1);
    as_.DSLL32(kLow, a_.significand, 31);
    as_.DSRLV(a_.significand, a_.significand, kFirst);
    as_.MOVZ(kLow, zero, kFirst);
    upper_half();
    lower_half();
    // Up if the remainder, which has up to 65 bits, is more than the root.
    as_.SLTU(kSecond, kRoot, kFirst);
    as_.OR(kInexact, kInexact, kFirst);
    as_.OR(kInexact, kInexact, a_.significand);
    as_.OR(kRoundedUp, kSecond, a_.significand);
    as_.DADDIU(ra, ra, 8);
    as_.JR(ra);
    /**/ as_.DADDU(a_.significand, kRoot, kRoundedUp);
    as_.bind(is_zero);
    as_.DADDIU(ra, ra, 8);
    as_.JR(ra);
    /**/ move(as_, kRoundedUp, zero);
    as_.bind(slow_);
    as_.JR(ra);
    /**/ as_.NOP();
  }

 private:
  static constexpr Gpr kRoot = kTemp[1];
  static constexpr Gpr kLow = kRoundedUp;

  /// kRoot = the root of the significand, of 32 bits; kFirst = its square.
  void upper_half() {
    // 0.625 x + 0.391 is at most 9 % wrong; each step squares the error, and leaves a number that
    // is not too small.
    as_.DSRL32(kRoot, a_.significand, 1);
    as_.DSRL32(kFirst, a_.significand, 3);
    as_.DADDU(kRoot, kRoot, kFirst);
    as_.LUI(kFirst, 0x6400);
    as_.DADDU(kRoot, kRoot, kFirst);
    for (unsigned step = 0; step < 3; ++step) {
      as_.DDIVU(a_.significand, kRoot);
      as_.MFLO(kFirst);
      as_.DADDU(kRoot, kRoot, kFirst);
      as_.DSRL(kRoot, kRoot, 1);
    }
    as_.DSRL32(kFirst, kRoot, 0);
    as_.DSUBU(kRoot, kRoot, kFirst);
    as_.DMULTU(kRoot, kRoot);
    as_.MFLO(kFirst);
    Label done;
    as_.SLTU(kSecond, a_.significand, kFirst);
    as_.BEQ(kSecond, zero, done);
    /**/ as_.DSUBU(kRoot, kRoot, kSecond);
    as_.DMULTU(kRoot, kRoot);
    as_.MFLO(kFirst);
    as_.bind(done);
  }

  /// kRoot = the whole root; the remainder is in the significand and kFirst.
  void lower_half() {
    as_.DSUBU(kFirst, a_.significand, kFirst);
    as_.DSLL(kFirst, kFirst, 31);
    as_.DSRL32(kSecond, kLow, 1);
    as_.OR(kFirst, kFirst, kSecond);
    as_.DDIVU(kFirst, kRoot);
    as_.DSLL32(kRoot, kRoot, 0);
    as_.MFLO(kSecond);
    as_.DADDU(kRoot, kRoot, kSecond);
    as_.BEQ(kRoot, zero, slow_);
    /**/ as_.NOP();
    as_.DMULTU(kRoot, kRoot);
    as_.MFHI(kSecond);
    as_.DSUBU(a_.significand, a_.significand, kSecond);
    as_.MFLO(kFirst);
    as_.SLTU(kSecond, kLow, kFirst);
    as_.DSUBU(kFirst, kLow, kFirst);
    as_.DSUBU(a_.significand, a_.significand, kSecond);
    Label done;
    as_.BGEZ(a_.significand, done);
    /**/ as_.NOP();
    // One too much: twice the right root, and one, comes back, which has 65 bits.
    as_.DADDIU(kRoot, kRoot, -1);
    as_.DSLL(kSecond, kRoot, 1);
    as_.ORI(kSecond, kSecond, 1);
    as_.DADDU(kFirst, kFirst, kSecond);
    as_.SLTU(kSecond, kFirst, kSecond);
    as_.DADDU(a_.significand, a_.significand, kSecond);
    as_.DADDIU(a_.significand, a_.significand, 1);
    as_.bind(done);
  }

  Assembler& as_;
  const Pair& a_;
  Label slow_;
};

}  // namespace

void emit_x87_routines(Assembler& as, emit::WaysOut& out) {
  static_assert(std::extent_v<decltype(out.x87_add)> == kPairs);
  for (unsigned a = 0; a < kPairs; ++a) {
    for (unsigned b = 0; b < kPairs; ++b) {
      if (a == b) continue;
      out.x87_add[a][b] = as.address(as.position());
      Addition(as, kPair[a], kPair[b]).emit();
      out.x87_divide[a][b] = as.address(as.position());
      Division(as, kPair[a], kPair[b]).emit();
    }
    out.x87_root[a] = as.address(as.position());
    SquareRoot(as, kPair[a]).emit();
  }
}

}  // namespace ferry::translate::run
