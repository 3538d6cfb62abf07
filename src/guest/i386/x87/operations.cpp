#include "guest/i386/x87/operations.hpp"

#include "guest/i386/x87/arithmetic_operations.hpp"

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
  // A flag that becomes unmasked makes an exception pending; so it is in the interpreter.
  set_control_word(cpu->x87, control);
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

/// DC and DE: /4 to /7 have the reversed forms first. FCOM's aliases stand at /2 and /3.
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
constexpr X87Helper kRegisterDb[8] = {
    kNone, kNone, kNone, kNone, kNone, compare_registers<kFucomi>, compare_registers<kFcomi>,
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

/// D9 with a register form: most are one operation for the whole ModRM byte.
[[nodiscard]] X87Helper register_d9(uint8_t modrm) {
  switch (modrm) {
    case 0xe0:
      return change_sign<0xffff, float80::kSignBit>;
    case 0xe1:
      return change_sign<float80::kMaxExponent, 0>;
    case 0xe4:
      return ftst;
    case 0xe8:
      return fld1;
    case 0xee:
      return fldz;
    case 0xfa:
      return unary<float80::square_root>;
    case 0xfc:
      return unary<float80::round_to_integer>;
    default:
      break;
  }
  static constexpr X87Helper kByReg[8] = {fld_sti, fxch,  kNone, fst_sti<Pop::once>,
                                          kNone,   kNone, kNone, kNone};
  return kByReg[modrm >> 3 & 7];
}

}  // namespace

void record_instruction(CpuState& cpu, uint32_t address) {
  X87State& x87 = cpu.x87;
  x87.instruction_pointer = address;
  x87.instruction_selector = cpu.selector[CS];
  // After the prefixes. Where the bytes are gone since, FOP stays.
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
  const X87Helper operation = x87_helper(instruction);
  return operation != nullptr && operation != fldcw && operation != fnstcw &&
         operation != fnstsw_ax && operation != fnstsw_m16;
}

X87Helper x87_helper(const Instruction& instruction) {
  const uint8_t opcode = instruction.opcode;
  const uint8_t modrm = instruction.modrm;
  const unsigned reg = modrm >> 3 & 7;
  if (row(instruction.row).family != Family::x87 || opcode < 0xd8) return nullptr;
  if (modrm < 0xc0) {
    static constexpr const X87Helper* kMemory[8] = {
        kRealArithmetic<uint32_t>, kMemoryD9, kIntegerArithmetic<uint32_t>, kMemoryDb,
        kRealArithmetic<uint64_t>, kMemoryDd, kIntegerArithmetic<uint16_t>, kMemoryDf};
    return kMemory[opcode & 7][reg];
  }
  switch (opcode) {
    case 0xd8:
      return kSt0Arithmetic[reg];
    case 0xd9:
      return register_d9(modrm);
    case 0xda:
      return modrm == 0xe9 ? compare_st1<kFucompp> : nullptr;
    case 0xdb:
      return kRegisterDb[reg];
    case 0xdc:
      return kStiArithmetic<Pop::no>[reg];
    case 0xdd:
      return kRegisterDd[reg];
    case 0xde:
      return kStiArithmetic<Pop::once>[reg];
    default:
      return modrm == 0xe0 ? fnstsw_ax : kRegisterDf[reg];
  }
}

}  // namespace ferry::i386
