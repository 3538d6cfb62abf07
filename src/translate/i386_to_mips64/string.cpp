// MOVS STOS LODS CMPS SCAS. Translated code runs with DF clear only (i386::translatable), so they
// go up.
//
// A repeated MOVS or STOS of up to 4 KB loops in line; longer ones go through the interpreter,
// which lets signals in every 4 KB.
#include "translate/i386_to_mips64/handlers.hpp"

namespace ferry::translate::handlers {

using i386::EAX;
using i386::ECX;
using i386::EDI;
using i386::ESI;
using i386::RepPrefix;
using mips64::zero;

namespace {

constexpr unsigned kMaxInlineBytes = 4096;
constexpr int32_t kWideBytes = 16;

/// Forms left to the interpreter: 16-bit addresses, and segments other than the flat ones.
bool plain(const Instruction& in) {
  return in.address_size == 4 && in.memory.segment != i386::FS && in.memory.segment != i386::GS;
}

unsigned element_width(const Instruction& in) {
  return in.operands[0].width;
}

/// The accumulator (al, ax, eax) as an operand.
Operand accumulator(unsigned width) {
  return {i386::OperandKind::gpr, static_cast<uint8_t>(width), EAX, false};
}

/// One element of MOVS or STOS and the registers' step, without the count.
void copy_element(BlockBuilder& b, unsigned width, bool from_memory) {
  Gpr value = host_gpr(EAX);
  if (from_memory) {
    value = b.scratch();
    b.load(value, width, {host_gpr(ESI), 0}, Extend::any);
  }
  b.store(value, width, {host_gpr(EDI), 0});
  const auto step = static_cast<int32_t>(width);
  if (from_memory) b.as.ADDIU(host_gpr(ESI), host_gpr(ESI), step);
}

/// Elements while at least 16 bytes are left: two doublewords at a time. Registers step with each
/// round, so a fault is taken up by the interpreter where it happened. Ranges closer than 16 bytes
/// are left out: there a store could change what a repeated round reads.
void repeat_wide(BlockBuilder& b, unsigned width, bool from_memory, Label& tail) {
  const Gpr count = host_gpr(ECX), source = host_gpr(ESI), destination = host_gpr(EDI);
  const Gpr first = b.scratch(), second = b.scratch(), enough = b.scratch();
  const auto elements = static_cast<int32_t>(kWideBytes / width);
  if (from_memory) {
    b.as.SUBU(enough, destination, source);
    b.as.ADDIU(enough, enough, kWideBytes - 1);
    b.as.SLTIU(enough, enough, 2 * kWideBytes - 1);
    b.branch(mips64::encode::rs_rt(mips64::opcode::BNE, enough, zero), tail);
  }
  b.as.SLTIU(enough, count, elements);
  b.branch(mips64::encode::rs_rt(mips64::opcode::BNE, enough, zero), tail);
  if (!from_memory) {  // the pattern, eight bytes wide
    b.as.DEXT(first, host_gpr(EAX), 0, width * 8);
    for (unsigned bits = width * 8; bits < 64; bits *= 2) {
      bits < 32 ? b.as.DSLL(second, first, bits) : b.as.DSLL32(second, first, bits - 32);
      b.as.OR(first, first, second);
    }
  }
  Label loop;
  b.bind(loop);
  if (from_memory) {
    b.as.LD(first, 0, source);
    b.as.LD(second, 8, source);
  }
  b.as.SD(first, 0, destination);
  b.as.SD(from_memory ? second : first, 8, destination);
  if (from_memory) b.as.ADDIU(source, source, kWideBytes);
  b.as.ADDIU(count, count, -elements);
  b.as.SLTIU(enough, count, elements);
  b.as.ADDIU(destination, destination, kWideBytes);
  b.branch(mips64::encode::rs_rt(mips64::opcode::BEQ, enough, zero), loop);
  b.release(first);
  b.release(second);
  b.release(enough);
}

/// REP MOVS, REP STOS of at most 4 KB; more is the interpreter's, which lets signals in between.
void repeat_copy(BlockBuilder& b, unsigned width, bool from_memory) {
  const Gpr count = host_gpr(ECX);
  const Gpr few = b.scratch();
  b.commit_esp();
  b.begin_write(ECX);
  b.begin_write(EDI);
  if (from_memory) b.begin_write(ESI);
  Label loop, tail;
  b.as.SLTIU(few, count, static_cast<int32_t>(kMaxInlineBytes / width) + 1);
  Label& done = b.branch_to_interpreter({Condition::Kind::eq, few, zero});
  b.release(few);
  repeat_wide(b, width, from_memory, tail);
  b.bind(tail);
  b.branch(mips64::encode::rs_rt(mips64::opcode::BEQ, count, zero), done);
  b.bind(loop);
  copy_element(b, width, from_memory);
  b.as.ADDIU(count, count, -1);
  b.as.ADDIU(host_gpr(EDI), host_gpr(EDI), static_cast<int32_t>(width));
  b.branch(mips64::encode::rs_rt(mips64::opcode::BNE, count, zero), loop);
  b.bind_resume(done);
}

void copy(BlockBuilder& b, const Instruction& in, bool from_memory) {
  const unsigned width = element_width(in);
  if (!plain(in)) return interpret(b, in);
  if (in.rep != RepPrefix::none) {
    if (b.unaligned()) return interpret(b, in);
    // The interpreter leaves packed flags, which is one of the things the lazy registers can say.
    if (b.live() != 0) b.flags.to_lazy_registers();
    return repeat_copy(b, width, from_memory);
  }
  Gpr value = host_gpr(EAX);
  if (from_memory) {
    value = b.scratch();
    b.load(value, width, {host_gpr(ESI), 0}, Extend::any);
  }
  b.store(value, width, {host_gpr(EDI), 0});
  const auto step = static_cast<int32_t>(width);
  if (from_memory) b.as.ADDIU(b.begin_write(ESI), host_gpr(ESI), step);
  b.as.ADDIU(b.begin_write(EDI), host_gpr(EDI), step);
}

}  // namespace

void MOVS(BlockBuilder& b, const Instruction& in) {
  copy(b, in, true);
}
void STOS(BlockBuilder& b, const Instruction& in) {
  copy(b, in, false);
}

void LODS(BlockBuilder& b, const Instruction& in) {
  if (!plain(in) || in.rep != RepPrefix::none) return interpret(b, in);
  const unsigned width = element_width(in);
  const Gpr value = b.scratch();
  b.load(value, width, {host_gpr(ESI), 0}, Extend::zero);
  b.as.ADDIU(b.begin_write(ESI), host_gpr(ESI), static_cast<int32_t>(width));
  b.write_register(accumulator(width), value, true);
}

void SCAS(BlockBuilder& b, const Instruction& in) {
  if (!plain(in) || in.rep != RepPrefix::none) return interpret(b, in);
  const unsigned width = element_width(in);
  const Gpr value = b.scratch();
  b.load(value, width, {host_gpr(EDI), 0}, Extend::sign);
  if (b.live() != 0) {
    b.read_into(kFlagA, accumulator(width), Extend::sign);
    mips64::move(b.as, kFlagB, value);
  }
  b.as.ADDIU(b.begin_write(EDI), host_gpr(EDI), static_cast<int32_t>(width));
  if (b.live() != 0) b.flags.set(FlagKind::sub8, width, Value::of(kFlagA), Value::of(kFlagB), {});
}

void CMPS(BlockBuilder& b, const Instruction& in) {
  if (!plain(in) || in.rep != RepPrefix::none) return interpret(b, in);
  const unsigned width = element_width(in);
  const Gpr left = b.scratch(), right = b.scratch();
  b.load(left, width, {host_gpr(ESI), 0}, Extend::sign);
  b.load(right, width, {host_gpr(EDI), 0}, Extend::sign);
  const auto step = static_cast<int32_t>(width);
  b.as.ADDIU(b.begin_write(ESI), host_gpr(ESI), step);
  b.as.ADDIU(b.begin_write(EDI), host_gpr(EDI), step);
  if (b.live() == 0) return;
  mips64::move(b.as, kFlagA, left);
  mips64::move(b.as, kFlagB, right);
  b.flags.set(FlagKind::sub8, width, Value::of(kFlagA), Value::of(kFlagB), {});
}

}  // namespace ferry::translate::handlers
