// AND OR XOR NOT TEST, bit tests and scans, SETcc, flag control.
#include "translate/i386_to_mips64/lower/destination.hpp"
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using i386::EAX;
using i386::OperandKind;
using mips64::fits_uimm16;
using mips64::zero;
namespace ef = i386::eflags;

namespace {

enum class Logic : uint8_t { and_, or_, xor_ };

void emit_logic(BlockBuilder& b, Logic operation, Gpr rd, Gpr rs, Gpr rt) {
  switch (operation) {
    case Logic::and_:
      return b.as.AND(rd, rs, rt);
    case Logic::or_:
      return b.as.OR(rd, rs, rt);
    case Logic::xor_:
      return b.as.XOR(rd, rs, rt);
  }
}

/// rd = rs & mask in one word if the mask is a run of low ones, or of zeros to be cleared in place.
bool and_in_one_word(BlockBuilder& b, Gpr rd, Gpr rs, uint32_t mask) {
  if (fits_uimm16(mask)) {
    b.as.ANDI(rd, rs, static_cast<int32_t>(mask));
    return true;
  }
  if ((mask & (mask + 1)) == 0 && mask != 0xffffffff) {
    b.as.EXT(rd, rs, 0, static_cast<unsigned>(__builtin_popcount(mask)));
    return true;
  }
  const uint32_t cleared = ~mask;
  if (rd == rs && cleared != 0) {
    const auto low = static_cast<unsigned>(__builtin_ctz(cleared));
    const uint32_t run = cleared >> low;
    if ((run & (run + 1)) == 0) {
      b.as.INS(rd, zero, low, static_cast<unsigned>(__builtin_popcount(run)));
      return true;
    }
  }
  return false;
}

void logic_with_constant(BlockBuilder& b, Logic operation, Gpr rd, Gpr rs, int32_t constant) {
  if (operation == Logic::and_) {
    if (and_in_one_word(b, rd, rs, static_cast<uint32_t>(constant))) return;
  } else if (operation == Logic::xor_ && constant == -1) {
    return b.as.NOR(rd, rs, zero);
  } else if (operation == Logic::or_ && constant == -1) {
    return b.as.ADDIU(rd, zero, -1);
  } else if (fits_uimm16(constant)) {
    return operation == Logic::or_ ? b.as.ORI(rd, rs, constant) : b.as.XORI(rd, rs, constant);
  }
  const Gpr value = b.scratch();
  mips64::load_immediate(b.as, value, constant);
  emit_logic(b, operation, rd, rs, value);
  b.release(value);
}

/// rd = rs op second operand (sign-extended to 32 bits).
void apply(BlockBuilder& b, const Instruction& in, Logic operation, Gpr rd, Gpr rs, Gpr second) {
  if (in.operands[1].kind == OperandKind::immediate) {
    return logic_with_constant(b, operation, rd, rs, signed_immediate(in, in.operands[0].width));
  }
  emit_logic(b, operation, rd, rs, second);
}

/// Bits a result of `operation` with a register of `known` bits and the constant can have.
unsigned result_width(const Instruction& in, Logic operation, unsigned known) {
  if (in.operands[1].kind != OperandKind::immediate) return 32;
  const uint32_t constant = in.immediate;
  const unsigned width = constant <= 0xff ? 8 : constant <= 0xffff ? 16 : 32;
  if (operation == Logic::and_) return width < known ? width : known;
  return width > known ? width : known;
}

/// LOCK AND, OR and XOR.
void locked_logic(BlockBuilder& b, const Instruction& in, Logic operation) {
  const unsigned width = in.operands[0].width;
  Gpr second = zero;
  if (in.operands[1].kind == OperandKind::immediate) {
    second = b.scratch();
    mips64::load_immediate(b.as, second, signed_immediate(in, width));
  } else {
    second = b.read(in.operands[1], Extend::sign);
  }
  const bool flags = b.live() != 0;
  modify_memory(b, in, Extend::sign, flags ? kFlagA : zero,
                [&](Gpr into, Gpr old) { emit_logic(b, operation, into, old, second); });
  if (flags) b.flags.set(FlagKind::logic8, width, {}, {}, Value::of(kFlagA));
}

/// Whether both are the same register, or part of one.
bool same_register(const Operand& one, const Operand& other) {
  return one.kind == OperandKind::gpr && other.kind == OperandKind::gpr && one.reg == other.reg &&
         one.high_byte == other.high_byte;
}

/// XOR of a register with itself.
void set_to_zero(BlockBuilder& b, unsigned reg) {
  mips64::move(b.as, b.begin_write(reg), zero);
  b.set_known_width(reg, 8);
  if (b.live() != 0) b.flags.set(FlagKind::logic8, 4, {}, {}, Value::of_constant(0));
}

[[gnu::noinline]] void logic(BlockBuilder& b, const Instruction& in, Logic operation) {
  if (in.lock) return locked_logic(b, in, operation);
  const Operand& destination = in.operands[0];
  const Operand& source = in.operands[1];
  const unsigned width = destination.width;
  const bool flags = b.live() != 0;
  const bool same = same_register(source, destination);
  if (BlockBuilder::is_full_register(destination)) {
    if (same && operation == Logic::xor_) return set_to_zero(b, destination.reg);
    const bool immediate = source.kind == OperandKind::immediate;
    const Gpr second = immediate || same ? zero : b.read(source, Extend::sign);
    const Gpr first = b.read_gpr(destination.reg);
    const unsigned known = result_width(in, operation, b.known_width(destination.reg));
    const Gpr rd = b.begin_write(destination.reg);
    if (same) {
      if (rd != first) mips64::move(b.as, rd, first);
    } else {
      apply(b, in, operation, rd, first, second);
    }
    b.set_known_width(destination.reg, known);
    if (flags) b.flags.set(FlagKind::logic8, 4, {}, {}, Value::of(rd));
    return;
  }
  const bool memory = BlockBuilder::is_memory(destination);
  const Gpr second = source.kind == OperandKind::immediate ? zero : b.read(source, Extend::sign);
  const Gpr result = flags ? kFlagA : b.scratch();
  if (memory) {
    const Address place = b.address();
    const Gpr old = b.scratch();
    b.load(old, width, place, Extend::sign);
    apply(b, in, operation, result, old, second);
    b.store(result, width, place);
  } else {
    apply(b, in, operation, result, b.read(destination, Extend::sign), second);
    b.write_register(destination, result);
  }
  if (flags) b.flags.set(FlagKind::logic8, width, {}, {}, Value::of(result));
}

/// A condition as 0 or 1 in `rd`.
void set_bool(BlockBuilder& b, Gpr rd, const Condition& condition) {
  using Kind = Condition::Kind;
  switch (condition.kind) {
    case Kind::always:
      return b.as.ADDIU(rd, zero, 1);
    case Kind::never:
      return mips64::move(b.as, rd, zero);
    case Kind::ltz:
      return b.as.SLT(rd, condition.rs, zero);
    case Kind::gtz:
      return b.as.SLT(rd, zero, condition.rs);
    case Kind::gez:
      b.as.SLT(rd, condition.rs, zero);
      return b.as.XORI(rd, rd, 1);
    case Kind::lez:
      return b.as.SLTI(rd, condition.rs, 1);
    case Kind::eq:
    case Kind::ne:
      break;
  }
  const bool equal = condition.kind == Kind::eq;
  Gpr difference = condition.rs;
  if (condition.rt != zero) {
    b.as.XOR(rd, condition.rs, condition.rt);
    difference = rd;
  } else if (condition.rs_is_bool) {
    if (equal) return b.as.XORI(rd, condition.rs, 1);
    if (rd != condition.rs) mips64::move(b.as, rd, condition.rs);
    return;
  }
  equal ? b.as.SLTIU(rd, difference, 1) : b.as.SLTU(rd, zero, difference);
}

enum class BitOperation : uint8_t { test, set, reset, complement };

/// The unit (16 or 32 bits) of a bit string in memory that bit `index` (signed) lies in (SDM
/// vol. 2, BT).
Address bit_string_unit(BlockBuilder& b, const Instruction& in, Gpr index) {
  const bool narrow = in.operands[0].width == 2;
  const Gpr unit = b.scratch();
  if (narrow) b.as.SEH(unit, index);
  b.as.SRA(unit, narrow ? unit : index, narrow ? 4 : 5);
  b.as.SLL(unit, unit, narrow ? 1 : 2);
  if (in.address_size == 4) {
    const Address start = b.address();
    b.as.ADDU(unit, unit, start.base);
    b.release(start.base);
    return {unit, start.offset};
  }
  // With 16-bit addresses (which come in a scratch register) the bit string wraps at 64 KB.
  const Gpr start = b.effective_address(zero);
  b.as.ADDU(unit, unit, start);
  b.as.ANDI(unit, unit, 0xffff);
  b.release(start);
  const unsigned segment = in.memory.segment;
  if (segment == i386::FS || segment == i386::GS) {
    const Gpr base = b.segment_base(segment);
    b.as.ADDU(unit, unit, base);
    b.release(base);
  }
  return {unit, 0};
}

/// Which bit of its unit a bit instruction means: a constant, or in the low bits of a register.
struct BitNumber {
  Gpr reg;  ///< `zero` for a constant
  unsigned constant;
};

BitNumber bit_number(BlockBuilder& b, const Instruction& in, Gpr index) {
  const unsigned bits = in.operands[0].width * 8u;
  if (in.operands[1].kind == OperandKind::immediate) return {zero, in.immediate & (bits - 1)};
  if (bits == 32) return {index, 0};  // shifts look at five bits
  const Gpr low = b.scratch();
  b.as.ANDI(low, index, 15);
  return {low, 0};
}

/// carry = the bit of `value`.
void extract_bit(BlockBuilder& b, Gpr carry, Gpr value, const BitNumber& number) {
  if (number.reg == zero) return b.as.EXT(carry, value, number.constant, 1);
  b.as.SRLV(carry, value, number.reg);
  b.as.ANDI(carry, carry, 1);
}

/// A word with the bit alone set, or alone clear for BTR.
Gpr bit_mask(BlockBuilder& b, BitOperation operation, const BitNumber& number) {
  const Gpr mask = b.scratch();
  if (number.reg == zero) {
    mips64::load_immediate(b.as, mask, static_cast<int32_t>(1u << number.constant));
  } else {
    b.as.ADDIU(mask, zero, 1);
    b.as.SLLV(mask, mask, number.reg);
  }
  if (operation == BitOperation::reset) b.as.NOR(mask, mask, zero);
  return mask;
}

void change_bit(BlockBuilder& b, BitOperation operation, Gpr rd, Gpr value, Gpr mask) {
  if (operation == BitOperation::reset) b.as.AND(rd, value, mask);
  if (operation == BitOperation::set) b.as.OR(rd, value, mask);
  if (operation == BitOperation::complement) b.as.XOR(rd, value, mask);
}

/// The access of BT BTS BTR BTC to their operand. Returns the bit as it was, if CF is live.
Gpr access_bit(BlockBuilder& b, const Instruction& in, BitOperation operation) {
  const bool wanted = (b.live() & ef::CF) != 0;
  const Operand& base = in.operands[0];
  const bool immediate = in.operands[1].kind == OperandKind::immediate;
  const bool memory = BlockBuilder::is_memory(base);
  const Gpr index = immediate ? zero : b.read_gpr(in.operands[1].reg);
  const Address place = !memory     ? Address{zero, 0}
                        : immediate ? b.address()
                                    : bit_string_unit(b, in, index);
  const BitNumber number = bit_number(b, in, index);
  if (in.lock) {
    const Gpr mask = bit_mask(b, operation, number);
    const LockedOperand locked = locked_operand(b, base.width, place);
    const Gpr value = b.scratch();
    locked_update(b, locked, value,
                  [&](Gpr changed) { change_bit(b, operation, changed, value, mask); });
    if (wanted) extract_bit(b, mask, value, number);
    return mask;
  }
  Gpr value = zero;
  if (memory) {
    value = b.scratch();
    b.load(value, base.width, place, Extend::sign);
  } else {
    value = b.read_gpr(base.reg);
  }
  const Gpr carry = wanted ? b.scratch() : zero;
  if (wanted) extract_bit(b, carry, value, number);
  if (operation == BitOperation::test) return carry;
  const Gpr mask = bit_mask(b, operation, number);
  if (BlockBuilder::is_full_register(base)) {
    change_bit(b, operation, b.begin_write(base.reg), value, mask);
    return carry;
  }
  change_bit(b, operation, mask, value, mask);
  memory ? b.store(mask, base.width, place) : b.write_register(base, mask);
  return carry;
}

void bit_operation(BlockBuilder& b, const Instruction& in, BitOperation operation) {
  // All flags but CF stay as they were.
  if ((b.live() & ef::CF) == 0) return static_cast<void>(access_bit(b, in, operation));
  const bool others = b.live() != ef::CF;
  if (others) b.flags.prepare_carry_change();
  const Gpr carry = access_bit(b, in, operation);
  others ? b.flags.change_carry(carry) : b.flags.set_carry_only(carry);
}

enum class Scan : uint8_t { forward, reverse };

/// BSF and BSR: a zero source keeps the destination (as processors do) and sets ZF.
void bit_scan(BlockBuilder& b, const Instruction& in, Scan scan) {
  const Operand& destination = in.operands[0];
  const bool flags = b.live() != 0;
  const bool narrow = destination.width == 2;
  // 16 bits: BSR must not see the bits above them.
  const Gpr value = b.read(in.operands[1], narrow ? Extend::zero : Extend::sign);
  const Gpr found = b.scratch(), number = b.scratch();
  if (scan == Scan::forward) {  // the lowest bit alone, counted from above
    b.as.SUBU(found, zero, value);
    b.as.AND(found, found, value);
    b.as.CLZ(number, found);
  } else {
    b.as.CLZ(number, value);
  }
  b.as.XORI(number, number, 31);
  if (flags) mips64::move(b.as, kFlagA, value);
  if (destination.reg == i386::ESP) b.commit_esp();
  if (narrow) {
    mips64::move(b.as, found, host_gpr(destination.reg));
    b.as.INS(found, number, 0, 16);
  }
  const Gpr rd = b.begin_write(destination.reg);
  b.as.MOVN(rd, narrow ? found : number, flags ? kFlagA : value);
  if (!flags) return;
  if ((b.live() & (ef::SF | ef::PF)) != 0) {
    // ZF comes from the value, PF from the index, and SF is 0: the flags of a small number made of
    // both.
    b.as.ORI(number, number, 0x100);
    b.as.MOVN(kFlagA, number, kFlagA);
  }
  b.flags.set(FlagKind::logic8, 4, {}, {}, Value::of(kFlagA));
}

/// CLC and STC.
void set_carry(BlockBuilder& b, bool carry) {
  if ((b.live() & ef::CF) == 0) return;
  if (b.live() == ef::CF) {
    const Value value = Value::of_constant(carry ? 1 : 0);
    return b.flags.set(FlagKind::inc8, 4, {}, value, Value::of_constant(0));
  }
  b.flags.prepare_carry_change();
  Gpr bit = zero;
  if (carry) {
    bit = b.scratch();
    b.as.ADDIU(bit, zero, 1);
  }
  b.flags.change_carry(bit);
}

[[gnu::noinline]] void test_general(BlockBuilder& b, const Instruction& in) {
  const Operand& first = in.operands[0];
  const Operand& second = in.operands[1];
  const bool same = same_register(first, second);
  if (b.live() == 0) {
    if (BlockBuilder::is_memory(first)) b.load(b.scratch(), first.width, b.address(), Extend::sign);
    return;
  }
  if (same && first.width == 4) {
    const Value value = Value::of(host_gpr(first.reg), first.reg == i386::ESP ? b.esp_bias() : 0);
    return b.flags.set(FlagKind::logic8, 4, {}, {}, value);
  }
  // Where the sign of a narrow result is not wanted, zeros may be above it.
  const Extend how = (b.live() & ef::SF) == 0 ? Extend::zero : Extend::sign;
  Value result = Value::of(kFlagA);
  if (same) {
    if (how == Extend::zero && b.zero_extended_in_place(first)) {
      result = Value::of(host_gpr(first.reg));
    } else {
      b.read_into(kFlagA, first, how);
    }
  } else if (second.kind == OperandKind::immediate) {
    const int32_t constant = extended_immediate(in, first.width, how);
    // A positive constant leaves nothing of the upper bits: the register serves as it is.
    const Gpr value = b.read(first, constant >= 0 ? Extend::any : Extend::sign);
    logic_with_constant(b, Logic::and_, kFlagA, value, constant);
  } else {
    const Gpr other = b.read(second, how);
    emit_logic(b, Logic::and_, kFlagA, b.read(first, how), other);
  }
  b.flags.set(FlagKind::logic8, first.width, {}, {}, result);
}

}  // namespace

void AND(BlockBuilder& b, const Instruction& in) {
  logic(b, in, Logic::and_);
}
void OR(BlockBuilder& b, const Instruction& in) {
  logic(b, in, Logic::or_);
}
void XOR(BlockBuilder& b, const Instruction& in) {
  const Operand& destination = in.operands[0];
  if (BlockBuilder::is_full_register(destination) && !b.referred_to(destination.reg) &&
      same_register(destination, in.operands[1])) {
    return set_to_zero(b, destination.reg);  // without calls
  }
  logic(b, in, Logic::xor_);
}

void NOT(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  if (BlockBuilder::is_full_register(operand)) {
    const Gpr old = b.read_gpr(operand.reg);
    return b.as.NOR(b.begin_write(operand.reg), old, zero);
  }
  if (in.lock) {
    modify_memory(b, in, Extend::sign, zero, [&](Gpr into, Gpr old) { b.as.NOR(into, old, zero); });
    return;
  }
  const Gpr result = b.scratch();
  if (!BlockBuilder::is_memory(operand)) {
    b.as.NOR(result, b.read(operand, Extend::any), zero);
    return b.write_register(operand, result);
  }
  const Address place = b.address();
  b.load(result, operand.width, place, Extend::sign);
  b.as.NOR(result, result, zero);
  b.store(result, operand.width, place);
}

void TEST(BlockBuilder& b, const Instruction& in) {
  const Operand& first = in.operands[0];
  if (b.live() != 0 && b.in_place(first) && same_register(first, in.operands[1])) {  // no word
    return b.flags.set(FlagKind::logic8, 4, {}, {}, Value::of(host_gpr(first.reg)));
  }
  test_general(b, in);
}

void SETCC(BlockBuilder& b, const Instruction& in) {
  const Condition condition = b.flags.condition(in.condition());
  const Operand& destination = in.operands[0];
  const Gpr value = b.scratch();
  set_bool(b, value, condition);
  if (BlockBuilder::is_memory(destination)) return b.store(value, 1, b.address());
  b.write_register(destination, value, Extend::zero);
}

void BT(BlockBuilder& b, const Instruction& in) {
  bit_operation(b, in, BitOperation::test);
}
void BTS(BlockBuilder& b, const Instruction& in) {
  bit_operation(b, in, BitOperation::set);
}
void BTR(BlockBuilder& b, const Instruction& in) {
  bit_operation(b, in, BitOperation::reset);
}
void BTC(BlockBuilder& b, const Instruction& in) {
  bit_operation(b, in, BitOperation::complement);
}
void BSF(BlockBuilder& b, const Instruction& in) {
  bit_scan(b, in, Scan::forward);
}
void BSR(BlockBuilder& b, const Instruction& in) {
  bit_scan(b, in, Scan::reverse);
}

void merge_packed_flags(BlockBuilder& b, Gpr values, uint32_t changed) {
  const Gpr word = b.scratch();
  b.as.LW(word, offset::eflags, kState);
  b.as.XOR(values, values, word);
  b.as.ANDI(values, values, static_cast<int32_t>(changed));
  b.as.XOR(word, word, values);
  b.as.SW(word, offset::eflags, kState);
  b.flags.set_packed();
}

void put_packed_flag(BlockBuilder& b, Gpr value, uint32_t bit) {
  const Gpr word = b.scratch();
  b.as.LW(word, offset::eflags, kState);
  b.as.INS(word, value, static_cast<unsigned>(__builtin_ctz(bit)), 1);
  b.as.SW(word, offset::eflags, kState);
  b.flags.set_packed();
}

void CLC(BlockBuilder& b, const Instruction&) {
  set_carry(b, false);
}

void STC(BlockBuilder& b, const Instruction&) {
  set_carry(b, true);
}

void CMC(BlockBuilder& b, const Instruction&) {
  if ((b.live() & ef::CF) == 0) return;
  const bool others = b.live() != ef::CF;
  if (others) b.flags.prepare_carry_change();
  const Gpr flipped = b.scratch();
  b.as.XORI(flipped, b.flags.carry(flipped), 1);
  others ? b.flags.change_carry(flipped) : b.flags.set_carry_only(flipped);
}

/// Translated code runs with DF clear only (i386::translatable).
void CLD(BlockBuilder&, const Instruction&) {}
void STD(BlockBuilder& b, const Instruction& in) {
  interpret(b, in);
}

void LAHF(BlockBuilder& b, const Instruction&) {
  b.flags.to_packed();
  const Gpr word = b.scratch();
  b.as.LW(word, offset::eflags, kState);
  b.as.INS(b.begin_write(EAX), word, 8, 8);
}

void SAHF(BlockBuilder& b, const Instruction&) {
  // SF ZF AF PF CF come from AH; OF stays, so the old flags are packed first.
  if ((b.live() & ef::OF) != 0) b.flags.to_packed();
  const Gpr bits = b.scratch();
  b.as.EXT(bits, host_gpr(EAX), 8, 8);
  merge_packed_flags(b, bits, ef::SF | ef::ZF | ef::AF | ef::PF | ef::CF);
}

void POPCNT(BlockBuilder& b, const Instruction& in) {
  const Gpr value = b.read(in.operands[1], Extend::zero);
  const Gpr count = b.scratch(), part = b.scratch(), mask = b.scratch();
  // Sums of 2, 4 and 8 bits, which the multiplication adds up in the top byte.
  mips64::load_immediate(b.as, mask, 0x55555555);
  b.as.SRL(part, value, 1);
  b.as.AND(part, part, mask);
  b.as.SUBU(count, value, part);
  mips64::load_immediate(b.as, mask, 0x33333333);
  b.as.SRL(part, count, 2);
  b.as.AND(part, part, mask);
  b.as.AND(count, count, mask);
  b.as.ADDU(count, count, part);
  mips64::load_immediate(b.as, mask, 0x0f0f0f0f);
  b.as.SRL(part, count, 4);
  b.as.ADDU(count, count, part);
  b.as.AND(count, count, mask);
  mips64::load_immediate(b.as, mask, 0x01010101);
  b.as.MUL(count, count, mask);
  b.as.SRL(count, count, 24);
  // ZF tells a source of 0; the other flags become 0.
  const bool flags = b.live() != 0;
  if (flags) b.as.SLTIU(part, value, 1);
  b.write_register(in.operands[0], count, Extend::zero);
  if (!flags) return;
  b.as.SLL(part, part, static_cast<unsigned>(__builtin_ctz(ef::ZF)));
  merge_packed_flags(b, part, ef::kArithmetic);
}

/// CRC-32C, a bit at a time (SDM vol. 2, CRC32).
void CRC32(BlockBuilder& b, const Instruction& in) {
  constexpr auto kPolynomial = static_cast<int32_t>(0x82f63b78);
  const Operand& destination = in.operands[0];
  const Operand& source = in.operands[1];
  const Gpr value = b.read(source, Extend::zero);
  const Gpr crc = b.scratch(), polynomial = b.scratch(), left = b.scratch(), term = b.scratch();
  b.as.XOR(crc, b.read_gpr(destination.reg), value);
  mips64::load_immediate(b.as, polynomial, kPolynomial);
  b.as.ADDIU(left, zero, source.width * 8);
  Label next;
  b.bind(next);
  b.as.ANDI(term, crc, 1);
  b.as.SUBU(term, zero, term);
  b.as.AND(term, term, polynomial);
  b.as.SRL(crc, crc, 1);
  b.as.ADDIU(left, left, -1);
  b.as.XOR(crc, crc, term);
  b.branch_if_not_zero(left, next);
  b.write_register(destination, crc);
}

}  // namespace ferry::translate::lower
