#include "guest/i386/x87/operations.hpp"

#include <iterator>

#include "guest/i386/x87/rarer_operations.hpp"

namespace ferry::i386 {

namespace {

using namespace x87_fast;

// Words.

uint64_t fnstsw_ax(CpuState* cpu, uint32_t) {
  cpu->gpr[EAX] = (cpu->gpr[EAX] & 0xffff0000) | status_word(cpu->x87);
  return kDone;
}

uint64_t fnstsw_m16(CpuState* cpu, uint32_t address) {
  return guest::store(address, status_word(cpu->x87)) ? kDone : kInterpret;
}

uint64_t fnstcw(CpuState* cpu, uint32_t address) {
  return guest::store(address, cpu->x87.control) ? kDone : kInterpret;
}

uint64_t fldcw(CpuState* cpu, uint32_t address) {
  uint16_t control = 0;
  if ((cpu->x87.status & kExceptionPending) != 0 || !guest::load(address, control))
    return kInterpret;
  // A flag that becomes unmasked makes an exception pending, as in the interpreter.
  set_control_word(cpu->x87, control);
  return kDone;
}

template <typename T>
[[gnu::noinline, gnu::cold]] uint64_t copy_slowly(CpuState* cpu, uint32_t from, uint32_t to) {
  const X87State before = cpu->x87;
  if (fld<T>(cpu, from) == kDone && fst<T, Pop::once>(cpu, to) == kDone) return kDone;
  cpu->x87 = before;
  return kInterpret;
}

template <typename T>
[[gnu::always_inline]] inline uint64_t copy(CpuState* cpu, uint32_t from, uint32_t to) {
  X87State& x87 = cpu->x87;
  const unsigned pushed = (x87.top - 1u) & 7;
  uint64_t bits = 0;
  uint64_t significand = 0;
  uint32_t sign_exponent = 0;
  if ((x87.status & kExceptionPending) != 0 || !is_empty(x87, pushed) ||
      !guest::load_inline<T>(from, bits) || !x87_fast::widen<T>(bits, significand, sign_exponent) ||
      !guest::store_inline(to, static_cast<T>(bits))) {
    return copy_slowly<T>(cpu, from, to);
  }
  // FNSAVE shows what an empty register holds.
  x87.registers[pushed].significand = significand;
  x87.registers[pushed].sign_exponent = static_cast<uint16_t>(sign_exponent);
  x87.status &= static_cast<uint16_t>(~C1);
  note_operand(x87, to);
  return kDone;
}

constexpr X87Helper kNone = nullptr;

template <typename T>
constexpr X87Helper kRealArithmetic[8] = {
    arithmetic_real<Add, T>,      arithmetic_real<Multiply, T>,
    compare_real<kFcom, T>,       compare_real<kFcomp, T>,
    arithmetic_real<Subtract, T>, arithmetic_real<SubtractReversed, T>,
    arithmetic_real<Divide, T>,   arithmetic_real<DivideReversed, T>};

template <typename T>
constexpr X87Helper kIntegerArithmetic[8] = {
    arithmetic_integer<Add, T>,      arithmetic_integer<Multiply, T>,
    compare_integer<kFcom, T>,       compare_integer<kFcomp, T>,
    arithmetic_integer<Subtract, T>, arithmetic_integer<SubtractReversed, T>,
    arithmetic_integer<Divide, T>,   arithmetic_integer<DivideReversed, T>};

constexpr X87Helper kSt0Arithmetic[8] = {
    arithmetic_registers<Add, Destination::st0, Pop::no>,
    arithmetic_registers<Multiply, Destination::st0, Pop::no>,
    compare_registers<kFcom>,
    compare_registers<kFcomp>,
    arithmetic_registers<Subtract, Destination::st0, Pop::no>,
    arithmetic_registers<SubtractReversed, Destination::st0, Pop::no>,
    arithmetic_registers<Divide, Destination::st0, Pop::no>,
    arithmetic_registers<DivideReversed, Destination::st0, Pop::no>};

/// DC and DE: /4 to /7 have the reversed forms first. FCOM's aliases are /2 and /3.
template <Pop kPop>
constexpr X87Helper kStiArithmetic[8] = {
    arithmetic_registers<Add, Destination::sti, kPop>,
    arithmetic_registers<Multiply, Destination::sti, kPop>,
    kPop == Pop::no ? compare_registers<kFcom> : compare_registers<kFcomp>,
    kPop == Pop::no ? compare_registers<kFcomp> : compare_st1<kFcompp>,
    arithmetic_registers<SubtractReversed, Destination::sti, kPop>,
    arithmetic_registers<Subtract, Destination::sti, kPop>,
    arithmetic_registers<DivideReversed, Destination::sti, kPop>,
    arithmetic_registers<Divide, Destination::sti, kPop>};

// By ModRM reg (SDM vol. 2, tables ).
constexpr X87Helper kMemoryD9[8] = {
    fld<uint32_t>, kNone, fst<uint32_t, Pop::no>, fst<uint32_t, Pop::once>, kNone, fldcw,
    kNone,         fnstcw};
constexpr X87Helper kMemoryDb[8] = {fild<uint32_t>,
                                    fist<uint32_t, Pop::once, true>,
                                    fist<uint32_t, Pop::no, false>,
                                    fist<uint32_t, Pop::once, false>,
                                    kNone,
                                    fld_m80,
                                    kNone,
                                    fstp_m80};
constexpr X87Helper kMemoryDd[8] = {fld<uint64_t>,
                                    fist<uint64_t, Pop::once, true>,
                                    fst<uint64_t, Pop::no>,
                                    fst<uint64_t, Pop::once>,
                                    kNone,
                                    kNone,
                                    kNone,
                                    fnstsw_m16};
constexpr X87Helper kMemoryDf[8] = {fild<uint16_t>,
                                    fist<uint16_t, Pop::once, true>,
                                    fist<uint16_t, Pop::no, false>,
                                    fist<uint16_t, Pop::once, false>,
                                    kNone,
                                    fild<uint64_t>,
                                    kNone,
                                    fist<uint64_t, Pop::once, false>};
constexpr X87Helper kRegisterDb[8] = {kConditionalMoves<false>[0],
                                      kConditionalMoves<false>[1],
                                      kConditionalMoves<false>[2],
                                      kConditionalMoves<false>[3],
                                      kNone,
                                      compare_registers<kFucomi>,
                                      compare_registers<kFcomi>,
                                      kNone};
constexpr X87Helper kRegisterDd[8] = {kNone,
                                      fxch,
                                      fst_sti<Pop::no>,
                                      fst_sti<Pop::once>,
                                      compare_registers<kFucom>,
                                      compare_registers<kFucomp>,
                                      kNone,
                                      kNone};
constexpr X87Helper kRegisterDf[8] = {kNone,
                                      fxch,
                                      fst_sti<Pop::once>,
                                      fst_sti<Pop::once>,
                                      kNone,
                                      compare_registers<kFucomip>,
                                      compare_registers<kFcomip>,
                                      kNone};

constexpr X87Helper kRegisterD9[8] = {fld_sti, fxch,  kNone, fst_sti<Pop::once>,
                                      kNone,   kNone, kNone, kNone};
constexpr X87Helper kRegisterDa[8] = {kConditionalMoves<true>[0], kConditionalMoves<true>[1],
                                      kConditionalMoves<true>[2], kConditionalMoves<true>[3]};

/// By the low bits of the opcode, for a ModRM byte that names memory, and one that does not.
constexpr const X87Helper* kMemory[8] = {
    kRealArithmetic<uint32_t>, kMemoryD9, kIntegerArithmetic<uint32_t>, kMemoryDb,
    kRealArithmetic<uint64_t>, kMemoryDd, kIntegerArithmetic<uint16_t>, kMemoryDf};
constexpr const X87Helper* kRegister[8] = {kSt0Arithmetic,
                                           kRegisterD9,
                                           kRegisterDa,
                                           kRegisterDb,
                                           kStiArithmetic<Pop::no>,
                                           kRegisterDd,
                                           kStiArithmetic<Pop::once>,
                                           kRegisterDf};

/// Instructions that the whole ModRM byte selects.
struct WholeModrm {
  uint8_t opcode, modrm;
  X87Helper operation;
};
constexpr WholeModrm kWhole[] = {{0xd9, 0xe0, change_sign<0xffff, float80::kSignBit>},
                                 {0xd9, 0xe1, change_sign<float80::kMaxExponent, 0>},
                                 {0xd9, 0xe4, ftst},
                                 {0xd9, 0xe5, fxam},
                                 {0xd9, 0xe8, fld1},
                                 {0xd9, 0xe9, load_constant<float80::kLog2Of10>},
                                 {0xd9, 0xea, load_constant<float80::kLog2OfE>},
                                 {0xd9, 0xeb, load_constant<float80::kPi>},
                                 {0xd9, 0xec, load_constant<float80::kLog10Of2>},
                                 {0xd9, 0xed, load_constant<float80::kLogOf2>},
                                 {0xd9, 0xee, fldz},
                                 {0xd9, 0xf4, fxtract},
                                 {0xd9, 0xf5, partial_remainder<true>},
                                 {0xd9, 0xf8, partial_remainder<false>},
                                 {0xd9, 0xfa, unary<float80::square_root>},
                                 {0xd9, 0xfc, unary<float80::round_to_integer>},
                                 {0xd9, 0xfd, binary_st1<float80::scale>},
                                 {0xda, 0xe9, compare_st1<kFucompp>},
                                 {0xdf, 0xe0, fnstsw_ax}};

// Numbers: 64 of memory forms and 64 of register forms, by opcode and ModRM reg; then kWhole.
constexpr unsigned kFirstRegister = 64, kFirstWhole = 128;
static_assert(kFirstWhole + std::size(kWhole) == kX87OperationCount);

}  // namespace

uint64_t copy_single(CpuState* cpu, uint32_t from, uint32_t to) {
  return copy<uint32_t>(cpu, from, to);
}
uint64_t copy_double(CpuState* cpu, uint32_t from, uint32_t to) {
  return copy<uint64_t>(cpu, from, to);
}

void record_instruction(CpuState& cpu, uint32_t address) {
  X87State& x87 = cpu.x87;
  x87.instruction_pointer = address;
  x87.instruction_selector = cpu.selector[CS];
  // The opcode comes after the prefixes. If the bytes are gone by now, FOP stays.
  for (unsigned i = 0; i < kMaxInstructionLength; ++i) {
    uint8_t opcode = 0;
    uint8_t modrm = 0;
    if (!guest::load(address + i, opcode)) return;
    if ((opcode & 0xf8) != 0xd8) continue;
    if (guest::load(address + i + 1, modrm)) {
      x87.opcode = static_cast<uint16_t>((opcode & 7) << 8 | modrm);
    }
    return;
  }
}

bool is_recorded(const Instruction& instruction) {
  const unsigned number = x87_operation(instruction);
  if (number == kX87OperationCount) return false;
  const X87Helper operation = kX87Operations[number];
  return operation != fldcw && operation != fnstcw && operation != fnstsw_ax &&
         operation != fnstsw_m16;
}

constexpr std::array<X87Helper, kX87OperationCount> kX87Operations = [] {
  std::array<X87Helper, kX87OperationCount> all{};
  for (unsigned i = 0; i < kFirstRegister; ++i) {
    all[i] = kMemory[i / 8][i % 8];
    all[kFirstRegister + i] = kRegister[i / 8][i % 8];
  }
  for (unsigned i = 0; i < std::size(kWhole); ++i) all[kFirstWhole + i] = kWhole[i].operation;
  return all;
}();

unsigned x87_operation(const Instruction& instruction) {
  const uint8_t opcode = instruction.opcode;
  const uint8_t modrm = instruction.modrm;
  if (row(instruction.row).family != Family::x87 || opcode < 0xd8) return kX87OperationCount;
  for (unsigned i = 0; modrm >= 0xe0 && i < std::size(kWhole); ++i) {
    if (kWhole[i].opcode == opcode && kWhole[i].modrm == modrm) return kFirstWhole + i;
  }
  const unsigned number = (opcode & 7u) * 8 + (modrm >> 3 & 7u);
  const unsigned form = modrm < 0xc0 ? number : kFirstRegister + number;
  return kX87Operations[form] != nullptr ? form : kX87OperationCount;
}

}  // namespace ferry::i386
