// MOV MOVSX MOVZX CMOVcc PUSH POP LEA XLAT conversions BSWAP and the flag pushes.
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using i386::EAX;
using i386::EDI;
using i386::EDX;
using i386::ESP;
using i386::OperandKind;
using mips64::fits_simm16;
using mips64::zero;
namespace ef = i386::eflags;

namespace {

/// Bytes PUSH and POP move esp by.
int32_t stack_step(const Instruction& in) {
  return in.operand_size;
}

void push_value(BlockBuilder& b, Gpr value, int32_t bytes) {
  b.store(value, static_cast<unsigned>(bytes), b.stack_address(-bytes));
  b.adjust_esp(-bytes);
}

/// The selector in a segment register, zero-extended.
Gpr read_selector(BlockBuilder& b, const Operand& segment) {
  const Gpr value = b.scratch();
  b.as.LHU(value, offset::selector(segment.reg), kState);
  return value;
}

/// MOV of a constant into a register.
[[gnu::noinline]] void move_constant(BlockBuilder& b, const Operand& destination,
                                     const Instruction& in) {
  const auto constant = static_cast<int32_t>(in.immediate);
  if (destination.width == 4) {
    mips64::load_immediate(b.as, b.begin_write(destination.reg), constant);
    const uint32_t value = in.immediate;
    b.set_known_width(destination.reg, value <= 0xff ? 8 : value <= 0xffff ? 16 : 32);
    return;
  }
  Gpr value = zero;
  if (constant != 0) {
    value = b.scratch();
    mips64::load_immediate(b.as, value, constant);
  }
  b.write_register(destination, value, Extend::zero);
}

/// MOV of memory into a register: straight into it where the rest of the register needs no merging.
[[gnu::noinline]] void move_from_memory(BlockBuilder& b, const Operand& destination,
                                        const Operand& source) {
  const Address from = b.address();
  const unsigned bits = source.width * 8u;
  const bool in_place =
      destination.width == 4 || (!destination.high_byte && b.known_width(destination.reg) <= bits);
  if (!in_place) {
    const Gpr value = b.scratch();
    b.load(value, source.width, from, Extend::zero);
    return b.write_register(destination, value, Extend::zero);
  }
  const Gpr host = host_gpr(destination.reg);
  // The load may fault and its base may be the register itself: only the bookkeeping comes before
  // it.
  b.begin_write(destination.reg);
  b.load(host, source.width, from, Extend::zero);
  if (destination.width != 4) b.set_known_width(destination.reg, bits);
}

void extend_move(BlockBuilder& b, const Instruction& in, Extend extend) {
  const Operand& destination = in.operands[0];
  const Operand& source = in.operands[1];
  const bool zero_extend = extend == Extend::zero;
  if (destination.width != 4) {
    const Gpr value = b.read(source, extend, b.scratch());
    return b.write_register(destination, value, extend);
  }
  const unsigned bits = source.width * 8u;
  if (BlockBuilder::is_memory(source)) {
    const Address from = b.address();
    b.begin_write(destination.reg);
    b.load(host_gpr(destination.reg), source.width, from, extend);
  } else {
    const bool known = zero_extend && !source.high_byte && b.known_width(source.reg) <= bits;
    const unsigned width = known ? b.known_width(source.reg) : bits;
    const bool same = source.reg == destination.reg;
    if (!(known && same)) {
      const Gpr value = b.read_gpr(source.reg);
      const Gpr rd = b.begin_write(destination.reg);
      if (known) {
        mips64::move(b.as, rd, value);
      } else if (source.high_byte) {
        if (zero_extend) {
          b.as.EXT(rd, value, 8, 8);
        } else {
          b.as.SEH(rd, value);
          b.as.SRA(rd, rd, 8);
        }
      } else if (source.width == 1) {
        zero_extend ? b.as.ANDI(rd, value, 0xff) : b.as.SEB(rd, value);
      } else {
        zero_extend ? b.as.ANDI(rd, value, 0xffff) : b.as.SEH(rd, value);
      }
    }
    if (zero_extend) b.set_known_width(destination.reg, width);
    return;
  }
  if (zero_extend) b.set_known_width(destination.reg, bits);
}

/// MOV of a register into a register.
[[gnu::noinline]] void move_register(BlockBuilder& b, const Operand& destination,
                                     const Operand& source) {
  const unsigned known = b.known_width(source.reg);
  if (destination.width == 4) {
    const Gpr value = b.read_gpr(source.reg);
    const Gpr rd = b.begin_write(destination.reg);
    if (rd != value) mips64::move(b.as, rd, value);
    return b.set_known_width(destination.reg, known);
  }
  const bool extended = source.high_byte || known <= source.width * 8u;
  const Extend upper = extended ? Extend::zero : Extend::any;
  b.write_register(destination, b.read(source, Extend::any), upper);
}

/// MOV to memory, and of segment registers.
[[gnu::noinline]] void move_general(BlockBuilder& b, const Operand& destination,
                                    const Operand& source) {
  const bool selector = source.kind == OperandKind::segment;
  const Gpr value = selector ? read_selector(b, source) : b.read(source, Extend::any);
  if (BlockBuilder::is_memory(destination)) {
    return b.store(value, selector ? 2 : destination.width, b.address());
  }
  b.write_register(destination, value, Extend::zero);
}

[[gnu::noinline]] void push_general(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  Gpr value = zero;
  if (operand.kind == OperandKind::immediate) {
    const auto constant = static_cast<int32_t>(in.immediate);
    if (constant != 0) {
      value = b.scratch();
      mips64::load_immediate(b.as, value, constant);
    }
  } else if (operand.kind == OperandKind::segment) {
    value = read_selector(b, operand);
  } else {
    value = b.read(operand, Extend::any);
  }
  push_value(b, value, stack_step(in));
}

[[gnu::noinline]] void pop_general(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  const int32_t bytes = stack_step(in);
  const Address top = b.stack_address(0);
  if (BlockBuilder::is_memory(operand)) {
    // The address is computed with esp already moved; the store may still fault.
    const Gpr value = b.scratch();
    b.load(value, operand.width, top, Extend::any);
    const bool by_esp = in.memory.base == ESP;
    b.store(value, operand.width, b.address(by_esp ? bytes : 0));
    return b.adjust_esp(bytes);
  }
  if (operand.width == 4) {
    b.begin_write(operand.reg);
    b.load(host_gpr(operand.reg), 4, top, Extend::any);
    if (operand.reg != ESP) b.adjust_esp(bytes);
    return;
  }
  const Gpr value = b.scratch();
  b.load(value, operand.width, top, Extend::zero);
  b.adjust_esp(bytes);
  b.write_register(operand, value, Extend::zero);
}

}  // namespace

/// A third of all instructions: plain loads and stores of whole registers go without calls.
void MOV(BlockBuilder& b, const Instruction& in) {
  const Operand& destination = in.operands[0];
  const Operand& source = in.operands[1];
  Address place;
  if (BlockBuilder::is_memory(source)) {
    if (BlockBuilder::is_full_register(destination) && b.plain_address(place) &&
        !b.referred_to(destination.reg)) {
      return b.load(b.begin_write(destination.reg), 4, place, Extend::zero);
    }
    return move_from_memory(b, destination, source);
  } else if (BlockBuilder::is_memory(destination)) {
    if (b.in_place(source) && b.plain_address(place)) {
      return b.store(host_gpr(source.reg), 4, place);
    }
  } else if (source.kind == OperandKind::gpr) {
    return move_register(b, destination, source);
  } else if (source.kind == OperandKind::immediate) {
    return move_constant(b, destination, in);
  }
  move_general(b, destination, source);
}

void MOVZX(BlockBuilder& b, const Instruction& in) {
  extend_move(b, in, Extend::zero);
}
void MOVSX(BlockBuilder& b, const Instruction& in) {
  extend_move(b, in, Extend::sign);
}

void CMOVCC(BlockBuilder& b, const Instruction& in) {
  const Operand& destination = in.operands[0];
  Condition condition = b.flags.condition(in.condition());
  // The source is read, and can fault, whether the condition holds or not.
  const Gpr value = b.read(in.operands[1], Extend::any);
  if (condition.kind == Condition::Kind::never) return;
  if (destination.width != 4) {
    b.commit_esp();
    const Gpr merged = b.scratch();
    mips64::move(b.as, merged, b.read_gpr(destination.reg));
    b.as.INS(merged, value, 0, 16);
    const Gpr rd = b.begin_write(destination.reg);
    if (condition.kind == Condition::Kind::always) return mips64::move(b.as, rd, merged);
    Label skip;
    b.branch(condition.inverted().branch_word(), skip);
    mips64::move(b.as, rd, merged);
    return b.bind(skip);
  }
  using Kind = Condition::Kind;
  if (condition.kind == Kind::always) {
    return mips64::move(b.as, b.begin_write(destination.reg), value);
  }
  Gpr test = condition.rs;
  bool when_set = condition.kind == Kind::ne;
  if (condition.kind == Kind::eq || condition.kind == Kind::ne) {
    if (condition.rt != zero) {
      test = b.scratch();
      b.as.XOR(test, condition.rs, condition.rt);
    }
  } else {
    test = b.scratch();
    when_set = condition.kind == Kind::ltz || condition.kind == Kind::gtz;
    if (condition.kind == Kind::ltz) b.as.SLT(test, condition.rs, zero);
    if (condition.kind == Kind::gtz) b.as.SLT(test, zero, condition.rs);
    if (condition.kind == Kind::gez) b.as.SLT(test, condition.rs, zero);
    if (condition.kind == Kind::lez) b.as.SLT(test, zero, condition.rs);
  }
  b.commit_esp();
  const Gpr rd = b.begin_write(destination.reg);
  when_set ? b.as.MOVN(rd, value, test) : b.as.MOVZ(rd, value, test);
}

void PUSH(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  if (b.in_place(operand) && !b.unaligned()) return push_value(b, host_gpr(operand.reg), 4);
  push_general(b, in);
}

void POP(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  if (BlockBuilder::is_full_register(operand) && operand.reg != ESP && !b.unaligned() &&
      !b.referred_to(operand.reg)) {
    b.load(b.begin_write(operand.reg), 4, b.stack_address(0), Extend::any);
    return b.adjust_esp(4);
  }
  pop_general(b, in);
}

void LEA(BlockBuilder& b, const Instruction& in) {
  const Operand& destination = in.operands[0];
  const i386::MemoryOperand& memory = in.memory;
  if (destination.width != 4 || in.address_size != 4) {
    const Gpr value = b.effective_address(b.scratch());
    return b.write_register(destination, value);
  }
  const auto displacement = static_cast<int32_t>(memory.displacement);
  if (destination.reg == ESP && memory.base == ESP && memory.index == i386::kNoRegister &&
      displacement > -20000 && displacement < 20000) {
    return b.adjust_esp(displacement);
  }
  const Gpr host = host_gpr(destination.reg);
  Address place;
  if (destination.reg != ESP && !b.referred_to(destination.reg) && b.plain_address(place)) {
    b.begin_write(destination.reg);
    if (place.offset != 0) return b.as.ADDIU(host, place.base, place.offset);
    if (place.base != host) mips64::move(b.as, host, place.base);
    return;
  }
  // The sum may be made in the destination itself unless a later word of it still reads the old
  // value. Nor may a kept address be a sum of the old value: `late`, the destination is written
  // last, and begin_write forgets such addresses.
  const bool overlaps = memory.base == destination.reg || memory.index == destination.reg;
  const bool first_part = memory.scale_log2 != 0 && memory.base == destination.reg;
  const bool in_place =
      fits_simm16(displacement) && memory.base != ESP && !(first_part && !b.options.msa);
  const bool late = (overlaps && !in_place) || destination.reg == ESP;
  if (!late) b.begin_write(destination.reg);
  const Gpr value = b.effective_address(late ? b.scratch() : host);
  if (late) b.begin_write(destination.reg);
  if (value != host) mips64::move(b.as, host, value);
}

void XLAT(BlockBuilder& b, const Instruction& in) {
  const Gpr place = b.scratch();
  b.as.ANDI(place, host_gpr(EAX), 0xff);
  b.as.ADDU(place, place, host_gpr(i386::EBX));
  if (in.address_size == 2) b.as.ANDI(place, place, 0xffff);
  if (in.memory.segment == i386::FS || in.memory.segment == i386::GS) {
    b.as.ADDU(place, place, b.segment_base(in.memory.segment));
  }
  b.load(place, 1, {place, 0}, Extend::zero);
  b.write_register(low_part(EAX, 1), place, Extend::zero);
}

void CBW(BlockBuilder& b, const Instruction& in) {
  if (in.operand_size == 4) return b.as.SEH(b.begin_write(EAX), host_gpr(EAX));  // CWDE
  const Gpr value = b.scratch();
  b.as.SEB(value, host_gpr(EAX));
  b.write_register(low_part(EAX, 2), value);
}

void CWD(BlockBuilder& b, const Instruction& in) {
  if (in.operand_size == 4) return b.as.SRA(b.begin_write(EDX), host_gpr(EAX), 31);  // CDQ
  const Gpr value = b.scratch();
  b.as.SEH(value, host_gpr(EAX));
  b.as.SRA(value, value, 31);
  b.write_register(low_part(EDX, 2), value);
}

void BSWAP(BlockBuilder& b, const Instruction& in) {
  const Operand& operand = in.operands[0];
  // Undefined for 16 bits: processors clear them.
  if (operand.width != 4) return b.write_register(operand, zero, Extend::zero);
  const Gpr old = b.read_gpr(operand.reg);
  const Gpr rd = b.begin_write(operand.reg);
  b.as.WSBH(rd, old);
  b.as.ROTR(rd, rd, 16);
}

void SALC(BlockBuilder& b, const Instruction&) {
  const Gpr value = b.scratch();
  const Gpr carry = b.flags.carry(value);
  b.as.SUBU(value, zero, carry);
  b.write_register(low_part(EAX, 1), value);
}

void PUSHA(BlockBuilder& b, const Instruction& in) {
  const int32_t bytes = stack_step(in);
  for (unsigned reg = EAX; reg <= EDI; ++reg) {
    const int32_t depth = bytes * static_cast<int32_t>(reg + 1);
    b.store(b.read_gpr(reg), static_cast<unsigned>(bytes), b.stack_address(-depth));
  }
  b.adjust_esp(-8 * bytes);
}

void POPA(BlockBuilder& b, const Instruction& in) {
  const int32_t bytes = stack_step(in);
  const auto width = static_cast<unsigned>(bytes);
  // All is loaded before a register changes. The esp that PUSHA pushed is skipped.
  Gpr values[i386::kGprCount];
  for (unsigned reg = EAX; reg <= EDI; ++reg) {
    if (reg == ESP) continue;
    values[reg] = b.scratch();
    b.load(values[reg], width, b.stack_address(bytes * static_cast<int32_t>(EDI - reg)),
           Extend::zero);
  }
  for (unsigned reg = EAX; reg <= EDI; ++reg) {
    if (reg == ESP) continue;
    b.write_register(low_part(reg, width), values[reg], Extend::zero);
  }
  b.adjust_esp(8 * bytes);
}

void PUSHF(BlockBuilder& b, const Instruction& in) {
  b.flags.to_packed();
  const Gpr word = b.scratch();
  b.as.LW(word, offset::eflags, kState);
  static_assert((ef::RF | ef::VM) == 3u << 16);
  if (in.operand_size == 4) b.as.INS(word, zero, 16, 2);  // RF and VM are pushed as 0
  push_value(b, word, stack_step(in));
}

/// The arithmetic flags; an image in which another flag changes is left to the interpreter.
void POPF(BlockBuilder& b, const Instruction& in) {
  const int32_t bytes = stack_step(in);
  constexpr uint32_t kOthers = ef::TF | ef::DF | ef::NT;
  const uint32_t others = in.operand_size == 4 ? kOthers | ef::AC | ef::ID : kOthers;
  const Gpr image = b.scratch(), changed = b.scratch(), mask = b.scratch();
  b.load(image, static_cast<unsigned>(bytes), b.stack_address(0), Extend::zero);
  b.as.LW(changed, offset::eflags, kState);
  b.as.XOR(changed, changed, image);
  mips64::load_immediate(b.as, mask, static_cast<int32_t>(others));
  b.as.AND(changed, changed, mask);
  b.branch_if_not_zero(changed, b.interpret_instead());
  merge_packed_flags(b, image, ef::kArithmetic);
  b.adjust_esp(bytes);
}

}  // namespace ferry::translate::lower
