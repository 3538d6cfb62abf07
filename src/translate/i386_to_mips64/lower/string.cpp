// MOVS STOS LODS CMPS SCAS. Translated code runs with DF clear only (i386::translatable), so all of
// them go up.
//
// A repeated MOVS or STOS of up to 4 KB loops in line; longer ones go through the interpreter,
// which lets signals in every 4 KB. A repeated LODS, CMPS or SCAS loops in line for up to 4 KB and
// then leaves as if interrupted in the middle. Registers step with each element, so a fault is
// taken up by the interpreter where it happened. Repeated ones with 16-bit addresses are the
// interpreter's.
//
// Where accesses are ordered, a repeated MOVS or STOS is one access with nothing ordered inside:
// the manual allows its stores to come in any order (SDM vol. 3, 8.2.4). The others, and
// instructions without a repeat prefix, are ordered element by element.
#include "translate/i386_to_mips64/lower/handlers.hpp"

namespace ferry::translate::lower {

using i386::EAX;
using i386::ECX;
using i386::EDI;
using i386::ESI;
using i386::RepPrefix;
using mips64::zero;
using mips64::encode::rs_rt;

namespace {

constexpr unsigned kMaxInlineBytes = 4096;
/// Beyond this many elements the interpreter copies faster than accesses in two parts.
constexpr unsigned kMaxUnalignedElements = 32;
constexpr int32_t kWideBytes = 16;

unsigned element_width(const Instruction& in) {
  return in.operands[0].width;
}

/// What MOVS and STOS store, and CMPS and SCAS compare with ES:EDI.
enum class Source : uint8_t { memory, accumulator };

/// What ESI or EDI (SI or DI) point to.
Address element_at(BlockBuilder& b, const Instruction& in, unsigned reg) {
  if (in.address_size == 4) return {host_gpr(reg), 0};
  const Gpr low = b.scratch();
  b.as.ANDI(low, host_gpr(reg), 0xffff);
  return {low, 0};
}

/// The base of the source's segment, `zero` where it is a flat one.
Gpr source_segment(BlockBuilder& b, const Instruction& in) {
  const unsigned segment = in.memory.segment;
  return segment == i386::FS || segment == i386::GS ? b.segment_base(segment) : zero;
}

Address source_element(BlockBuilder& b, const Instruction& in, Gpr segment) {
  const Address offset = element_at(b, in, ESI);
  if (segment == zero) return offset;
  const Gpr sum = b.scratch();
  b.as.ADDU(sum, segment, offset.base);
  return {sum, 0};
}

/// Moves ESI or EDI (SI or DI) past the element.
void advance(BlockBuilder& b, const Instruction& in, unsigned reg) {
  const auto step = static_cast<int32_t>(element_width(in));
  if (in.address_size == 4) return b.as.ADDIU(b.begin_write(reg), host_gpr(reg), step);
  const Gpr low = b.scratch();
  b.as.ADDIU(low, host_gpr(reg), step);
  b.as.INS(b.begin_write(reg), low, 0, 16);
}

/// One element of MOVS or STOS and the source's step; the destination's and the count's are left to
/// the caller.
void copy_element(BlockBuilder& b, const Instruction& in, Source from, Gpr segment) {
  const unsigned width = element_width(in);
  Gpr value = host_gpr(EAX);
  if (from == Source::memory) {
    value = b.scratch();
    b.load(value, width, source_element(b, in, segment), Extend::any);
  }
  b.store(value, width, element_at(b, in, EDI));
  if (from == Source::memory) advance(b, in, ESI);
}

/// Elements while at least 16 bytes are left: two doublewords at a time. Ranges closer than 16
/// bytes are left out: there a store could change what the next round reads.
void repeat_wide(BlockBuilder& b, unsigned width, Source from, Label& tail) {
  const Gpr count = host_gpr(ECX), source = host_gpr(ESI), destination = host_gpr(EDI);
  const Gpr first = b.scratch(), second = b.scratch(), enough = b.scratch();
  const auto elements = static_cast<int32_t>(kWideBytes / width);
  if (from == Source::memory) {
    b.as.SUBU(enough, destination, source);
    b.as.ADDIU(enough, enough, kWideBytes - 1);
    b.as.SLTIU(enough, enough, 2 * kWideBytes - 1);
    b.branch(rs_rt(mips64::opcode::BNE, enough, zero), tail);
  }
  b.as.SLTIU(enough, count, elements);
  b.branch(rs_rt(mips64::opcode::BNE, enough, zero), tail);
  if (from == Source::accumulator) {  // the pattern, eight bytes wide
    b.as.DEXT(first, host_gpr(EAX), 0, width * 8);
    for (unsigned bits = width * 8; bits < 64; bits *= 2) {
      bits < 32 ? b.as.DSLL(second, first, bits) : b.as.DSLL32(second, first, bits - 32);
      b.as.OR(first, first, second);
    }
  }
  Label loop;
  b.bind(loop);
  if (from == Source::memory) {
    b.as.LD(first, 0, source);
    b.as.LD(second, 8, source);
  }
  b.as.SD(first, 0, destination);
  b.as.SD(from == Source::memory ? second : first, 8, destination);
  if (from == Source::memory) b.as.ADDIU(source, source, kWideBytes);
  b.as.ADDIU(count, count, -elements);
  b.as.SLTIU(enough, count, elements);
  b.as.ADDIU(destination, destination, kWideBytes);
  b.branch(rs_rt(mips64::opcode::BEQ, enough, zero), loop);
  b.release(first);
  b.release(second);
  b.release(enough);
}

/// REP MOVS, REP STOS of at most 4 KB; more is the interpreter's, which lets signals in between.
void repeat_copy(BlockBuilder& b, const Instruction& in, Source from) {
  const unsigned width = element_width(in);
  const unsigned limit = b.unaligned() ? kMaxUnalignedElements : kMaxInlineBytes / width;
  const Gpr count = host_gpr(ECX);
  // The interpreter leaves packed flags, which is one of the things the lazy registers can say.
  if (b.live() != 0) b.flags.to_lazy_registers();
  b.commit_esp();
  const Gpr segment = from == Source::memory ? source_segment(b, in) : zero;
  const Gpr few = b.scratch();
  b.begin_write(ECX);
  b.begin_write(EDI);
  if (from == Source::memory) b.begin_write(ESI);
  b.begin_unit(from == Source::memory ? access::kBoth : access::kStore);
  Label loop, tail;
  b.as.SLTIU(few, count, static_cast<int32_t>(limit) + 1);
  Label& done = b.branch_to_interpreter({Condition::Kind::eq, few, zero});
  b.release(few);
  if (!b.unaligned() && segment == zero) repeat_wide(b, width, from, tail);
  b.bind(tail);
  b.branch(rs_rt(mips64::opcode::BEQ, count, zero), done);
  b.bind(loop);
  copy_element(b, in, from, segment);
  b.as.ADDIU(count, count, -1);
  advance(b, in, EDI);
  b.branch(rs_rt(mips64::opcode::BNE, count, zero), loop);
  b.bind_resume(done);
  b.end_unit();
}

void copy(BlockBuilder& b, const Instruction& in, Source from) {
  if (in.rep != RepPrefix::none) {
    return in.address_size == 4 ? repeat_copy(b, in, from) : interpret(b, in);
  }
  const Gpr segment = from == Source::memory ? source_segment(b, in) : zero;
  copy_element(b, in, from, segment);
  advance(b, in, EDI);
}

/// Where `reg` (ESI or EDI) stands when ECX elements are done, or 4 KB of them if they are more.
Gpr end_of_round(BlockBuilder& b, unsigned width, unsigned reg) {
  const auto limit = static_cast<int32_t>(kMaxInlineBytes / width);
  const Gpr few = b.scratch(), end = b.scratch();
  b.as.SLTIU(few, host_gpr(ECX), limit + 1);
  b.as.ADDIU(end, zero, limit);
  b.as.MOVN(end, host_gpr(ECX), few);
  if (width != 1) b.as.SLL(end, end, width / 2);
  b.as.ADDU(end, end, host_gpr(reg));
  b.release(few);
  return end;
}

void repeat_load(BlockBuilder& b, const Instruction& in) {
  const unsigned width = element_width(in);
  const Gpr count = host_gpr(ECX), source = host_gpr(ESI);
  // Flags must not be in registers that change here: a fault in the middle still needs them.
  if (b.live() != 0) b.flags.to_lazy_registers();
  const Gpr segment = source_segment(b, in);
  Label loop, done;
  const Gpr into = width == 4 ? host_gpr(EAX) : b.scratch();
  for (const unsigned reg : {ECX, ESI, EAX}) b.begin_write(reg);
  b.branch(rs_rt(mips64::opcode::BEQ, count, zero), done);
  const Gpr end = end_of_round(b, width, ESI);
  b.bind(loop);
  b.load(into, width, source_element(b, in, segment), Extend::any);
  if (width != 4) b.write_register(low_part(EAX, width), into);
  advance(b, in, ESI);
  b.as.ADDIU(count, count, -1);
  b.branch(rs_rt(mips64::opcode::BNE, source, end), loop);
  b.leave_if({Condition::Kind::ne, count, zero}, in.address);
  b.bind(done);
}

/// The sides of a comparison of elements: the flags' homes where flags are wanted.
struct Sides {
  Gpr left, right;
};

Sides make_sides(BlockBuilder& b) {
  if (b.live() != 0) return {kFlagA, kFlagB};
  const Gpr left = b.scratch();
  return {left, b.scratch()};
}

void set_compare_flags(BlockBuilder& b, const Instruction& in) {
  if (b.live() == 0) return;
  b.flags.set(FlagKind::sub8, element_width(in), Value::of(kFlagA), Value::of(kFlagB), {});
}

/// Loads one element of CMPS, or of SCAS, whose left side is the accumulator.
void load_sides(BlockBuilder& b, const Instruction& in, Source from, Gpr segment,
                const Sides& sides) {
  const unsigned width = element_width(in);
  if (from == Source::memory)
    b.load(sides.left, width, source_element(b, in, segment), Extend::sign);
  b.load(sides.right, width, element_at(b, in, EDI), Extend::sign);
}

/// REPE and REPNE. A count of 0 keeps the old flags, so it leaves the block; after the loop the
/// flags are always those of the last comparison. A fault finds the flags of the element before: a
/// load that faults leaves its home as it was, and the left side moves to its home after both
/// loads.
void repeat_compare(BlockBuilder& b, const Instruction& in, Source from) {
  const unsigned width = element_width(in);
  const bool flags = b.live() != 0;
  const Gpr count = host_gpr(ECX), destination = host_gpr(EDI);
  const Gpr segment = from == Source::memory ? source_segment(b, in) : zero;
  const Sides sides = make_sides(b);
  const Gpr left = flags && from == Source::memory ? b.scratch() : sides.left;
  Label loop, compare, found, done;
  if (flags) {
    b.leave_if({Condition::Kind::eq, count, zero}, in.next_address());
    load_sides(b, in, from, segment, {left, sides.right});
  } else {
    b.branch(rs_rt(mips64::opcode::BEQ, count, zero), done);
  }
  b.flags.set_packed();
  set_compare_flags(b, in);
  b.begin_write(ECX);
  b.begin_write(EDI);
  if (from == Source::memory) b.begin_write(ESI);
  if (from == Source::accumulator) b.read_into(sides.left, low_part(EAX, width), Extend::sign);
  const Gpr end = end_of_round(b, width, EDI);
  if (flags) {
    b.branch(mips64::opcode::BEQ, compare);
    b.add_mark();
  }
  b.bind(loop);
  load_sides(b, in, from, segment, {left, sides.right});
  b.bind(compare);
  if (left != sides.left) mips64::move(b.as, sides.left, left);
  if (from == Source::memory) advance(b, in, ESI);
  advance(b, in, EDI);
  const bool while_equal = in.rep == RepPrefix::repe;
  const uint32_t stops = while_equal ? mips64::opcode::BNE : mips64::opcode::BEQ;
  b.branch(rs_rt(stops, left, sides.right), found);
  b.as.ADDIU(count, count, -1);
  b.branch(rs_rt(mips64::opcode::BNE, destination, end), loop);
  b.leave_if({Condition::Kind::ne, count, zero}, in.address);
  b.branch(mips64::opcode::BEQ, done);
  b.bind(found);
  b.as.ADDIU(count, count, -1);
  b.bind(done);
}

/// CMPS and SCAS.
void compare(BlockBuilder& b, const Instruction& in, Source from) {
  if (in.rep != RepPrefix::none) {
    return in.address_size == 4 ? repeat_compare(b, in, from) : interpret(b, in);
  }
  const Gpr segment = from == Source::memory ? source_segment(b, in) : zero;
  const Sides sides = make_sides(b);
  load_sides(b, in, from, segment, sides);
  if (from == Source::memory) advance(b, in, ESI);
  advance(b, in, EDI);
  if (from == Source::accumulator && b.live() != 0)
    b.read_into(sides.left, low_part(EAX, element_width(in)), Extend::sign);
  set_compare_flags(b, in);
}

}  // namespace

void MOVS(BlockBuilder& b, const Instruction& in) {
  copy(b, in, Source::memory);
}
void STOS(BlockBuilder& b, const Instruction& in) {
  copy(b, in, Source::accumulator);
}

void LODS(BlockBuilder& b, const Instruction& in) {
  if (in.rep != RepPrefix::none) {
    return in.address_size == 4 ? repeat_load(b, in) : interpret(b, in);
  }
  const unsigned width = element_width(in);
  const Gpr segment = source_segment(b, in);
  const Gpr value = b.scratch();
  b.load(value, width, source_element(b, in, segment), Extend::zero);
  advance(b, in, ESI);
  b.write_register(low_part(EAX, width), value, Extend::zero);
}

void SCAS(BlockBuilder& b, const Instruction& in) {
  compare(b, in, Source::accumulator);
}
void CMPS(BlockBuilder& b, const Instruction& in) {
  compare(b, in, Source::memory);
}

}  // namespace ferry::translate::lower
